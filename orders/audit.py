"""The audit log's pen and its seal: events are written unchained with the change, and chained afterwards in batches."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack

import structlog
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders.database import database_now
from orders.models import Event, EventSeal, GatewayAccount, Merchant, Modification, Order, Source, Transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import User

GENESIS = "0" * 64


class Told(TypedDict, total=False):
    """What is said of an event; merchant, order and transaction are found through the nearest thing that is named."""

    verb: Required[str]
    sentence: Required[str]
    source: Required[Source]
    by: User | None
    merchant: Merchant | None
    order: Order | None
    transaction: Transaction | None
    modification: Modification | None
    account: GatewayAccount | None
    refused: bool
    details: dict[str, Any] | None


def record(**told: Unpack[Told]) -> Event:
    """Write one event, in the caller's database transaction: it stands or falls with the change it describes."""
    return Event.objects.create(**event_values(**told))


def event_values(*, at: datetime | None = None, **told: Unpack[Told]) -> dict[str, Any]:
    """The columns of an event that happened at this time, or now."""
    by, merchant, account = told.get("by"), told.get("merchant"), told.get("account")
    order, transaction, modification = told.get("order"), told.get("transaction"), told.get("modification")
    if transaction is None and modification is not None:
        transaction = modification.transaction
    details = dict(told.get("details") or {})
    if account is not None:
        details["account"] = account.name
    merchant_id = next((thing.merchant_id for thing in (modification, transaction, order, account) if thing), None)
    return {
        "at": at or database_now(),
        "merchant_id": merchant.pk if merchant else merchant_id,
        "actor_id": by.pk if by is not None and by.is_authenticated else None,
        "source": told["source"],
        "verb": told["verb"],
        "refused": told.get("refused", False),
        "sentence": told["sentence"][:600],
        "order_id": order.pk if order else (transaction.order_id if transaction else None),
        "transaction_id": transaction.pk if transaction else None,
        "modification_id": modification.pk if modification else None,
        "details": details,
        "request_id": str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
    }


def record_refusal(**what: Any) -> Event:
    """Write a refused attempt in a transaction of its own, after the refused one was rolled back."""
    with database_transaction.atomic():
        return record(refused=True, **what)


# Sealing and verifying.


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a walk along the chain found."""

    sealed: int
    unsealed: int
    oldest_unsealed_at: datetime | None
    head: str
    problem: str = ""
    """A sentence when the chain is broken; empty when it holds."""


def seal(*, limit: int = 1000) -> int:
    """Chain up to `limit` events that have no seal yet, oldest first; returns how many.

    Events are found by the absence of a seal and never by “greater than the last id”, because ids commit out of order.
    Several sealers are harmless: the sequence is unique, so that the slower one is undone and says 0.
    """
    try:
        with database_transaction.atomic():
            return _seal_next(limit)
    except IntegrityError:
        return 0


def _seal_next(limit: int) -> int:
    last = EventSeal.objects.order_by("-sequence").first()
    sequence, previous = (last.sequence, last.hash) if last else (0, GENESIS)
    now = database_now()
    seals = []
    for event in Event.objects.filter(seal__isnull=True).order_by("id")[:limit]:
        sequence += 1
        link = link_hash(previous, event)
        seals.append(EventSeal(sequence=sequence, event=event, previous_hash=previous, hash=link, sealed_at=now))
        previous = link
    EventSeal.objects.bulk_create(seals)
    return len(seals)


def verify(*, head: str = "", after: int = 0, limit: int | None = None) -> Verification:
    """Walk the whole chain. `head` is an earlier head kept elsewhere: it must still be in the chain, or the tail was
    cut. With `after`, the walk begins behind the seal of that sequence, whose hash must be `head`; with `limit`, it
    ends after so many seals."""
    previous, expected, problem, head_seen = GENESIS, 0, "", not head
    links = EventSeal.objects.select_related("event").order_by("sequence")
    if after:
        previous, expected, head_seen = head, after, EventSeal.objects.filter(sequence=after, hash=head).exists()
        links = links.filter(sequence__gt=after)
    for link in links[:limit].iterator(chunk_size=2000):
        expected += 1
        problem = _problem_of(link, expected=expected, previous=previous)
        if problem:
            break
        previous = link.hash
        head_seen = head_seen or link.hash == head
    if not problem and not head_seen:
        problem = f"The head {head[:16]}… is no longer in the chain: its tail was cut."
    unsealed = Event.objects.filter(seal__isnull=True)
    oldest = unsealed.order_by("at").values_list("at", flat=True).first()
    return Verification(
        sealed=expected if not problem else max(0, expected - 1),
        unsealed=unsealed.count(),
        oldest_unsealed_at=oldest,
        head=previous,
        problem=problem,
    )


def link_hash(previous: str, event: Event) -> str:
    """SHA-256 over the previous hash and the event as canonical JSON (UTC times, sorted keys)."""
    content = {
        "id": event.pk,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "merchant": event.merchant_id,
        "actor": event.actor_id,
        "source": event.source,
        "verb": event.verb,
        "refused": event.refused,
        "sentence": event.sentence,
        "order": event.order_id,
        "transaction": event.transaction_id,
        "modification": str(event.modification_id or ""),
        "details": event.details,
        "request_id": event.request_id,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()


def _problem_of(link: EventSeal, *, expected: int, previous: str) -> str:
    if link.sequence != expected:
        return f"Seal {expected} is missing: the chain jumps to {link.sequence}."
    if link.previous_hash != previous:
        return f"Seal {link.sequence} does not follow the one before it."
    if link.hash != link_hash(previous, link.event):
        return f"Event {link.event_id} (seal {link.sequence}) is not what was sealed: it was changed afterwards."
    return ""
