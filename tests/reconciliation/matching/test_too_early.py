"""A line that was booked before a movement was asked for is not that movement, and what a person has said about a line
is no evidence."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest

from orders.gateways.base import Kind
from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    Modification,
    ModificationState,
    SettlementLine,
    SettlementTerms,
    Transaction,
)
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.evidence import apply_settlements
from tests.factories import a_person
from tests.modifications import steps
from tests.modifications.steps import answered, armed, asked
from tests.reconciliation.matching.settling import (
    a_night,
    a_refund_line,
    an_unknown_refund,
    brought,
    met,
    today,
    types,
)
from tests.reconciliation_factories import a_discrepancy, a_modification_of, a_movement

pytestmark = pytest.mark.django_db
S = ModificationState


def decided(fix: str) -> None:
    """One person accepts the line; or one proposes to write it off, and another confirms."""
    row = Discrepancy.objects.unsettled().select_related("merchant").get()
    for step in ("accept",) if fix == "accept" else ("write_off", "confirm"):
        by = a_person(merchants=[row.merchant], groups=["finance"])
        row.refresh_from_db()
        apply_fix(row.pk, step, by=by, version=row.version, reason="It was made in the portal.")


def test_a_line_of_days_before_settles_no_refund(payment: Transaction) -> None:
    row = an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, day=today(-3)))

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == []
    assert types() == [DiscrepancyType.THEIRS_NOT_OURS]


def test_the_night_after_the_click_leaves_an_older_line_alone(payment: Transaction) -> None:
    brought(payment, a_refund_line(payment, day=today(-3)))
    row = an_unknown_refund(payment)

    a_night(payment)

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert types() == [DiscrepancyType.THEIRS_NOT_OURS]


def test_a_day_less_is_the_time_zones(payment: Transaction) -> None:
    row = an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, day=today(-1)))

    assert Modification.objects.get(pk=row.pk).state == S.SUCCEEDED


def test_days_count_from_the_first_send_and_not_from_the_last(payment: Transaction) -> None:
    row = an_unknown_refund(payment)
    Modification.objects.filter(pk=row.pk).update(first_sent_at=row.requested_at - timedelta(days=4))

    brought(payment, a_refund_line(payment, day=today(-3)))

    assert Modification.objects.get(pk=row.pk).state == S.SUCCEEDED


def test_our_own_id_meets_but_proves_nothing_when_it_was_booked_before(payment: Transaction) -> None:
    row = an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, ours=str(row.pk), day=today(-3)))

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == [row]


def test_a_done_refund_is_not_met_by_an_older_line_without_words(payment: Transaction) -> None:
    executed = datetime.combine(today(), time(9), UTC)
    brought(payment, a_refund_line(payment, reference="", day=today(-4)))
    a_modification_of(payment, kind="refund", amount=2_500, gateway_at=executed)
    a_movement(payment, moved_at=executed)

    a_night(payment)

    assert met() == []


def test_a_movement_that_was_only_seen_late_is_met(payment: Transaction) -> None:
    theirs = a_movement(payment, moved_at=None, gateway_reference="")

    brought(payment, a_refund_line(payment, reference="", day=today(-4)))

    (movement,) = payment.matches.values_list("movement_id", flat=True)
    assert movement == theirs.pk


@pytest.mark.parametrize("fix", ["accept", "write_off"])
def test_a_line_of_which_people_have_said_what_it_is_settles_nothing(payment: Transaction, fix: str) -> None:
    SettlementTerms.objects.create(account=payment.account, accept_limit=100_000)
    brought(payment, a_refund_line(payment, day=today()))
    decided(fix)
    row = an_unknown_refund(payment)

    a_night(payment)

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN


def test_a_delay_that_was_accepted_keeps_a_line_from_nothing(payment: Transaction) -> None:
    row = asked(payment, Kind.REFUND, 2_500)
    claim = armed(row)
    brought(payment, a_refund_line(payment, ours=str(row.pk), day=today()))
    line = SettlementLine.objects.get()
    key = f"late:{line.identity}"
    a_discrepancy(line=line, type=DiscrepancyType.LATE, state=DiscrepancyState.ACCEPTED, key=key)
    answered(claim, steps.unknown())

    assert apply_settlements(row.account_id) == 1

    assert Modification.objects.get(pk=row.pk).state == S.SUCCEEDED
