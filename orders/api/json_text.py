"""Reading JSON strictly: what two readers could understand differently is refused instead of guessed."""

from __future__ import annotations

import json
from typing import Any

DEPTH_MAXIMUM = 20


class BadJson(ValueError):
    """The body is not JSON as we take it; the message is a sentence."""


def read_json(body: bytes) -> Any:
    """The value. Raises BadJson for anything but UTF-8, for NaN, for a name said twice, for nesting without end."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJson("The body is not UTF-8 text. Nothing was done.") from error
    try:
        value = json.loads(text, parse_constant=_refuse_word, object_pairs_hook=_once)
    except BadJson:
        raise
    except (ValueError, RecursionError) as error:
        raise BadJson("The body is not valid JSON. Nothing was done.") from error
    if _is_deeper(value, DEPTH_MAXIMUM):
        raise BadJson(f"The body is nested more than {DEPTH_MAXIMUM} levels deep. Nothing was done.")
    return value


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    if not levels:
        return True
    return any(_is_deeper(one, levels - 1) for one in (value.values() if isinstance(value, dict) else value))


def _refuse_word(word: str) -> None:
    raise BadJson(f"{word} is not a number in JSON. Nothing was done.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("An object in the body says the same name twice. Nothing was done.")
    return found
