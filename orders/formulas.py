"""Cells for spreadsheets: what would begin a formula is a text, out and back in again."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def cell_text(cell: Any) -> str:
    """A cell as text that no spreadsheet takes for a formula: what begins like one gets an apostrophe before it.

    Numbers and days stay as they are, also negative ones; None is empty.
    """
    if cell is None:
        return ""
    text = cell.isoformat() if isinstance(cell, date) else str(cell)
    if text.lstrip(" \u00a0").startswith(_BEGINS_A_FORMULA) and _NUMBER.fullmatch(text) is None:
        return f"'{text}"
    return text


def without_guard(text: str) -> str:
    """What a person meant by a cell that comes back: the apostrophe that kept it from being a formula is taken off."""
    return text[1:] if text[:1] == "'" and text[1:2] in set("=+-@") else text
