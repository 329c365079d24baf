"""Reads gateway A's amounts. What cannot be read is absent, never guessed."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from orders.gateways.exact_json import Numeral
from orders.gateways.values import Warn, text
from orders.money import MAXIMUM_MINOR, Money, exponent_of, is_currency

# The regex of the seeds, ^\d{1,18}\.\d{2}$, describes text, but the examples hold 25, 800.2 and 35.99 (A.10 row 10).
_AMOUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,3})?")


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
