"""The steps of each errand in the order they are done, and how pages call them."""

from __future__ import annotations

from datetime import date

STEPS = {
    "refresh": "Read from the gateway",
    "collect": "Collected",
    "drift": "Drift",
    "match": "Matched",
    "expectations": "Expected",
    "remainder": "Rests and legs",
    "causes": "Likely causes",
    "closed": "Closed months",
    "balance": "Balance",
}
"""Of an account's night."""
BOOKS_STEPS = {"invariants": "Invariants", "chain": "Audit log"}
REPORT_STEPS = {"expiring": "Ending soon", "figures": "Answer", "letter": "Letter"}


def counted(number: int, one: str, many: str) -> str:
    """`1 field differs`, `3 fields differ`, `no field differs`."""
    return f"1 {one}" if number == 1 else f"{number or 'no'} {many if number else one}"


def night_of(day: date) -> str:
    """Who did it, where no person did."""
    return f"the night of {day:%-d %B %Y}"


def capitalised(sentence: str) -> str:
    """Its first letter large, the others as they are."""
    return sentence[:1].upper() + sentence[1:]
