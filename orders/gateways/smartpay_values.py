"""Reads single values of gateway A's answers: amounts, dates, texts. What cannot be read is absent, never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from orders.gateways.exact_json import Numeral
from orders.money import MAXIMUM_MINOR, Money, exponent_of, is_currency

Warn = Callable[[str], None]

# The regex of the seeds, ^\d{1,18}\.\d{2}$, describes text, but the examples hold 25, 800.2 and 35.99 (A.10 row 10).
_AMOUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,3})?")
# "2023-12-07 11:34:50.884000+00:00" and "2024-10-09T10:50:15.708Z" stand side by side in seed 002 (A.10 row 13).
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
IDENTIFIER_MAXIMUM = 128
SENTENCE_MAXIMUM = 1000


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


def money(holder: Any, warn: Warn, *, currency: str = "") -> Money | None:
    """The amount of {"amount", "currencyCode"}; `currency` stands in when the answer names none."""
    if not isinstance(holder, dict) or "amount" not in holder:
        return None
    code = text(holder.get("currencyCode")).upper() or currency
    if not is_currency(code):
        warn("An amount has no readable currency and was not used.")
        return None
    amount_minor = _minor_units(holder["amount"], code)
    if amount_minor is None:
        warn(f"An amount could not be read and was not used: {str(holder['amount'])[:40]}.")
        return None
    return Money(amount_minor, code)


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


def _minor_units(value: Any, currency: str) -> int | None:
    # bool is a kind of int in Python, and seed 002's own example says "amount": false (A.10 row 9).
    if isinstance(value, bool) or not isinstance(value, int | str | Numeral):
        return None
    written = str(value).strip()
    if _AMOUNT.fullmatch(written) is None:
        return None
    scaled = Decimal(written).scaleb(exponent_of(currency))
    fits = scaled == scaled.to_integral_value() and scaled <= MAXIMUM_MINOR
    return int(scaled) if fits else None
