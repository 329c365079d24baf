"""Pairs that a person took apart: no machine makes them again, whatever version of the file its line stands in.

A decision is about the content of a line (its identity) and a movement; the last word counts, so that a person who
links the two again has taken it back. Decisions are few: each statement reads them once, by the index of ended matches,
and asks its rows against them.

A match that no person ended is no decision: its movement failed after it had met (`letting_go`).
"""

from __future__ import annotations

from collections.abc import Iterable


def of_modification(reread: Iterable[tuple[int, int]] = ()) -> str:
    """A condition: the line `l` and the modification `m` were taken apart. Needs `%(account)s`.

    `reread` pairs each file of a trial with the one that it is read from; their lines are alike by number.
    """
    return _decided("modification_id", "m.id", reread)


def of_movement(reread: Iterable[tuple[int, int]] = ()) -> str:
    """The same of the line `l` and the external movement `e`."""
    return _decided("movement_id", "e.id", reread)


def let_go() -> str:
    """A condition: a person linked the line `l` with the modification `m`, which failed since. Needs `%(account)s`."""
    return f"((l.identity, m.id) IN (SELECT o.identity, x.modification_id {_LINKED_AND_FAILED}))"


def payments_let_go(lines: str) -> str:
    """A SELECT of each line of the table `lines` beside the payment of such a modification."""
    found = f"SELECT o.identity, x.transaction_id {_LINKED_AND_FAILED}"
    return f"SELECT l.id, found.transaction_id FROM ({found}) found JOIN {lines} l ON l.identity = found.identity"  # noqa: S608


_LINKED_AND_FAILED = (
    "FROM orders_match x CROSS JOIN orders_settlementline o WHERE o.id = x.line_id AND x.ended_at IS NOT NULL "
    "AND x.ended_by_id IS NULL AND x.account_id = %(account)s AND x.modification_id IS NOT NULL AND x.rule = 'person'"
)


def _decided(column: str, item: str, reread: Iterable[tuple[int, int]]) -> str:
    """CROSS JOIN keeps SQLite, which knows no table's size, to the few ended matches first."""
    decisions = (
        "FROM orders_match x CROSS JOIN orders_settlementline o WHERE o.id = x.line_id "  # noqa: S608
        "AND x.ended_at IS NOT NULL AND x.ended_by_id IS NOT NULL AND x.account_id = %(account)s "
        f"AND x.{column} IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM orders_match y CROSS JOIN orders_settlementline p WHERE p.id = y.line_id "
        f"AND y.transaction_id = x.transaction_id AND y.{column} = x.{column} AND y.id > x.id "
        "AND y.rule = 'person' AND y.ended_at IS NULL AND p.identity = o.identity)"
    )
    found = f"(l.identity, {item}) IN (SELECT o.identity, x.{column} {decisions})"
    tried = [(int(now), int(then)) for now, then in reread if now != then]
    if tried:
        files = ", ".join(str(then) for _, then in tried)
        file = f"CASE o.file_id {' '.join(f'WHEN {then} THEN {now}' for now, then in tried)} END"
        of_files = f"SELECT {file}, o.number, x.{column} {decisions} AND o.file_id IN ({files})"
        found += f" OR (l.file_id, l.number, {item}) IN ({of_files})"
    return f"({found})"
