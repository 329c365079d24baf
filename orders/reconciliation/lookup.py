"""Finding a settlement line by a word that no order knows.

No index leads from a word to a line: four of them would slow down every file of a million lines. A line that met is
found by its order's words. What did not meet, or not whole, has a discrepancy, and those are few: the newest are gone
through by their own index, and each line behind them is read by its key.
"""

from __future__ import annotations

from collections.abc import Collection

from orders.models import SettlementLine
from orders.reconciliation.matching import sql

LOOKED_AT = 5_000
"""So many unsettled discrepancies, the latest first, and so many of all, the newest first, are gone through."""
SHOWN = 20
WORDS = ("reference", "gateway_id", "custom_reference", "payout_reference")
_LONGEST = 64


def lines_named(text: str, *, merchants: Collection[int] | None) -> list[SettlementLine]:
    """Lines with exactly this word (in lower case), the newest first and one more than SHOWN where there are as many.

    Only lines of these merchants' files; of all for a superuser (None). What is no reference finds nothing.
    """
    if (merchants is not None and not merchants) or not text or len(text) > _LONGEST or " " in text or "@" in text:
        return []
    found = [line_id for (line_id,) in sql.rows(_statement(merchants), {"text": text})]
    lines = SettlementLine.objects.select_related("file").in_bulk(found) if found else {}
    return [lines[line_id] for line_id in found]


def _statement(merchants: Collection[int] | None) -> str:
    """The word is asked for in a scalar subquery, which keeps PostgreSQL to one look by key for each discrepancy."""
    of = "d.line_id IS NOT NULL" + ("" if merchants is None else f" AND d.merchant_id IN {sql.numbers(merchants)}")
    unsettled = (
        f"SELECT d.line_id FROM orders_discrepancy d WHERE {of} AND d.state IN ('open', 'waiting') "  # noqa: S608
        f"ORDER BY d.occurred_on DESC, d.id DESC LIMIT {LOOKED_AT}"
    )
    newest = f"SELECT d.line_id FROM orders_discrepancy d WHERE {of} ORDER BY d.id DESC LIMIT {LOOKED_AT}"  # noqa: S608
    named = " OR ".join(f"lower(l.{word}) = %(text)s" for word in WORDS)
    return (
        f"SELECT line_id FROM (SELECT line_id FROM ({unsettled}) u UNION SELECT line_id FROM ({newest}) n) looked "  # noqa: S608
        f"WHERE (SELECT CASE WHEN {named} THEN 1 ELSE 0 END FROM orders_settlementline l WHERE l.id = looked.line_id) "
        f"= 1 ORDER BY line_id DESC LIMIT {SHOWN + 1}"
    )
