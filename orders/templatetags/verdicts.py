"""How an answer's verdict looks: a word and a tone."""

from __future__ import annotations

from django import template

from orders.gateways.base import Verdict

register = template.Library()

_TONES = {
    Verdict.SUCCEEDED: "good",
    Verdict.PENDING: "busy",
    Verdict.DECLINED: "bad",
    Verdict.NOT_SENT: "quiet",
    Verdict.UNKNOWN: "careful",
    Verdict.MISMATCH: "bad",
}
_WORDS = {
    Verdict.SUCCEEDED: "Succeeded",
    Verdict.PENDING: "Pending",
    Verdict.DECLINED: "Refused by the gateway",
    Verdict.NOT_SENT: "Not sent",
    Verdict.UNKNOWN: "No clear answer",
    Verdict.MISMATCH: "Contradicts the request",
}


@register.filter
def tone_of_verdict(verdict: str) -> str:
    """The tone for `data-tone`; an unknown word asks for care."""
    return _TONES[Verdict(verdict)] if verdict in set(Verdict) else "careful"


@register.filter
def verdict_word(verdict: str) -> str:
    """The verdict in words for staff."""
    return _WORDS[Verdict(verdict)] if verdict in set(Verdict) else verdict or "Not judged"
