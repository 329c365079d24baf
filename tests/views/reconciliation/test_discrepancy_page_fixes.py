"""Fixes on the page of a discrepancy: a button with a preview, a reason, one person or two, and refusals that tell."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    Event,
    GatewayAccount,
    LineType,
    MonthClose,
    SettlementTerms,
    Transaction,
)
from tests.factories import a_captured_transaction
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_modification_of,
)
from tests.views.reconciliation.discrepancy_forms import at_desk, fix, page_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
T, S = DiscrepancyType, DiscrepancyState


def test_a_small_difference_is_accepted_once_with_its_reason(small: Discrepancy, finn: User) -> None:
    client = logged_in(finn)
    assert "Not met" in page_of(client, small)

    status, page = fix(finn, small, "accept")
    again, refused = fix(finn, small, "accept")

    assert (status, small.state, small.closed_by) == (200, S.ACCEPTED, finn)
    assert "was accepted: Looked into it." in page
    assert (again, "It is closed already" in refused) == (422, True)
    assert DiscrepancyEntry.objects.filter(discrepancy=small, verb="accept").count() == 1
    assert Event.objects.filter(verb="discrepancy.accept").count() == 1


def test_a_fix_without_a_reason_says_so_beside_its_form_and_keeps_what_was_typed(
    small: Discrepancy, finn: User
) -> None:
    status, page = fix(finn, small, "accept", reason="  ")

    assert (status, small.state) == (422, S.OPEN)
    assert 'id="fix-accept-problem">Say why; nothing was changed.' in page
    long, told = fix(finn, small, "accept", reason="x" * 501)
    assert (long, "x" * 501 in told) == (422, True)


def test_what_is_too_much_for_one_person_says_so_instead_of_a_button(account: GatewayAccount, finn: User) -> None:
    SettlementTerms.objects.create(account=account, accept_limit=4_999)
    row = a_discrepancy(account, amount=5_000, difference=5_000)

    page = page_of(logged_in(finn), row)
    status, _ = fix(finn, row, "accept")

    assert "50.00 EUR is more than the 49.99 EUR that one person may accept for this account." in page
    assert (status, row.state) == (422, S.OPEN)


def test_a_fix_that_is_not_open_shows_no_figures(account: GatewayAccount, finn: User) -> None:
    line = a_line(a_file(account), gross=53_070, fee=0)

    adopt = fold_of(page_of(logged_in(finn), a_discrepancy(line=line)), "adopt")

    assert "No payment of this account is known for the line" in adopt
    assert "Not met" not in adopt
    assert "does not fit" not in adopt


def test_a_link_shows_figures_only_where_something_can_be_chosen(account: GatewayAccount, finn: User) -> None:
    line = a_line(a_file(account), gross=53_070, fee=0)
    row = a_discrepancy(line=line)

    alone = fold_of(page_of(logged_in(finn), row), "link")
    a_modification_of(a_captured_transaction(account=account, captured=53_070), amount=53_070, gateway_reference="r")
    beside = fold_of(page_of(logged_in(finn), row), "link")

    assert "Nothing of this account looks like it." in alone
    assert "Not met" not in alone
    assert "Not met" in beside
    assert "Until then nothing changes." in beside


def fold_of(page: str, code: str) -> str:
    return page.split(f'id="fix-{code}"')[1].split("</details>")[0]


def test_a_write_off_needs_two_people(small: Discrepancy, finn: User, olga: User) -> None:
    fix(finn, small, "write_off", reason="Not worth a letter.")
    assert small.state == S.WAITING

    mine = page_of(logged_in(finn), small)
    alone, refused = fix(finn, small, "confirm")
    assert "finn proposed to write €50.00 off" in mine
    assert "You proposed this yourself; a second person must confirm it." in mine
    assert (alone, small.state) == (422, S.WAITING)
    assert "Nothing was written off." in refused

    done, page = fix(olga, small, "confirm")
    assert (done, small.state, small.closed_by) == (200, S.WRITTEN_OFF, olga)
    assert "Not worth a letter." in page


def test_a_second_person_rejects_and_it_is_open_again(small: Discrepancy, finn: User, olga: User) -> None:
    fix(finn, small, "write_off")

    status, _ = fix(olga, small, "reject", reason="We ask the gateway first.")

    assert (status, small.state, small.proposed_by) == (200, S.OPEN, None)
    assert "We ask the gateway first." in page_of(logged_in(finn), small)


def test_an_accepted_one_is_reopened_and_keeps_its_history(small: Discrepancy, finn: User) -> None:
    fix(finn, small, "accept", reason="Rounding.")

    status, page = fix(finn, small, "reopen", reason="It was more.")

    assert (status, small.state, small.reopened) == (200, S.OPEN, 1)
    assert "Rounding." in page
    assert "It was more." in page


def test_what_somebody_changed_meanwhile_is_shown_and_not_overwritten(
    small: Discrepancy, finn: User, olga: User
) -> None:
    drawn = small.version
    at_desk(olga, small, act="assign", owner=str(olga.pk))

    status, page = fix(finn, small, "accept", version=drawn)

    assert (status, small.state) == (409, S.OPEN)
    assert "It was changed since you opened it" in page
    assert "olga took it." in page
    assert f'name="version" value="{small.version}"' in page


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 12, "٣"])
def test_a_damaged_version_changes_nothing(small: Discrepancy, finn: User, version: str) -> None:
    status, page = fix(finn, small, "accept", version=version)

    assert (status, small.state) == (422, S.OPEN)
    assert "This form is damaged; nothing was changed." in page


@pytest.mark.parametrize("code", ["nonsense", "link", "adopt", "confirm", "reopen", "ask"])
def test_a_fix_that_does_not_fit_is_refused_with_a_sentence(small: Discrepancy, finn: User, code: str) -> None:
    status, page = fix(finn, small, code)

    assert (status, small.state) == (422, S.OPEN)
    assert 'role="alert"' in page or "-problem" in page


@pytest.mark.parametrize(
    "fields",
    [
        {"other": "modification:x"},
        {"other": "movement:"},
        {"other": "movement:99999999999999999999"},
        {"other": "line:1"},
        {"other_id": "12"},
        {"other_id": "00000000-0000-0000-0000-000000000000"},
        {"other_id": "\0"},
        {},
    ],
)
def test_a_link_to_nothing_links_nothing(account: GatewayAccount, finn: User, fields: dict[str, str]) -> None:
    row = a_discrepancy(line=a_line(a_file(account)))

    status, _ = fix(finn, row, "link", **fields)

    assert (status, row.state) == (422, S.OPEN)


def test_a_line_is_linked_to_the_movement_that_it_is(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account)
    modification = a_modification_of(transaction, amount=10_000, gateway_reference="rec-other")
    line = a_line(a_file(account), gross=10_000, reference="rec-typo", transaction_reference=transaction.reference)
    row = a_discrepancy(line=line, transaction=transaction)

    page = page_of(logged_in(finn), row)
    status, _ = fix(finn, row, "link", other=f"modification:{modification.pk}")

    assert f'value="modification:{modification.pk}"' in page
    assert (status, row.state) == (200, S.RESOLVED)
    assert line.matches.get().modification_id == modification.pk


def test_a_movement_is_adopted_into_the_books_that_the_preview_showed(account: GatewayAccount, finn: User) -> None:
    transaction = a_captured_transaction(account=account)
    line = a_line(
        a_file(account),
        type=LineType.REFUND,
        gross=-2_500,
        fee=0,
        transaction_reference=transaction.reference,
        gateway_id="portal-1",
    )
    row = a_discrepancy(line=line, transaction=transaction)

    page = page_of(logged_in(finn), row)
    status, _ = fix(finn, row, "adopt")

    assert "is booked as one that was not ours" in page
    assert (status, row.state) == (200, S.RESOLVED)
    assert Transaction.objects.get(pk=transaction.pk).refunded == 2_500


def test_a_closed_month_closes_every_fix(account: GatewayAccount, finn: User, olga: User) -> None:
    row = a_discrepancy(account, amount=5_000)
    MonthClose.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        month=row.month,
        until=date(2026, 12, 1),
        state="closed",
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=finn,
        proposed_at=row.opened_at,
        decided_by=olga,
        decided_at=row.opened_at,
    )

    status, page = fix(finn, row, "accept")

    assert (status, row.state) == (422, S.OPEN)
    assert "November 2026 is closed" in page
