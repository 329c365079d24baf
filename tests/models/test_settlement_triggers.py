"""What the database never lets anybody change about settlement, and how a closed month stays as it was signed."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import Error
from django.db import transaction as database_transaction
from django.db.models import Model

from orders.models import Discrepancy, FileState, GatewayAccount, RunState
from orders.models.settlement_triggers import SETTLEMENT
from orders.models.trigger import Trigger
from tests import factories
from tests.models import settlement_rows as rows
from tests.models import writing_raw
from tests.models.test_constraints import LATER
from tests.models.test_triggers import another, rewrite

pytestmark = pytest.mark.django_db

OTHER_DAY = date(2026, 11, 20)

FROZEN: dict[str, Callable[[], Model]] = {
    "settlement_file_is_frozen": rows.file,
    "settlement_line_is_frozen": rows.line,
    "profile_in_use_is_frozen": rows.active_profile,
    "match_is_frozen": rows.match,
    "discrepancy_identity_is_frozen": rows.discrepancy,
    "month_report_is_frozen": rows.signed_month,
}
KEPT: dict[str, Callable[[], Model]] = {
    "settlement_file_stays": rows.file,
    "settlement_part_stays": rows.part,
    "settlement_line_stays": rows.line,
    "profile_in_use_stays": rows.active_profile,
    "match_stays": rows.match,
    "orders_settlementbadline_stays": rows.bad_line,
    "orders_discrepancy_stays": rows.discrepancy,
    "orders_discrepancyentry_stays": rows.entry,
    "orders_jobrun_stays": rows.night,
    "orders_monthclose_stays": rows.signed_month,
}
WRITTEN_ONCE: dict[str, tuple[Callable[[], Model], str]] = {
    "orders_settlementfilepart_is_written_once": (rows.part, "number"),
    "orders_settlementbadline_is_written_once": (rows.bad_line, "reason"),
    "orders_discrepancyentry_is_written_once": (rows.entry, "text"),
}
BROKEN_BY_NAME = {
    "settlement_file_counts_until_replaced",
    "settlement_file_of_closed_month",
    "settlement_line_of_closed_month",
    "run_of_closed_month",
    "run_made_in_closed_month",
    "match_ends_once",
    "match_of_closed_month",
    "discrepancy_of_closed_month",
    "discrepancy_line_of_closed_month",
    "discrepancy_moved_into_closed_month",
    "discrepancy_made_in_closed_month",
    "entry_of_closed_month",
    "night_done_is_final",
    "month_decision_is_final",
}


def the(name: str) -> Trigger:
    return next(trigger for trigger in SETTLEMENT if trigger.name == name)


def refused(message: str, act: Callable[..., object], *arguments: Any, **columns: Any) -> None:
    with pytest.raises(Error, match=message), database_transaction.atomic():
        act(*arguments, **columns)


@pytest.mark.parametrize("name", FROZEN)
def test_no_frozen_column_can_be_changed(name: str) -> None:
    row = FROZEN[name]()

    for column in the(name).columns:
        refused(the(name).message, writing_raw.update, row, **{column: another(row, column)})


@pytest.mark.parametrize("name", FROZEN)
def test_writing_the_same_value_is_no_change(name: str) -> None:
    row = FROZEN[name]()

    for column in the(name).columns:
        rewrite(row, column)


@pytest.mark.parametrize("name", KEPT)
def test_what_counts_is_never_deleted(name: str) -> None:
    refused(the(name).message, writing_raw.delete, KEPT[name]())


@pytest.mark.parametrize("name", WRITTEN_ONCE)
def test_what_was_written_is_never_rewritten(name: str) -> None:
    row, column = WRITTEN_ONCE[name][0](), WRITTEN_ONCE[name][1]

    refused("rows are never changed", writing_raw.update, row, **{column: another(row, column)})


@pytest.mark.parametrize("state", [FileState.TRIAL, FileState.LOADING, FileState.REFUSED])
def test_lines_that_never_counted_may_be_swept(state: FileState) -> None:
    file = rows.file(state=state, problem="cut off", applied_at=None)

    writing_raw.delete(rows.line(of=file))


def test_the_parts_of_a_trial_may_be_swept_with_it() -> None:
    part = rows.part(file=rows.file(state=FileState.TRIAL, applied_at=None))

    writing_raw.delete(part)
    writing_raw.delete(part.file)


def test_matches_of_a_run_that_never_counted_may_be_swept() -> None:
    match = rows.match()
    trial = rows.match(run=rows.run(account=match.account, state=RunState.TRIAL))

    writing_raw.delete(trial)


def test_a_file_that_counts_is_only_ever_replaced() -> None:
    file = rows.file()

    refused("only ever replaced", writing_raw.update, file, state="refused", problem="no")
    writing_raw.update(file, state="replaced")
    refused("only ever replaced", writing_raw.update, file, state="applied")


def test_a_match_ends_once() -> None:
    match = rows.match()
    writing_raw.update(match, ended_at=LATER, ended_reason="wrong")

    refused("an ended match never changes", writing_raw.update, match, ended_at=None, ended_reason="")


def test_a_night_that_is_done_stays_done() -> None:
    night = rows.done_night()

    refused("stays done", writing_raw.update, night, state="running")
    writing_raw.update(night, problem="")


def test_a_closed_month_is_only_ever_reopened() -> None:
    month = rows.closed_month()

    refused("only ever reopened", writing_raw.update, month, state="proposed")
    writing_raw.update(
        month, state="reopened", reopened_by_id=month.decided_by_id, reopened_at=LATER, reopened_reason="late file"
    )
    refused("a decision is final", writing_raw.update, month, state="closed")


@pytest.fixture
def account() -> GatewayAccount:
    return factories.an_account()


def test_no_file_starts_to_count_in_a_closed_month(account: GatewayAccount) -> None:
    file = rows.file(account=account, state=FileState.LOADING, applied_at=None)
    month = rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, file, state="applied", applied_at=LATER)
    _reopen(month)
    writing_raw.update(file, state="applied", applied_at=LATER)


def test_no_file_of_a_closed_month_is_replaced_or_moved_out_of_it(account: GatewayAccount) -> None:
    file = rows.file(account=account)
    rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, file, state="replaced")
    refused("the month is closed", writing_raw.update, file, business_date=OTHER_DAY)


def test_what_a_file_of_a_closed_month_comes_to_never_changes(account: GatewayAccount) -> None:
    file = rows.file(account=account)
    line = rows.line(of=file, overlap=True)
    counting = rows.line(of=file)
    month = rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, line, overlap=False)
    refused("the month is closed", writing_raw.update, counting, overlap=True)
    for column in ("lines", "overlaps", "totals", "first_booked_on", "last_booked_on"):
        refused("the month is closed", writing_raw.update, file, **{column: another(file, column)})
    _reopen(month)
    writing_raw.update(line, overlap=False)
    writing_raw.update(file, lines=1, overlaps=0)


def test_lines_of_a_file_that_does_not_count_yet_are_marked_in_any_month(account: GatewayAccount) -> None:
    file = rows.file(account=account, state=FileState.LOADING, applied_at=None)
    line = rows.line(of=file)
    rows.closed_month(account=account)

    writing_raw.update(line, overlap=True)
    writing_raw.update(file, lines=0, overlaps=1)


def test_other_accounts_and_other_months_stay_open(account: GatewayAccount) -> None:
    rows.closed_month(account=account)
    elsewhere = rows.file(state=FileState.LOADING, applied_at=None)
    later = rows.file(account=account, state=FileState.LOADING, applied_at=None, business_date=OTHER_DAY)

    for file in (elsewhere, later):
        writing_raw.update(file, state="applied", applied_at=LATER)


def test_no_run_starts_to_count_in_a_closed_month(account: GatewayAccount) -> None:
    run = rows.run(account=account, state=RunState.RUNNING)
    other = rows.run(account=account, state=RunState.TRIAL)
    rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, run, state="applied")
    refused("the month is closed", writing_raw.copy, other, state="applied")


def test_no_match_of_a_closed_month_ends() -> None:
    match = rows.match()
    rows.closed_month(account=match.account)

    refused("the month is closed", writing_raw.update, match, ended_at=LATER, ended_reason="wrong")


def test_no_discrepancy_of_a_closed_month_changes_or_gets_an_entry(account: GatewayAccount) -> None:
    row = rows.discrepancy(account=account)
    entry = rows.entry(discrepancy=row)
    month = rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, row, resolution="otherwise")
    refused("the month is closed", writing_raw.update, row, month=OTHER_DAY.replace(day=1))
    refused("the month is closed", writing_raw.copy, entry, text="one more")
    _reopen(month)
    writing_raw.update(row, resolution="otherwise")


def test_a_discrepancy_of_a_closed_month_is_locked_in_every_column() -> None:
    locked = {*the("discrepancy_of_closed_month").columns, *the("discrepancy_line_of_closed_month").columns}

    assert locked == {field.column for field in Discrepancy._meta.concrete_fields}


def test_a_discrepancy_of_a_closed_month_follows_its_line_and_no_other(account: GatewayAccount) -> None:
    line = rows.line(of=rows.file(account=account))
    row = rows.discrepancy(account=account, line=line)
    corrected = rows.file(account=account, business_date=OTHER_DAY)
    same, other = rows.line(of=corrected, identity=line.identity), rows.line(of=corrected)
    repeated = rows.line(of=corrected, identity=line.identity, overlap=True)
    refused_one = rows.line(of=rows.file(account=account, state="refused", problem="no"), identity=line.identity)
    rows.closed_month(account=account)

    for line_id in (other.pk, repeated.pk, refused_one.pk, None):
        refused("the month is closed", writing_raw.update, row, line_id=line_id)
    refused("the month is closed", writing_raw.update, row, line_id=same.pk, resolution="otherwise")
    writing_raw.update(row, line_id=same.pk)


def test_no_discrepancy_is_made_in_or_moved_into_a_closed_month(account: GatewayAccount) -> None:
    row = rows.discrepancy(account=account, month=OTHER_DAY.replace(day=1))
    rows.closed_month(account=account)

    refused("the month is closed", writing_raw.update, row, month=rows.MONTH)
    refused("the month is closed", writing_raw.copy, row, key=f"line:{uuid.uuid4()}", month=rows.MONTH)
    writing_raw.copy(row, key=f"line:{uuid.uuid4()}")


def test_every_trigger_of_settlement_is_broken_here() -> None:
    assert {trigger.name for trigger in SETTLEMENT} == {*FROZEN, *KEPT, *WRITTEN_ONCE, *BROKEN_BY_NAME}


def test_no_trigger_runs_when_lines_and_matches_arrive_by_the_million() -> None:
    inserts = {trigger.table for trigger in SETTLEMENT if trigger.event == "INSERT"}

    assert not inserts & {"orders_settlementline", "orders_match", "orders_settlementfilepart"}


def _reopen(month: Model) -> None:
    writing_raw.update(
        month,
        state="reopened",
        reopened_by_id=factories.a_person().pk,
        reopened_at=LATER,
        reopened_reason="a late file",
    )
