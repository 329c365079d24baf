"""Which line is which movement of ours: set-based, deterministic, repeatable, and never sure where several fit.

The many lines of a file whose reference, kind and amount are ours meet in one join (`swift`); what is left is looked
at closely, by `rules` over `candidates`. On PostgreSQL it is two transactions; on SQLite reading holds no
lock and matches are written in short transactions, so that pages are never kept waiting.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import Sum

from orders.models import Match, ReconciliationRun, Rule, SettlementFile
from orders.reconciliation.files.pace import Pace
from orders.reconciliation.matching import payouts, rules, sql, swift
from orders.reconciliation.matching.candidates import CANDIDATES, LINES, Scope, gather, nothing_to_renew, scatter

__all__ = ["Scope", "forget_matches", "match"]

_PICKED = "night_picked"
_AT_ONCE = 1_000
"""Rows of one delete; far below a tenth of a second."""
_MANY = 5_000
"""Lines of a file from which on statistics are taken anew."""
_ALONE = "1, CAST(NULL AS uuid)"
_COLUMNS = (
    "account_id, run_id, line_id, modification_id, movement_id, transaction_id, rule, amount, difference, days_apart, "
    "tolerance_minor, tolerance_days, candidates, runner_up, ended_reason"
)


def match(scope: Scope) -> dict[str, int]:
    """Match the scope's lines under its run; how many matches each rule made.

    Repeating is safe: the run's earlier matches are deleted first, so the run must not have been applied. Raises
    IntegrityError when it was.
    """
    made = dict.fromkeys(Rule, 0)
    forget_matches(scope.run, renew=scope.renew)
    if scope.file_ids:
        _plan_anew("orders_settlementline", scope)
        with sql.unhurried():
            made[Rule.REFERENCE] += _keep_swiftly(scope)
        _plan_anew("orders_match", scope)
    with sql.unhurried():
        gather(scope)
        for rule, select in rules.in_order():
            made[rule] += _keep(scope, rule, select, scope.parameters)
        for select, parameters in payouts.picks(scope):
            made[Rule.PAYOUT] += _keep(scope, Rule.PAYOUT, select, parameters)
        scatter()
    return {rule.value: count for rule, count in made.items() if count}


def _plan_anew(table: str, scope: Scope) -> None:
    """After a large file the planner must know that the table has grown; where another does the same, it is left."""
    lines = SettlementFile.objects.filter(pk__in=scope.file_ids).aggregate(lines=Sum("rows_read"))["lines"] or 0
    if sql.on_postgresql() and lines >= _MANY:
        sql.run(f"ANALYZE (SKIP_LOCKED) {table}")


def forget_matches(run: ReconciliationRun, *, renew: Callable[[], None] = nothing_to_renew) -> None:
    """Delete the matches of a run that never counted, a few rows at a time where others wait for the lock."""
    pace, matches = Pace(), Match.objects.filter(run=run).order_by("pk")
    while keys := list(matches.values_list("pk", flat=True)[: min(pace.size, _AT_ONCE)]):
        with pace.timed(), transaction.atomic():
            renew()
            Match.objects.filter(pk__in=keys).delete()


def _keep_swiftly(scope: Scope) -> int:
    """The exact pairs by reference of which both sides are sure."""
    sql.fill_scratch(_PICKED, swift.pairs(scope), scope.parameters)
    sql.run(f"DELETE FROM {_PICKED} WHERE {swift.crowded(_PICKED)}")  # noqa: S608  # our own words
    return _write(_row(Rule.REFERENCE, plan=_ALONE), scope)


def _keep(scope: Scope, rule: Rule, select: str, parameters: sql.Parameters) -> int:
    """Write one rule's pairs and take their lines and movements out of what is left."""
    if not sql.fill_scratch(_PICKED, select, parameters):
        return 0
    made = _write(_row(rule, plan=_ALONE if rule == Rule.PAYOUT else _plan()), scope)
    yes = "true" if sql.on_postgresql() else "1"
    sql.run(f"UPDATE {CANDIDATES} SET taken = {yes} WHERE item IN (SELECT item FROM {_PICKED})")  # noqa: S608
    for table, column in ((CANDIDATES, "line_id"), (LINES, "id")):
        sql.run(f"DELETE FROM {table} WHERE {column} IN (SELECT line_id FROM {_PICKED})")  # noqa: S608
    return made


def _plan() -> str:
    """How many candidates the line had, and the modification that came second."""
    others = f"FROM {CANDIDATES} c WHERE c.line_id = picked.line_id"
    second = (
        f"SELECT c.modification_id {others} AND c.item <> picked.item AND c.modification_id IS NOT NULL "
        "ORDER BY abs(c.gross - c.signed), abs(c.days), c.item LIMIT 1"
    )
    return f"(SELECT {_smallest('count(*)')} {others}), ({second})"


def _smallest(count: str) -> str:
    return f"LEAST(32000, {count})" if sql.on_postgresql() else f"MIN(32000, {count})"


def _row(rule: Rule, *, plan: str) -> str:
    """The values of `_COLUMNS` for one picked pair."""
    return (
        "%(account)s, %(run)s, line_id, modification_id, movement_id, transaction_id, "
        f"'{rule.value}', covered, difference, days, %(minor)s, %(days)s, {plan}, ''"
    )


def _write(row: str, scope: Scope) -> int:
    """Copy the picked pairs into the matches: at once on PostgreSQL, in short transactions on SQLite."""
    statement = f"INSERT INTO orders_match ({_COLUMNS}) SELECT {row} FROM {_PICKED} picked"  # noqa: S608
    if sql.on_postgresql():
        return sql.run(f"{statement} ORDER BY line_id", scope.parameters)
    made, first, pace = 0, 0, Pace()
    ((last,),) = sql.rows(f"SELECT max(rowid) FROM {_PICKED}")  # noqa: S608
    while first < (last or 0):
        bounds = {"first": first, "last": first + pace.size}
        with pace.timed(), transaction.atomic():
            scope.renew()
            made += sql.run(f"{statement} WHERE rowid > %(first)s AND rowid <= %(last)s", scope.parameters | bounds)
        first = bounds["last"]
    return made
