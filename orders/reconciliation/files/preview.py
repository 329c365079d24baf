"""The first lines of a file beside what a mapping makes of them; looking never raises and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from orders.reconciliation.files.closing import Closing
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.reading import BadLine, FileRefused, Limits, Reading, Row, Table, blank
from orders.reconciliation.files.refusals import BadCell

SAMPLE_LIMITS = Limits(raw_bytes=10 * 1024**2, unpacked_bytes=64 * 1024**2)
CELLS_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class PreviewLine:
    """One row as it stands in the file and as it is understood; `result` is None for ignored and closing rows."""

    number: int
    cells: tuple[str, ...]
    result: Row | BadLine | None
    closing: bool = False


@dataclass(kw_only=True)
class Preview:
    """What the first lines say. `refusal` is the sentence that refuses the file as far as it was read, or empty."""

    refusal: str = ""
    dialect: str = ""
    header: tuple[str, ...] = ()
    lines: list[PreviewLine] = field(default_factory=list)


def preview(
    content: Iterable[bytes] | BinaryIO,
    mapping: Mapping,
    *,
    rows: int = 20,
    today: date,
    limits: Limits = SAMPLE_LIMITS,
) -> Preview:
    """Read the header and the first rows. Where columns lack, the rows still show as they stand in the file."""
    seen, reading = Preview(), Reading(content, mapping, limits=limits, today=today)
    try:
        table = reading.open()
        seen.dialect, seen.header = table.dialect, tuple(table.header[:CELLS_SHOWN])
        try:
            read = reading.reader(table)
        except FileRefused as refused:
            seen.refusal = str(refused)
            _look(seen, table, rows)
            return seen
        closing = Closing(mapping, mapping.trailer) if mapping.trailer else None
        for number, cells in table.rows:
            if len(seen.lines) >= rows:
                break
            raw = tuple(cells[:CELLS_SHOWN])
            if closing is not None and closing.takes(number, cells):
                seen.lines.append(PreviewLine(number=number, cells=raw, result=None, closing=True))
            elif not blank(cells):
                result: Row | BadLine | None
                try:
                    result = read(number, cells)
                except BadCell as problem:
                    result = reading.bad_line(number, str(problem), cells, table)
                seen.lines.append(PreviewLine(number=number, cells=raw, result=result))
    except FileRefused as refused:
        seen.refusal = str(refused)
    return seen


def _look(seen: Preview, table: Table, rows: int) -> None:
    for number, cells in table.rows:
        if len(seen.lines) >= rows:
            return
        if not blank(cells):
            seen.lines.append(PreviewLine(number=number, cells=tuple(cells[:CELLS_SHOWN]), result=None))
