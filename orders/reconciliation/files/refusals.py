"""How reading says no: to the whole file, or to one cell of it."""

from __future__ import annotations

from dataclasses import dataclass

NOTHING_COUNTS = "Nothing of this file counts."


class FileRefused(Exception):
    """The file cannot be taken; the message is a sentence for a person and says that nothing of it counts."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem} {NOTHING_COUNTS}")
        self.problem = problem


class BadCell(ValueError):
    """A cell cannot be read; the message is a sentence about that cell."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a file may be at most: bytes, rows, cells per row, characters."""

    raw_bytes: int = 2 * 1024**3
    unpacked_bytes: int = 4 * 1024**3
    unpacked_ratio: int = 200
    ratio_from_bytes: int = 4 * 1024**2
    """Small files may repeat themselves; from here on the ratio counts."""
    shared_text_bytes: int = 64 * 1024**2
    """A workbook's table of texts is held in memory, so it has a limit of its own."""
    rows: int = 5_000_000
    columns: int = 200
    cell: int = 10_000
    """Of a workbook. A text's cells are bounded by Python's csv (131,072) and by `line`."""
    line: int = 1024**2
    bad_lines: int = 1_000


def shown(text: str, most: int = 60) -> str:
    """Somebody's text inside a sentence: one line, printable, cut."""
    plain = "".join(sign if sign.isprintable() else "·" for sign in text[: most + 1])
    return f"“{plain[:most]}…”" if len(text) > most else f"“{plain}”"
