"""Sentences that are put together from what people and gateways wrote."""

from __future__ import annotations


def full_stop(text: str) -> str:
    """The text ended like a sentence, without white space around it: another one may follow."""
    plain = text.strip()
    return plain if plain.endswith((".", "!", "?", "…")) else f"{plain}."
