"""Does it add up: their lines are our movements, less what is on the way, plus every difference that is written down.

Amounts are signed minor units of one currency, as the merchant sees them: a capture is
positive, a refund or chargeback negative.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from orders.reconciliation.matching import sql
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
    """Movements with what of them lines cover. What a payout line pays is a line's sum, which no other line says."""
    seen = "" if whole else "WHERE is_met OR named "
    left = "CASE WHEN named THEN 0 ELSE signed - (covered + sign * paid) END"
    return (
        f"SELECT currency, sum(sign * paid), 0, 0, 0, sum(signed), sum({left}), sum(difference), 0 FROM ("  # noqa: S608
        f"{_modifications()} UNION ALL {_movements()}) item {seen}GROUP BY currency"
    )


def _modifications() -> str:
    return (
        f"SELECT m.currency, {sql.MODIFICATION_SIGNED} AS signed, CASE WHEN m.kind = 'capture' THEN 1 ELSE -1 END "  # noqa: S608
        f"AS sign, {_COVER}, {_named('modification_id', 'm')} AS named FROM orders_modification m "
        f"LEFT JOIN ({_covered('modification_id')}) c ON c.met = m.id WHERE m.account_id = %(account)s "
        f"AND {sql.IS_ITEM} AND (c.met IS NOT NULL OR (m.state = 'succeeded' AND {sql.MODIFICATION_AT} < %(before)s))"
    )


def _movements() -> str:
    return (
        f"SELECT e.currency, {sql.MOVEMENT_SIGNED} AS signed, CASE WHEN e.kind = 'capture' THEN 1 ELSE -1 END "  # noqa: S608
        f"AS sign, {_COVER}, {_named('movement_id', 'e')} AS named FROM orders_externalmovement e "
        f"LEFT JOIN ({_covered('movement_id')}) c ON c.met = e.id WHERE e.account_id = %(account)s "
        f"AND {sql.IS_MOVEMENT} AND (c.met IS NOT NULL OR {sql.MOVEMENT_AT} < %(before)s)"
    )


_COVER = (
    "c.met IS NOT NULL AS is_met, COALESCE(c.covered, 0) AS covered, COALESCE(c.paid, 0) AS paid, "
    "COALESCE(c.difference, 0) AS difference"
)


def _covered(column: str) -> str:
    """For each movement that lines of the span hold: what they cover, what payouts pay, and what lines say more."""
    return (
        f"SELECT x.{column} AS met, "  # noqa: S608
        "sum(CASE WHEN x.rule = 'payout' THEN 0 ELSE l.gross - x.difference END) AS covered, "
        "sum(CASE WHEN x.rule = 'payout' THEN x.amount ELSE 0 END) AS paid, sum(x.difference) AS difference "
        "FROM orders_match x JOIN orders_reconciliationrun r ON r.id = x.run_id AND r.state = 'applied' "
        f"JOIN orders_settlementline l ON l.id = x.line_id WHERE x.{column} IS NOT NULL AND x.ended_at IS NULL "
        f"AND {_LINE_COUNTS} GROUP BY x.{column}"
    )


def _named(column: str, item: str) -> str:
    """A discrepancy says where this movement is: it is not on the way."""
    return (
        f"EXISTS (SELECT 1 FROM orders_discrepancy d LEFT JOIN orders_settlementline l ON l.id = d.line_id "  # noqa: S608
        f"WHERE d.{column} = {item}.id AND {NAMES} AND {_grounded()})"
    )


NAMES = (
    "(d.type IN ('ours_not_theirs', 'amount', 'kind', 'currency') "
    "OR (d.type = 'split_leg_failed' AND d.line_id IS NOT NULL))"
)
"""Types of discrepancies `d` that say where a movement of ours is."""


def named_by_a_line(alias: str) -> str:
    """Another discrepancy, about a counting line that met nothing, says where the movement of the discrepancy is."""
    return (
        "EXISTS (SELECT 1 FROM orders_discrepancy o JOIN orders_settlementline n ON n.id = o.line_id AND NOT n.overlap "  # noqa: S608
        "JOIN orders_settlementfile h ON h.id = n.file_id AND h.state = 'applied' "
        f"WHERE o.transaction_id = {alias}.transaction_id AND NOT (o.id = {alias}.id) "
        f"AND (o.modification_id = {alias}.modification_id OR o.movement_id = {alias}.movement_id) "
        f"AND {NAMES.replace('d.', 'o.')} AND NOT (o.state = 'vanished') "
        f"AND NOT EXISTS (SELECT 1 FROM orders_match z WHERE z.line_id = n.id AND {sql.counting_match('z')}))"
    )


def _grounded() -> str:
    """The discrepancy `d` with its line `l` still explains something: what it is about has not met, and of a missed
    movement, no line that came later tells where it is; whoever accepted that it is missed has not accepted both."""
    no_match = f"NOT EXISTS (SELECT 1 FROM orders_match y WHERE {{on}} AND {sql.counting_match('y')})"  # noqa: S608
    return (
        "d.account_id = %(account)s AND NOT (d.state = 'vanished') AND ("
        f"(d.line_id IS NOT NULL AND {_LINE_COUNTS} AND {no_match.format(on='y.line_id = d.line_id')}) OR "
        "(d.line_id IS NULL AND d.occurred_on >= %(first)s AND d.occurred_on <= %(last)s AND "
        + no_match.format(
            on="y.transaction_id = d.transaction_id AND "
            "(y.modification_id = d.modification_id OR y.movement_id = d.movement_id)"
        )
        + f" AND NOT (d.type = 'ours_not_theirs' AND {named_by_a_line('d')})))"
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
