"""The many: one join of a file's lines with our modifications by reference, kind, currency and exact amount.

It is sure of a pair when neither side has another; everything else is left to `rules`, which look at each closely and
know external movements and every other word too.
"""

from __future__ import annotations

from orders.reconciliation.matching import apart, sql
from orders.reconciliation.matching.candidates import Scope, scope_lines

_ID_AGREES = (
    "(l.gateway_id = '' OR m.gateway_id = '' OR l.gateway_id = m.gateway_id "
    "OR l.transaction_reference IN (l.gateway_id, m.gateway_id))"
)


def pairs(scope: Scope) -> str:
    """A SELECT of all such pairs, with the columns that rules select. Needs the scope's parameters.

    Nothing can have met the lines yet: their files do not count, or a trial looks through everything but itself.
    """
    return (
        "SELECT l.id AS line_id, m.id AS modification_id, CAST(NULL AS bigint) AS movement_id, m.transaction_id, "  # noqa: S608
        f"{sql.days_apart('l.booked_on', sql.MODIFICATION_AT)} AS days, {sql.MODIFICATION_AMOUNT} AS covered, "
        "0 AS difference FROM orders_settlementline l JOIN orders_modification m ON m.account_id = %(account)s "
        f"AND m.gateway_reference = l.reference AND m.kind IN {sql.ITEM_KINDS} AND {sql.SUCCEEDED} "
        f"AND m.currency = l.currency AND l.gross = {sql.MODIFICATION_SIGNED} AND l.type = {sql.MODIFICATION_KIND} "
        f"AND {sql.IS_ITEM} AND {_ID_AGREES} "
        f"WHERE {scope_lines(scope)} AND l.type IN ('capture', 'refund') AND NOT (l.reference = '') "
        "AND NOT EXISTS (SELECT 1 FROM orders_match y WHERE y.transaction_id = m.transaction_id "
        f"AND y.modification_id = m.id AND {scope.counting('y')}) AND NOT {apart.of_modification(scope.reread)}"
    )


def crowded(table: str) -> str:
    """The condition on a row of a table of pairs that one of its sides stands in another row too."""
    return " OR ".join(
        f"{side} IN (SELECT {side} FROM {table} GROUP BY {side} HAVING count(*) > 1)"  # noqa: S608  # our own words
        for side in ("line_id", "modification_id")
    )
