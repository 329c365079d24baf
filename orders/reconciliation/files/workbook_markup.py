"""A stranger's XML, looked at a piece at a time before a library reads it: nothing in it grows beyond measure.

The library streams a sheet, and holds a row, a text, a tag and every other element until it may let go of it. Here each
part is parsed once beforehand and nothing of it is kept, so that a part in which too much would be held is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import IO
from xml.parsers import expat

from orders.reconciliation.files.refusals import FileRefused, Limits

Attributes = dict[str, str]

_PIECE = 64 * 1024
LONGEST_MARK = 512 * 1024
"""A start tag, comment or instruction is held whole by the parser until it ends."""
LONGEST_BEGINNING = 64 * 1024
"""What may stand before the first element."""
DEEPEST = 100
MOST_HELD = 60_000
"""Elements that are held at once: of one row, between rows, or of a part that is no sheet. Styles have hundreds."""
LONGEST_HELD = 1024**2
"""Characters of text that are held with them."""
MOST_TEXTS = 500_000
MOST_NAMES = 5_000
"""The parser keeps every name that it ever saw."""
TOO_MUCH_TEXT = "The workbook holds more text than can be read at once; save it as CSV."
_DAMAGED = "The workbook is damaged inside, so its rows cannot be read to the end."
_MONSTROUS = "The workbook holds XML that no spreadsheet program writes: {}."


def look_through(source: IO[bytes], limits: Limits, beat: Callable[[], None]) -> None:
    """Read the part to its end; what does not begin as XML passes, as no library takes it for any. Raises FileRefused.

    `beat` is called at every piece and may raise what it likes.
    """
    part = _Part(limits)
    while True:
        beat()
        try:
            piece = source.read(_PIECE)
            if not part.take(piece) or not piece:
                return
        except FileRefused:
            raise
        except Exception as problem:
            raise FileRefused(_DAMAGED) from problem


class _Part:
    """What a library would hold of the part at this moment, in elements and characters."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._names: dict[str, str] = {}
        self._parser = parser = expat.ParserCreate(None, " ", self._names)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = _refuse_declarations
        parser.StartNamespaceDeclHandler = self._named
        parser.StartElementHandler = self._opened
        parser.EndElementHandler = self._closed
        parser.CharacterDataHandler = self._said
        self._fed = self._depth = self._held = self._length = self._texts = self._width = 0
        self._root, self._row, self._column = "", 0, (0, "")

    def take(self, piece: bytes) -> bool:
        """False where this is no XML, or none any more: a library, which parses it alike, comes no further."""
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError:
            return False
        self._fed += len(piece)
        if not self._root and self._fed > LONGEST_BEGINNING:
            raise FileRefused(_MONSTROUS.format(f"more than {LONGEST_BEGINNING:,} bytes before the first element"))
        if piece and self._fed - self._parser.CurrentByteIndex > LONGEST_MARK:
            raise FileRefused(_MONSTROUS.format(f"a tag or comment of more than {LONGEST_MARK:,} bytes"))
        if len(self._names) > MOST_NAMES:
            raise FileRefused(_MONSTROUS.format(f"more than {MOST_NAMES:,} different names"))
        return True

    def _named(self, prefix: str | None, address: str) -> None:
        for name in (prefix or "", address):
            self._names[name] = name

    def _opened(self, name: str, attributes: Attributes) -> None:
        if not self._root:
            self._begin(name)
        self._depth += 1
        self._held += 1
        if self._depth > DEEPEST:
            raise FileRefused(_MONSTROUS.format(f"elements within elements, more than {DEEPEST} deep"))
        if self._held > MOST_HELD:
            raise FileRefused(_MONSTROUS.format(f"more than {MOST_HELD:,} elements without a new row"))
        if self._root == "worksheet" and "r" in attributes:
            self._in_order(name, attributes["r"])

    def _begin(self, name: str) -> None:
        self._root = name.rpartition(" ")[2]
        if self._parser.CurrentByteIndex > LONGEST_BEGINNING:
            raise FileRefused(_MONSTROUS.format(f"more than {LONGEST_BEGINNING:,} bytes before the first element"))

    def _in_order(self, name: str, place: str) -> None:
        """The library leaves out a row that comes too late, and forgets a cell for another of the same place."""
        if name.endswith(" row"):
            row = int(place)
            if row <= self._row:
                raise FileRefused(f"The workbook's rows are out of order: row {row:,} follows row {self._row:,}.")
            if row > self._limits.rows:
                raise FileRefused(f"The file has more than {self._limits.rows:,} lines.")
            self._row, self._column = row, (0, "")
        elif name.endswith(" c"):
            letters = place.rstrip("0123456789")
            column = (len(letters), letters)
            if column <= self._column:
                raise FileRefused(f"The cells of row {self._row:,} are out of order: {place[:20]} comes too late.")
            self._column = column

    def _closed(self, name: str) -> None:
        self._depth -= 1
        if name.endswith(" row") and self._root == "worksheet":
            self._held = self._length = 0
        elif name.endswith(" si") and self._root == "sst":
            self._held = self._length = 0
            self._texts += 1
            if self._texts > MOST_TEXTS:
                raise FileRefused(TOO_MUCH_TEXT)

    def _said(self, text: str) -> None:
        self._length += len(text)
        if self._length > LONGEST_HELD:
            raise FileRefused(f"The workbook holds a row or a text of more than {LONGEST_HELD:,} characters.")
        if self._root == "sst":
            # All texts are held from the beginning to the end, four bytes a letter where one needs so many.
            self._width += len(text) if text.isascii() else 4 * len(text)
            if self._width > self._limits.shared_text_bytes:
                raise FileRefused(TOO_MUCH_TEXT)


def _refuse_declarations(*_: object) -> None:
    raise FileRefused("The workbook defines its own XML entities, as no spreadsheet program does.")
