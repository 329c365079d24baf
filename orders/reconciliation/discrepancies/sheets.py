"""Discrepancies as a sheet for people: out to CSV or to a workbook, in columns that come back in."""

from __future__ import annotations

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from orders.formulas import cell_text
from orders.models import Discrepancy
from orders.money import Money

EDITABLE = ("id", "version", "action", "reason", "owner", "due_on", "carry_to")
"""What is read when the sheet comes back; everything else in it is only for people."""
TOLD = (
    *("type", "state", "account", "reference", "order", "what", "value", "difference", "currency"),
    *("since", "month", "likely_cause", "percent", "resolution"),
)
COLUMNS = (*EDITABLE, *TOLD)
WORKBOOK_ROWS = 20_000
"""A workbook is built whole before it is sent; whoever needs more takes the CSV, which has no end."""


class _Lines:
    """What csv.writer writes to: hands each line straight back."""

    def write(self, text: str) -> str:
        return text


def csv_lines(rows: Iterable[Discrepancy]) -> Iterator[str]:
    """The sheet as CSV line by line (CRLF, with the mark by which spreadsheets know UTF-8), in constant memory.

    Rows come with account, owner and the transaction's order.
    """
    writer = csv.writer(_Lines())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for row in rows:
        yield writer.writerow([cell_text(cell) for cell in cells_of(row)])


def workbook(rows: Iterable[Discrepancy]) -> IO[bytes]:
    """The sheet as a workbook in a temporary file that is gone when it is closed; texts are texts, never formulas."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Discrepancies")
    sheet.freeze_panes = "B2"
    sheet.append(list(COLUMNS))
    for row in rows:
        sheet.append([_workbook_cell(sheet, cell) for cell in cells_of(row)])
    content = tempfile.TemporaryFile()  # noqa: SIM115  # the answer that sends it closes it
    book.save(content)
    content.seek(0)
    return content


def cells_of(row: Discrepancy) -> Sequence[Any]:
    """One row as numbers, amounts (in major units, exact), days and texts, in the order of COLUMNS."""
    return (
        *(row.pk, row.version, "", "", row.owner.get_username() if row.owner else "", row.due_on, ""),
        *(row.get_type_display(), row.get_state_display(), row.account.name, row.reference),
        row.transaction.order.reference if row.transaction else "",
        row.sentence,
        *(_major(row.worth, row.currency), _major(row.difference, row.currency), row.currency),
        *(row.occurred_on, f"{row.month:%Y-%m}"),
        *(row.get_cause_display() if row.cause else "", row.confidence if row.cause else "", row.resolution),
    )


def _workbook_cell(sheet: Any, cell: Any) -> Any:
    """Numbers and days stay what they are; a text is marked as one, so that nothing in it is ever worked out."""
    if cell is None or isinstance(cell, int | Decimal | date):
        return cell
    written = WriteOnlyCell(sheet, value=_ILLEGAL.sub("", cell_text(cell)))
    written.data_type = "s"
    return written


_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Characters that no workbook can hold."""


def _major(amount: int, currency: str) -> Decimal:
    return Money(amount, currency).decimal
