"""Workbooks that are made to fill the memory, to declare entities or to say two things at once."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.reading import Limits, Reading
from tests.reconciliation.files.papers import ROWS, TODAY, refusal, rows, workbook
from tests.reconciliation.files.workbook_parts import (
    BOOK,
    SHEET,
    STYLES,
    TYPES,
    before,
    in_cell,
    in_sheet,
    parts,
    put_together,
    with_formats,
    with_texts,
)

ENTITY = b'<!DOCTYPE x [<!ENTITY a "EUR">]>'
FORMAT = b'<xf numFmtId="0" fontId="0" fillId="0" borderId="0"/>'
MERGED = b'<mergeCell ref="A1:B2"/>' * 300_000
MOST_MEMORY = 200
"""MiB of a whole process with Django in it, which takes some 90 for itself."""


@pytest.mark.parametrize("part", [SHEET, STYLES, BOOK, TYPES, "xl/theme/theme1.xml", "docProps/core.xml"])
@pytest.mark.parametrize("comment", [0, 3_000, 60_000])
def test_entities_are_refused_in_every_part_behind_any_comment(part: str, comment: int) -> None:
    hidden = before(part, b'<?xml version="1.0"?><!--' + b"x" * comment + b"-->" + ENTITY)
    assert "its own XML entities" in refusal(put_together({part: hidden}))


def test_entities_are_refused_in_a_part_of_any_name_and_place() -> None:
    many = {f"xl/more/{number}.xml": b"<a/>" for number in range(60)}
    assert "its own XML entities" in refusal(put_together({**many, "xl/more/last.bin": ENTITY + b"<x>&a;</x>"}))


def test_entities_are_refused_in_another_encoding() -> None:
    hidden = before(SHEET, b'<?xml version="1.0" encoding="UTF-16"?>' + ENTITY).decode().encode("utf-16")
    assert "its own XML entities" in refusal(put_together({SHEET: hidden}))


def test_an_entity_that_nobody_declared_is_damage() -> None:
    assert "damaged" in refusal(put_together({SHEET: in_cell(b"<t>&a;</t>")}))


def test_a_comment_without_end_before_the_first_element_is_refused() -> None:
    hidden = before(SHEET, b"<!--" + b"x" * 100_000 + b"-->")
    assert "before the first element" in refusal(put_together({SHEET: hidden}))


@pytest.mark.parametrize("name", ["xl/sharedStrings.xml", "xl/texts.xml", "texts.bin"])
def test_the_table_of_texts_has_its_limit_under_any_name(name: str) -> None:
    content = with_texts(b"<si><t>" + b"y" * 2_000 + b"</t></si>", name=name)
    assert refusal(content) == ""
    assert "more text than can be read at once" in refusal(content, limits=Limits(shared_text_bytes=1_999))


def test_more_cell_formats_than_a_spreadsheet_program_writes_are_refused() -> None:
    assert refusal(with_formats(FORMAT * 50_000, padding=1)) == ""
    assert "more than 60,000 elements" in refusal(with_formats(FORMAT * 60_000, padding=1))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"<t>" + b"y" * 10_001 + b"</t>", "Row 5 has a cell of 10,001 characters"),
        (b"<t><![CDATA[" + b"<" * 10_001 + b"]]></t>", "Row 5 has a cell of 10,001 characters"),
        (b"<r><t>four</t></r>" * 2_501, "Row 5 has a cell of 10,004 characters"),
        (b"<a>" * 200 + b"</a>" * 200, "more than 100 deep"),
        (b"".join(b"<a%d/>" % number for number in range(6_000)), "more than 5,000 different names"),
        (b"".join(b'<a xmlns:b%d="c"/>' % number for number in range(6_000)), "more than 5,000 different names"),
        (b"<!--" + b"<a/>" * 200_000 + b"-->", "a tag or comment of more than"),
        (b'<a b="' + b"y" * 700_000 + b'"/>', "a tag or comment of more than"),
    ],
)
def test_what_no_spreadsheet_program_writes_into_a_cell_is_refused(text: bytes, word: str) -> None:
    assert word in refusal(put_together({SHEET: in_cell(text)}))


def test_a_cell_may_be_as_long_as_the_limit() -> None:
    content = put_together({SHEET: in_cell(b"<r><t>four</t></r>" * 2_500)})
    assert "more than" not in refusal(content)


def test_a_shared_text_is_too_long_only_where_a_cell_shows_it() -> None:
    long = b"<si><t>" + b"y" * 30_000 + b"</t></si>"
    assert refusal(with_texts(long)) == ""
    shown = b'<row r="5"><c r="A5" t="s"><v>0</v></c></row>'
    assert "Row 5 has a cell of 30,000 characters" in refusal(with_texts(long, sheet=shown))


@pytest.mark.parametrize(
    ("xml", "word"),
    [
        (b'<row r="5"><c r="A5"><v>1</v></c><c r="A5"><v>2</v></c></row>', "cells of row 5 are out of order"),
        (b'<row r="4"><c r="A4"><v>1</v></c></row>', "rows are out of order"),
        (b'<row r="3"/>', "rows are out of order"),
        (b'<row r="5"><c r="A5" t="s"><v>7</v></c></row>', "damaged"),
        (b'<row r="5"><c r="A5"><v>one</v></c></row>', "damaged"),
        (b'<row r="5"><c r="ZZZZ5"><v>1</v></c></row>', "damaged"),
        (b'<row r="5">' + b"<c><v>1</v></c>" * 201 + b"</row>", "201 columns"),
        (b'<row r="2000000000"/>', "more than 5,000,000 lines"),
    ],
)
def test_a_sheet_that_says_two_things_or_is_too_large_is_refused(xml: bytes, word: str) -> None:
    assert word in refusal(put_together({SHEET: in_sheet(xml)}))


def test_a_part_that_comes_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.xlsx"
    path.write_bytes(workbook())
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, parts()[SHEET])
    assert "a part twice" in refusal(path.read_bytes())


def test_a_workbook_packed_in_another_way_is_refused() -> None:
    """Python would unpack such a part at once, however large it becomes."""
    assert "packed in a way" in refusal(put_together({}, kind=zipfile.ZIP_LZMA))


def test_a_list_of_parts_without_end_is_refused_before_it_is_read() -> None:
    many = {f"xl/{number:0200}": b"" for number in range(9_000)}
    assert "too many parts" in refusal(put_together(many, kind=zipfile.ZIP_STORED))


def test_a_long_check_shows_that_it_lives() -> None:
    beats = 0

    def beat() -> None:
        nonlocal beats
        beats += 1

    content = put_together({SHEET: in_sheet((b"<!--" + b"x" * 1_000 + b"-->") * 3_000)})
    assert len(list(Reading([content], SANDBOX_MAPPING, today=TODAY, beat=beat))) == len(ROWS)
    assert beats > 40


def test_who_lost_the_turn_is_not_told_that_the_workbook_is_damaged() -> None:
    class LostTurn(Exception):
        pass

    def beat() -> None:
        raise LostTurn

    with pytest.raises(LostTurn):
        list(Reading([workbook()], SANDBOX_MAPPING, today=TODAY, beat=beat))


def test_honest_parts_that_are_not_read_do_not_matter() -> None:
    more = {"xl/printer.bin": b"\\\0\\\0p\0", "xl/empty.xml": b"", "xl/old.vml": b"<xml><br></xml>", "xl/media/": b""}
    assert rows(put_together(more)) == rows(workbook())


STATUS = Path("/proc/self/status")
READING = """
import django, os, pathlib, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3, 2 * 1024**3))
django.setup()
from tests.reconciliation.files.papers import refusal
for line in sys.stdin:
    if os.fork():
        os.wait()
        continue
    print(refusal(pathlib.Path(line.rstrip()).read_bytes()))
    status = pathlib.Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) // 1024, flush=True)
    os._exit(0)
"""
"""For each path a process of its own, which says the sentence and the most memory that it ever took."""
MEMORY_CASES: dict[str, tuple[Callable[[], bytes], str]] = {
    "texts under another name": (lambda: with_texts((b"<si><t>" + b"y" * 9_000 + b"</t></si>") * 7_300, padding=1), ""),
    "texts in four bytes a letter": (
        lambda: with_texts(("<si><t>" + "y" * 9_000 + "😀</t></si>").encode() * 7_300, padding=1),
        "more text than can be read",
    ),
    "millions of empty texts": (lambda: with_texts(b"<si/>" * 600_000, padding=1), "more text than can be read"),
    "millions of cell formats": (lambda: with_formats(FORMAT * 600_000, padding=1), "more than 60,000 elements"),
    "one enormous cell": (
        lambda: put_together({SHEET: in_cell(b"<t>" + b"y" * 60_000_000 + b"</t>")}, padding=1),
        "a row or a text of more than",
    ),
    "one enormous comment": (
        lambda: put_together({SHEET: in_cell(b"<!--" + b"y" * 60_000_000 + b"-->")}, padding=1),
        "a tag or comment of more than",
    ),
    "elements that never end": (
        lambda: put_together({SHEET: in_sheet(b"<a>" * 4_000_000)}, padding=1),
        "more than 100 deep",
    ),
    "a long text shown nine thousand times": (
        lambda: with_texts(
            b"<si><t>" + "😀".encode() * 10_000 + b"</t></si>",
            sheet=(b"<row>" + b'<c t="s"><v>0</v></c>' * 10 + b"</row>") * 900,
        ),
        "Line 5",
    ),
    "merged cells without end": (
        lambda: put_together(
            {SHEET: parts()[SHEET].replace(b"</sheetData>", b"</sheetData><mergeCells>" + MERGED + b"</mergeCells>")},
            padding=1,
        ),
        "more than 60,000 elements",
    ),
}


@pytest.fixture(scope="module")
def reader() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", READING], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process


@pytest.mark.skipif(not STATUS.exists(), reason="only Linux tells the most memory that a process of its own ever took")
@pytest.mark.parametrize("name", MEMORY_CASES)
def test_memory_stays_flat(name: str, tmp_path: Path, reader: subprocess.Popen[str]) -> None:
    made, word = MEMORY_CASES[name]
    path = tmp_path / "hostile.xlsx"
    path.write_bytes(made())
    assert reader.stdin
    assert reader.stdout
    print(path, file=reader.stdin, flush=True)
    sentence, most = reader.stdout.readline().rstrip(), int(reader.stdout.readline())
    assert word in sentence
    assert bool(word) == bool(sentence)
    assert most < MOST_MEMORY
