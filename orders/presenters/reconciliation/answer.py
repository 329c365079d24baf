"""Today's answer: did everything meet, and if not, how much did not and since when. One sentence, one rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from orders.presenters.reconciliation.words import day_text, worth_text
from orders.sentences import counted


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the answer follows from. Sums are minor units by currency."""

    last_day: date | None = None
    """The last business day of which a file counts; None before the first file."""
    lines: int = 0
    settled: Mapping[str, int] = field(default_factory=dict)
    """What the lines of that day come to after fees."""
    under_way: int = 0
    """Files that do not count yet, and runs that have not looked at everything."""
    broken: int = 0
    broken_value: Mapping[str, int] = field(default_factory=dict)
    oldest: date | None = None


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One sentence with its tone, and what stands beside it."""

    tone: str
    sentence: str
    beside: str = ""


def answer_of(standing: Standing, *, today: date) -> Answer:
    """“Everything met” is only said when a file counts, nothing is unsettled, and nothing is still being looked at."""
    under_way = _under_way(standing.under_way)
    if standing.broken:
        return Answer(tone=_tone(standing, today), sentence=_broken(standing, today), beside=under_way)
    if standing.last_day is None:
        if under_way:
            return Answer(tone="busy", sentence="The first files are being read; there is no answer yet.")
        return Answer(tone="quiet", sentence="No settlement file has come yet, so nothing could be compared.")
    if under_way:
        return Answer(
            tone="busy", sentence=f"{under_way} Nothing that was looked at until now is unsettled.", beside=""
        )
    return Answer(tone="good", sentence=_met(standing, today))


def _met(standing: Standing, today: date) -> str:
    assert standing.last_day is not None
    sums = worth_text(standing.settled)
    lines = counted(standing.lines, "line")
    return f"Everything of {day_text(standing.last_day, today)} met: {lines}{f', {sums}' if sums else ''}."


def _broken(standing: Standing, today: date) -> str:
    things = counted(standing.broken, "thing")
    worth = worth_text(standing.broken_value)
    since = f"; the oldest since {day_text(standing.oldest, today)}" if standing.oldest else ""
    much = f"worth {worth}" if worth else "yet no money is missing"
    return f"{things} did not meet, {much}{since}."


def _under_way(count: int) -> str:
    return f"{counted(count, 'file is', 'files are')} still being read and compared." if count else ""


def _tone(standing: Standing, today: date) -> str:
    """Bad once something is older than a week."""
    return "bad" if standing.oldest is not None and (today - standing.oldest).days > 7 else "careful"
