"""JSON in which numbers with a fraction are exact decimals, in both directions."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

_quote = json.encoder.encode_basestring_ascii


def read(text: bytes) -> Any:
    """Parse; fractions become Decimal, NaN, Infinity and half characters are refused. Raises ValueError."""
    found = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
    if b"\\ud" in text.lower():
        # Half of a surrogate pair is no text: no database takes it and nobody can answer it.
        json.dumps(found, ensure_ascii=False, default=str).encode()
    return found


def write(value: Any) -> bytes:
    """Serialise; a Decimal is written digit by digit, never through a binary float."""
    return _text(value).encode()


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_quote(key)}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_text, value)) + "]"
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number in JSON.")
