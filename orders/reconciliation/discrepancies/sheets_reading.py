"""A sheet that comes back: CSV or workbook into instructions, whatever somebody's spreadsheet made of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from openpyxl import load_workbook

from orders.formulas import without_guard
from orders.reconciliation.discrepancies.sheets import EDITABLE, WORKBOOK_ROWS
from orders.reconciliation.files.refusals import FileRefused, Limits
from orders.reconciliation.files.workbook_archive import inspect

BYTES_MAXIMUM = 10 * 1024 * 1024
UNPACKED_MAXIMUM = 40 * 1024 * 1024
ROWS_MAXIMUM = WORKBOOK_ROWS
INSTRUCTIONS_MAXIMUM = 500
"""So many are carried out one by one while somebody waits for the page."""
COLUMNS_MAXIMUM = 100
TEXT_MAXIMUM = 500
ACTIONS = ("accept", "comment", "assign", "due", "carry", "write_off")

_NEEDED = ("id", "version", "action")
_UNCHANGED = "Nothing was changed."
_DELIMITERS = (",", ";", "\t")


class Readable(Protocol):
    """An open file, or one that a browser sent."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes."""
        ...


class SheetRefused(Exception):
    """Nothing of the sheet was used; the message is a sentence."""


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One row that asks for something. `problem` says why it cannot be understood; then nothing else counts."""

    number: int
    pk: int = 0
    version: int = 0
    action: str = ""
    reason: str = ""
    owner: str = ""
    due_on: date | None = None
    carry_to: date | None = None
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything the sheet asks for, and how many of its rows ask for nothing."""

    instructions: tuple[Instruction, ...]
    silent: int


def read_sheet(content: Readable) -> Sheet:
    """Read a CSV or XLSX sheet whole, within limits; a bad row is an instruction with a problem.

    Raises SheetRefused.
    """
    data = content.read(BYTES_MAXIMUM + 1)
    if len(data) > BYTES_MAXIMUM:
        raise SheetRefused(f"The sheet is larger than {BYTES_MAXIMUM // 1024 // 1024} MB. {_UNCHANGED}")
    if not data.strip():
        raise SheetRefused(f"The sheet is empty. {_UNCHANGED}")
    rows = _workbook_rows(data) if data.startswith(b"PK\x03\x04") else _csv_rows(data)
    return _instructions(rows)


def plain_of(one: Instruction) -> list[Any]:
    """The instruction as a list that JSON can hold; `instruction_from` reads it."""
    days = [day.isoformat() if day else None for day in (one.due_on, one.carry_to)]
    return [one.number, one.pk, one.version, one.action, one.reason, one.owner, *days]


def instruction_from(plain: Sequence[Any]) -> Instruction:
    """What `plain_of` wrote."""
    number, pk, version, action, reason, owner, due_on, carry_to = plain
    return Instruction(
        number=number,
        pk=pk,
        version=version,
        action=action,
        reason=reason,
        owner=owner,
        due_on=date.fromisoformat(due_on) if due_on else None,
        carry_to=date.fromisoformat(carry_to) if carry_to else None,
    )


def _instructions(rows: Iterator[Sequence[Any]]) -> Sheet:
    places = _places(next(rows, ()))
    found: list[Instruction] = []
    silent, seen = 0, dict[int, int]()
    for number, row in enumerate(rows, start=2):
        if number > ROWS_MAXIMUM + 1:
            raise SheetRefused(f"The sheet has more than {ROWS_MAXIMUM:,} rows. Split it. {_UNCHANGED}")
        cells = {name: _text(row[place]) if place < len(row) else "" for name, place in places.items()}
        if not cells["action"]:
            silent += any(cells.values())
            continue
        one = _instruction(number, cells)
        if one.pk in seen and not one.problem:
            one = Instruction(number=number, problem=f"Row {seen[one.pk]} is about the same discrepancy already.")
        seen.setdefault(one.pk, number)
        found.append(one)
        if len(found) > INSTRUCTIONS_MAXIMUM:
            raise SheetRefused(
                f"The sheet asks for more than {INSTRUCTIONS_MAXIMUM} things at once. Split it. {_UNCHANGED}"
            )
    return Sheet(instructions=tuple(found), silent=silent)


def _places(header: Sequence[Any]) -> dict[str, int]:
    names = [_text(cell).lower() for cell in header[:COLUMNS_MAXIMUM]]
    for name in EDITABLE:
        if names.count(name) > 1:
            raise SheetRefused(f"The column “{name}” stands there twice, so nobody can tell which counts. {_UNCHANGED}")
    missing = [name for name in _NEEDED if name not in names]
    if missing:
        raise SheetRefused(
            f"The first row names no column “{missing[0]}”. Export the list, fill in the sheet and leave its first row "
            f"as it is. {_UNCHANGED}"
        )
    return {name: names.index(name) for name in EDITABLE if name in names} | {
        name: COLUMNS_MAXIMUM for name in EDITABLE if name not in names
    }


def _instruction(number: int, cells: dict[str, str]) -> Instruction:
    """One row's cells. What cannot be read is said in the row's own verdict."""

    def refused(sentence: str) -> Instruction:
        return Instruction(number=number, problem=sentence)

    action = cells["action"].lower().replace(" ", "_").replace("-", "_")
    if action not in ACTIONS:
        return refused(f"“{cells['action'][:40]}” is no action. Write one of: {', '.join(ACTIONS)}.")
    pk, version = _whole(cells["id"]), _whole(cells["version"])
    if pk is None or version is None:
        return refused("Its id or version is not the number that was exported.")
    if len(cells["reason"]) > TEXT_MAXIMUM:
        return refused(f"The reason has more than {TEXT_MAXIMUM} characters.")
    due_on, carry_to = _day(cells["due_on"]), _month(cells["carry_to"])
    if action == "due" and due_on is None:
        return refused("Write the due date in the column due_on, as 2026-11-20.")
    if action == "carry" and carry_to is None:
        return refused("Write the month that takes it in the column carry_to, as 2026-12.")
    return Instruction(
        number=number,
        pk=pk,
        version=version,
        action=action,
        reason=cells["reason"],
        owner=cells["owner"][:150],
        due_on=due_on,
        carry_to=carry_to,
    )


def _csv_rows(data: bytes) -> Iterator[Sequence[str]]:
    text = _decoded(data)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            yield row[:COLUMNS_MAXIMUM]
    except csv.Error as error:
        raise SheetRefused(f"The sheet cannot be read as CSV ({error}). {_UNCHANGED}") from error


def _decoded(data: bytes) -> str:
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SheetRefused(f"The sheet is neither CSV in UTF-8 nor a workbook. {_UNCHANGED}") from error
    if "\0" in text:
        raise SheetRefused(f"The sheet is neither CSV in UTF-8 nor a workbook. {_UNCHANGED}")
    return text


def _workbook_rows(data: bytes) -> Iterator[Sequence[Any]]:
    """The first sheet of a workbook, refused before it is unpacked when it would grow beyond measure."""
    try:
        inspect(io.BytesIO(data), len(data), Limits(unpacked_bytes=UNPACKED_MAXIMUM), lambda: None)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        yield from _read_only_rows(book)
    except SheetRefused:
        raise
    except FileRefused as refused:
        raise SheetRefused(f"{refused.problem} {_UNCHANGED}") from refused
    except Exception as error:  # whatever a damaged workbook makes its reader raise, it is not a sheet of ours
        raise SheetRefused(
            f"The workbook cannot be read ({type(error).__name__}). Save it as XLSX or CSV and try again. {_UNCHANGED}"
        ) from error


def _read_only_rows(book: Any) -> Iterable[Sequence[Any]]:
    sheet = book.worksheets[0]
    # A sheet may claim to be a million columns wide; only what is there is read.
    sheet.reset_dimensions()
    return (row[:COLUMNS_MAXIMUM] for row in sheet.iter_rows(values_only=True, max_col=COLUMNS_MAXIMUM))


def _text(cell: Any) -> str:
    """A cell as the text that somebody wrote."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return without_guard(str(cell).strip().replace("\0", ""))


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 19 else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _month(text: str) -> date | None:
    return _day(f"{text[:7]}-01")
