"""Gateway B's webhooks: signed over timestamp and raw body, believed for five minutes, read without network."""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Delivery, Opened, Rejected, Told
from orders.gateways.exact_json import Unreadable
from orders.gateways.signatures import is_signed
from orders.gateways.smartpay_orders_reading import moment, order_in, payment_in, refund_in
from orders.gateways.smartpay_orders_showing import snapshot_of
from orders.gateways.smartpay_orders_words import TITLE
from orders.gateways.values import identifier, mapping, text, unheard

SIGNATURE, TIMESTAMP = "smartpay-signature", "smartpay-signature-timestamp"
TOLERANCE = timedelta(minutes=5)
ACKNOWLEDGE = 200
"""Any other status is repeated (gateway notes, B.8)."""

# Not the usual order with the digits first.
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits
_BASE_62 = {letter: place for place, letter in enumerate(_ALPHABET)}


@dataclass(frozen=True, kw_only=True)
class _Event:
    key: str
    type: str
    at: datetime | None
    data: dict[str, Any]


def open_signed(delivery: Delivery, secrets: Sequence[str]) -> Opened:
    """Prove the sender, then read. Raises Rejected: 401 for what is not proved, 400 for what cannot be read."""
    _check_sender(delivery, secrets)
    return replace(read_unproved(delivery), signed=True)


def read_unproved(delivery: Delivery) -> Opened:
    """What it says, whoever sent it. Raises Rejected: 400 for what cannot be read."""
    try:
        event = _event_in(delivery.body)
    except Unreadable:
        raise Rejected("The delivery is not an event; nothing was taken from it.", status=400) from None
    return Opened(key=event.key, signed=False, events=(_told(event),), acknowledge=ACKNOWLEDGE)


def signing_key(secret: str) -> bytes | None:
    """The bytes behind a signing secret, a number in base 62: 40 characters are 30 bytes. None for anything else."""
    if not secret or any(letter not in _BASE_62 for letter in secret):
        return None
    number = 0
    for letter in secret:
        number = number * len(_BASE_62) + _BASE_62[letter]
    return number.to_bytes((3 * len(secret) + 3) // 4, "big")


def _check_sender(delivery: Delivery, secrets: Sequence[str]) -> None:
    stamp, signature = delivery.headers.get(TIMESTAMP, ""), delivery.headers.get(SIGNATURE, "")
    if not signature or not stamp.isascii() or not stamp.isdigit():
        raise Rejected("The delivery is not signed; nothing of it was kept.", status=401)
    keys = [key for secret in secrets if (key := signing_key(secret.strip())) is not None]
    if not keys:
        sentence = "The account has no signing secret that could prove a delivery; enter the endpoint's secret."
        raise Rejected(sentence, status=401)
    if not is_signed(stamp.encode() + b"." + delivery.body, signature, keys=keys):
        raise Rejected("The signature does not fit the account's signing secret; nothing of it was kept.", status=401)
    if not _is_fresh(stamp, delivery.received_at):
        raise Rejected(
            "The delivery was signed more than five minutes before or after it came; nothing of it was kept.",
            status=401,
        )


def _is_fresh(stamp: str, received_at: datetime) -> bool:
    try:
        signed_at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(stamp[:18]))
    except OverflowError:
        return False
    return abs(received_at - signed_at) <= TOLERANCE


def _event_in(body: bytes) -> _Event:
    """A repeat has the same id; should an event have none, its bytes stand for it. The event's header is not signed."""
    tree = exact_json.read_object(body, warn=unheard)
    told = tree.get("eventData")
    if not isinstance(told, dict):
        raise Unreadable("There is no eventData.")
    return _Event(
        key=identifier(tree.get("id"), unheard) or f"body-{sha256(body).hexdigest()}",
        type=text(told.get("type"), maximum=60),
        at=moment(tree.get("createdAt"), unheard),
        data=mapping(told.get("data")),
    )


def _told(event: _Event) -> Told:
    """What to read next. The event is proof that something happened, the order is where it shows."""
    told = _READERS.get(event.type.partition(".")[0])
    if told is not None:
        return told(event)
    return Told(
        key=event.key,
        type=event.type,
        summary=f"{TITLE} tells of “{event.type or 'nothing'}”, which changes no order here.",
        at=event.at,
        known=False,
    )


def _told_of_order(event: _Event) -> Told:
    order = order_in(event.data, [])
    return Told(
        key=event.key,
        type=event.type,
        summary=f"{TITLE} tells of {event.type.partition('.')[2]} for order {order.id or 'without an id'}.",
        at=event.at,
        transaction_reference=order.id,
        snapshot=snapshot_of(order) if order.id and order.status else None,
    )


def _told_of_payment(event: _Event) -> Told:
    payment = payment_in(event.data, [])
    return Told(
        key=event.key,
        type=event.type,
        summary=f"{TITLE} tells of a capture of {payment.amount or 'an unreadable amount'}.",
        at=event.at,
        transaction_reference=payment.owner,
        gateway_ids=_without_blanks(payment.id),
        modification_id=payment.modification_id,
    )


def _told_of_refund(event: _Event) -> Told:
    """A refund names its payment, and the order only where the payment comes as an object."""
    refund = refund_in(event.data, [])
    holder = event.data.get("payment")
    return Told(
        key=event.key,
        type=event.type,
        summary=f"{TITLE} tells of a refund of {refund.amount or 'an unreadable amount'}.",
        at=event.at,
        transaction_reference=payment_in(holder, []).owner if isinstance(holder, dict) else "",
        gateway_ids=_without_blanks(refund.id, refund.owner),
        modification_id=refund.modification_id,
    )


_READERS = {"order": _told_of_order, "payment": _told_of_payment, "refund": _told_of_refund}


def _without_blanks(*ids: str) -> tuple[str, ...]:
    return tuple(one for one in ids if one)
