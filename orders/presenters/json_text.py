"""A JSON body as people read it: indented, every number with exactly the digits that were sent."""

from __future__ import annotations

import json

_INDENT = "  "


class _Digits(str):
    """A number as it stood in the text; a float would show 25.00 as 25.0."""

    __slots__ = ()


def pretty_json(text: str) -> str:
    """The same document on several lines; text that is no JSON comes back as it is."""
    try:
        document = json.loads(text, parse_float=_Digits, parse_int=_Digits)
    except ValueError:
        return text
    return _written(document, "")


def _written(value: object, margin: str) -> str:
    inner = margin + _INDENT
    if isinstance(value, dict) and value:
        lines = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_written(item, inner)}" for key, item in value.items()
        ]
        return "{\n" + ",\n".join(lines) + f"\n{margin}}}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(inner + _written(item, inner) for item in value) + f"\n{margin}]"
    return str(value) if isinstance(value, _Digits) else json.dumps(value, ensure_ascii=False)
