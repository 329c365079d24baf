"""From the plain JSON of a stored profile to frozen values; what does not fit is said in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

_Part = TypeVar("_Part")


class BadMapping(ValueError):
    """The profile cannot be used; the message is a sentence for the person who made it."""


def known(plain: Any, cls: type[Any], what: str) -> dict[str, Any]:
    """The table as it is, once each of its parts is a field of the class and of its kind. Raises BadMapping."""
    if not isinstance(plain, Mapping):
        raise BadMapping(f"The {what} is not a table of names and values.")
    names = {each.name: each for each in fields(cls)}
    if unknown := sorted(str(key) for key in plain if key not in names):
        raise BadMapping(f"The {what} has a part nobody knows: {', '.join(unknown)[:100]}.")
    for key, value in plain.items():
        wanted = {"bool": bool, "int": int, "str": str}.get(str(names[key].type))
        if wanted is not None and type(value) is not wanted:
            raise BadMapping(f"“{key}” of the {what} has the wrong kind of value.")
    return dict(plain)


def part(cls: type[_Part], plain: Any, what: str) -> _Part:
    """The value that the table tells. Raises BadMapping."""
    told = known(plain, cls, what)
    try:
        return cls(**told)
    except TypeError as problem:
        raise BadMapping(f"The {what} lacks a part.") from problem


def table(told: dict[str, Any], name: str) -> dict[str, Any]:
    """A part that is a table itself; an empty one where it is not told. Raises BadMapping."""
    found = told.get(name, {})
    if not isinstance(found, Mapping) or not all(isinstance(key, str) for key in found):
        raise BadMapping(f"“{name}” of the mapping is not a table of names and values.")
    return dict(found)


def word_list(plain: Any, name: str) -> tuple[str, ...]:
    """The words without white space around them, empty ones left out. Raises BadMapping."""
    if not isinstance(plain, (list, tuple)) or not all(isinstance(word, str) for word in plain):
        raise BadMapping(f"“{name}” of the mapping is not a list of words.")
    return tuple(word.strip() for word in plain if word.strip())
