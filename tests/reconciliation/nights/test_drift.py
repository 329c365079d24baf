"""Where our copy drifted: told field by field, gone by itself when equal, decided by people who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Fetched, Movement, Snapshot, TransactionState, Verdict
from orders.mirror.fetching import question_about
from orders.mirror.refresh import Reader
from orders.models import Drift, DriftState, Event, Source, Transaction
from orders.modifications.refusals import NotAllowed, Refused, UnknownThing
from orders.money import Money
from orders.reconciliation.nights import drift_decisions
from orders.reconciliation.nights.comparing import differences
from orders.reconciliation.nights.drift import read_and_compare
from tests.factories import a_captured_transaction, a_person, a_transaction

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


def shown(transaction: Transaction, **fields: Any) -> Snapshot:
    """The payment as its gateway shows it: exactly like our copy, unless told otherwise."""
    values = {
        "transaction_reference": transaction.reference,
        "state": TransactionState(transaction.state),
        "raw_status": transaction.raw_status,
        "status_at": None,
        "created_at": None,
        "amount": Money(transaction.authorized, transaction.currency),
        "expires_at": transaction.expires_at,
        **fields,
    }
    return Snapshot(**values)


def a_capture_of(amount: int, **fields: Any) -> Movement:
    values: dict[str, Any] = {
        "type": "capture",
        "raw_type": "CAPTURE",
        "modification_id": "",
        "amount": Money(amount, "EUR"),
        "reference": "rec-1",
        "gateway_id": "cap-1",
        "raw_status": "DONE",
        "verdict": Verdict.SUCCEEDED,
        "at": None,
        **fields,
    }
    return Movement(**values)


def fields_of(transaction: Transaction, snapshot: Snapshot) -> dict[str, tuple[str, str]]:
    return {one.field: (one.ours, one.theirs) for one in differences(transaction, snapshot)}


def read(transaction: Transaction, snapshot: Snapshot) -> None:
    loaded = Transaction.objects.select_related("account").get(pk=transaction.pk)
    reader = Reader(by=None, source=Source.WORKER)
    read_and_compare(question_about(loaded), Fetched(snapshot=snapshot, reason=""), reader)


def test_an_equal_copy_has_no_difference() -> None:
    transaction = a_transaction(partner_reference="shop-1", payment_method="VISA")

    assert fields_of(transaction, shown(transaction)) == {}
    assert fields_of(transaction, shown(transaction, partner_reference="shop-1", payment_method="VISA")) == {}


@pytest.mark.parametrize(
    ("change", "field", "theirs"),
    [
        ({"state": TransactionState.CANCELLED}, "state", "cancelled"),
        ({"amount": Money(9_000, "EUR")}, "authorized", str(Money(9_000, "EUR"))),
        ({"amount": Money(10_000, "USD")}, "currency", "USD"),
        ({"partner_reference": "shop-2"}, "partner_reference", "shop-2"),
        ({"payment_method": "PAYPAL"}, "payment_method", "PAYPAL"),
        ({"movements": (a_capture_of(4_000),)}, "captured", str(Money(4_000, "EUR"))),
        ({"movements": (a_capture_of(4_000, type="chargeback"),)}, "charged_back", str(Money(4_000, "EUR"))),
    ],
)
def test_each_field_is_compared(change: dict[str, Any], field: str, theirs: str) -> None:
    transaction = a_transaction(partner_reference="shop-1", payment_method="VISA")

    found = fields_of(transaction, shown(transaction, **change))

    assert found[field][1] == theirs


def test_the_end_of_the_authorization_is_compared_where_the_gateway_says_it() -> None:
    transaction = a_transaction()
    assert transaction.expires_at is not None

    assert "expires_at" in fields_of(transaction, shown(transaction, expires_at=transaction.expires_at + timedelta(1)))
    assert fields_of(transaction, shown(transaction, expires_at=None)) == {}


def test_while_one_of_ours_is_under_way_no_sum_and_no_state_is_compared() -> None:
    transaction = a_transaction(capturing=4_000)
    snapshot = shown(transaction, state=TransactionState.CAPTURED, movements=(a_capture_of(4_000),))

    assert fields_of(transaction, snapshot) == {}
    transaction.capturing = 0
    assert set(fields_of(transaction, snapshot)) == {"state", "captured"}


def test_a_payment_that_was_taken_at_once_lists_no_capture_and_that_is_no_difference() -> None:
    transaction = a_captured_transaction()

    assert fields_of(transaction, shown(transaction)) == {}
    assert fields_of(transaction, shown(transaction, movements=(a_capture_of(0, type="settlement"),))) == {}


def test_what_the_reading_cannot_follow_stands_as_a_drift_once() -> None:
    transaction = a_transaction()
    other = shown(transaction, amount=Money(9_000, "EUR"))

    read(transaction, other)
    read(transaction, other)

    row = Drift.objects.get()
    assert (row.field, row.state, row.ours) == ("authorized", DriftState.OPEN, str(Money(10_000, "EUR")))
    assert row.last_seen_at > row.seen_at


def test_what_the_reading_takes_over_is_no_drift() -> None:
    transaction = a_transaction(partner_reference="shop-1")

    read(transaction, shown(transaction, partner_reference="shop-2"))

    transaction.refresh_from_db()
    assert transaction.partner_reference == "shop-2"
    assert not Drift.objects.exists()


def test_a_drift_is_gone_when_the_next_reading_is_equal() -> None:
    transaction = a_transaction()
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))

    read(transaction, shown(transaction))

    row = Drift.objects.get()
    assert (row.state, row.reason) == (DriftState.GONE, "The next reading was equal.")


def test_what_was_kept_stays_kept_until_something_else_is_shown() -> None:
    transaction = a_transaction()
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    keep(transaction)

    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    assert [row.state for row in Drift.objects.all()] == [DriftState.KEPT]

    read(transaction, shown(transaction, amount=Money(8_000, "EUR")))
    assert [row.state for row in Drift.objects.order_by("pk")] == [DriftState.KEPT, DriftState.OPEN]


def keep(transaction: Transaction, reason: str = "The gateway rounds.") -> str:
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    return drift_decisions.keep_ours(drift_id=Drift.objects.get().pk, reason=reason, by=by, source=Source.PAGE)


def test_keeping_ours_needs_a_reason_and_is_an_event() -> None:
    transaction = a_transaction()
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))

    with pytest.raises(Refused, match="Say why"):
        keep(transaction, reason="  ")
    assert Drift.objects.get().state == DriftState.OPEN
    keep(transaction)

    event = Event.objects.get(verb="drift.kept")
    assert "The gateway rounds." in event.sentence
    assert event.transaction_id == transaction.pk


def test_a_drift_is_decided_once_by_who_may_and_is_unknown_to_strangers() -> None:
    transaction = a_transaction()
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    drift_id = Drift.objects.get().pk
    stranger, viewer = a_person(groups=["finance"]), a_person(merchants=[transaction.merchant], groups=["viewer"])

    with pytest.raises(UnknownThing):
        drift_decisions.keep_ours(drift_id=drift_id, reason="Mine.", by=stranger, source=Source.PAGE)
    with pytest.raises(NotAllowed, match="reconcile"):
        drift_decisions.keep_ours(drift_id=drift_id, reason="Mine.", by=viewer, source=Source.PAGE)
    keep(transaction)
    with pytest.raises(Refused, match="decided already"):
        keep(transaction)


class Gateway:
    """Answers with the snapshot it was given."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.fetched = Fetched(snapshot=None, reason="The gateway did not answer.")
        monkeypatch.setattr(drift_decisions, "ask_gateway", lambda question: self.fetched)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    return Gateway(monkeypatch)


def test_money_that_the_books_cannot_hold_is_not_adopted(gateway: Gateway) -> None:
    transaction = a_transaction()
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    gateway.fetched = Fetched(snapshot=shown(transaction, amount=Money(9_000, "EUR")), reason="")
    money = Transaction.objects.values_list("authorized", "captured", "released", "refunded", "charged_back")
    before = money.get(pk=transaction.pk)

    with pytest.raises(Refused, match="cannot take that over"):
        drift_decisions.adopt_theirs(drift_id=Drift.objects.get().pk, by=by, source=Source.PAGE)

    assert money.get(pk=transaction.pk) == before
    assert Drift.objects.get().state == DriftState.OPEN


def test_a_harmless_text_is_taken_over_where_the_reading_had_to_stop(gateway: Gateway) -> None:
    transaction = a_transaction(partner_reference="shop-1")
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    contradicting = shown(transaction, amount=Money(9_000, "EUR"), partner_reference="shop-2")
    read(transaction, contradicting)
    gateway.fetched = Fetched(snapshot=contradicting, reason="")

    said = drift_decisions.adopt_theirs(
        drift_id=Drift.objects.get(field="partner_reference").pk, by=by, source=Source.PAGE
    )

    transaction.refresh_from_db()
    assert (said, transaction.partner_reference, transaction.authorized) == ("Theirs is adopted.", "shop-2", 10_000)
    assert Drift.objects.get(field="partner_reference").state == DriftState.ADOPTED


def test_what_is_equal_when_asked_again_is_gone(gateway: Gateway) -> None:
    transaction = a_transaction()
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    gateway.fetched = Fetched(snapshot=shown(transaction), reason="")

    said = drift_decisions.ask_again(drift_id=Drift.objects.get().pk, by=by, source=Source.PAGE)

    assert "equal now" in said
    assert Drift.objects.get().state == DriftState.GONE


def test_asking_again_keeps_that_somebody_asked(gateway: Gateway) -> None:
    transaction = a_transaction()
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    gateway.fetched = Fetched(snapshot=shown(transaction, amount=Money(9_000, "EUR")), reason="")

    drift_decisions.ask_again(drift_id=Drift.objects.get().pk, by=by, source=Source.PAGE)

    assert [row.state for row in Drift.objects.order_by("pk")] == [DriftState.ASKED, DriftState.OPEN]


def test_a_gateway_that_is_away_decides_nothing(gateway: Gateway) -> None:
    transaction = a_transaction()
    by = a_person(merchants=[transaction.merchant], groups=["finance"])
    read(transaction, shown(transaction, amount=Money(9_000, "EUR")))
    gateway.fetched = replace(gateway.fetched, retry_after_seconds=5)

    for decide in (drift_decisions.adopt_theirs, drift_decisions.ask_again):
        with pytest.raises(Refused, match="did not answer"):
            decide(drift_id=Drift.objects.get().pk, by=by, source=Source.PAGE)

    assert Drift.objects.get().state == DriftState.OPEN
    assert database_now() > Drift.objects.get().seen_at
