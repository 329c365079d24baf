"""What is wrong with a request, as JSON pointers and sentences; what was sent is never repeated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orders.api.words import FieldError

LISTED = 20


def field_errors(errors: Iterable[Mapping[str, Any]], *, prefix: str = "") -> list[FieldError]:
    """The first few of pydantic's errors."""
    return [
        FieldError(pointer=prefix + _pointer(error["loc"]), detail=_sentence(str(error["msg"])))
        for error in list(errors)[:LISTED]
    ]


def sentence_of(errors: list[FieldError]) -> str:
    """One sentence for all of them."""
    first = errors[0]
    more = f" There are {len(errors) - 1} more." if len(errors) > 1 else ""
    return f"{first.pointer or 'The body'}: {first.detail} Nothing was done.{more}"


def _pointer(location: Iterable[object]) -> str:
    """RFC 6901: `~` and `/` inside a name are escaped."""
    return "".join("/" + str(part)[:80].replace("~", "~0").replace("/", "~1") for part in location)


def _sentence(message: str) -> str:
    plain = message.removeprefix("Value error, ").strip()
    return f"{plain[:1].upper()}{plain[1:]}{'' if plain.endswith('.') else '.'}"
