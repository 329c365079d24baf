"""JSON in which numbers keep the digits they were written with, and texts can be stored in any database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

# PostgreSQL stores neither NUL nor lone surrogates in text or jsonb; JSON can carry both.
_UNSTORABLE = dict.fromkeys([0, *range(0xD800, 0xE000)], "\ufffd")


class Numeral(str):
    """A JSON number with a fraction or an exponent, as it was written: no float ever stands between."""

    __slots__ = ()


class Unreadable(ValueError):
    """The text is not one JSON object."""


def read_object(text: bytes, *, warn: Callable[[str], None]) -> dict[str, Any]:
    """Parse one JSON object. Raises Unreadable for anything else, NaN and Infinity included.

    Of a repeated key the last one counts, as with most readers, and `warn` hears of it.
    """

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            warn("A field appears twice in the answer; its last value was used.")
        return found

    try:
        value = json.loads(
            text.decode("utf-8-sig"), parse_float=Numeral, parse_constant=_refuse, object_pairs_hook=pairs
        )
        cleaned = _storable(value)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The answer is not JSON.") from error
    if not isinstance(cleaned, dict):
        raise Unreadable("The answer is JSON but not an object.")
    return cleaned


def write(value: object) -> bytes:
    """Serialise mappings, sequences, texts, integers and booleans; a Decimal is written digit by digit."""
    return _text(value).encode()


def plain(value: Any) -> Any:
    """The same tree with numerals as ordinary texts, for storage in a JSON column."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, Numeral) else value


def _storable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_storable(key): _storable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, str) and not isinstance(value, Numeral):
        return value.translate(_UNSTORABLE)
    return value


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number in JSON.")


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(key)}:{_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return "[" + ",".join(_text(part) for part in value) + "]"
    if isinstance(value, float):
        raise TypeError("A float has no place in a request about money.")
    return json.dumps(value)
