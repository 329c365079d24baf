"""Reads one event of gateway C's webhooks: which payment, of whose wish, what became of it, what moved (C.5)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Facts, Kind, Movement, Outcome, Snapshot, Told, TransactionState, Verdict
from orders.gateways.smarterpay_reading import Result, details_of, minor_units
from orders.gateways.smarterpay_words import (
    CANCELLED,
    MOVEMENT_TYPES,
    RESERVING,
    TITLE,
    is_registration,
    state_of_registration,
    verdict_of,
)
from orders.gateways.values import Warn, date, identifier, modification_id, text
from orders.money import Money

_TYPES = ("payment.", "card_payment.")
_FIRST_VERSION_RESOURCE = "cardpayment"


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event about a card payment, whichever version of the envelope it came in."""

    key: str
    type: str
    result: Result
    booked_amount: Money | None
    """The amount when it is certainly this payment's own: v1 prints `initial_amount`, which may be the original's."""
    legacy_ids: tuple[str, ...]
    related_id: str
    modification_id: str
    """Ours, when the event carries it."""
    named_by_us: bool
    """It stands in metadata under our own name, so that it is not just somebody's custom reference."""
    custom_reference: str
    description: str
    at: datetime | None
    raw: dict[str, Any]


def told_of(tree: dict[str, Any], *, sent_at: datetime | None) -> Told:
    """One event as the house takes it. `sent_at` is the envelope's, for an event without a time of its own."""
    event = _read(tree, sent_at)
    payment_type, result = event.result.payment_type, event.result
    if not _is_used(event, tree):
        summary = f"An event of the type “{event.type[:60]}” is about no payment, so nothing is done."
        return Told(key=event.key, type=event.type, summary=summary, at=event.at, known=False)
    registration = is_registration(payment_type)
    ids = (result.payment_id, event.related_id, *event.legacy_ids)
    return Told(
        key=event.key,
        type=event.type,
        summary=_summary(event),
        at=event.at,
        transaction_reference=result.payment_id if registration else event.related_id,
        gateway_ids=tuple(dict.fromkeys(filter(None, ids))),
        card_reference=result.card_id,
        modification_id="" if registration else event.modification_id,
        outcome=None if registration or result.kind is None else _outcome(event),
        movement=_let_go(event) if registration else _movement(event),
        snapshot=_snapshot(event) if registration and result.payment_id else None,
    )


def key_of(tree: dict[str, Any]) -> str:
    """The event's own id; without one its contents, in whichever order they came."""
    named = identifier(tree.get("event_id") or (tree.get("id") if "event_type" not in tree else ""), _ignore)
    return named or hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()


def _read(tree: dict[str, Any], sent_at: datetime | None) -> Event:
    warnings: list[str] = []
    warn = warnings.append
    places = _places(tree)
    card, related = _part(tree, "card", places), _part(tree, "related_payment", places)
    currency = _first("currency_code", places) or _first("currency", places)
    own_amount = minor_units(_first("amount", places), currency, warn)
    metadata = _first("metadata", places)
    ours = modification_id(metadata.get("modification_id")) if isinstance(metadata, dict) else ""
    reference = identifier(_first("custom_reference", places), warn)
    return Event(
        key=key_of(tree),
        type=text(tree.get("event_type") or tree.get("resource_type"), maximum=100),
        result=Result(
            card_id=identifier(card.get("id") or _first("card_id", places), warn),
            payment_id=_payment_id(tree, warn),
            payment_type=identifier(_first("payment_type", places) or _first("transaction_type", places), warn),
            status=identifier(_first("status", places), warn),
            code=text(_first("status_code", places), maximum=100),
            gateway_code=text(_first("gateway_status_code", places), maximum=100),
            details=details_of({name: _first(name, places) for name in ("status_details", "gateway_status_details")}),
            amount=own_amount or minor_units(tree.get("initial_amount"), currency, warn),
            warnings=tuple(dict.fromkeys(warnings)),
        ),
        booked_amount=own_amount,
        legacy_ids=tuple(filter(None, (identifier(part.get("legacy_id"), warn) for part in (tree, related)))),
        related_id=identifier(related.get("id") or _first("related_payment_id", places), warn),
        modification_id=ours or modification_id(reference),
        named_by_us=bool(ours),
        custom_reference=reference,
        description=text(_first("internal_payment_description", places), maximum=255),
        at=date(tree.get("updated_at") or tree.get("created_at"), warn) or sent_at,
        raw=exact_json.plain(tree),
    )


def _places(tree: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """v2 keeps part of what it says under `card_payment`; v1 says all on top."""
    inner = tree.get("card_payment")
    return (tree, inner) if isinstance(inner, dict) else (tree,)


def _first(name: str, places: tuple[dict[str, Any], ...]) -> Any:
    """The field from the first place that fills it; an empty text is a missing one (C.8 row 6)."""
    return next((place[name] for place in places if place.get(name) not in (None, "")), None)


def _part(tree: dict[str, Any], name: str, places: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    found = _first(name, places)
    return found if isinstance(found, dict) else {}


def _payment_id(tree: dict[str, Any], warn: Warn) -> str:
    """v1's `id` is the event's; its payment stands under `payment_id` or `reference`."""
    own = tree.get("id") if "event_type" in tree else tree.get("reference")
    return identifier(tree.get("payment_id") or own, warn)


def _is_used(event: Event, tree: dict[str, Any]) -> bool:
    about_payments = event.type.startswith(_TYPES) or event.type.lower() == _FIRST_VERSION_RESOURCE
    about_cards = event.result.card_id or event.result.kind or isinstance(tree.get("card_payment"), dict)
    return bool(about_payments and event.result.payment_type and (about_cards or _is_new(event)))


def _is_new(event: Event) -> bool:
    return is_registration(event.result.payment_type)


def _outcome(event: Event) -> Outcome:
    """What it means for the modification it names. Only a signed webhook may settle: the caller asks for that."""
    result = event.result
    verdict = verdict_of(result.kind, result.status)
    well = verdict in (Verdict.SUCCEEDED, Verdict.PENDING)
    said = f": {result.details[:300]}" if result.details and not well else ""
    return Outcome(
        verdict=verdict,
        reason=f"{TITLE} told by webhook: {result.status[:40] or 'no status'}{said}.",
        facts=Facts(
            modification_id=event.modification_id,
            executed_kind=result.kind,
            amount=result.amount,
            reference=result.payment_id,
            gateway_id=result.payment_id,
            raw_status=result.status,
            at=event.at,
            transaction_reference=event.related_id if result.kind in (Kind.CAPTURE, Kind.CANCEL) else "",
            failure_code="" if well else result.failure_code,
            failure_text="" if well else result.details,
            warnings=result.warnings,
        ),
    )


def _movement(event: Event) -> Movement:
    result = event.result
    return replace(
        _own_movement(event, type=MOVEMENT_TYPES[result.kind] if result.kind else ""),
        modification_id=event.modification_id if event.named_by_us else "",
        amount=event.booked_amount,
        verdict=verdict_of(result.kind, result.status),
    )


def _snapshot(event: Event) -> Snapshot:
    """A new payment as we know it from now on: there is nothing to read it from later."""
    result = event.result
    return Snapshot(
        transaction_reference=result.payment_id,
        state=state_of_registration(result.payment_type, result.status),
        raw_status=result.status,
        status_at=event.at,
        created_at=date(event.raw.get("created_at"), _ignore) or event.at,
        amount=result.amount,
        reconciliation_reference=result.payment_id,
        partner_reference=event.custom_reference,
        payment_method=result.payment_type,
        description=event.description,
        movements=_taken_at_once(event),
        raw=event.raw,
        warnings=result.warnings,
        card_reference=result.card_id,
        order_reference=event.custom_reference,
    )


def _let_go(event: Event) -> Movement | None:
    """A reservation that nobody released in time ends as cancelled payment: then it moved back to the card holder.

    How much that was is what the books still hold; the amount in the event is the original one.
    """
    result = event.result
    if result.payment_type.lower() not in RESERVING or result.status.lower() != CANCELLED:
        return None
    return replace(_own_movement(event, type="cancel"), amount=None)


def _taken_at_once(event: Event) -> tuple[Movement, ...]:
    """MOTO, Ecommerce and Repeat take the money with the payment: it is its own capture, which a refund can name."""
    if state_of_registration(event.result.payment_type, event.result.status) is not TransactionState.CAPTURED:
        return ()
    return (_own_movement(event, type="capture"),)


def _own_movement(event: Event, *, type: str) -> Movement:
    """What the new payment itself did, which nobody here asked for."""
    result = event.result
    return Movement(
        type=type,
        raw_type=result.payment_type,
        modification_id="",
        amount=result.amount,
        reference=result.payment_id,
        gateway_id=result.payment_id,
        raw_status=result.status,
        verdict=Verdict.SUCCEEDED,
        at=event.at,
        facts=event.raw,
    )


def _summary(event: Event) -> str:
    amount = f" of {event.result.amount}" if event.result.amount else ""
    return f"{event.result.payment_type[:40]}{amount}: {event.result.status[:40] or 'no status'}."


def _ignore(_warning: str) -> None:
    """Read for a second purpose; the first reading has kept the warning."""
