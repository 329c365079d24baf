"""Stored gateway answers as rows of a table: nested names joined by points, every value as text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAXIMUM_ROWS = 200
"""More than any gateway answers; a hostile answer cannot make the page endless."""
_MAXIMUM_DEPTH = 12


@dataclass(frozen=True, kw_only=True)
class FactRow:
    """`transactionOverview.deal.typeCode` and what the gateway said about it."""

    name: str
    value: str


def fact_rows(stored: object) -> tuple[FactRow, ...]:
    """Every leaf of what was stored, in the order it came; the empty ones too, because empty is an answer."""
    rows = []
    for row in _leaves(stored, "", _MAXIMUM_DEPTH):
        rows.append(row)
        if len(rows) == MAXIMUM_ROWS:
            break
    return tuple(rows)


def _leaves(value: object, name: str, depth: int) -> Iterator[FactRow]:
    if isinstance(value, dict) and value and depth:
        for key, inner in value.items():
            yield from _leaves(inner, f"{name}.{key}" if name else str(key), depth - 1)
    elif isinstance(value, list) and value and depth:
        for place, inner in enumerate(value, start=1):
            yield from _leaves(inner, f"{name}[{place}]", depth - 1)
    elif name:
        yield FactRow(name=name, value=_text(value))


def _text(value: object) -> str:
    if value is None or value in ({}, [], ""):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
