"""A settlement file read as a stream: rows that are understood, lines that are not, and a refusal of the whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import BinaryIO

from orders.reconciliation.files.binding import Binding, bound
from orders.reconciliation.files.choices import FileFormat
from orders.reconciliation.files.closing import Closing
from orders.reconciliation.files.dialect import TRIED, decoded, delimiter_of, lines_of, rows_of
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.normalising import Currencies, Reader, Row, line_reader
from orders.reconciliation.files.refusals import BadCell, FileRefused, Limits
from orders.reconciliation.files.unpacking import ZIP, Bytes
from orders.reconciliation.files.workbook import workbook_rows

__all__ = ["BadLine", "FileRefused", "Limits", "Reading", "Row", "Table"]

_SNIFFED_LINES = 20
_HEARTBEAT_ROWS = 1_000


@dataclass(frozen=True, kw_only=True)
class BadLine:
    """A line that cannot be read: its number in the file, why, and what stood there."""

    number: int
    reason: str
    text: str


@dataclass(kw_only=True)
class Table:
    """An opened file: how it is written, its header's cells, and the rows below with their numbers."""

    dialect: str
    header: list[str]
    width: int
    rows: Iterator[tuple[int, list[str]]] = field(repr=False)


class Reading:
    """Iterate once, at constant memory, over the rows and bad lines of a file. See `Row` for units.

    Raises FileRefused with a sentence where the file as a whole cannot be taken: at once, or at its end when it is cut
    or its trailer does not fit. More bad lines than the limit end the reading, too. `bytes_read` counts the bytes as
    they came, `rows_read` the rows below the header without the trailer; `totals` is {currency: {lines, gross, fee,
    net}} of the rows read so far, in minor units. `beat` is called every thousand rows, whatever they say, and at every
    piece of a workbook.
    """

    def __init__(
        self,
        content: Iterable[bytes] | BinaryIO,
        mapping: Mapping,
        *,
        limits: Limits | None = None,
        today: date,
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.mapping = mapping
        self.limits = limits or Limits()
        self.dialect = ""
        self.rows_read = 0
        self.bad_lines = 0
        self.ignored = 0
        self._today = today
        self._beat = beat
        self._bytes = Bytes(content, self.limits)
        self._currencies = Currencies(mapping)

    @property
    def bytes_read(self) -> int:
        return self._bytes.read

    @property
    def totals(self) -> dict[str, dict[str, int]]:
        return {code: tally.totals() for code, tally in self._currencies.tallies.items() if tally.lines}

    def open(self) -> Table:
        """The file's header and rows as text, before anything is understood. Raises FileRefused."""
        self._bytes.open()
        zipped = self._bytes.head.startswith(ZIP)
        if zipped and self.mapping.format == FileFormat.CSV:
            raise FileRefused("The file is a workbook or a ZIP archive, and this profile reads text.")
        if not zipped and self.mapping.format == FileFormat.XLSX:
            raise FileRefused("The file is no workbook, and this profile reads workbooks.")
        table = self._workbook() if zipped else self._text()
        self.dialect = table.dialect
        if table.width > self.limits.columns:
            raise FileRefused(
                f"The file has {table.width} columns; a settlement file has {self.limits.columns} at most."
            )
        return table

    def reader(self, table: Table) -> Reader:
        """The function that understands the table's rows. Raises FileRefused when columns lack."""
        return line_reader(self.mapping, self._bound(table), self._today, self._currencies)

    def __iter__(self) -> Iterator[Row | BadLine]:
        table = self.open()
        read = self.reader(table)
        closing = Closing(self.mapping, self.mapping.trailer) if self.mapping.trailer else None
        most, count = self.limits.rows, 0
        for number, cells in table.rows:
            if closing is not None and closing.takes(number, cells):
                continue
            row: Row | BadLine | None
            try:
                row = read(number, cells)
            except BadCell as problem:
                if blank(cells):
                    self._not_for_ever(number)
                    continue
                row = self._bad(number, str(problem), cells, table)
            count += 1
            if count > most:
                raise FileRefused(f"The file has more than {most:,} lines.")
            self.rows_read = count
            if row is None:
                self.ignored += 1
            else:
                yield row
        if closing is not None:
            closing.hold(self.rows_read, self._currencies.tallies, sums=not self.bad_lines)

    def bad_line(self, number: int, reason: str, cells: Sequence[str], table: Table) -> BadLine:
        """What is kept of a line that cannot be read."""
        seen = [cell.strip().casefold() for cell in cells[: table.width]]
        if table.header and seen == [name.strip().casefold() for name in table.header]:
            reason = "The header comes again: two files were put together."
        return BadLine(
            number=number, reason=reason[:300], text=" | ".join(cells[: table.width])[:500].replace("\0", "")
        )

    def _bad(self, number: int, reason: str, cells: Sequence[str], table: Table) -> BadLine:
        self.bad_lines += 1
        if self.bad_lines > self.limits.bad_lines:
            raise FileRefused(f"More than {self.limits.bad_lines:,} lines cannot be read; the rest was not looked at.")
        return self.bad_line(number, reason, cells, table)

    def _not_for_ever(self, number: int) -> None:
        """Blank lines are no rows, but a file of nothing else must end."""
        if number > 2 * self.limits.rows:
            raise FileRefused(f"The file has more than {self.limits.rows:,} lines.")

    def _bound(self, table: Table) -> Binding:
        return bound(self.mapping, table.header, table.width)

    def _text(self) -> Table:
        text = decoded(iter(self._bytes), self.mapping)
        lines = lines_of(text.pieces, self.limits)
        first = list(itertools.islice(lines, self.mapping.skip_rows + _SNIFFED_LINES))
        delimiter = delimiter_of(first, self.mapping)
        rows = rows_of(itertools.chain(first, lines), delimiter, self.limits)
        packed = ", gzip" if self._bytes.gzip else ""
        dialect = f"CSV, {TRIED[delimiter]}, {text.encoding}{packed}"
        return self._with_header(dialect, rows)

    def _workbook(self) -> Table:
        rows = workbook_rows(iter(self._bytes), self.mapping, self.limits, self._beat)
        return self._with_header("XLSX, gzip" if self._bytes.gzip else "XLSX", rows, padded=True)

    def _heard(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        for first in rows:
            yield first
            yield from itertools.islice(rows, _HEARTBEAT_ROWS - 1)
            self._beat()

    def _with_header(self, dialect: str, rows: Iterator[tuple[int, list[str]]], *, padded: bool = False) -> Table:
        """`padded` rows may be shorter than the header: workbooks leave empty cells out."""
        below = itertools.islice(self._heard(rows), self.mapping.skip_rows, None)
        first = next(((number, cells) for number, cells in below if not blank(cells)), None)
        if first is None:
            raise FileRefused("The file holds no rows.")
        cells = first[1]
        while len(cells) > 1 and not cells[-1].strip():
            cells = cells[:-1]
        header, width = (cells, len(cells)) if self.mapping.header else ([], len(first[1]))
        left = below if self.mapping.header else itertools.chain([first], below)
        filled = ((number, cells + [""] * (width - len(cells))) for number, cells in left) if padded else left
        return Table(dialect=dialect, header=header, width=width, rows=filled)


def blank(cells: Sequence[str]) -> bool:
    """A row that says nothing."""
    return not any(cell.strip() for cell in cells)
