"""What an account may say otherwise than its gateway: known fields, values of their type, within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from orders.gateways.base import CannotSay, Capability, Kind

Bounds = Mapping[str, tuple[int, int]]
"""Least and most of each whole number. Nobody can make a gateway remember an id for longer, or take finer amounts and
longer texts, than it does; and a worker serves all merchants, so no account may keep it waiting for ever."""

_OF_KINDS = frozenset({"kinds", "never_resent"})


def overridden(
    capability: Capability, overrides: Mapping[str, Any], *, bounds: Bounds, fixed: frozenset[str], title: str
) -> Capability:
    """The capability with an account's `overrides`, fields of it with values of its types. Raises CannotSay.

    `fixed` are the fields that no account can change, because the gateway itself has no other door.
    """
    for field in sorted(fixed & overrides.keys()):
        raise CannotSay(f"“{field}” is the same for every {title} account and cannot be set.")
    values = {field: _checked(capability, field, value, bounds, title) for field, value in overrides.items()}
    return replace(capability, **values)


def _checked(capability: Capability, field: str, value: Any, bounds: Bounds, title: str) -> Any:
    if field not in Capability.__dataclass_fields__:
        raise CannotSay(f"{title} accounts have no property called “{field}”.")
    current = getattr(capability, field)
    if isinstance(current, frozenset):
        return _kinds(field, value, capability.kinds) if field in _OF_KINDS else _words(field, value)
    if type(value) is not type(current) or (isinstance(value, int) and value < 0):
        raise CannotSay(f"“{field}” must be like {current!r}.")
    if field in bounds and not bounds[field][0] <= value <= bounds[field][1]:
        raise CannotSay(f"“{field}” must be between {bounds[field][0]} and {bounds[field][1]}.")
    return value


def _kinds(field: str, value: Any, known: frozenset[Kind]) -> frozenset[Kind]:
    """An account may take kinds away from its gateway; it cannot add one that the gateway does not have."""
    try:
        kinds = frozenset(Kind(word) for word in value)
    except (TypeError, ValueError):
        kinds = None
    if kinds is None or isinstance(value, str) or not kinds <= known:
        raise CannotSay(f"“{field}” must be a list of {', '.join(sorted(known))}.")
    return kinds


def _words(field: str, value: Any) -> frozenset[str]:
    words = frozenset(value) if isinstance(value, list | tuple | set | frozenset) else None
    if words is None or not all(isinstance(word, str) for word in words):
        raise CannotSay(f"“{field}” must be a list of words.")
    return words
