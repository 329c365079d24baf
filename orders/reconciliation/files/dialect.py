"""Text with delimiters: which letters, which delimiter, and its rows of cells with their line numbers."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from orders.reconciliation.files.choices import Delimiter, Encoding
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.refusals import FileRefused, Limits, shown

Cells = list[str]
TRIED = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, kw_only=True)
class Text:
    """The decoded file: pieces of text, and in words how it is written."""

    pieces: Iterator[str]
    encoding: str


def decoded(pieces: Iterator[bytes], mapping: Mapping) -> Text:
    """The text of the bytes. Raises FileRefused (while it is read) for bytes that are no text of this encoding."""
    head = next(pieces, b"")
    while len(head) < 4 and (more := next(pieces, b"")):
        head += more
    encoding, mark = _encoding(head, mapping.encoding)
    return Text(pieces=_letters(head[mark:], pieces, encoding), encoding=encoding.upper())


def _encoding(head: bytes, wanted: str) -> tuple[str, int]:
    """The codec and how many bytes its mark takes. A mark in the file wins over what the profile says."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise FileRefused("The file is written in UTF-32, which is not read; save it as UTF-8.")
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding, len(mark)
    if wanted == Encoding.UTF16:
        raise FileRefused(
            "The file should be UTF-16 but lacks the mark that says in which order; say it in the profile."
        )
    return ("utf-8" if wanted == Encoding.AUTO else wanted), 0


def _letters(head: bytes, rest: Iterator[bytes], encoding: str) -> Iterator[str]:
    decoder, seen = codecs.getincrementaldecoder(encoding)("strict"), 0
    try:
        for piece in _with_end(head, rest):
            text = decoder.decode(piece or b"", piece is None)
            if "\0" in text:
                raise FileRefused(
                    "The file holds NUL characters: it is damaged, or written in UTF-16 without the mark that says so."
                )
            yield text
            seen += len(piece or b"")
    except UnicodeDecodeError as problem:
        raise FileRefused(
            f"The file is not {encoding.upper()} text (near byte {seen + problem.start + 1:,}); declare its encoding "
            "in the profile, or it was cut on its way."
        ) from problem


def _with_end(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes | None]:
    yield head
    yield from rest
    yield None


def lines_of(pieces: Iterable[str], limits: Limits) -> Iterator[str]:
    """Lines with their ends, whatever the ends are: LF, CRLF or a lone CR."""
    tail = ""
    for piece in pieces:
        text = tail + piece
        end = max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        tail = text[end:]
        if len(tail) > limits.line:
            raise FileRefused(f"A line is longer than {limits.line:,} characters, as no line of a settlement file is.")
        if end:
            yield from io.StringIO(text[:end], newline="")
    if tail:
        yield from io.StringIO(tail, newline="")


def delimiter_of(lines: list[str], mapping: Mapping) -> str:
    """The declared delimiter, or the one that makes the profile's columns appear. Raises FileRefused."""
    if mapping.delimiter != Delimiter.AUTO:
        return "\t" if mapping.delimiter == Delimiter.TAB else mapping.delimiter
    names = {source.column.strip().casefold() for source in mapping.columns.values() if source.column}
    places = max((source.position for source in mapping.columns.values()), default=0)
    likely = [line for line in lines[mapping.skip_rows :] if line.strip()]
    fits = {sign: max((_fit(sign, line, names, places) for line in likely), default=(0, 0)) for sign in TRIED}
    best = max(TRIED, key=lambda sign: fits[sign])
    if fits[best][0] == 0:
        raise FileRefused(
            f"No delimiter of {', '.join(TRIED.values())} makes the profile's columns appear; the first line is "
            f"{shown(lines[0].strip(), 100) if lines else 'empty'}."
        )
    return best


def _fit(sign: str, line: str, names: set[str], places: int) -> tuple[int, int]:
    """How many of the profile's columns appear in a line cut by this sign, and how many cells there are."""
    try:
        cells = next(csv.reader([line], delimiter=sign), [])
    except csv.Error:
        return 0, 0
    if names:
        return len(names & {cell.strip().casefold() for cell in cells}), len(cells)
    return int(len(cells) >= max(places, 2)), len(cells)


def rows_of(lines: Iterable[str], delimiter: str, limits: Limits) -> Iterator[tuple[int, Cells]]:
    """Rows of cells with the number of the line where each begins. Raises FileRefused for broken quotes."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as problem:
        raise FileRefused(_broken(str(problem), begins)) from problem


def _broken(problem: str, begins: int) -> str:
    if "unexpected end of data" in problem:
        return f"The file ends inside a quoted cell of the row that begins in line {begins:,}: it was cut on its way."
    if "field larger" in problem:
        return f"A cell of the row that begins in line {begins:,} is gigantic: perhaps a quote there is never closed."
    return f"The quotes of the row that begins in line {begins:,} do not fit together."
