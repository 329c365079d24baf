"""Reads single values of the gateways' answers: texts, ids, moments, whole amounts. The unreadable is absent."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from orders.money import MAXIMUM_MINOR, Money, is_currency

Warn = Callable[[str], None]

IDENTIFIER_MAXIMUM = 128
SENTENCE_MAXIMUM = 1000
# "2023-12-07 11:34:50.884000+00:00" and "2024-10-09T10:50:15.708Z" stand side by side in seed 002 (A.10 row 13).
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_WHOLE = re.compile(r"([0-9]{1,18})(?:\.0+)?")


def text(value: Any, *, maximum: int = SENTENCE_MAXIMUM) -> str:
    """A text or a number as text (targetMerchantAccountReference comes as both, A.10 row 18); "" for anything else."""
    if isinstance(value, str):
        return str(value).strip()[:maximum]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def identifier(value: Any, warn: Warn) -> str:
    """An id or a word. One that is longer than any real one is dropped, for half an id would be another id."""
    found = text(value, maximum=IDENTIFIER_MAXIMUM + 1)
    if len(found) > IDENTIFIER_MAXIMUM:
        warn(f"An identifier has more than {IDENTIFIER_MAXIMUM} characters and was not used.")
        return ""
    return found


def modification_id(value: Any) -> str:
    """One of our ids, as we write it, in a field where others may write anything; "" when it is none."""
    found = text(value, maximum=IDENTIFIER_MAXIMUM)
    try:
        canonical = str(uuid.UUID(found))
    except ValueError:
        return ""
    return canonical if canonical == found.lower() else ""


def whole_money(amount: Any, currency: Any, warn: Warn) -> Money | None:
    """An amount of whole minor units with its currency, in either case of letters; None for anything else.

    Also 200.0 and "200" are whole: some clients of these gateways write them so.
    """
    if amount is None:
        return None
    code = text(currency).upper()
    if not is_currency(code):
        warn("An amount has no readable currency and was not used.")
        return None
    written = _WHOLE.fullmatch(str(amount)) if isinstance(amount, int | str) and not isinstance(amount, bool) else None
    if written is None or int(written[1]) > MAXIMUM_MINOR:
        warn(f"An amount could not be read and was not used: {str(amount)[:40]}.")
        return None
    return Money(int(written[1]), code)


def date(value: Any, warn: Warn) -> datetime | None:
    """A moment in UTC; without an offset it is taken as UTC."""
    if not isinstance(value, str) or not value.strip():
        return None
    found = _DATE.fullmatch(value.strip())
    try:
        if found is None:
            raise ValueError(value)
        day, hour, fraction, offset = found.groups()
        moment = datetime.fromisoformat(f"{day}T{hour}.{(fraction or '0')[:6]:0<6}{offset or '+00:00'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        warn(f"A date could not be read: {value[:40]}.")
        return None


def mapping(value: Any) -> dict[str, Any]:
    """An object of an answer; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def unheard(_warning: str) -> None:
    """A listener for oddities that change nothing."""
