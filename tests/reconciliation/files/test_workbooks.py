"""Honest workbooks, as different programs write them, say the same."""

from __future__ import annotations

import re

import pytest

from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.refusals import Limits
from orders.reconciliation.files.workbook import workbook_rows
from tests.reconciliation.files.papers import rows, workbook
from tests.reconciliation.files.workbook_parts import BOOK, SHEET, SPACE, STYLES, parts, put_together, with_texts

FORMATS = b"".join(
    b'<xf numFmtId="%d" fontId="0" fillId="0" borderId="0" xfId="0"/>' % form for form in (0, 14, 164, 20)
)
DAYS = re.sub(
    rb"(?:<numFmts.*?(?:/>|</numFmts>))?(<fonts.*)<cellXfs.*</cellXfs>",
    rb'<numFmts count="1"><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>\1<cellXfs>' + FORMATS + b"</cellXfs>",
    parts()[STYLES],
)


def _cells(content: bytes) -> list[list[str]]:
    return [cells for _, cells in workbook_rows(iter([content]), SANDBOX_MAPPING, Limits())]


def _sheet(xml: bytes) -> bytes:
    return b"<worksheet " + SPACE + b"><sheetData>" + xml + b"</sheetData></worksheet>"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (b'<c r="A1"><v>98.5</v></c>', "98.5"),
        (b'<c r="A1"><v>1E+5</v></c>', "100000"),
        (b'<c r="A1" t="n"><f>1+1</f><v>2</v></c>', "2"),
        (b'<c r="A1" t="str"><f>A2</f><v>two</v></c>', "two"),
        (b'<c r="A1" t="b"><v>1</v></c>', "True"),
        (b'<c r="A1" t="e"><v>#N/A</v></c>', "#N/A"),
        (b'<c r="A1" t="d"><v>2026-11-20</v></c>', "2026-11-20"),
        (b'<c r="A1" s="1"><v>46346</v></c>', "2026-11-20"),
        (b'<c r="A1" s="1"><v>46346.75</v></c>', "2026-11-20 18:00:00"),
        (b'<c r="A1" s="1"><v>1e12</v></c>', "#VALUE!"),
        (b'<c r="A1" s="2"><v>1.25</v></c>', "1 day, 6:00:00"),
        (b'<c r="A1" s="3"><v>0.25</v></c>', "06:00:00"),
        (b'<c r="A1" t="s"><v>0</v></c>', "shop-1"),
        (b'<c r="A1" t="s"><v>1</v></c>', "two words"),
        (b'<c r="A1" t="inlineStr"><is><r><t>two </t></r><r><t>words</t></r></is></c>', "two words"),
        (b'<c r="A1" t="inlineStr"><is><t>shop</t><rPh sb="0" eb="1"><t>spoken</t></rPh></is></c>', "shop"),
    ],
)
def test_a_cell_says_what_its_kind_and_format_make_of_it(cell: bytes, text: str) -> None:
    spoken = b'<rPh sb="0" eb="1"><t>spoken</t></rPh>'
    shared = b"<si><t>shop-1</t></si><si><r><t>two </t></r><r><t>words</t></r>" + spoken + b"</si>"
    content = with_texts(shared, sheet=cell.join([b'<row r="9">', b"</row>"]).replace(b"A1", b"B9"))
    assert _cells(put_together({STYLES: DAYS}, of=content))[8] == ["", text]


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    book = parts()[BOOK].replace(b"<workbookPr ", b'<workbookPr date1904="1" ')
    sheet = _sheet(b'<row r="1"><c r="A1" s="1"><v>44884</v></c></row>')
    assert _cells(put_together({BOOK: book, STYLES: DAYS, SHEET: sheet})) == [["2026-11-20"]]


def test_rows_and_cells_that_are_left_out_are_empty() -> None:
    sheet = _sheet(b'<row r="2"><c r="C2"><v>1</v></c><c r="D2" s="1"/></row><row r="4"><c><v>2</v></c></row><row/>')
    assert _cells(put_together({SHEET: sheet})) == [[], ["", "", "1"], [], ["2"], []]


def test_a_sheet_may_name_its_elements_with_a_prefix() -> None:
    honest = parts()[SHEET]
    prefixed = re.sub(rb"<(/?)(?=\w)", rb"<\1x:", honest.replace(b"xmlns=", b"xmlns:x="))
    assert rows(put_together({SHEET: prefixed})) == rows(workbook())


def test_what_another_program_adds_to_a_cell_says_nothing() -> None:
    more = b'<extLst><ext xmlns:o="other" uri="other"><o:v>9</o:v></ext></extLst></c>'
    sheet = parts()[SHEET].replace(b"</c>", more)
    assert rows(put_together({SHEET: sheet})) == rows(workbook())
