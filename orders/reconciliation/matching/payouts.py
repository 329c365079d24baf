"""Files of payouts alone: one line is the sum of all that moved since the payout before it, or it is nothing.

Whole days are added up from the first movement that no line holds until the sum is the payout's; there is no search
among subsets, because among many movements some subset always fits. A payout line beside the lines it pays needs no
movement of ours; `discrepancies.typing` checks it against them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from orders.reconciliation.matching import apart, sql
from orders.reconciliation.matching.candidates import MOVING, Scope, unmet_lines

_FIRST_DAYS = 31
"""How far back the first payout of an account may reach."""


def picks(scope: Scope) -> Iterator[tuple[str, dict[str, Any]]]:
    """For each payout line that meets one span of days, the SELECT of its pairs and its parameters.

    Each must be written before the next is asked for: what one payout holds is not the next one's.
    """
    for line_id, gross, currency, booked_on in _payouts(scope):
        span = {
            **scope.parameters,
            "line": line_id,
            "currency": currency,
            "from": booked_on - timedelta(days=_FIRST_DAYS),
            "before": booked_on + timedelta(days=1),
        }
        until = _end_of_span(scope, span, -gross)
        if until is not None:
            yield _pairs(scope), {**span, "before": until + timedelta(days=1)}


def _payouts(scope: Scope) -> list[tuple[int, int, str, date]]:
    """Unmet payout lines of files that hold nothing but payouts, oldest first."""
    beside = f"SELECT 1 FROM orders_settlementline o WHERE o.file_id = l.file_id AND o.type IN {MOVING}"  # noqa: S608
    lines = unmet_lines(scope, "('payout')")
    found = sql.rows(
        f"SELECT l.id, l.gross, l.currency, l.booked_on {lines} AND NOT EXISTS ({beside}) ORDER BY l.booked_on, l.id",
        scope.parameters,
    )
    return [(line_id, gross, currency, _as_date(booked_on)) for line_id, gross, currency, booked_on in found]


def _end_of_span(scope: Scope, span: dict[str, Any], paid: int) -> date | None:
    """The only day up to which what no line holds adds up to the payout; None when there is none, or several."""
    by_day = sql.rows(
        f"SELECT {sql.day_of('moved_at')}, sum(signed) FROM ({_movements(scope)}) item GROUP BY 1 ORDER BY 1",  # noqa: S608
        span,
    )
    total, found = 0, list[date]()
    for moved_on, amount in by_day:
        total += int(amount)
        if total == paid:
            found.append(_as_date(moved_on))
    return found[0] if len(found) == 1 else None


def _pairs(scope: Scope) -> str:
    """The movements of the span beside the line, in the columns of the rules."""
    return (
        "SELECT %(line)s AS line_id, item, modification_id, movement_id, transaction_id, "  # noqa: S608
        f"0 AS days, abs(signed) AS covered, 0 AS difference FROM ({_movements(scope)}) item"
    )


def _movements(scope: Scope) -> str:
    """What moved within `from` and `before` in the currency, no counting line holds and nobody took from the payout."""
    taken = (
        "NOT EXISTS (SELECT 1 FROM orders_match x WHERE x.transaction_id = {item}.transaction_id "
        "AND x.{column} = {item}.id AND {counting})"
    )
    counting = scope.counting("x")
    within = (
        "{item}.account_id = %(account)s AND {item}.currency = %(currency)s AND {at} >= %(from)s AND {at} < %(before)s"
    )
    return (
        "SELECT m.id AS modification_id, NULL AS movement_id, CAST(m.id AS text) AS item, m.transaction_id, "  # noqa: S608
        f"{sql.MODIFICATION_SIGNED} AS signed, {sql.MODIFICATION_AT} AS moved_at FROM orders_modification m "
        f"JOIN orders_settlementline l ON l.id = %(line)s WHERE {within.format(item='m', at=sql.MODIFICATION_AT)} "
        f"AND m.state = 'succeeded' AND {sql.IS_ITEM} "
        f"AND {taken.format(item='m', column='modification_id', counting=counting)} "
        f"AND NOT {apart.of_modification(scope.reread)} UNION ALL "
        "SELECT NULL, e.id, 'm' || CAST(e.id AS text), e.transaction_id, "
        f"{sql.MOVEMENT_SIGNED}, {sql.MOVEMENT_AT} FROM orders_externalmovement e "
        f"JOIN orders_settlementline l ON l.id = %(line)s WHERE {within.format(item='e', at=sql.MOVEMENT_AT)} "
        f"AND {sql.IS_MOVEMENT} "
        f"AND {taken.format(item='e', column='movement_id', counting=counting)} "
        f"AND NOT {apart.of_movement(scope.reread)}"
    )


def _as_date(value: date | str) -> date:
    """SQLite answers with text."""
    return value if isinstance(value, date) else date.fromisoformat(value)
