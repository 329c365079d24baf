"""What an experiment would change: lines newly met, lines that lose their match, lines that would meet another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orders.models import DiscrepancyType
from orders.reconciliation.discrepancies.typing_verdicts import findings
from orders.reconciliation.matching import sql
from orders.reconciliation.matching.candidates import MOVING
from orders.reconciliation.matching.engine import Scope

EXAMPLES = 50
CHANGES = ("gained", "lost", "moved")


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The file that counts and the file that was tried; their lines are alike by number."""

    before: int
    now: int


def compare(scope: Scope, pairs: Sequence[Pair], unread: Sequence[int]) -> dict[str, Any]:
    """Counts and examples (ids of lines that count) for each change, and the types of what would be left.

    Lines of `unread` files lose their matches, because the file would be refused.
    """
    lost_with_files = _met_lines(scope, unread)
    if not pairs:
        return {
            **dict.fromkeys(("met_now", "lines", "gained", "moved"), 0),
            "met_before": lost_with_files,
            "lost": lost_with_files,
            "examples": {change: [] for change in CHANGES},
            "left": {},
            "ambiguous": 0,
        }
    sides = _sides(scope, pairs)
    ((lines, before, now, gained, lost, moved),) = sql.rows(
        "SELECT count(*), COALESCE(sum(before), 0), COALESCE(sum(now), 0), "  # noqa: S608
        f"{', '.join(f'COALESCE(sum(CASE WHEN {_CONDITIONS[change]} THEN 1 ELSE 0 END), 0)' for change in CHANGES)} "
        f"FROM ({sides}) side",
        scope.parameters,
    )
    left = Counter(finding.type for batch in findings(scope) for finding in batch if finding.type)
    return {
        "lines": int(lines),
        "met_before": int(before) + lost_with_files,
        "met_now": int(now),
        "gained": int(gained),
        "lost": int(lost) + lost_with_files,
        "moved": int(moved),
        "examples": {change: _examples(scope, sides, change) for change in CHANGES},
        "left": dict(sorted(left.items())),
        "ambiguous": left[DiscrepancyType.AMBIGUOUS],
    }


_CONDITIONS = {
    "gained": "before = 0 AND now = 1",
    "lost": "before = 1 AND now = 0",
    "moved": "before = 1 AND now = 1 AND same = 0",
}


def _sides(scope: Scope, pairs: Sequence[Pair]) -> str:
    """One row for each line that moves money: met before, met now, and by the same movement."""
    table = ", ".join(f"({pair.before:d}, {pair.now:d})" for pair in pairs)
    counting, tried = sql.counting_match("b", fresh=False), "t.run_id = %(run)s"
    before = f"SELECT 1 FROM orders_match b WHERE b.line_id = o.id AND b.run_id <> %(run)s AND {counting}"  # noqa: S608
    now = f"SELECT 1 FROM orders_match t WHERE t.line_id = n.id AND {tried}"  # noqa: S608
    same = (
        f"SELECT 1 FROM orders_match b JOIN orders_match t ON t.line_id = n.id AND {tried} AND "  # noqa: S608
        "(t.modification_id = b.modification_id OR t.movement_id = b.movement_id) "
        f"WHERE b.line_id = o.id AND b.run_id <> %(run)s AND {counting}"
    )
    return (
        f"WITH pair (before_file, now_file) AS (VALUES {table}) SELECT o.id, "  # noqa: S608
        f"CASE WHEN EXISTS ({before}) THEN 1 ELSE 0 END AS before, CASE WHEN EXISTS ({now}) THEN 1 ELSE 0 END AS now, "
        f"CASE WHEN EXISTS ({same}) THEN 1 ELSE 0 END AS same FROM pair "
        "JOIN orders_settlementline o ON o.file_id = pair.before_file AND NOT o.overlap "
        f"JOIN orders_settlementline n ON n.file_id = pair.now_file AND n.number = o.number WHERE o.type IN {MOVING}"
    )


def _examples(scope: Scope, sides: str, change: str) -> list[int]:
    statement = f"SELECT id FROM ({sides}) side WHERE {_CONDITIONS[change]} ORDER BY id LIMIT {EXAMPLES}"  # noqa: S608
    return [int(pk) for (pk,) in sql.rows(statement, scope.parameters)]


def _met_lines(scope: Scope, file_ids: Sequence[int]) -> int:
    ((count,),) = sql.rows(
        "SELECT count(*) FROM orders_settlementline l "  # noqa: S608
        f"WHERE l.file_id IN {sql.numbers(file_ids)} AND NOT l.overlap AND EXISTS (SELECT 1 FROM orders_match b "
        f"WHERE b.line_id = l.id AND b.run_id <> %(run)s AND {sql.counting_match('b')})",
        scope.parameters,
    )
    return int(count)
