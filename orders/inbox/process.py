"""Working off the inbox: deliveries that are due are taken by one worker at a time, their events one by one.

A delivery is claimed by putting it off for a lease, so that it is due again when its worker dies. What matches nothing
is tried again on a ladder for a week; what breaks never keeps its neighbours from being done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError
from django.db.models import F

from orders.database import database_now, refuse_open_transaction
from orders.gateways.base import Delivery, Rejected, Told
from orders.gateways.registry import gateway_named
from orders.inbox.events import Arrival, Result, take_event
from orders.models import InboxDelivery, InboxState

log = structlog.get_logger(__name__)

AT_MOST = 50
LEASE = timedelta(minutes=10)
LADDER_SECONDS = (60, 300, 900, 3600, 4 * 3600)
"""When what matched nothing is tried again: each step once, then every four hours."""
GIVE_UP_AFTER = timedelta(days=7)
PATIENCE = timedelta(minutes=15)
"""So long what does not fit the books waits for its neighbours, which may come in any order."""

_SETTLED = frozenset({InboxState.DONE.value, InboxState.IGNORED.value})
_SENTENCE_MAXIMUM = 500


def process_due(*, at_most: int = AT_MOST) -> int:
    """Work off what is due, oldest first; returns how many deliveries this worker took."""
    now = database_now()
    due = InboxDelivery.objects.filter(due_at__lte=now).order_by("due_at", "pk")
    return sum(process(pk) for pk in list(due.values_list("pk", flat=True)[:at_most]))


def process(delivery_id: int) -> bool:
    """Work this one off if it is due and nobody else has it; False otherwise."""
    refuse_open_transaction()
    lease_until = _claim(delivery_id)
    if lease_until is None:
        return False
    row = InboxDelivery.objects.select_related("account").get(pk=delivery_id)
    try:
        entries = _work(row)
    except (DatabaseError, InterfaceError):
        log.exception("A webhook could not be worked off; it is tried again after its lease.", delivery=delivery_id)
        return True
    _write(row, entries, lease_until)
    return True


def _claim(delivery_id: int) -> datetime | None:
    now = database_now()
    lease_until = now + LEASE
    mine = InboxDelivery.objects.filter(pk=delivery_id, due_at__lte=now)
    return lease_until if mine.update(due_at=lease_until, attempts_made=F("attempts_made") + 1) else None


def _work(row: InboxDelivery) -> list[dict[str, Any]]:
    events = _events(row)
    if isinstance(events, str):
        return [{"key": "", "type": "", "state": InboxState.FAILED.value, "sentence": events}]
    before = {entry["key"]: entry for entry in row.results}
    arrival = Arrival(
        account=row.account,
        signed=row.signed,
        received_at=row.received_at,
        patient=database_now() - row.received_at < PATIENCE,
    )
    return [_done_before(told, before) or _entry(told, _take(told, arrival)) for told in events]


def _events(row: InboxDelivery) -> tuple[Told, ...] | str:
    """What it says, or a sentence why that cannot be read. Who sent it was checked when it came."""
    delivery = Delivery(headers=row.headers, body=bytes(row.body), received_at=row.received_at)
    try:
        return gateway_named(row.account.gateway).read_delivery(delivery).events
    except Rejected as refusal:
        return str(refusal)
    except Exception as error:
        log.exception("A webhook could not be read.", delivery=row.pk)
        return f"It could not be read ({type(error).__name__}); nothing of it was used."


def _take(told: Told, arrival: Arrival) -> Result:
    """Whatever one event does wrong, its neighbours are done."""
    try:
        return take_event(told, arrival)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        log.exception("An event of a webhook could not be processed.", key=told.key)
        sentence = f"It could not be processed ({type(error).__name__}); nothing of it was written. Process it again."
        return Result(state=InboxState.FAILED, sentence=sentence)


def _done_before(told: Told, before: Mapping[str, dict[str, Any]]) -> dict[str, Any] | None:
    entry = before.get(told.key)
    return entry if entry is not None and entry["state"] in _SETTLED else None


def _entry(told: Told, result: Result) -> dict[str, Any]:
    return {
        "key": told.key,
        "type": told.type,
        "summary": told.summary[:_SENTENCE_MAXIMUM],
        "state": result.state.value,
        "sentence": result.sentence[:_SENTENCE_MAXIMUM],
        "transaction": result.transaction.pk if result.transaction else None,
        "modification": str(result.modification.pk) if result.modification else None,
    }


def _sentence_of(entries: list[dict[str, Any]]) -> str:
    """What matters in the list: events with nothing to do are told only where there are no others."""
    told = [entry for entry in entries if entry["state"] != InboxState.IGNORED.value] or entries
    return " ".join(dict.fromkeys(entry["sentence"] for entry in told))


def _write(row: InboxDelivery, entries: list[dict[str, Any]], lease_until: datetime) -> None:
    """Only while nobody else has taken it and no person wants it anew. Was it made due meanwhile, it stays due: what it
    waits for may have come.
    """
    now = database_now()
    state = _state_of([entry["state"] for entry in entries])
    done = {
        "results": entries,
        "state": state,
        "sentence": _sentence_of(entries)[:_SENTENCE_MAXIMUM],
        "processed_at": now,
    }
    mine = InboxDelivery.objects.filter(pk=row.pk, attempts_made=row.attempts_made)
    if state is not InboxState.UNMATCHED:
        mine.update(**done, due_at=None)
    elif not mine.filter(due_at=lease_until).update(**done, due_at=_next_try(row, now)):
        mine.update(**done)


def _state_of(states: Iterable[str]) -> InboxState:
    """The worst of its events; a delivery without events had nothing to do."""
    found = set(states)
    order = (InboxState.UNMATCHED, InboxState.FAILED, InboxState.DONE)
    return next((state for state in order if state.value in found), InboxState.IGNORED)


def _next_try(row: InboxDelivery, now: datetime) -> datetime | None:
    """None once a week has passed: then it stays on the page as what matched nothing."""
    step = min(max(row.attempts_made, 1), len(LADDER_SECONDS)) - 1
    due = now + timedelta(seconds=LADDER_SECONDS[step])
    return due if due <= row.received_at + GIVE_UP_AFTER else None
