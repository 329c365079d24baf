"""Writes the page that shows what becomes of every field of the seeds, from the tables in `seed_fields*`."""

from __future__ import annotations

from orders.gateways.seed_fields import SEED_000, SEED_001, SeedField
from orders.gateways.seed_fields_002 import SEED_002
from orders.gateways.seed_fields_003 import SEED_003
from orders.gateways.seed_fields_004 import SEED_004

_SEEDS: tuple[tuple[str, str, list[SeedField]], ...] = (
    ("000", "gateway A's modifications in prose", SEED_000),
    ("001", "gateway A's refund with its whole answer", SEED_001),
    ("002", "gateway A's new payment", SEED_002),
    ("003", "gateway B's order management in prose", SEED_003),
    ("004", "a cancel of gateway C", SEED_004),
)

_INTRODUCTION = """\
# Seed coverage

This page is generated: `python manage.py seed_coverage > docs/gateways/seed-coverage.md`. A test compares it with the
code and with the lists of fields of the seeds.

“Whole answer” means that the field has no column of its own: it is kept with the answer it came in (the transaction's
last snapshot, the movement's facts) and in the attempt's transcript.
"""


def coverage_page() -> str:
    """The page as Markdown, ending with a newline."""
    sections = [_section(f"Seed {number}, {title}", rows) for number, title, rows in _SEEDS]
    return "\n".join([_INTRODUCTION, *sections])


def coverage_facts() -> dict[str, list[dict[str, str]]]:
    """The same for programs: seed to rows."""
    return {number: [vars(row) for row in rows] for number, _title, rows in _SEEDS}


def _section(title: str, rows: list[SeedField]) -> str:
    lines = [f"## {title}", "", "| part | field | treatment | sent from or stored as | shown | remark |"]
    lines.append("|---|---|---|---|---|---|")
    return "\n".join([*lines, *map(_line, rows), ""])


def _line(row: SeedField) -> str:
    return f"| {row.part} | `{row.path}` | {row.treatment} | {row.kept_as or '–'} | {row.shown} | {row.why or '–'} |"
