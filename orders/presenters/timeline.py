"""One timeline of everything that happened to an order, newest first, paged by event id."""

from __future__ import annotations

from dataclasses import dataclass

from orders.models import Attempt, Event, Order

EVENTS_PER_PAGE = 25
ATTEMPTS_PER_PAGE = 20
_BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Moment:
    """An event and its tone."""

    event: Event
    tone: str
    who: str


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A page of events; `older` is the id to continue from, or None at the beginning of the history."""

    moments: tuple[Moment, ...]
    older: int | None


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """A page of exchanges with the gateway, newest first."""

    attempts: tuple[Attempt, ...]
    older: int | None


def timeline_of(order: Order, *, before: int | None = None) -> Timeline:
    """Events with a smaller id than `before`, or the newest."""
    rows = list(
        Event.objects.filter(order=order, id__lt=before or _BIGGEST_ID)
        .select_related("actor")
        .order_by("-id")[: EVENTS_PER_PAGE + 1]
    )
    shown = rows[:EVENTS_PER_PAGE]
    older = shown[-1].pk if len(rows) > EVENTS_PER_PAGE else None
    return Timeline(moments=tuple(_moment(event) for event in shown), older=older)


def conversation_of(order: Order, *, before: int | None = None) -> Conversation:
    """What was said with the gateway about this order's modifications."""
    rows = list(
        Attempt.objects.filter(modification__transaction__order=order, id__lt=before or _BIGGEST_ID)
        .select_related("modification")
        .defer("modification__body", "modification__headers")
        .order_by("-id")[: ATTEMPTS_PER_PAGE + 1]
    )
    shown = rows[:ATTEMPTS_PER_PAGE]
    return Conversation(attempts=tuple(shown), older=shown[-1].pk if len(rows) > ATTEMPTS_PER_PAGE else None)


def id_from(text: str) -> int | None:
    """The id in a paging link; None for anything damaged, which shows the newest."""
    return (
        int(text) if text.isascii() and text.isdigit() and 0 < int(text[:19]) < _BIGGEST_ID and len(text) < 19 else None
    )


def _moment(event: Event) -> Moment:
    return Moment(event=event, tone=_tone(event), who=_who(event))


def _tone(event: Event) -> str:
    if event.refused:
        return "careful"
    ending = event.verb.rpartition(".")[2]
    return {
        "succeeded": "good",
        "failed": "bad",
        "declined": "bad",
        "review": "careful",
        "unknown": "careful",
        "frozen": "careful",
        "requested": "busy",
        "sent": "busy",
        "pending": "busy",
    }.get(ending, "quiet")


def _who(event: Event) -> str:
    if event.actor is not None:
        return event.actor.get_full_name() or event.actor.get_username()
    return {"worker": "automatically", "gateway": "gateway"}.get(event.source, event.get_source_display())
