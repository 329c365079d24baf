"""What all requests have in common: who we are, and the checks before anything is written. Each raises CannotSay."""

from __future__ import annotations

import re

from orders.gateways.base import CannotSay
from orders.money import MAXIMUM_MINOR, Money

USER_AGENT = "smartpay-dashboard/0.1"

_IDENTIFIER = re.compile(r"(?!\.+$)[A-Za-z0-9._:-]+")


def checked_identifier(what: str, value: str, *, maximum: int) -> str:
    """An id that can stand in a path and in a body alike."""
    if len(value) > maximum or _IDENTIFIER.fullmatch(value) is None:
        raise CannotSay(f"The {what} must have 1 to {maximum} letters, digits or any of “._:-”; nothing was sent.")
    return value


def checked_description(value: str, *, maximum: int, title: str) -> str:
    if len(value) > maximum:
        raise CannotSay(
            f"The description has {len(value)} characters and {title} takes {maximum}; nothing was sent. Shorten it."
        )
    return value


def checked_amount(amount: Money) -> Money:
    """An amount that may move: above zero, and not more than this system moves at once."""
    if amount.amount_minor <= 0:
        raise CannotSay("The amount must be greater than zero; nothing was sent.")
    if amount.amount_minor > MAXIMUM_MINOR:
        raise CannotSay(f"{amount} is more than this system moves at once; nothing was sent.")
    return amount
