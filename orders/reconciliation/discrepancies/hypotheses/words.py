"""What every hypothesis answers, and how its sentences name days, amounts and ids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher

from orders.models import Cause
from orders.money import Money
from orders.reconciliation.discrepancies.case import Case, ItemFacts, LineFacts

_ALIKE = 0.8
_SHORTEST = 5
CERTAIN, LIKELY, PLAUSIBLE, POSSIBLE = 97, 90, 75, 55
"""Confidence in percent: an id or an exact sum proves it; nothing else fits; it fits best; it cannot be excluded."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One hypothesis tested: whether it holds, how sure that is, and the evidence as a sentence for staff."""

    cause: Cause
    holds: bool
    confidence: int
    sentence: str


Hypothesis = Callable[[Case], Finding]


def holds(cause: Cause, confidence: int, sentence: str) -> Finding:
    """It fits."""
    return Finding(cause=cause, holds=True, confidence=confidence, sentence=sentence)


def fails(cause: Cause, sentence: str) -> Finding:
    """It does not."""
    return Finding(cause=cause, holds=False, confidence=0, sentence=sentence)


def day(on: date) -> str:
    """“12 Nov 2026”."""
    return f"{on.day} {on:%b %Y}"


def money(amount: int, currency: str) -> str:
    """“12.50 EUR”, without a sign."""
    return str(Money(abs(amount), currency))


def worth(thing: LineFacts | ItemFacts) -> str:
    """The amount of a line or a movement, without a sign."""
    return money(thing.gross if isinstance(thing, LineFacts) else thing.amount, thing.currency)


def where(line: LineFacts) -> str:
    """“line 17 of settlement.csv”."""
    return f"line {line.number} of {line.file_name}" if line.file_name else f"a line of {day(line.booked_on)}"


def begin(text: str) -> str:
    """The text as the beginning of a sentence; names within it keep their case."""
    return text[:1].upper() + text[1:]


def similar(one: str, other: str) -> bool:
    """Whether one id looks like another miswritten: equal but for case and punctuation, cut short, or a bit off."""
    left, right = (_plain(text) for text in (one, other))
    if min(len(left), len(right)) < _SHORTEST:
        return left == right != ""
    if left.startswith(right) or right.startswith(left):
        return True
    return SequenceMatcher(None, left, right, autojunk=False).ratio() >= _ALIKE


def _plain(text: str) -> str:
    return "".join(sign for sign in text.lower() if sign.isalnum())
