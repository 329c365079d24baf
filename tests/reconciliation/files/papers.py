"""Settlement files for tests, built in code: honest ones in many dialects."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import openpyxl

from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING, Mapping
from orders.reconciliation.files.reading import BadLine, FileRefused, Limits, Reading, Row

TODAY = date(2026, 11, 21)
HEADER = (
    "reconciliationReferenceId",
    "transactionId",
    "partnerReference",
    "type",
    "grossAmount",
    "fee",
    "netAmount",
    "currencyCode",
    "bookingDate",
    "payoutReference",
)
CAPTURE = ("rec-1", "tx-1", "shop-1", "CAPTURE", "100.00", "1.50", "98.50", "EUR", "2026-11-20", "PO-1")
REFUND = ("rec-2", "tx-1", "shop-1", "REFUND", "-25.00", "0.00", "-25.00", "EUR", "2026-11-20", "PO-1")
YEN = ("rec-3", "tx-3", "shop-3", "CAPTURE", "1200", "20", "1180", "JPY", "2026-11-19", "PO-2")
ROWS = (CAPTURE, REFUND, YEN)
TRAILERS = (
    ("TRAILER", "3", "", "", "75.00", "1.50", "73.50", "EUR", "", ""),
    ("TRAILER", "3", "", "", "1200", "20", "1180", "JPY", "", ""),
)
WITH_TRAILER = EXAMPLES["trailer"].mapping


def table(
    rows: Iterable[Sequence[str]] = ROWS, *, header: Sequence[str] = HEADER, sign: str = ",", end: str = "\n"
) -> str:
    """The text of a file."""
    out = io.StringIO()
    csv.writer(out, delimiter=sign, lineterminator=end).writerows([header, *rows])
    return out.getvalue()


def changed(**cells: str) -> tuple[str, ...]:
    """The capture's row with some cells changed, by column name."""
    return tuple(cells.get(name, cell) for name, cell in zip(HEADER, CAPTURE, strict=True))


def workbook(rows: Iterable[Sequence[Any]] = ROWS, *, header: Sequence[str] = HEADER, title: str = "Lines") -> bytes:
    """The same as XLSX; cells as they are given."""
    book, out = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet(title)
    for row in [header, *rows]:
        sheet.append(list(row))
    book.save(out)
    return out.getvalue()


def typed_rows() -> list[list[Any]]:
    """The rows as a spreadsheet holds them: numbers and dates."""
    return [
        [*row[:4], *(float(cell) for cell in row[4:7]), row[7], datetime.fromisoformat(row[8]), row[9]] for row in ROWS
    ]


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def read(
    content: bytes, mapping: Mapping = SANDBOX_MAPPING, *, limits: Limits | None = None, piece: int = 4096
) -> list[Row | BadLine]:
    """Everything the reading gives; raises FileRefused."""
    starts = range(0, len(content), piece)
    pieces = (content[start : start + piece] for start in starts)
    return list(Reading(pieces, mapping, limits=limits, today=TODAY))


def rows(content: bytes, mapping: Mapping = SANDBOX_MAPPING, **more: Any) -> list[Row]:
    """The rows of a file without bad lines."""
    found = read(content, mapping, **more)
    assert not [line for line in found if isinstance(line, BadLine)], found
    return [row for row in found if isinstance(row, Row)]


def refusal(content: bytes, mapping: Mapping = SANDBOX_MAPPING, *, limits: Limits | None = None) -> str:
    """Why nothing of the file counts: the sentence about the file, or those about its lines; empty when it is taken."""
    try:
        bad = [line for line in read(content, mapping, limits=limits) if isinstance(line, BadLine)]
    except FileRefused as refused:
        return str(refused)
    return " ".join(f"Line {line.number}: {line.reason}" for line in itertools.islice(bad, 5))


def mapped(**changes: Any) -> Mapping:
    """The sandbox's mapping with changes."""
    return replace(SANDBOX_MAPPING, **changes)
