"""Opens gateway C's webhooks: both envelopes and the bare object of the oldest documents, checked and read (C.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Delivery, Opened, Rejected
from orders.gateways.smarterpay_events import key_of, told_of
from orders.gateways.smarterpay_signing import check_sender
from orders.gateways.values import date, identifier

UNREADABLE = 400
NOTHING_KNOWN = 204
ACCEPTED = 200


def open_delivery(delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
    """The events in order. Raises Rejected: 498 for a sender that is not proved, 400 for what cannot be read.

    Answered with 204 when no event in it is of a type we use: that is how the vendor wants it.
    """
    signed = check_sender(delivery, secrets, options)
    try:
        envelope = exact_json.read_object(delivery.body, warn=_ignore)
    except exact_json.Unreadable as error:
        raise Rejected("The webhook is not a JSON object, so nothing in it was used.", status=UNREADABLE) from error
    sent_at = date(envelope.get("sent_at"), _ignore)
    events = tuple(told_of(event, sent_at=sent_at) for event in _events(envelope))
    return Opened(
        key=_key(envelope, delivery.body),
        signed=signed,
        events=events,
        acknowledge=ACCEPTED if any(event.known for event in events) else NOTHING_KNOWN,
    )


def _events(envelope: dict[str, Any]) -> list[dict[str, Any]]:
    if "events" not in envelope:
        return [envelope]
    events = envelope["events"]
    if not isinstance(events, list):
        raise Rejected("The webhook has no list of events, so nothing in it was used.", status=UNREADABLE)
    return [event for event in events if isinstance(event, dict)]


def _key(envelope: dict[str, Any], body: bytes) -> str:
    """v2 names the delivery; v1 delivers one event, whose id serves. Without either, equal bytes are one delivery."""
    named = identifier(envelope.get("idempotency_key"), _ignore)
    if named:
        return named
    events = _events(envelope)
    return key_of(events[0]) if len(events) == 1 else hashlib.sha256(body).hexdigest()


def _ignore(_warning: str) -> None:
    """What is odd in an envelope changes nothing; the events are read with care of their own."""
