"""What is missed: money that is late by the account's calendar, that no counting line meets and nothing else names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from orders.models import (
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    GatewayAccount,
    LineType,
    Modification,
    ModificationState,
    RunState,
    SettlementTerms,
)
from orders.reconciliation.calendar import Terms, start_of
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.nights.expectations import expected_since, late_modifications, late_movements
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_movement,
    a_run,
)

pytestmark = pytest.mark.django_db

SINCE, BEFORE = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 16, tzinfo=UTC)
IN_TIME = datetime(2026, 11, 10, 12, tzinfo=UTC)


@pytest.fixture
def account() -> GatewayAccount:
    return an_account()


def executed(account: GatewayAccount, at: datetime = IN_TIME, **fields: Any) -> Modification:
    transaction = a_captured_transaction(account=account)
    return a_modification_of(transaction, **{"gateway_at": at, "finished_at": at, **fields})


def missed(account: GatewayAccount) -> list[Modification]:
    return list(late_modifications(account, SINCE, BEFORE))


def met(row: Modification, *, state: RunState = RunState.APPLIED, file: Any = None, **fields: Any) -> None:
    file = file or a_file(row.account)
    a_match(a_line(file), modification=row, run=a_run(file=file, state=state), **fields)


def test_what_is_late_and_not_met_is_missed(account: GatewayAccount) -> None:
    row = executed(account)
    executed(an_account())

    assert missed(account) == [row]


@pytest.mark.parametrize("at", [SINCE - timedelta(seconds=1), BEFORE], ids=["before it was expected", "not late yet"])
def test_what_is_outside_of_the_time_is_not_missed(account: GatewayAccount, at: datetime) -> None:
    executed(account, at)

    assert missed(account) == []


def test_the_gateways_own_time_counts_and_ours_where_it_says_none(account: GatewayAccount) -> None:
    executed(account, gateway_at=BEFORE, finished_at=IN_TIME)
    ours = executed(account, gateway_at=None, finished_at=IN_TIME)

    assert missed(account) == [ours]


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "cancel"},
        {"kind": "authorize"},
        {"kind": "cancel_or_refund", "executed_kind": "cancel"},
        {"state": ModificationState.FAILED},
        {"state": ModificationState.UNKNOWN, "finished_at": None},
    ],
    ids=["cancel", "authorize", "cancelled", "failed", "unknown"],
)
def test_what_moved_no_money_is_not_missed(account: GatewayAccount, fields: dict[str, Any]) -> None:
    executed(account, **fields)

    assert missed(account) == []


def test_refunds_of_every_kind_are_missed(account: GatewayAccount) -> None:
    rows = [
        executed(account, kind="refund"),
        executed(account, kind="void"),
        executed(account, kind="cancel_or_refund", executed_kind="refund"),
    ]

    assert set(missed(account)) == set(rows)


def test_what_a_counting_line_meets_is_not_missed(account: GatewayAccount) -> None:
    met(executed(account))

    assert missed(account) == []


def test_what_only_seems_to_meet_is_missed(account: GatewayAccount) -> None:
    met(executed(account), state=RunState.ABANDONED)
    met(executed(account), ended_at=IN_TIME, ended_reason="A wrong pair.")
    met(executed(account), file=a_file(account, state=FileState.REPLACED))
    overlapping = executed(account)
    a_match(a_line(a_file(account), overlap=True), modification=overlapping)

    assert len(missed(account)) == 4


@pytest.mark.parametrize("with_line", [False, True], ids=["it is missed", "a line tells"])
@pytest.mark.parametrize(
    ("state", "again"),
    [
        (DiscrepancyState.OPEN, False),
        (DiscrepancyState.WAITING, False),
        (DiscrepancyState.ACCEPTED, False),
        (DiscrepancyState.WRITTEN_OFF, False),
        (DiscrepancyState.VANISHED, True),
        (DiscrepancyState.RESOLVED, True),
    ],
)
def test_what_a_discrepancy_tells_is_not_missed_twice(
    account: GatewayAccount, state: DiscrepancyState, again: bool, with_line: bool
) -> None:
    row = executed(account)
    one, other = row.requested_by, executed(an_account()).requested_by
    told: dict[str, Any] = {"proposed_by": one, "closed_by": other if state == DiscrepancyState.WRITTEN_OFF else None}
    if with_line:
        told |= {"line": a_line(a_file(account), gross=9_000), "type": DiscrepancyType.AMOUNT, "difference": -1_000}
    else:
        told |= {"type": DiscrepancyType.OURS_NOT_THEIRS, "difference": -10_000}
    a_discrepancy(account, state=state, modification=row, transaction=row.transaction, **told)

    assert bool(missed(account)) is again
    assert bool(balance(account.pk, until=None)["EUR"].on_the_way) is again, "the balance says so too"


def test_what_lines_cover_in_part_is_missed_until_it_is_told_how_much(account: GatewayAccount) -> None:
    row, refund = executed(account), executed(account, kind="refund")
    for item, gross in ((row, 4_000), (refund, -9_999)):
        a_match(a_line(a_file(account), type=item.kind, gross=gross), modification=item)
    assert set(missed(account)) == {row, refund}

    for item, difference in ((row, -5_999), (refund, 1)):
        a_discrepancy(
            account,
            type=DiscrepancyType.OURS_NOT_THEIRS,
            modification=item,
            transaction=item.transaction,
            difference=difference,
        )
    assert missed(account) == [row], "of this one a cent more is left"


def test_what_lines_cover_together_is_not_missed(account: GatewayAccount) -> None:
    row = executed(account)
    file = a_file(account)
    a_match(a_line(file, gross=4_000), modification=row, rule="legs")
    a_match(a_line(file, gross=5_999), modification=row, rule="legs", amount=6_000, difference=-1)
    assert missed(account) == []


def test_a_line_that_met_another_movement_tells_nothing_any_more(account: GatewayAccount) -> None:
    row = executed(account)
    line = a_line(a_file(account), gross=9_300)
    told = a_discrepancy(
        line=line,
        type=DiscrepancyType.AMOUNT,
        state=DiscrepancyState.ACCEPTED,
        modification=row,
        transaction=row.transaction,
        difference=-700,
    )
    assert missed(account) == []
    a_match(line, movement=a_movement(row.transaction, kind="capture", amount=9_300, moved_at=IN_TIME))

    assert missed(account) == [row]
    assert told.state == DiscrepancyState.ACCEPTED
    assert balance(account.pk, until=None)["EUR"].on_the_way == 10_000


def test_a_failed_leg_hides_the_missing_rest_only_where_a_line_shows_it(account: GatewayAccount) -> None:
    of_leg, shown = executed(account), executed(account)
    line = a_line(a_file(account))
    a_discrepancy(account, type=DiscrepancyType.SPLIT_LEG_FAILED, modification=of_leg, difference=0)
    a_discrepancy(account, type=DiscrepancyType.SPLIT_LEG_FAILED, modification=shown, line=line)

    assert missed(account) == [of_leg]


def test_what_only_a_replaced_file_says_hides_nothing(account: GatewayAccount) -> None:
    row, still_said = executed(account), executed(account)
    for named, state in ((row, FileState.REPLACED), (still_said, FileState.APPLIED)):
        line = a_line(a_file(account, state=state))
        a_discrepancy(
            account,
            type=DiscrepancyType.AMOUNT,
            state=DiscrepancyState.ACCEPTED,
            modification=named,
            line=line,
            proposed_by=named.requested_by,
        )

    assert missed(account) == [row]


def test_money_that_moved_without_us_is_missed_too(account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    late = a_movement(transaction, moved_at=IN_TIME, booked=False, unbooked_reason="More than was captured.")
    a_movement(transaction, moved_at=BEFORE)
    a_movement(transaction, kind="settlement", moved_at=IN_TIME)
    known = a_movement(transaction, kind="chargeback", moved_at=IN_TIME)
    line = a_line(a_file(account), type=LineType.CHARGEBACK, gross=-2_500, fee=0)
    a_match(line, movement=known)

    assert list(late_movements(account, SINCE, BEFORE)) == [late]


@pytest.mark.parametrize("state", ["open", "vanished"])
def test_what_a_line_says_of_a_failed_one_of_ours_is_told_once(account: GatewayAccount, state: str) -> None:
    transaction = a_captured_transaction(account=account)
    failed = a_modification_of(transaction, kind="refund", amount=2_500, state=ModificationState.FAILED)
    beside = a_movement(transaction, modification=failed, moved_at=IN_TIME, booked=False, unbooked_reason="It failed.")
    a_discrepancy(
        account,
        type=DiscrepancyType.SETTLED_THOUGH_FAILED,
        state=DiscrepancyState(state),
        modification=failed,
        line=a_line(a_file(account), type=LineType.REFUND, gross=-2_500, fee=0),
    )

    assert list(late_movements(account, SINCE, BEFORE)) == ([] if state == "open" else [beside])


def test_nothing_is_expected_before_a_file_was_applied_or_a_day_named(account: GatewayAccount) -> None:
    terms = Terms()
    assert expected_since(account, terms) is None

    a_file(account, first_booked_on=date(2026, 11, 18))
    a_file(account, first_booked_on=date(2026, 11, 2), state=FileState.REFUSED)
    assert expected_since(account, terms) == start_of(terms, date(2026, 11, 16))

    SettlementTerms.objects.create(account=account, expected_from=date(2026, 11, 9))
    assert expected_since(account, terms) == start_of(terms, date(2026, 11, 9))
