"""What a fix would leave behind is said before it is done, and it is what happens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orders.reconciliation.discrepancies.fix_facts import Fix
from orders.reconciliation.discrepancies.fix_preview import Adopted, Books, preview

BOOKS = Books(
    currency="EUR",
    captured=10_000,
    refunded=2_000,
    open_to_capture=5_000,
    open_to_refund=8_000,
    unmatched=4_000,
    amount=2_500,
    amount_currency="EUR",
)


def figures(fix: Fix, books: Books = BOOKS, adopted: Adopted | None = None) -> dict[str, str]:
    """Only what changes: “before → after”."""
    lines = preview(fix, books, adopted).lines
    return {line.name: f"{line.before.amount_minor} → {line.after.amount_minor}" for line in lines if line.changes}


def told(adopted: Adopted, books: Books = BOOKS) -> str:
    return " ".join(preview(Fix.ADOPT, books, adopted).sentences)


def adopted(kind: str, amount: int, currency: str = "EUR") -> Adopted:
    return Adopted(kind=kind, amount=amount, currency=currency)


@pytest.mark.parametrize("fix", [Fix.LINK, Fix.ACCEPT, Fix.CONFIRM])
def test_what_ends_it_takes_only_its_value_from_what_has_not_met(fix: Fix) -> None:
    assert figures(fix) == {"Not met": "4000 → 1500"}


@pytest.mark.parametrize("fix", [Fix.ASK, Fix.WRITE_OFF, Fix.REJECT])
def test_what_does_not_end_it_changes_nothing(fix: Fix) -> None:
    assert figures(fix) == {}


def test_reopening_brings_its_value_back() -> None:
    assert figures(Fix.REOPEN) == {"Not met": "4000 → 6500"}


def test_an_adopted_refund_is_refunded() -> None:
    changed = figures(Fix.ADOPT, adopted=adopted("refund", 2_500))
    assert changed == {"Refunded": "2000 → 4500", "Net": "8000 → 5500", "Not met": "4000 → 1500"}


def test_an_adopted_capture_releases_the_rest_where_there_is_one_capture_only() -> None:
    capture = adopted("capture", 3_000)
    assert figures(Fix.ADOPT, adopted=capture)["Captured"] == "10000 → 13000"
    assert "20.00 EUR of the authorization is released." in told(capture)
    assert "released" not in told(capture, replace(BOOKS, keeps_open=True))


def test_a_chargeback_always_freezes_the_payment() -> None:
    chargeback = adopted("chargeback", 99_999)
    assert figures(Fix.ADOPT, adopted=chargeback)["Charged back"] == "0 → 99999"
    assert "A chargeback freezes the payment" in told(chargeback)


@pytest.mark.parametrize(
    ("movement", "why"),
    [
        (adopted("refund", 8_001), "only 80.00 EUR is open to refund"),
        (adopted("capture", 5_001), "only 50.00 EUR is open to capture"),
        (adopted("refund", 1, "USD"), "it is in USD, the payment in EUR"),
    ],
)
def test_what_does_not_fit_freezes_and_moves_no_figure(movement: Adopted, why: str) -> None:
    assert figures(Fix.ADOPT, adopted=movement) == {"Not met": "4000 → 1500"}
    assert why in told(movement)
    assert "freezes until two people have looked" in told(movement)


def test_a_frozen_payment_stays_frozen() -> None:
    assert "stays frozen" in told(adopted("refund", 1), replace(BOOKS, frozen=True))


def test_without_a_payment_only_what_has_not_met_is_shown() -> None:
    lines = preview(Fix.ACCEPT, Books(unmatched=70, amount=70, amount_currency="JPY")).lines
    assert [(line.name, str(line.before), str(line.after)) for line in lines] == [("Not met", "70 JPY", "0 JPY")]


def test_without_a_payment_there_are_no_books_to_adopt_into() -> None:
    shown = preview(Fix.ADOPT, Books(unmatched=70, amount=70, amount_currency="GBP"), adopted("capture", 70, "GBP"))
    assert shown.lines == ()
    assert shown.sentences == (
        "No payment of this account is known for it, so there are no books that it could enter.",
    )
