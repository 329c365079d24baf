"""Workbooks (XLSX): measured before they are opened, streamed row by row, numbers taken exactly or not at all."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import IO, Any

import openpyxl

from orders.reconciliation.files.choices import DateForm, DecimalMark
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.refusals import FileRefused, Limits, shown
from orders.reconciliation.files.workbook_archive import inspect

HELD_IN_MEMORY = 4 * 1024**2
EXACT_DIGITS = 15
_AT_ONCE = 500
_DAY_FORMS = {
    DateForm.DAY_FIRST.value: "%d.%m.%Y",
    DateForm.MONTH_FIRST.value: "%m/%d/%Y",
    DateForm.COMPACT.value: "%Y%m%d",
}


def workbook_rows(
    pieces: Iterator[bytes], mapping: Mapping, limits: Limits, beat: Callable[[], None] = lambda: None
) -> Iterator[tuple[int, list[str]]]:
    """Rows of cells as text, with their row numbers; empty rows included. Raises FileRefused, and nothing else.

    `beat` is called at every piece that is looked through, however little it says; it may raise what it likes.
    """
    with tempfile.SpooledTemporaryFile(max_size=HELD_IN_MEMORY) as spool:
        for piece in pieces:
            spool.write(piece)
        size = spool.tell()
        spool.seek(0)
        inspect(spool, size, limits, beat)
        spool.seek(0)
        yield from _sheet_rows(spool, mapping, limits)


def _sheet_rows(spool: IO[bytes], mapping: Mapping, limits: Limits) -> Iterator[tuple[int, list[str]]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(spool, read_only=True, data_only=True, keep_links=False)
    except Exception as problem:
        raise FileRefused("The workbook is damaged, so it cannot be opened.") from problem
    try:
        sheet = _sheet(book, mapping)
        for number, values in enumerate(_values(sheet), start=1):
            yield number, _cells(number, values, mapping, limits)
    finally:
        book.close()


def _sheet(book: Any, mapping: Mapping) -> Any:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise FileRefused("The workbook has no sheet.")
    if mapping.sheet and mapping.sheet not in names:
        raise FileRefused(
            f"The workbook has no sheet {shown(mapping.sheet)}; it has {', '.join(map(shown, names[:5]))}."
        )
    return book[mapping.sheet or names[0]]


def _values(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """The rows in batches, so that the library's warnings about odd cells stay inside and its errors become ours."""
    try:
        sheet.reset_dimensions()
        rows = sheet.iter_rows(values_only=True)
        while batch := _batch(rows):
            yield from batch
    except FileRefused:
        raise
    except Exception as problem:
        raise FileRefused("The workbook is damaged inside, so its rows cannot be read to the end.") from problem


def _batch(rows: Iterator[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(itertools.islice(rows, _AT_ONCE))


def _cells(number: int, values: tuple[Any, ...], mapping: Mapping, limits: Limits) -> list[str]:
    while values and values[-1] is None:
        values = values[:-1]
    if len(values) > limits.columns:
        raise FileRefused(f"Row {number:,} has {len(values)} columns; a settlement file has {limits.columns} at most.")
    return [_text(number, value, mapping, limits) for value in values]


def _text(number: int, value: Any, mapping: Mapping, limits: Limits) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        if len(value) > limits.cell:
            raise FileRefused(
                f"Row {number:,} has a cell of {len(value):,} characters; {limits.cell:,} are read at most."
            )
        return value.replace("\0", "")
    if isinstance(value, date):
        form = _DAY_FORMS.get(mapping.date_form, "%Y-%m-%d")
        return value.strftime(f"{form} %H:%M:%S" if isinstance(value, datetime) and value.time() != time(0) else form)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _figure(number, value, mapping)
    return str(value)


def _figure(number: int, value: float, mapping: Mapping) -> str:
    """A number as exact text in the profile's form. A workbook keeps fifteen digits; more are no longer the truth."""
    exact = Decimal(repr(value))
    if not exact.is_finite() or (exact and exact.adjusted() >= EXACT_DIGITS):
        raise FileRefused(
            f"Row {number:,} holds the number {shown(repr(value))}; a workbook keeps only {EXACT_DIGITS} digits of a "
            "number, so format such a column as text."
        )
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", ",") if mapping.decimal_mark == DecimalMark.COMMA else text
