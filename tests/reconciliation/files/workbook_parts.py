"""Workbooks taken apart and put together again, for tests that change one part of them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping

from tests.reconciliation.files.papers import workbook

SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
BOOK = "xl/workbook.xml"
TYPES = "[Content_Types].xml"
SPACE = b'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_TEXTS_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"


def parts(of: bytes = b"") -> dict[str, bytes]:
    """Of this workbook, or of an honest one."""
    with zipfile.ZipFile(io.BytesIO(of or workbook())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def put_together(
    changes: Mapping[str, bytes], *, of: bytes = b"", kind: int = zipfile.ZIP_DEFLATED, padding: int = 0
) -> bytes:
    """This workbook, or an honest one, with parts changed or added.

    A picture of so many MiB as `padding` makes it look less packed.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind, compresslevel=1) as archive:
        for name, content in {**parts(of), **changes}.items():
            archive.writestr(name, content)
        if padding:
            archive.writestr("xl/media/picture.png", os.urandom(padding * 1024**2))
    return out.getvalue()


def in_sheet(xml: bytes) -> bytes:
    """The honest sheet with this behind its rows."""
    return parts()[SHEET].replace(b"</sheetData>", xml + b"</sheetData>")


def in_cell(text: bytes) -> bytes:
    """The honest sheet and one more row of one cell."""
    return in_sheet(b'<row r="5"><c r="A5" t="inlineStr"><is>' + text + b"</is></c></row>")


def before(name: str, prologue: bytes) -> bytes:
    """The part with this in front of its first element."""
    part = parts()[name]
    return prologue + part[part.index(b"<", part.index(b"?>") if part.startswith(b"<?") else 0) :]


def with_texts(texts: bytes, *, name: str = "xl/texts.xml", sheet: bytes = b"", padding: int = 0) -> bytes:
    """The honest workbook and a part of shared texts, under whatever name; with rows behind its own."""
    said = f'<Override PartName="/{name}" ContentType="{_TEXTS_TYPE}"/></Types>'.encode()
    types = parts()[TYPES].replace(b"</Types>", said)
    table = b"<sst " + SPACE + b">" + texts + b"</sst>"
    return put_together({TYPES: types, name: table, SHEET: in_sheet(sheet)}, padding=padding)


def with_formats(xml: bytes, *, padding: int = 0) -> bytes:
    """The honest workbook with more cell formats."""
    return put_together({STYLES: parts()[STYLES].replace(b"</cellXfs>", xml + b"</cellXfs>")}, padding=padding)
