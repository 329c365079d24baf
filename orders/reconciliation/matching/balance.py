"""Does it add up: their lines are our movements, less what is on the way, plus every difference that is written down.

Amounts are signed minor units of one currency, as the merchant sees them: a capture is
positive, a refund or chargeback negative.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from orders.reconciliation.matching import sql, whereabouts
from orders.reconciliation.matching.candidates import MOVING

BESIDE = "('fee', 'late', 'remainder')"
"""Discrepancies that say nothing about what moved: they stand beside the sum."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """One currency of one account. `lines` is gross; `fee`, `net` and `paid_out` are the files' and stand beside it."""

    lines: int = 0
    items: int = 0
    on_the_way: int = 0
    differences: int = 0
    discrepancies: int = 0
    fee: int = 0
    net: int = 0
    paid_out: int = 0

    @property
    def missing(self) -> int:
        """What their side says and nothing explains; 0 when the balance holds."""
        return self.lines - (self.items - self.on_the_way + self.differences + self.discrepancies)

    @property
    def holds(self) -> bool:
        """Whether every minor unit is explained."""
        return self.missing == 0

    def as_json(self) -> dict[str, int]:
        """Figures by name, for reports that are signed."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"missing": self.missing}


def balance(account_id: int, *, until: date | None, month: date | None = None) -> dict[str, Balance]:
    """The balance of an account by currency: of everything, of what was booked until a day, or of one month's lines.

    The items of a month are those that its lines met or its discrepancies name, wherever they moved.
    """
    parameters: dict[str, Any] = {"account": account_id, "run": 0, **_span(until, month)}
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for statement in (_lines(), _items(whole=month is None), _discrepancies()):
        for currency, *amounts in sql.rows(statement, parameters):
            sums[currency].update(dict(zip(_COLUMNS, map(int, amounts), strict=True)))
    return {currency: Balance(**one) for currency, one in sorted(sums.items())}


_COLUMNS = ("lines", "fee", "net", "paid_out", "items", "on_the_way", "differences", "discrepancies")
"""What each statement sums, after the currency; each statement fills its own and 0 elsewhere."""
_LINE_COUNTS = (
    "l.account_id = %(account)s AND NOT l.overlap AND l.booked_on >= %(first)s AND l.booked_on <= %(last)s AND EXISTS "
    "(SELECT 1 FROM orders_settlementfile f WHERE f.id = l.file_id AND f.state = 'applied')"
)


def _lines() -> str:
    return (
        f"SELECT l.currency, sum(CASE WHEN l.type IN {MOVING} THEN l.gross ELSE 0 END), sum(l.fee), "  # noqa: S608
        "sum(CASE WHEN l.type = 'payout' THEN 0 ELSE l.net END), "
        "sum(CASE WHEN l.type = 'payout' THEN -l.net ELSE 0 END), 0, 0, 0, 0 "
        f"FROM orders_settlementline l WHERE {_LINE_COUNTS} GROUP BY l.currency"
    )


def _items(*, whole: bool) -> str:
    """Movements with what of them lines cover, and with what is missed of them. What a payout line pays is a line's
    sum, which no other line says."""
    seen = "" if whole else "WHERE is_met OR told OR missed > 0 "
    left = "CASE WHEN told THEN 0 ELSE signed - (covered + sign * (paid + missed)) END"
    return (
        f"SELECT currency, sum(sign * paid), 0, 0, 0, sum(signed), sum({left}), sum(difference), sum(-sign * missed) "  # noqa: S608
        f"FROM ({_modifications()} UNION ALL {_movements()}) item {seen}GROUP BY currency"
    )


def _modifications() -> str:
    column, left = "modification_id", whereabouts.left_of_modification("m")
    return (
        f"SELECT m.currency, {sql.MODIFICATION_SIGNED} AS signed, CASE WHEN m.kind = 'capture' THEN 1 ELSE -1 END "  # noqa: S608
        f"AS sign, {_cover(left)} FROM orders_modification m {_beside(column, 'm')} WHERE m.account_id = %(account)s "
        f"AND {sql.IS_ITEM} AND (c.met IS NOT NULL OR (m.state = 'succeeded' AND {sql.MODIFICATION_AT} < %(before)s))"
    )


def _movements() -> str:
    column, left = "movement_id", whereabouts.left_of_movement("e")
    return (
        f"SELECT e.currency, {sql.MOVEMENT_SIGNED} AS signed, CASE WHEN e.kind = 'capture' THEN 1 ELSE -1 END "  # noqa: S608
        f"AS sign, {_cover(left)} FROM orders_externalmovement e {_beside(column, 'e')} WHERE "
        f"e.account_id = %(account)s AND {sql.IS_MOVEMENT} AND (c.met IS NOT NULL OR {sql.MOVEMENT_AT} < %(before)s)"
    )


def _cover(left: str) -> str:
    """What lines of the span cover and say more, whether one tells, and so much of what is missed as is left."""
    return (
        "c.met IS NOT NULL AS is_met, COALESCE(c.covered, 0) AS covered, COALESCE(c.paid, 0) AS paid, "
        "COALESCE(c.difference, 0) AS difference, t.met IS NOT NULL AS told, "
        f"CASE WHEN n.said IS NULL OR {left} <= 0 THEN 0 WHEN n.said < {left} THEN n.said ELSE {left} END AS missed"
    )


def _beside(column: str, item: str) -> str:
    """The movement's matches and discrepancies of the span, each as one row or none. Discrepancies are few: they are
    gone through once, and not asked for each movement."""
    told = (
        f"SELECT DISTINCT d.{column} AS met FROM orders_discrepancy d JOIN orders_settlementline l ON l.id = d.line_id "  # noqa: S608
        f"WHERE d.account_id = %(account)s AND d.{column} IS NOT NULL AND {_LINE_COUNTS} "
        f"AND {whereabouts.tells_by_line('d')}"
    )
    missed = (
        f"SELECT d.{column} AS met, sum(abs(d.difference)) AS said FROM orders_discrepancy d "  # noqa: S608
        f"WHERE d.account_id = %(account)s AND d.{column} IS NOT NULL AND {_OF_SPAN} AND {whereabouts.misses('d')} "
        f"GROUP BY d.{column}"
    )
    return (
        f"LEFT JOIN ({_covered(column)}) c ON c.met = {item}.id LEFT JOIN ({told}) t ON t.met = {item}.id "
        f"LEFT JOIN ({missed}) n ON n.met = {item}.id"
    )


def _covered(column: str) -> str:
    """For each movement that lines of the span hold: what they cover, what payouts pay, and what lines say more."""
    covers, pays = whereabouts.COVERS.format(x="x", l="l"), whereabouts.PAYS.format(x="x")
    return (
        f"SELECT x.{column} AS met, sum({covers}) AS covered, sum({pays}) AS paid, sum(x.difference) AS difference "  # noqa: S608
        "FROM orders_match x JOIN orders_reconciliationrun r ON r.id = x.run_id AND r.state = 'applied' "
        f"JOIN orders_settlementline l ON l.id = x.line_id WHERE x.{column} IS NOT NULL AND x.ended_at IS NULL "
        f"AND {_LINE_COUNTS} GROUP BY x.{column}"
    )


_OF_SPAN = "d.line_id IS NULL AND d.occurred_on >= %(first)s AND d.occurred_on <= %(last)s"


def _grounded() -> str:
    """The discrepancy `d` with its line `l` still explains something: it has not ended, and what it is about has not
    met. One that tells of a movement by its line explains both, so that with the movement's own line it explains
    neither and is typed anew. What is missed stands beside its movement, see `_items`."""
    return (
        f"d.account_id = %(account)s AND d.state IN {whereabouts.STANDING} AND NOT (d.type = '{whereabouts.MISSED}') "
        f"AND ((d.line_id IS NOT NULL AND {_LINE_COUNTS} AND NOT {whereabouts.line_met('d')} "
        f"AND NOT {whereabouts.overtaken('d')}) OR ({_OF_SPAN} AND NOT {whereabouts.item_met('d')}))"
    )


def _discrepancies() -> str:
    """Differences by our currency; of another currency than ours, the line's own side too."""
    grounded = (
        "FROM orders_discrepancy d LEFT JOIN orders_settlementline l ON l.id = d.line_id "
        f"WHERE NOT (d.type IN {BESIDE}) AND {_grounded()}"
    )
    return (
        "SELECT currency, 0, 0, 0, 0, 0, 0, 0, sum(difference) FROM ("  # noqa: S608
        f"SELECT d.currency, d.difference {grounded} UNION ALL "
        f"SELECT l.currency, l.gross {grounded} AND d.type = 'currency') one GROUP BY currency"
    )


def _span(until: date | None, month: date | None) -> dict[str, Any]:
    first, last = date(1, 1, 1), until or date(9999, 12, 31)
    if month is not None:
        first = month.replace(day=1)
        last = min(last, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
    before = datetime.combine(last, time.max, UTC)
    return {"first": first, "last": last, "before": sql.moment(before)}
