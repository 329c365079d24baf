"""Hostile and unlucky files: each with a word of the sentence that refuses it."""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import replace

from orders.reconciliation.files.mapping import Source, Trailer
from orders.reconciliation.files.profile import EXAMPLES, SANDBOX_MAPPING, Mapping
from tests.reconciliation.files.papers import (
    CAPTURE,
    HEADER,
    REFUND,
    ROWS,
    TRAILERS,
    WITH_TRAILER,
    YEN,
    changed,
    mapped,
    packed,
    table,
    typed_rows,
    workbook,
)

Case = tuple[bytes, Mapping, str]


def _one(**cells: str) -> bytes:
    return table([changed(**cells), REFUND]).encode()


def _archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _replaced(workbook_bytes: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook_bytes)) as archive:
        members = {member: archive.read(member) for member in archive.namelist()}
    return _archive({**members, name: content})


def _gzip_bomb() -> bytes:
    pack = zlib.compressobj(9, wbits=31)
    return pack.compress(table().encode() + (b"x" * 60_000 + b"\n") * 600) + pack.flush()


def _with_cell(place: int, value: object) -> bytes:
    rows = typed_rows()
    rows[0][place] = value
    return workbook(rows)


PLAIN = table().encode()
CLOSED = table([*ROWS, *TRAILERS]).encode()
POINT_ACCOUNT = replace(
    SANDBOX_MAPPING,
    columns={**SANDBOX_MAPPING.columns, "account": Source(column="partnerReference")},
    account_value="shop-1",
)
SHEET = "xl/worksheets/sheet1.xml"
TEXT_CASES: dict[str, Case] = {
    "empty": (b"", SANDBOX_MAPPING, "empty"),
    "only blank lines": (b"\n\n\n", SANDBOX_MAPPING, "delimiter"),
    "no table at all": (b"Dear merchant, the report is late today.\n", SANDBOX_MAPPING, "delimiter"),
    "a login page": (b"<!DOCTYPE html><html><body>Log in</body></html>", SANDBOX_MAPPING, "web page"),
    "a PDF": (b"%PDF-1.7 ...", SANDBOX_MAPPING, "PDF"),
    "an old workbook": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, SANDBOX_MAPPING, "save it as XLSX"),
    "wrong delimiter declared": (PLAIN, mapped(delimiter=";"), "lacks"),
    "trailing NUL": (PLAIN + b"\0" * 512, SANDBOX_MAPPING, "NUL"),
    "NUL in a reference": (_one(reconciliationReferenceId="re\0c"), SANDBOX_MAPPING, "NUL"),
    "UTF-16 without its mark": (table().encode("utf-16-le"), SANDBOX_MAPPING, "NUL"),
    "UTF-32": (table().encode("utf-32"), SANDBOX_MAPPING, "UTF-32"),
    "Latin-1 undeclared": (_one(partnerReference="Müller").decode().encode("latin-1"), SANDBOX_MAPPING, "encoding"),
    "UTF-16 cut inside a letter": (table().encode("utf-16")[:-1], SANDBOX_MAPPING, "encoding"),
    "UTF-16 declared, no mark": (PLAIN, mapped(encoding="utf-16"), "mark"),
    "random bytes": (bytes(range(1, 256)) * 40, SANDBOX_MAPPING, "encoding"),
    "missing column": (
        table([row[:8] + row[9:] for row in ROWS], header=HEADER[:8] + HEADER[9:]).encode(),
        SANDBOX_MAPPING,
        "lacks what the profile reads: “bookingDate”",
    ),
    "shifted columns": (table([("", *CAPTURE[:-1])]).encode(), SANDBOX_MAPPING, "Line 2"),
    "one cell too many": (table([(*CAPTURE, "more")]).encode(), SANDBOX_MAPPING, "11 cells"),
    "one cell too few": (table([CAPTURE[:-1]]).encode(), SANDBOX_MAPPING, "9 cells"),
    "duplicate header": (
        table([(*CAPTURE, "1")], header=(*HEADER, "netAmount")).encode(),
        SANDBOX_MAPPING,
        "more than once",
    ),
    "no header": (PLAIN.split(b"\n", 1)[1], SANDBOX_MAPPING, "delimiter"),
    "header comes again": (PLAIN + PLAIN, SANDBOX_MAPPING, "comes again"),
    "two hundred and one columns": (
        table([(*CAPTURE, *["x"] * 191)], header=(*HEADER, *map(str, range(191)))).encode(),
        SANDBOX_MAPPING,
        "201 columns",
    ),
    "a row of thousands of cells": (PLAIN + b"," * 5_000 + b"x\n", SANDBOX_MAPPING, "5001 cells"),
    "gigantic cell": (_one(partnerReference="x" * 200_000), SANDBOX_MAPPING, "gigantic"),
    "gigantic line": (PLAIN + b"x" * 3_000_000, SANDBOX_MAPPING, "longer than"),
    "long reference": (_one(reconciliationReferenceId="r" * 65), SANDBOX_MAPPING, "65 characters"),
    "a quote never closed": (PLAIN + b'"rec-9,tx', SANDBOX_MAPPING, "quoted cell"),
    "text after a closed quote": (PLAIN + b'"rec-9"x,tx\n', SANDBOX_MAPPING, "quotes"),
    "a quote swallows the file": (PLAIN + b'"' + PLAIN * 400, SANDBOX_MAPPING, "quote"),
    "one currency only": (PLAIN, mapped(only_currency="EUR"), "EUR only"),
    "no currency": (_one(currencyCode=""), SANDBOX_MAPPING, "currency is empty"),
    "currency in words": (_one(currencyCode="Euro"), SANDBOX_MAPPING, "three-letter"),
    "future date": (_one(bookingDate="2026-12-24"), SANDBOX_MAPPING, "future"),
    "date of another century": (_one(bookingDate="1899-12-31"), SANDBOX_MAPPING, "before the year 2000"),
    "no such day": (_one(bookingDate="2026-02-30"), SANDBOX_MAPPING, "not a date"),
    "ambiguous date": (_one(bookingDate="11/12/2026"), SANDBOX_MAPPING, "not a date"),
    "no date": (_one(bookingDate=" "), SANDBOX_MAPPING, "date is empty"),
    "amount in words": (_one(grossAmount="hundred"), SANDBOX_MAPPING, "not an amount"),
    "no amount": (_one(grossAmount=""), SANDBOX_MAPPING, "amount is empty"),
    "exponent": (_one(grossAmount="1e2"), SANDBOX_MAPPING, "not an amount"),
    "not a number": (_one(grossAmount="NaN"), SANDBOX_MAPPING, "not an amount"),
    "infinite": (_one(netAmount="Infinity"), SANDBOX_MAPPING, "not an amount"),
    "underscores": (_one(grossAmount="1_00.00"), SANDBOX_MAPPING, "not an amount"),
    "digits of another script": (_one(grossAmount="١٠٠.٠٠"), SANDBOX_MAPPING, "not an amount"),
    "superscript": (_one(grossAmount="100.²²"), SANDBOX_MAPPING, "not an amount"),
    "two signs": (_one(grossAmount="--100.00"), SANDBOX_MAPPING, "not an amount"),
    "decimal comma undeclared": (_one(grossAmount="100,00"), SANDBOX_MAPPING, "not an amount"),
    "ambiguous mark": (_one(grossAmount="1,234"), mapped(decimal_mark="auto"), "two ways"),
    "thousands in the wrong place": (_one(grossAmount="1,00.00"), mapped(thousands_mark=","), "not an amount"),
    "too many decimals": (_one(fee="1.505"), SANDBOX_MAPPING, "more decimals"),
    "decimals of yen": (table([(*YEN[:4], "1200.50", *YEN[5:])]).encode(), SANDBOX_MAPPING, "more decimals"),
    "amount beyond counting": (_one(grossAmount="9" * 17), SANDBOX_MAPPING, "larger"),
    "amount of a thousand digits": (_one(grossAmount="9" * 1000), SANDBOX_MAPPING, "larger"),
    "net does not fit": (_one(netAmount="98.49"), SANDBOX_MAPPING, "net is not the gross less the fee"),
    "negative capture": (_one(grossAmount="-100.00", netAmount="-101.50"), SANDBOX_MAPPING, "capture must pay"),
    "positive refund": (
        table([(*REFUND[:4], "25.00", "0.00", "25.00", *REFUND[7:])]).encode(),
        SANDBOX_MAPPING,
        "must cost",
    ),
    "unknown type": (_one(type='=HYPERLINK("x")'), SANDBOX_MAPPING, "does not say what the type"),
    "other account's file": (PLAIN, POINT_ACCOUNT, "belongs to “shop-3”"),
    "neither debit nor credit": (
        b"Booking date,Transaction,Amount,D/C,Currency,Reference\n20.11.2026,payment,5.00,X,EUR,r\n",
        EXAMPLES["debit_credit"].mapping,
        "neither debit nor credit",
    ),
    "a sign where a marker says it": (
        b"Booking date,Transaction,Amount,D/C,Currency,Reference\n20.11.2026,payment,-5.00,D,EUR,r\n",
        EXAMPLES["debit_credit"].mapping,
        "has a sign",
    ),
    "no trailer": (PLAIN, WITH_TRAILER, "closing row"),
    "trailer counts another number": (CLOSED.replace(b"TRAILER,3", b"TRAILER,4"), WITH_TRAILER, "counts 4 lines"),
    "trailer sums to another amount": (CLOSED.replace(b"73.50,EUR", b"73.51,EUR"), WITH_TRAILER, "net is 73.51 EUR"),
    "trailer forgets a currency": (table([*ROWS, TRAILERS[0]]).encode(), WITH_TRAILER, "JPY"),
    "trailer counts in words": (CLOSED.replace(b"TRAILER,3", b"TRAILER,three"), WITH_TRAILER, "should count"),
    "line after the trailer": (CLOSED + ",".join(CAPTURE).encode() + b"\n", WITH_TRAILER, "follows the trailer"),
    "line left out before the trailer": (table([CAPTURE, YEN, *TRAILERS]).encode(), WITH_TRAILER, "counts 3 lines"),
    "trailer of one currency for two": (
        table([*ROWS, ("END", "75.00")]).encode(),
        mapped(trailer=Trailer(marker="END", gross_at=2)),
        "several",
    ),
}
PACKED_CASES: dict[str, Case] = {
    "gzip bomb": (_gzip_bomb(), SANDBOX_MAPPING, "times its size"),
    "gzip of gzip": (packed(packed(PLAIN)), SANDBOX_MAPPING, "packed twice"),
    "gzip of nothing": (packed(b""), SANDBOX_MAPPING, "holds nothing"),
    "gzip cut": (packed(PLAIN)[:-6], SANDBOX_MAPPING, "cut"),
    "gzip damaged": (packed(PLAIN)[:30] + b"\xff\xff" + packed(PLAIN)[32:], SANDBOX_MAPPING, "damaged"),
    "gzip and more": (packed(PLAIN) + b"more", SANDBOX_MAPPING, "damaged"),
    "ZIP of a CSV": (_archive({"lines.csv": PLAIN}), SANDBOX_MAPPING, "unpack it"),
    "ZIP where text is declared": (workbook(), mapped(format="csv"), "reads text"),
    "text where a workbook is declared": (PLAIN, mapped(format="xlsx"), "reads workbooks"),
    "empty ZIP": (b"PK\x05\x06" + b"\0" * 18, SANDBOX_MAPPING, "empty ZIP"),
    "ZIP in name only": (b"PK\x03\x04" + b"x" * 500, SANDBOX_MAPPING, "damaged"),
    "workbook bomb": (
        _replaced(workbook(), SHEET, b"<worksheet>" + b" " * 40_000_000),
        SANDBOX_MAPPING,
        "times its size",
    ),
    "workbook with entities": (
        _replaced(workbook(), SHEET, b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'),
        SANDBOX_MAPPING,
        "entities",
    ),
    "workbook with a broken sheet": (
        _replaced(workbook(), SHEET, b"<worksheet><sheetData><row>"),
        SANDBOX_MAPPING,
        "damaged",
    ),
    "workbook without its list of parts": (
        _archive({"xl/workbook.xml": b"<workbook/>"}),
        SANDBOX_MAPPING,
        "not a workbook",
    ),
    "workbook without workbook": (
        _archive({"[Content_Types].xml": b"<Types/>", "xl/a.xml": b"<a/>"}),
        SANDBOX_MAPPING,
        "damaged",
    ),
    "no such sheet": (workbook(), mapped(sheet="Payments"), "no sheet"),
    "workbook without rows": (workbook([], header=[]), SANDBOX_MAPPING, "no rows"),
    "number with lost digits": (_with_cell(1, 12345678901234567890), SANDBOX_MAPPING, "15 digits"),
    "half a cent": (_with_cell(5, 1.505), SANDBOX_MAPPING, "more decimals"),
    "wide row": (workbook([[*CAPTURE, *["x"] * 300]]), SANDBOX_MAPPING, "columns"),
    "gigantic workbook cell": (_with_cell(2, "x" * 20_000), SANDBOX_MAPPING, "20,000 characters"),
    "error in a cell": (_with_cell(4, "#N/A"), SANDBOX_MAPPING, "not an amount"),
    "truth where money belongs": (_with_cell(4, True), SANDBOX_MAPPING, "not an amount"),
}
CASES = TEXT_CASES | PACKED_CASES
