"""Asking every invariant, counting its violations and keeping the first few as examples."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

from orders.models import Modification

EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Invariant:
    """One promise. `sql` selects two texts for each violation: the thing, and what is wrong with it.

    It runs unchanged on PostgreSQL and SQLite: no functions but SUM, COUNT, COALESCE and CASE.
    """

    number: str
    sentence: str
    sql: str = ""
    look: Callable[[], Iterable[tuple[str, str]]] | None = None
    """For what SQL cannot do, such as hashing: yields the violations."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What asking one invariant brought."""

    invariant: Invariant
    violations: int
    examples: tuple[str, ...]
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing violates it."""
        return self.violations == 0


def check(invariant: Invariant) -> Finding:
    """Ask the database once."""
    started = time.monotonic()
    violations, examples = _by_looking(invariant.look) if invariant.look else _by_sql(invariant.sql)
    return Finding(
        invariant=invariant,
        violations=violations,
        examples=tuple(f"{thing}: {wrong}" for thing, wrong in examples),
        seconds=time.monotonic() - started,
    )


def changed_bodies() -> Iterator[tuple[str, str]]:
    """Frozen requests whose bytes no longer have the hash they were frozen with."""
    rows = Modification.objects.values_list("pk", "body", "body_sha256").order_by("pk")
    for pk, body, expected in rows.iterator(chunk_size=2_000):
        if hashlib.sha256(bytes(body)).hexdigest() != expected:
            yield str(pk), "the stored bytes do not have the stored hash"


def _by_sql(sql: str) -> tuple[int, list[tuple[str, str]]]:
    with connection.cursor() as cursor:
        # Our own constant text; nothing in it comes from anybody.
        cursor.execute(f"SELECT thing, wrong, COUNT(*) OVER () FROM ({sql}) AS found LIMIT {EXAMPLES}")  # noqa: S608
        rows = cursor.fetchall()
    return (rows[0][2] if rows else 0), [(str(thing), str(wrong)) for thing, wrong, _ in rows]


def _by_looking(look: Callable[[], Iterable[tuple[str, str]]]) -> tuple[int, list[tuple[str, str]]]:
    found = list(look())
    return len(found), found[:EXAMPLES]
