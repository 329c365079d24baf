"""What has met: nobody gives it up any more, and what was paid though ours had failed is adopted all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    ExternalMovement,
    GatewayAccount,
    Match,
    Modification,
)
from orders.reconciliation.discrepancies.fix_facts import ENDS_WHEN_MET, Fix
from orders.reconciliation.discrepancies.fix_rules import may
from tests.factories import a_captured_transaction
from tests.mirror.snapshots import meet
from tests.reconciliation.discrepancies.fixing import fix, offer, payment_of, refused
from tests.reconciliation.discrepancies.test_fix_rules import FINANCE, SECOND, facts, refusal, waiting
from tests.reconciliation.matching.settling import a_failed_refund, a_night, a_refund_line, brought, today
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of

S, T = DiscrepancyState, DiscrepancyType
pytestmark = pytest.mark.django_db


# Nobody gives up what was found.


@pytest.mark.parametrize("type", T)
def test_by_its_type_it_ends_when_it_has_met_and_is_not_given_up(type: DiscrepancyType) -> None:
    met = {"type": type, "line_met": True, "amount": 100}
    if type in ENDS_WHEN_MET:
        assert refusal(Fix.ACCEPT, facts(**met)) == refusal(Fix.WRITE_OFF, facts(**met)) == "met"
        assert refusal(Fix.CONFIRM, waiting(**met), SECOND) == "met"
    else:
        assert may(Fix.WRITE_OFF, facts(**met), FINANCE).allowed
        assert may(Fix.CONFIRM, waiting(**met), SECOND).allowed
    assert may(Fix.REJECT, waiting(**met), SECOND).allowed


def test_a_line_that_has_met_is_neither_accepted_nor_written_off(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    line = a_line(a_file(account), gross=2_500, fee=0)
    row = a_discrepancy(line=line)
    fix(row, "write_off", anna)
    row.refresh_from_db()
    match = a_match(line)
    assert refused(row, "confirm", bert) == "met"
    fix(row, "reject", bert)
    row.refresh_from_db()
    assert refused(row, "accept", anna) == refused(row, "write_off", anna) == "met"
    assert "take them apart" in offer(row, "accept", anna).sentence

    Match.objects.filter(pk=match.pk).update(ended_at=row.opened_at, ended_by=anna, ended_reason="Another capture.")
    fix(row, "accept", anna)
    row.refresh_from_db()
    assert row.state == S.ACCEPTED


def missed(account: GatewayAccount) -> tuple[Discrepancy, Modification]:
    capture = a_modification_of(a_captured_transaction(account=account), amount=5_000)
    values: dict[str, Any] = {"key": f"item:{capture.pk}", "modification": capture, "amount": 5_000}
    return a_discrepancy(account, type=T.OURS_NOT_THEIRS, transaction=capture.transaction, **values), capture


def test_a_missed_movement_is_given_up_until_lines_cover_all_of_it(account: GatewayAccount, anna: User) -> None:
    row, capture = missed(account)
    a_match(a_line(a_file(account), gross=2_000), modification=capture)
    assert offer(row, "accept", anna).allowed
    a_match(a_line(a_file(account), gross=3_000), modification=capture)
    assert refused(row, "accept", anna) == refused(row, "write_off", anna) == "met"


# What was paid though ours had failed.


@pytest.fixture
def paid(account: GatewayAccount) -> Discrepancy:
    """Our refund of 25.00 EUR was declined, their file lists it, and a night has gone over it since."""
    transaction = a_captured_transaction(account=account)
    a_failed_refund(transaction)
    brought(transaction, a_refund_line(transaction, day=today()))
    a_night(transaction)
    row = Discrepancy.objects.get()
    assert row.type == T.SETTLED_THOUGH_FAILED
    assert Match.objects.get().movement == ExternalMovement.objects.get(modification=row.modification, booked=False)
    return row


def test_what_was_paid_though_it_had_failed_is_adopted_after_the_night_too(paid: Discrepancy, anna: User) -> None:
    assert offer(paid, "adopt", anna).allowed
    fix(paid, "adopt", anna)
    paid.refresh_from_db()
    assert (paid.state, paid.fix, payment_of(paid).refunded) == (S.RESOLVED, "adopt", 2_500)
    assert ExternalMovement.objects.get().booked
    assert Match.objects.count() == 1
    assert refused(paid, "adopt", anna) == "closed"

    meet(payment_of(paid))
    a_night(payment_of(paid))
    paid.refresh_from_db()
    assert (paid.state, payment_of(paid).refunded) == (S.RESOLVED, 2_500)
    assert payment_of(paid).frozen


def test_when_a_reading_has_booked_it_before_it_is_adopted_and_booked_once(paid: Discrepancy, anna: User) -> None:
    assert meet(payment_of(paid)).refunded == 2_500
    fix(paid, "adopt", anna)
    paid.refresh_from_db()
    assert (paid.state, payment_of(paid).refunded) == (S.RESOLVED, 2_500)


def test_a_paid_failure_whose_line_has_met_something_else_is_not_adopted(paid: Discrepancy, anna: User) -> None:
    capture = a_modification_of(a_captured_transaction(account=paid.account), kind="refund", amount=2_500)
    match = Match.objects.get()
    Match.objects.filter(pk=match.pk).update(ended_at=paid.opened_at, ended_by=anna, ended_reason="Another one.")
    a_match(match.line, modification=capture)
    assert refused(paid, "adopt", anna) == "met"


def test_it_is_not_accepted_away_and_two_people_may_still_write_it_off(
    paid: Discrepancy, anna: User, bert: User
) -> None:
    assert refused(paid, "accept", anna) == "contradiction"
    fix(paid, "write_off", anna)
    paid.refresh_from_db()
    fix(paid, "confirm", bert)
