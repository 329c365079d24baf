"""What explained itself: open discrepancies whose ground is gone, each with the reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from orders.database import Among
from orders.models import Discrepancy, DiscrepancyState
from orders.models.discrepancy import BESIDE, DECIDED, UNSETTLED
from orders.reconciliation.discrepancies.fix_facts import ENDS_WHEN_MET
from orders.reconciliation.discrepancies.typing_rows import Finding, as_uuid
from orders.reconciliation.matching import sql, whereabouts

_UNSETTLED = f"d.account_id = %(account)s AND d.state IN {sql.one_of(UNSETTLED)}"
_DECIDED = (
    f"d.account_id = %(account)s AND d.state IN {sql.one_of(DECIDED)} AND NOT EXISTS (SELECT 1 FROM "  # noqa: S608
    "orders_monthclose k WHERE k.account_id = d.account_id AND k.state = 'closed' AND k.month <= d.month "
    "AND k.until > d.month) AND NOT EXISTS (SELECT 1 FROM orders_match y JOIN orders_modification u "
    "ON u.id = y.modification_id WHERE y.line_id = d.line_id AND y.ended_at IS NULL AND NOT (u.state = 'succeeded'))"
)
"""Settled by people, in open months; a line that may be something whose outcome is open has not met for good."""
NOT_COUNTING = "Its line does not count any more: the file was replaced by a corrected one."
MET = "It has met: line and movement are the same money, in run {run}."
NAMED = "A line for this movement has come; what differs stands in a discrepancy of its own."
PART = "Of its movement another part has met or was taken apart, so what was proposed is not what is missed now."
APART = "The line and the movement were taken apart, so there is nothing that was late."
ELSEWHERE = "It is told by another discrepancy now: {key}."
EXPLAINED = "Looked at again, the line is explained."


class StaleRest(NamedTuple):
    """A row that misses another part of a movement than is left; `waits` for a second person's word about that part."""

    row_id: int
    waits: bool
    modification_id: UUID | None
    movement_id: int | None


def groundless(account_id: int, run_id: int) -> list[tuple[int, str]]:
    """Unsettled rows of an account whose ground is gone, with the reason."""
    given = {"account": account_id, "run": run_id}
    return [
        *((key, NOT_COUNTING) for (key,) in sql.unhurried_rows(_line_does_not_count(), given)),
        *((key, MET.format(run=run)) for key, run in sql.unhurried_rows(_has_met(), given)),
        *((key, NAMED) for (key,) in sql.unhurried_rows(_is_named(), given)),
        *((key, APART) for (key,) in sql.unhurried_rows(_was_taken_apart(), given)),
    ]


def overtaken_decisions(account_id: int, run_id: int) -> list[tuple[int, str]]:
    """Accepted and written-off rows of open months that have met, or that a line tells now, with the reason."""
    given = {"account": account_id, "run": run_id}
    return [
        *((key, MET.format(run=run)) for key, run in sql.unhurried_rows(_has_met(_DECIDED), given)),
        *((key, NAMED) for (key,) in sql.unhurried_rows(_is_named(_DECIDED), given)),
    ]


def stale_rests(account_id: int) -> list[StaleRest]:
    """What is missed of movements and is not as much as is left of them; of what met whole, nothing."""
    stands = (
        f"SELECT d.id, d.state, d.modification_id, d.movement_id, d.difference, {whereabouts.left_of_its('d')} AS rest "  # noqa: S608
        f"FROM orders_discrepancy d WHERE d.account_id = %(account)s AND {whereabouts.misses('d')}"
    )
    rows = sql.unhurried_rows(
        f"SELECT id, state, modification_id, movement_id FROM ({stands}) seen "  # noqa: S608
        "WHERE rest > 0 AND rest <> abs(difference) ORDER BY id",
        {"account": account_id},
    )
    return [
        StaleRest(row_id, state == DiscrepancyState.WAITING, modification_id and as_uuid(modification_id), movement_id)
        for row_id, state, modification_id, movement_id in rows
    ]


def told_otherwise(batch: Sequence[Finding]) -> list[tuple[int, str]]:
    """Unsettled rows about the batch's lines that are not what was found of these lines now."""
    found = {finding.line_id: finding for finding in batch if finding.line_id is not None}
    rows = Discrepancy.objects.unsettled().filter(Among("line_id", found)).exclude(type__in=BESIDE)
    return [
        (row_id, ELSEWHERE.format(key=finding.key) if finding.type else EXPLAINED)
        for row_id, line_id, key in rows.order_by("pk").values_list("pk", "line_id", "key")
        if (finding := found[line_id]).type is None or finding.key != key
    ]


def _line_does_not_count() -> str:
    return (
        "SELECT d.id FROM orders_discrepancy d JOIN orders_settlementline l ON l.id = d.line_id "  # noqa: S608
        "JOIN orders_settlementfile f ON f.id = l.file_id "
        f"WHERE {_UNSETTLED} AND (l.overlap OR NOT (f.state = 'applied')) ORDER BY d.id"
    )


def _has_met(rows: str = _UNSETTLED) -> str:
    """By its line, or where it is missed by the whole movement. A chargeback, a failure and a failed leg without a line
    stay open for a person to see."""
    counting = whereabouts.counts("x")
    by_line = f"SELECT max(x.run_id) FROM orders_match x WHERE x.line_id = d.line_id AND {counting}"  # noqa: S608
    by_item = (
        "SELECT max(x.run_id) FROM orders_match x WHERE x.transaction_id = d.transaction_id "  # noqa: S608
        f"AND (x.modification_id = d.modification_id OR x.movement_id = d.movement_id) AND {counting}"
    )
    met = f"CASE WHEN d.type = '{whereabouts.MISSED}' THEN ({by_item}) ELSE ({by_line}) END"
    whole = f"d.type <> '{whereabouts.MISSED}' OR {whereabouts.left_of_its('d')} <= 0"
    return (
        f"SELECT id, met FROM (SELECT d.id, {met} AS met FROM orders_discrepancy d "  # noqa: S608
        f"WHERE {rows} AND d.type IN {sql.one_of(ENDS_WHEN_MET)} AND ({whole})) seen WHERE met IS NOT NULL ORDER BY id"
    )


def _is_named(rows: str = _UNSETTLED) -> str:
    return (
        f"SELECT d.id FROM orders_discrepancy d WHERE {rows} AND d.type = '{whereabouts.MISSED}' "  # noqa: S608
        f"AND {whereabouts.told_by_a_line('d')} ORDER BY d.id"
    )


def _was_taken_apart() -> str:
    return (
        f"SELECT d.id FROM orders_discrepancy d WHERE {_UNSETTLED} AND d.type = 'late' AND NOT EXISTS "  # noqa: S608
        f"(SELECT 1 FROM orders_match x WHERE x.line_id = d.line_id AND {sql.counting_match('x')}) ORDER BY d.id"
    )
