"""Lines that a word has found, of several files, as rows of one table."""

from __future__ import annotations

from collections.abc import Sequence

from orders.models import SettlementLine
from orders.presenters.reconciliation.lines import LineRow, line_rows


def rows_of_lines(lines: Sequence[SettlementLine]) -> tuple[LineRow, ...]:
    """In their order, with what they met and what does not fit. Their files are loaded; two queries for each state of
    a file."""
    by_state = {line.file.state: [one for one in lines if one.file.state == line.file.state] for line in lines}
    rows = {row.line.pk: row for state, some in by_state.items() for row in line_rows(some, state)}
    return tuple(rows[line.pk] for line in lines)
