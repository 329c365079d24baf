"""Writes the page that shows what becomes of every field of the seeds, from the table in `seed_fields`."""

from __future__ import annotations

from orders.gateways.seed_fields import SEED_000, SEED_001, SeedField

_INTRODUCTION = """\
# Seed coverage, gateway A

This page is generated: `python manage.py seed_coverage > docs/gateways/seed-coverage.md`. A test compares it with the
code and with the list of fields of seed 001.

“Whole answer” means that the field has no column of its own: it is kept with the answer it came in (the transaction's
last snapshot, the movement's facts) and in the attempt's transcript.
"""


def coverage_page() -> str:
    """The page as Markdown, ending with a newline."""
    sections = [
        _section("Seed 000, the modification APIs in prose", SEED_000),
        _section("Seed 001, the refund with its whole answer", SEED_001),
    ]
    return "\n".join([_INTRODUCTION, *sections])


def coverage_facts() -> dict[str, list[dict[str, str]]]:
    """The same for programs: seed to rows."""
    return {"000": [vars(row) for row in SEED_000], "001": [vars(row) for row in SEED_001]}


def _section(title: str, rows: list[SeedField]) -> str:
    lines = [f"## {title}", "", "| part | field | treatment | sent from or stored as | shown | remark |"]
    lines.append("|---|---|---|---|---|---|")
    return "\n".join([*lines, *map(_line, rows), ""])


def _line(row: SeedField) -> str:
    return f"| {row.part} | `{row.path}` | {row.treatment} | {row.kept_as or '–'} | {row.shown} | {row.why or '–'} |"
