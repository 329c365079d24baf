"""Sheets out and back in: the same rows, no formulas, and a sentence for whatever a spreadsheet makes of it."""

from __future__ import annotations

import csv
import io
import zipfile
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from orders.models import Discrepancy
from orders.reconciliation.discrepancies import sheets_reading
from orders.reconciliation.discrepancies.sheets import COLUMNS, csv_lines, workbook
from orders.reconciliation.discrepancies.sheets_reading import Instruction, Sheet, SheetRefused, read_sheet
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_discrepancy

HEADER = "id,version,action,reason,owner,due_on,carry_to\n"


def read(text: str | bytes) -> Sheet:
    return read_sheet(io.BytesIO(text.encode() if isinstance(text, str) else text))


def a_workbook(*rows: Any) -> bytes:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def everything() -> list[Discrepancy]:
    return list(Discrepancy.objects.select_related("account", "owner", "transaction__order"))


# Out.


@pytest.mark.django_db
def test_a_row_holds_what_people_need_in_exact_amounts() -> None:
    account = an_account(name="northwind")
    transaction = a_captured_transaction(account=account)
    made = a_discrepancy(
        account,
        transaction=transaction,
        amount=123_456,
        difference=-123_456,
        owner=a_person("finn"),
        due_on=date(2026, 12, 1),
        cause="rounding",
        confidence=95,
    )

    header, row = csv.reader(io.StringIO("".join(csv_lines(everything())).removeprefix("\ufeff")))
    told = dict(zip(header, row, strict=True))

    assert tuple(header) == COLUMNS
    assert (told["id"], told["version"], told["action"]) == (str(made.pk), "1", "")
    assert (told["owner"], told["due_on"], told["month"]) == ("finn", "2026-12-01", "2026-11")
    assert (told["value"], told["difference"], told["currency"]) == ("1234.56", "-1234.56", "EUR")
    assert (told["order"], told["account"]) == (transaction.order.reference, "northwind")
    assert (told["likely_cause"], told["percent"]) == ("Rounding", "95")


@pytest.mark.django_db
def test_a_workbook_holds_the_same_with_numbers_as_numbers_and_no_formula() -> None:
    a_discrepancy(reference="=1+1", sentence="@SUM(A1)\x07 of -2", amount=1_050, currency="EUR")

    with workbook(everything()) as content:
        sheet = load_workbook(content).active
    assert sheet is not None
    told = dict(zip(COLUMNS, sheet[2], strict=True))

    assert told["value"].value == pytest.approx(Decimal("10.5"))
    assert told["since"].value == datetime.fromisoformat("2026-11-20")
    assert (told["reference"].value, told["reference"].data_type) == ("'=1+1", "s")
    assert told["what"].value == "'@SUM(A1) of -2"
    assert [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f"] == []


@pytest.mark.django_db
def test_what_goes_out_comes_back_and_asks_for_nothing_until_somebody_writes_an_action() -> None:
    for number in range(3):
        a_discrepancy(reference=f"=cmd{number}")

    with workbook(everything()) as content:
        from_workbook = read(content.read())

    assert from_workbook == read("".join(csv_lines(everything()))) == Sheet(instructions=(), silent=3)


# Back in.


def test_each_action_is_read_with_what_it_needs() -> None:
    sheet = read(
        f"{HEADER}1,3,accept,Rounding of the gateway.,,,\n2,1,assign,,olga,,\n3,1,Due,,,2026-12-01,\n"
        "4,1,carry,Next month.,,,2026-12\n5,1,write off,Too small.,,,\n6,1,comment,Called them.,,,\n7,1,,,,,\n,,,,,,\n"
    )

    assert sheet.instructions[0] == Instruction(
        number=2, pk=1, version=3, action="accept", reason="Rounding of the gateway."
    )
    assert sheet.instructions[1].owner == "olga"
    assert sheet.instructions[2].due_on == date(2026, 12, 1)
    assert sheet.instructions[3].carry_to == date(2026, 12, 1)
    assert [one.action for one in sheet.instructions[4:]] == ["write_off", "comment"]
    assert not [one for one in sheet.instructions if one.problem]
    assert sheet.silent == 1


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_every_spreadsheets_csv_is_understood(delimiter: str, encoding: str, ending: str) -> None:
    text = ending.join(
        [delimiter.join(["ID", "Version", "Action", "reason"]), delimiter.join(["1", "2", "accept", "Ü"])]
    )

    assert read(text.encode(encoding)).instructions[0].reason == "Ü"


def test_a_workbook_with_days_and_numbers_as_cells_is_understood() -> None:
    data = a_workbook(
        ["reason", "id", "version", "action", "due_on", "owner"],
        [None, 12, 3.0, "due", datetime.fromisoformat("2026-12-01"), None],
        ["'=not a formula", 13, 1, "comment"],
    )

    due, comment = read(data).instructions

    assert (due.pk, due.version, due.due_on, due.problem) == (12, 3, date(2026, 12, 1), "")
    assert comment.reason == "=not a formula"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("1,1,explode,,,,", "“explode” is no action"),
        ("x,1,accept,,,,", "not the number that was exported"),
        ("1,,accept,,,,", "not the number that was exported"),
        ("-1,1,accept,,,,", "not the number that was exported"),
        ("99999999999999999999,1,accept,,,,", "not the number that was exported"),
        ("1e3,1,accept,,,,", "not the number that was exported"),
        (f"1,1,accept,{'x' * 501},,,", "more than 500 characters"),
        ("1,1,due,,,20.12.2026,", "as 2026-11-20"),
        ("1,1,carry,Why.,,,next", "as 2026-12"),
    ],
)
def test_a_bad_row_says_why_and_leaves_the_others_alone(row: str, words: str) -> None:
    bad, good = read(f"{HEADER}{row}\n2,1,accept,Fine.,,,\n").instructions

    assert words in bad.problem
    assert (good.pk, good.problem) == (2, "")


def test_a_discrepancy_that_stands_there_twice_is_taken_once() -> None:
    first, second = read(f"{HEADER}1,1,accept,A.,,,\n1,1,comment,B.,,,\n").instructions

    assert first.problem == ""
    assert second.problem == "Row 2 is about the same discrepancy already."


HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "blank": (b"\r\n \n", "is empty"),
    "no header": (b"1,2,accept\n", "names no column “id”"),
    "a missing column": (b"id,action\n1,accept\n", "names no column “version”"),
    "a column twice": (b"id,version,action,Action\n", "stands there twice"),
    "NUL": (b"id,version,action\n1,\0,accept\n", "neither CSV"),
    "another encoding": ("id,version,action\n1,1,Ünal\n".encode("latin-1"), "neither CSV"),
    "half a character of UTF-16": (b"\xff\xfei", "neither CSV"),
    "an open quote": (b'id,version,action\n1,1,"accept\n', "cannot be read as CSV"),
    "a gigantic cell": (b"id,version,action\n1,1," + b"x" * 200_000, "cannot be read as CSV"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "neither CSV"),
    "a broken zip": (b"PK\x03\x04 nothing", "workbook is damaged"),
    "a zip of something else": (b"", "ZIP archive, not a workbook"),
    "200 columns": (b",".join(b"c%d" % n for n in range(200)) + b"\n", "names no column"),
}


def _zip(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return content.getvalue()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_sheet_gets_a_sentence(name: str) -> None:
    data, words = HOSTILE[name]
    if name == "a zip of something else":
        data = _zip(readme=b"hello")

    with pytest.raises(SheetRefused, match=words) as refused:
        read(data)

    assert "Nothing was changed." in str(refused.value)


def test_every_truncation_of_a_workbook_is_read_or_refused() -> None:
    data = a_workbook(["id", "version", "action"], [1, 1, "accept"])

    for percent in range(0, 100, 5):
        with pytest.raises(SheetRefused):
            read(data[: len(data) * percent // 100])


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = _zip(**{"[Content_Types].xml": b"", "xl/sharedStrings.xml": bytes(sheets_reading.UNPACKED_MAXIMUM + 1)})

    with pytest.raises(SheetRefused, match="would unpack to more"):
        read(bomb)


def test_too_many_rows_things_and_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets_reading, "ROWS_MAXIMUM", 3)
    monkeypatch.setattr(sheets_reading, "INSTRUCTIONS_MAXIMUM", 2)

    assert len(read(HEADER + "1,1,comment,A\n2,1,comment,B\n3,1,,\n").instructions) == 2
    with pytest.raises(SheetRefused, match="more than 3 rows"):
        read(HEADER + "1,1,,\n" * 4)
    with pytest.raises(SheetRefused, match="more than 2 things"):
        read(HEADER + "".join(f"{pk},1,comment,A\n" for pk in (1, 2, 3)))
    monkeypatch.setattr(sheets_reading, "BYTES_MAXIMUM", 100)
    with pytest.raises(SheetRefused, match="larger than"):
        read(HEADER + "x" * 100)


@given(st.binary(max_size=300))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    with suppress(SheetRefused):
        assert isinstance(read(data), Sheet)


@given(st.text(alphabet=st.sampled_from("1,;\t\"\n'=accept_ due2026-"), max_size=200))
def test_whatever_stands_below_the_header_is_read_or_refused(text: str) -> None:
    with suppress(SheetRefused):
        assert isinstance(read(HEADER + text), Sheet)
