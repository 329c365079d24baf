"""The same lines in every dialect are the same rows, to the minor unit."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from orders.reconciliation.files.cells import Amounts, Dates
from orders.reconciliation.files.mapping import Mapping, Source
from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING
from orders.reconciliation.files.reading import Reading, Row
from orders.reconciliation.files.refusals import BadCell
from tests.reconciliation.files.papers import (
    CAPTURE,
    HEADER,
    REFUND,
    ROWS,
    TODAY,
    changed,
    mapped,
    packed,
    refusal,
    rows,
    table,
    typed_rows,
    workbook,
)

PLAIN = table().encode()
SEMICOLON = EXAMPLES["semicolon"].mapping


def continental() -> str:
    """As a spreadsheet of the continent saves it."""
    cells = [
        (
            *row[:4],
            *(cell.replace(".", ",") for cell in row[4:7]),
            row[7],
            ".".join(reversed(row[8].split("-"))),
            row[9],
        )
        for row in ROWS
    ]
    return table(cells, sign=";", end="\r\n")


def contents(found: list[Row]) -> list[str]:
    return [row.identity_text for row in found]


def test_a_line_is_normalised_in_minor_units() -> None:
    capture, refund, yen = rows(PLAIN)
    assert capture[2:8] == ("capture", 10_000, 150, 9_850, "EUR", date(2026, 11, 20))
    assert (capture.reference, capture.transaction_reference, capture.custom_reference) == ("rec-1", "tx-1", "shop-1")
    assert refund[2:6] == ("refund", -2_500, 0, -2_500)
    assert yen[3:7] == (1_200, 20, 1_180, "JPY")
    assert [row.number for row in (capture, refund, yen)] == [2, 3, 4]


@pytest.mark.parametrize(
    ("content", "mapping"),
    [
        (table(sign=";").encode(), SANDBOX_MAPPING),
        (table(sign="\t").encode(), SANDBOX_MAPPING),
        (table(sign="|").encode(), mapped(delimiter="|")),
        (table(end="\r\n").encode(), SANDBOX_MAPPING),
        (table(end="\r").encode(), SANDBOX_MAPPING),
        (table().encode("utf-8-sig"), SANDBOX_MAPPING),
        (table().encode("utf-16"), SANDBOX_MAPPING),
        (table().encode("utf-16-le"), mapped(encoding="utf-16-le")),
        (b"\xfe\xff" + table().encode("utf-16-be"), SANDBOX_MAPPING),
        (continental().encode("utf-8-sig"), SEMICOLON),
        (packed(PLAIN), SANDBOX_MAPPING),
        (packed(PLAIN[:100]) + packed(PLAIN[100:]), SANDBOX_MAPPING),
        (workbook(), SANDBOX_MAPPING),
        (workbook(typed_rows()), SANDBOX_MAPPING),
        (workbook(typed_rows()), SEMICOLON),
        (packed(workbook(typed_rows())), SANDBOX_MAPPING),
        (b"Report of 20 November\n\n" + PLAIN, mapped(skip_rows=2)),
        (PLAIN.replace(b"grossAmount", b" GROSSAMOUNT "), SANDBOX_MAPPING),
        (PLAIN.replace(b"\n", b",\n"), SANDBOX_MAPPING),
    ],
)
def test_every_dialect_gives_the_same_rows(content: bytes, mapping: Mapping) -> None:
    assert contents(rows(content, mapping)) == contents(rows(PLAIN))


def test_columns_by_place_read_a_file_without_header() -> None:
    places = {
        name: Source(position=HEADER.index(source.column) + 1)
        for name, source in SANDBOX_MAPPING.columns.items()
        if source.column in HEADER
    }
    places["custom_reference"] = Source(position=3)
    found = rows(PLAIN.split(b"\n", 1)[1], mapped(columns=places, header=False))
    assert contents(found) == contents(rows(PLAIN))


def test_quoted_newlines_delimiters_and_formulas_are_kept_as_they_are() -> None:
    content = table([changed(partnerReference='=1+1,"a"\nb'), REFUND]).encode()
    first, second = rows(content)
    assert first.custom_reference == '=1+1,"a"\nb'
    assert (first.number, second.number) == (2, 4)


def test_two_honest_lines_are_alike_and_any_other_content_is_not() -> None:
    one, same = rows(table([CAPTURE, CAPTURE]).encode())
    assert one.identity_text == same.identity_text
    for name, text in {"payoutReference": "PO-2", "bookingDate": "2026-11-19", "partnerReference": "shop-2"}.items():
        assert rows(table([changed(**{name: text})]).encode())[0].identity_text != one.identity_text


def test_the_reading_says_what_it_read() -> None:
    with tempfile.TemporaryFile() as file:
        file.write(PLAIN)
        file.seek(0)
        reading = Reading(file, SANDBOX_MAPPING, today=TODAY)
        assert len(list(reading)) == 3
    assert reading.totals == {
        "EUR": {"lines": 2, "gross": 7_500, "fee": 150, "net": 7_350},
        "JPY": {"lines": 1, "gross": 1_200, "fee": 20, "net": 1_180},
    }
    assert (reading.dialect, reading.bytes_read, reading.rows_read) == ("CSV, comma, UTF-8", len(PLAIN), 3)


@pytest.mark.parametrize(
    ("text", "minor", "form"),
    [
        ("12.50", 1250, {}),
        ("-12.50", -1250, {}),
        ("12.50-", -1250, {}),
        ("(12.50)", -1250, {}),
        ("−12.50", -1250, {}),
        ("+12.5", 1250, {}),
        (" 12 ", 1200, {}),
        ("1,234.50", 123450, {"thousands_mark": ","}),
        ("1.234.567,5", 123456750, {"decimal_mark": ",", "thousands_mark": "."}),
        ("1\u00a0234,50", 123450, {"decimal_mark": ",", "thousands_mark": " "}),
        ("1'234.50", 123450, {"thousands_mark": "'"}),
        ("1.234,50", 123450, {"decimal_mark": "auto"}),
        ("1,234.50", 123450, {"decimal_mark": "auto"}),
        ("1,234,567", 123456700, {"decimal_mark": "auto"}),
        ("12,5", 1250, {"decimal_mark": "auto"}),
        ("1250", 1250, {"units": "minor"}),
        ("12.5000", 1250, {"padded_decimals": True}),
    ],
)
def test_amounts_are_exact(text: str, minor: int, form: dict[str, Any]) -> None:
    assert Amounts("EUR", mapped(**form))[text] == minor


def test_a_dinar_of_three_decimals_is_ambiguous_until_the_mark_is_said() -> None:
    assert Amounts("KWD", SANDBOX_MAPPING)["1.234"] == 1_234
    with pytest.raises(BadCell, match="two ways"):
        Amounts("KWD", mapped(decimal_mark="auto"))["1.234"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2026-11-20", {}),
        ("20.11.2026", {}),
        ("20261120", {}),
        ("2026-11-20T23:30:00Z", {}),
        ("2026-11-20 11:34:50.884000+00:00", {}),
        ("2026/11/20", {"date_form": "ymd"}),
        ("20/11/2026", {"date_form": "dmy"}),
        ("20.11.2026 08:15", {"date_form": "dmy"}),
        ("11/20/2026", {"date_form": "mdy"}),
        ("20261120", {"date_form": "compact"}),
        ("2026-11-19T15:00:00Z", {"time_zone": "Asia/Tokyo"}),
        ("2026-11-20T23:30:00+01:00", {"time_zone": "Europe/Berlin"}),
    ],
)
def test_dates_are_read_as_declared(text: str, form: dict[str, Any]) -> None:
    assert Dates(mapped(**form), TODAY)[text] == (date(2026, 11, 20), "2026-11-20")


def test_a_date_a_week_ahead_is_taken_and_one_day_more_is_not() -> None:
    dates = Dates(SANDBOX_MAPPING, TODAY)
    assert dates["2026-11-28"][0] == date(2026, 11, 28)
    with pytest.raises(BadCell, match="future"):
        dates["2026-11-29"]


def test_fees_payouts_and_reversals_take_their_signs() -> None:
    lines = [
        ("", "", "", "FEE", "-3.00", "0", "-3.00", "EUR", "2026-11-20", ""),
        ("", "", "", "FEE", "0.00", "3.00", "-3.00", "EUR", "2026-11-20", ""),
        ("", "", "", "FEE", "1.00", "0", "1.00", "EUR", "2026-11-20", ""),
        ("", "", "", "REVERSAL", "5.00", "0", "5.00", "EUR", "2026-11-20", ""),
        ("", "", "", "PAYOUT", "-90.00", "0", "-90.00", "EUR", "2026-11-20", "PO-1"),
    ]
    kinds = [row[2:6] for row in rows(table(lines).encode())]
    assert kinds == [
        ("fee", 0, 300, -300),
        ("fee", 0, 300, -300),
        ("adjustment", 100, 0, 100),
        ("reversal", 500, 0, 500),
        ("payout", -9_000, 0, -9_000),
    ]


def test_a_debit_and_credit_column_gives_the_signs_and_one_word_two_meanings() -> None:
    content = (
        "Booking date,Transaction,Amount,D/C,Currency,Reference\n"
        '20.11.2026,payment,"1,005.00",C,EUR,a\n20.11.2026,Payment,5.00,d,EUR,b\n20.11.2026,Fee,0.30,D,EUR,c\n'
        "20.11.2026,payout,900.00,D,EUR,d\n20.11.2026,dispute,7.00,D,EUR,e\n"
    )
    found = [row[2:6] for row in rows(content.encode(), EXAMPLES["debit_credit"].mapping)]
    assert found == [
        ("capture", 100_500, 0, 100_500),
        ("refund", -500, 0, -500),
        ("fee", 0, 30, -30),
        ("payout", -90_000, 0, -90_000),
        ("chargeback", -700, 0, -700),
    ]


@pytest.mark.parametrize(
    ("form", "amounts"),
    [
        ({"signs": "gateway"}, ("-100.00", "1.50", "-98.50")),
        ({"signs": "by_type"}, ("100.00", "1.50", "98.50")),
        ({"fee_sign": "negative"}, ("100.00", "-1.50", "98.50")),
    ],
)
def test_signs_are_read_in_the_view_the_profile_declares(form: dict[str, Any], amounts: tuple[str, str, str]) -> None:
    gross, fee, net = amounts
    content = table([changed(grossAmount=gross, fee=fee, netAmount=net)]).encode()
    assert rows(content, mapped(**form))[0][3:6] == (10_000, 150, 9_850)


@pytest.mark.parametrize("absent", ["gross", "fee", "net"])
def test_two_of_gross_fee_and_net_make_the_third(absent: str) -> None:
    columns = {name: source for name, source in SANDBOX_MAPPING.columns.items() if name != absent}
    assert rows(table([CAPTURE]).encode(), mapped(columns=columns))[0][3:6] == (10_000, 150, 9_850)


def test_a_payout_file_has_one_line_per_payout_with_what_it_sums_up() -> None:
    header = ("payoutReference", "payoutDate", "currencyCode", "lines", "grossAmount", "fees", "netAmount")
    content = table([("PO-1", "2026-11-20", "EUR", "3", "75.00", "1.50", "73.50")], header=header).encode()
    payout = rows(content, EXAMPLES["payouts"].mapping)[0]
    assert payout[2:6] == ("payout", -7_500, -150, -7_350)
    assert payout.payout_reference == "PO-1"


def test_an_original_amount_keeps_its_own_currency() -> None:
    columns = {
        **SANDBOX_MAPPING.columns,
        "original_amount": Source(column="paid"),
        "original_currency": Source(column="paidIn"),
        "text": Source(constant="by file"),
    }
    content = table([(*CAPTURE, "12000", "JPY"), (*REFUND, "", "")], header=(*HEADER, "paid", "paidIn")).encode()
    first, second = rows(content, mapped(columns=columns))
    assert (first.original_amount, first.original_currency, first.text) == (12_000, "JPY", "by file")
    assert (second.original_amount, second.original_currency) == (None, "")


def test_our_own_reference_is_read_where_the_gateways_column_is_empty() -> None:
    header = (*HEADER, "gatewayId", "customReference")
    content = table([(*CAPTURE, "cap-1", "mod-1"), (*REFUND, "ref-1", "")], header=header).encode()
    first, second = rows(content)
    assert (first.gateway_id, first.custom_reference) == ("cap-1", "mod-1")
    assert second.custom_reference == "shop-1"


def test_an_ignored_word_is_counted_and_left_out_and_an_unknown_one_kept_when_asked() -> None:
    balance = table([changed(type="Balance"), CAPTURE]).encode()
    ignoring = Mapping.from_json({**SANDBOX_MAPPING.to_json(), "types": {"Capture": "capture", "balance": "ignore"}})
    reading = Reading([balance], ignoring, today=TODAY)
    assert len(list(reading)) == 1
    assert (reading.ignored, reading.rows_read) == (1, 2)
    assert [row.type for row in rows(balance, mapped(unknown_words="other"))] == ["other", "capture"]
    assert "Balance" in refusal(balance)


def test_the_account_named_in_each_line_is_held() -> None:
    columns = {**SANDBOX_MAPPING.columns, "account": Source(column="partnerReference")}
    ours = replace(SANDBOX_MAPPING, columns=columns, account_value="shop-1")
    assert len(rows(table([CAPTURE, REFUND]).encode(), ours)) == 2
    assert "belongs to" in refusal(PLAIN, ours)
