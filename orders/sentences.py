"""Sentences that are put together from what people and gateways wrote."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 line`, `1,204 lines`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def full_stop(text: str) -> str:
    """The text ended like a sentence, without white space around it: another one may follow."""
    plain = text.strip()
    return plain if plain.endswith((".", "!", "?", "…")) else f"{plain}."
