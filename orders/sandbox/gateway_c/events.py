"""What gateway C tells a merchant by webhook: its events, in the envelopes of version 1 and 2 (gateways.md C.5)."""

from __future__ import annotations

import hashlib
import hmac
import random
from dataclasses import dataclass
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.audit import iso
from orders.sandbox.deliveries import Deliveries, Delivery, Manner
from orders.sandbox.dials import DialBoard
from orders.sandbox.gateway_c.answers import GATEWAY, OK
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.gateway_c.records import Action, Card, Payment
from orders.sandbox.records import new_id

NAME = "smarterpay"
RETRIES_SECONDS = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0, 3_600.0, 7_200.0)
"""Up to ten resends at increasing intervals; how long they are is assumed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell: a payment or an action as it is now. Amount in minor units."""

    subject: Payment | Action
    created: bool
    """False for a change of something that was told of before."""
    amount: int
    gateway: tuple[str, str, str]
    """The acquirer's status, code and text."""
    related: Payment | None
    fault: str | None = None


def about_payment(payment: Payment, *, created: bool, related: Payment | None = None) -> Notice:
    gateway = OK if payment.status == "successful" else ("", "", "")
    return Notice(subject=payment, created=created, amount=payment.authorized, gateway=gateway, related=related)


def about_action(action: Action, original: Payment, *, created: bool) -> Notice:
    return Notice(
        subject=action,
        created=created,
        amount=action.amount,
        gateway=(action.gateway_status, action.gateway_code, action.gateway_details),
        related=original,
        fault=action.fault,
    )


def tell(books: Books, notices: list[Notice]) -> None:
    """Write down the webhooks that tell of it, if the merchant has set an address. Inside a store transaction."""
    merchant_key = notices[0].subject.merchant_key
    destination = books.ledger.deliveries.destination(NAME, merchant_key)
    if destination is None:
        return
    for body in _bodies(books, merchant_key, notices):
        reference = notices[0].subject.payment_id
        books.ledger.deliveries.post(
            NAME, merchant_key, url=destination.url, body=json_text.write(body), reference=reference
        )


def manner(deliveries: Deliveries, dials: DialBoard) -> Manner:
    """Signed with HMAC-SHA256 over the raw body, in hex; any 2xx acknowledges. Header and algorithm are assumed."""

    def headers(delivery: Delivery, _now_ms: int) -> dict[str, str]:
        plain = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "SmarterPayCloud-Webhooks"}
        destination = deliveries.destination(NAME, delivery.merchant_key)
        if destination is None or not destination.secret:
            return plain
        signature = hmac.new(destination.secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        return {**plain, dials.now.smarterpay_signature_header: signature}

    return Manner(headers=headers, acknowledged=lambda status: 200 <= status < 300, retries=RETRIES_SECONDS)


def _bodies(books: Books, merchant_key: str, notices: list[Notice]) -> list[dict[str, Any]]:
    """One delivery for everything in version 2, one for each event in version 1."""
    version = books.dials.smarterpay_webhooks
    if version == "v2":
        events = [event for notice in notices for event in _second(books, notice)]
        envelope = {
            "id": new_id(),
            "idempotency_key": new_id(),
            "sent_at": iso(books.clock_ms()),
            "client": {"id": merchant_key},
            "events": events,
        }
        return [envelope]
    firsts = [_first(books, notice) for notice in notices]
    return firsts if version == "v1_bare" else [{"events": [event]} for event in firsts]


def _first(books: Books, notice: Notice) -> dict[str, Any]:
    """Version 1. It names the card and no other payment."""
    subject, card = notice.subject, _card(books, notice)
    status, code, details = notice.gateway
    event = {
        "id": f"EV{books.next_event_number(subject.last_status_at):09d}",
        "created_at": iso(subject.last_status_at),
        "resource_type": "cardpayment",
        "description": subject.internal_description or f"{subject.payment_type} of a card payment",
        "event_source": "api" if subject.origin == "api" else "portal",
        "reference": subject.payment_id,
        "payment_gateway_profile": card.profile,
        "customer_account": card.customer_id,
        "card_id": card.card_id,
        "card_type": card.card_type,
        "card_number_ending": card.number_ending,
        "card_expiry_date": card.expiry_date,
        "custom_reference": subject.custom_reference,
        "transaction_type": subject.payment_type,
        "status": _told_status(notice),
        "status_details": "",
        "currency_code": _told_currency(notice),
        "initial_amount": _told_amount(notice),
        "metadata": _metadata(subject),
        "gateway_status": status,
        "gateway_status_code": code,
        "gateway_status_details": details,
    }
    return _in_some_order(books, event, str(event["id"]))


def _second(books: Books, notice: Notice) -> list[dict[str, Any]]:
    """Version 2: a card that is new is told of first."""
    payment = _payment_event(books, notice)
    is_new_card = notice.created and isinstance(notice.subject, Payment) and notice.related is None
    return [_card_event(books, notice), payment] if is_new_card else [payment]


def _payment_event(books: Books, notice: Notice) -> dict[str, Any]:
    subject, related = notice.subject, notice.related
    event = {
        "event_id": new_id(),
        "event_type": "payment.create" if notice.created else "payment.update",
        "created_at": iso(subject.last_status_at),
        "id": subject.payment_id,
        "legacy_id": subject.legacy_id,
        "amount": _told_amount(notice),
        "currency_code": _told_currency(notice),
        "payment_type": subject.payment_type,
        "status": _told_status(notice),
        "custom_reference": subject.custom_reference,
        "metadata": _metadata(subject),
        "related_payment": None if related is None else _ids(related.payment_id, related.legacy_id),
        "card_payment": _card_payment(books, notice),
    }
    return _in_some_order(books, event, str(event["event_id"]))


def _card_payment(books: Books, notice: Notice) -> dict[str, Any]:
    subject, card = notice.subject, _card(books, notice)
    status, code, details = notice.gateway
    return {
        "status_details": "",
        "status_code": "",
        "internal_payment_description": subject.internal_description,
        "gateway_payment_description": subject.gateway_description,
        "authorisation_code": subject.legacy_id[:6].upper() if status else "",
        "transaction_id": subject.legacy_id,
        "order_id": "",
        "charge_id": "",
        "metadata": _metadata(subject),
        "gateway_status": status,
        "gateway_status_code": code,
        "gateway_status_details": details,
        "card": _ids(card.card_id, card.legacy_id),
    }


def _card_event(books: Books, notice: Notice) -> dict[str, Any]:
    subject, card = notice.subject, _card(books, notice)
    event = {
        "event_id": new_id(),
        "event_type": "card_payment.create",
        "created_at": iso(card.created_at),
        **_ids(card.card_id, card.legacy_id),
        "status": subject.status,
        "status_code": "",
        "status_details": "",
        "card_type": card.card_type,
        "card_number_ending": card.number_ending,
        "expiry_date": card.expiry_date,
        "allow_repeat_payments": True,
        "custom_reference": subject.custom_reference,
        "metadata": _metadata(subject),
        "payment_gateway": GATEWAY,
    }
    return _in_some_order(books, event, str(event["event_id"]))


def _card(books: Books, notice: Notice) -> Card:
    card = books.card(notice.subject.card_id)
    if card is None:
        raise LookupError(f"The card {notice.subject.card_id} is missing from the books.")
    return card


def _told_amount(notice: Notice) -> int:
    return notice.amount + 100 if notice.fault == "wrong_amount" else notice.amount


def _told_currency(notice: Notice) -> str:
    currency = notice.subject.currency
    if notice.fault != "wrong_currency":
        return currency
    return "USD" if currency != "USD" else "EUR"


def _told_status(notice: Notice) -> str:
    return "quantum_superposed" if notice.fault == "unknown_status" else notice.subject.status


def _metadata(subject: Payment | Action) -> Any:
    return None if subject.metadata is None else json_text.read(subject.metadata.encode())


def _ids(id: str, legacy_id: str) -> dict[str, str]:
    return {"id": id, "legacy_id": legacy_id}


def _in_some_order(books: Books, event: dict[str, Any], name: str) -> dict[str, Any]:
    """The order of properties may vary."""
    if not books.dials.optional_fields:
        return event
    pairs = list(event.items())
    random.Random(f"{books.dials.seed}|{name}").shuffle(pairs)  # noqa: S311  # variety, not a secret
    return dict(pairs)
