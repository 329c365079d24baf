"""The many: one join of a file's lines with our modifications by reference, kind, currency and exact amount.

It is sure of a pair when the line has no other candidate and is the first of the lines for this one; everything else
is left to `rules`, which know external movements and every other word too.
"""

from __future__ import annotations

from orders.reconciliation.matching import sql
from orders.reconciliation.matching.candidates import Scope, unmet_lines

_ID_AGREES = (
    "(l.gateway_id = '' OR m.gateway_id = '' OR l.gateway_id = m.gateway_id "
    "OR l.transaction_reference IN (l.gateway_id, m.gateway_id))"
)


def pairs(scope: Scope) -> str:
    """A SELECT of the pairs, with the columns that rules select. Needs the scope's parameters."""
    lines = unmet_lines(scope, "('capture', 'refund')").replace(
        "FROM orders_settlementline l WHERE",
        "FROM orders_settlementline l JOIN orders_modification m ON m.account_id = %(account)s "
        f"AND m.gateway_reference = l.reference AND m.kind IN {sql.ITEM_KINDS} AND {sql.SUCCEEDED} "
        f"AND m.currency = l.currency AND l.gross = {sql.MODIFICATION_SIGNED} WHERE",
    )
    return (
        "SELECT line_id, item, modification_id, CAST(NULL AS bigint) AS movement_id, transaction_id, days, covered, "  # noqa: S608
        "0 AS difference FROM (SELECT l.id AS line_id, CAST(m.id AS text) AS item, m.id AS modification_id, "
        "m.transaction_id, "
        f"{sql.days_apart('l.booked_on', sql.MODIFICATION_AT)} AS days, {sql.MODIFICATION_AMOUNT} AS covered, "
        "count(*) OVER (PARTITION BY l.id) AS of_line, row_number() OVER (PARTITION BY m.id ORDER BY "
        f"CASE WHEN l.gateway_id = m.gateway_id THEN 0 ELSE 1 END, l.booked_on, l.id) AS place {lines} "
        f"AND l.type = {sql.MODIFICATION_KIND} AND NOT (l.reference = '') AND {sql.IS_ITEM} AND {_ID_AGREES} "
        "AND NOT EXISTS (SELECT 1 FROM orders_match y WHERE y.transaction_id = m.transaction_id "
        f"AND y.modification_id = m.id AND {scope.counting('y')})) seen WHERE of_line = 1 AND place = 1"
    )
