"""The audit chain at night: from the last verified seal on, and now and then from the beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from orders import audit
from orders.models import EventSeal, JobRun, JobState
from orders.reconciliation.nights.due import BOOKS
from orders.reconciliation.nights.errands import Told

STEP = "chain"
WHOLE_UP_TO = 50_000
"""A shorter chain is walked from its beginning each night."""
WHOLE_EVERY = timedelta(days=28)
_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an earlier walk ended well: the last seal and its hash, and the day of the last walk from the beginning."""

    sequence: int
    head: str
    whole_on: date


def verify_chain(day: date, *, renew: Callable[[], None]) -> Told:
    """Seal what is unsealed, then walk the chain. What was verified before must still be there under the same hash."""
    while audit.seal():
        renew()
    before = _verified_before(day)
    length = EventSeal.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
    if before is None or length <= WHOLE_UP_TO or day - before.whole_on >= WHOLE_EVERY:
        begun = Place(sequence=0, head="", whole_on=day)
    else:
        begun = before
    reached, problem = _walk(begun, renew)
    if before is not None and not problem and not _is_there(before):
        problem = f"Seal {before.sequence} is no longer {before.head[:16]}…: the chain was cut or written anew."
    figures = {"sequence": reached.sequence, "head": reached.head, "whole_on": reached.whole_on.isoformat()}
    if problem:
        sentence = f"The audit log does not hold: {problem} Pause sending and compare with a backup."
        return Told(sentence=sentence, figures={**figures, "broken": True})
    walked = f"from seal {begun.sequence} on" if begun.sequence else "from its beginning"
    return Told(sentence=f"The audit log holds: {reached.sequence} seals, walked {walked}.", figures=figures)


def _walk(place: Place, renew: Callable[[], None]) -> tuple[Place, str]:
    """In pieces, so that no lease ends on the way and no cursor stays open for long."""
    while True:
        found = audit.verify(head=place.head if place.sequence else "", after=place.sequence, limit=_AT_ONCE)
        if found.problem or found.sealed == place.sequence:
            return place, found.problem
        place = Place(sequence=found.sealed, head=found.head, whole_on=place.whole_on)
        renew()


def _verified_before(day: date) -> Place | None:
    rows = JobRun.objects.filter(job=BOOKS, state=JobState.DONE, business_date__lt=day).order_by("-business_date")
    for steps in rows.values_list("steps", flat=True)[:10]:
        figures = steps.get(STEP, {}).get("figures", {})
        if figures.get("sequence") and not figures.get("broken"):
            whole_on = date.fromisoformat(figures["whole_on"])
            return Place(sequence=figures["sequence"], head=figures["head"], whole_on=whole_on)
    return None


def _is_there(place: Place) -> bool:
    return EventSeal.objects.filter(sequence=place.sequence, hash=place.head).exists()
