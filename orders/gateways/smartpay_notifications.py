"""Reads gateway A's notifications. They carry no signature, so each is only a hint to read the transaction's status.

An account may have a user name and a password that the vendor sends along (HTTP Basic); without them anybody can send a
notification, which costs a status read and changes nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Delivery, Opened, Rejected, Told
from orders.gateways.smartpay_words import TITLE
from orders.gateways.values import date, text
from orders.gateways.writing import checked_identifier

PAYMENTS = frozenset({"payment", "prepayment"})
REFUND = "refund"
OBJECT_ID_MAXIMUM = 64

_WORD = re.compile(r"[A-Za-z0-9._ -]{1,40}")


def open_notification(delivery: Delivery, secrets: Sequence[str]) -> Opened:
    """One notification, one event. `secrets` are "user:password", newest first; none means that none is asked for.

    Raises Rejected: 401 for missing or wrong credentials, 400 for what cannot be read.
    """
    if secrets and not _is_let_in(delivery.headers.get("authorization", ""), secrets):
        raise Rejected(f"{TITLE}'s notification came without the user name and password of this account.", status=401)
    told = _told(_tree(delivery.body), delivery.body)
    return Opened(key=told.key, signed=False, events=(told,))


def _is_let_in(authorization: str, secrets: Sequence[str]) -> bool:
    """Every secret is compared, whichever fits, so that the time tells nothing."""
    scheme, _, token = authorization.partition(" ")
    try:
        said = base64.b64decode(token.strip(), validate=True)
    except (binascii.Error, ValueError):
        said = b""
    matches = [hmac.compare_digest(said, secret.encode()) for secret in secrets]
    return scheme.lower() == "basic" and any(matches)


def _tree(body: bytes) -> dict[str, Any]:
    try:
        return exact_json.read_object(body, warn=lambda _warning: None)
    except exact_json.Unreadable as error:
        raise Rejected(f"{TITLE}'s notification is not a JSON object.", status=400) from error


def _told(tree: Mapping[str, Any], body: bytes) -> Told:
    object_type, event_type = _word(tree.get("objectType")), _word(tree.get("eventType"))
    known = object_type.lower() in PAYMENTS | {REFUND}
    object_id = _object_id(tree.get("objectId")) if known else ""
    is_refund = object_type.lower() == REFUND
    return Told(
        key=_key(tree, body),
        type=f"{object_type}.{event_type}",
        summary=_summary(object_type, object_id, known=known),
        at=date(tree.get("createdAt"), lambda _warning: None),
        known=known,
        transaction_reference=_payment_of_refund(tree.get("id")) if is_refund else object_id,
        gateway_ids=(object_id,) if is_refund else (),
    )


def _key(tree: Mapping[str, Any], body: bytes) -> str:
    """`id` may be the payment's, the same for all its events (gateway A notes, A.7), so it is no event id."""
    said = [text(tree.get(name)) for name in ("objectType", "objectId", "eventType", "createdAt")]
    return hashlib.sha256(json.dumps(said).encode() if all(said) else body).hexdigest()


def _summary(object_type: str, object_id: str, *, known: bool) -> str:
    if not known:
        return f"{TITLE} tells of a {object_type}, which is not used here; nothing is read."
    name = "refund" if object_type.lower() == REFUND else "payment"
    return f"{TITLE} says that {name} {object_id} has changed; its status is read to see how."


def _object_id(value: Any) -> str:
    """It becomes part of an address, so it is an id or nothing."""
    try:
        return checked_identifier("object id", text(value), maximum=OBJECT_ID_MAXIMUM)
    except ValueError as error:
        raise Rejected(f"{TITLE}'s notification names no object that could be read.", status=400) from error


def _payment_of_refund(value: Any) -> str:
    """`id` is the payment's (gateway A notes, A.7): it leads to a refund of the portal, whose id nobody knows."""
    try:
        return checked_identifier("payment id", text(value), maximum=OBJECT_ID_MAXIMUM)
    except ValueError:
        return ""


def _word(value: Any) -> str:
    """A type as it is shown; anything that is no word is “unknown”."""
    said = text(value)
    return said if _WORD.fullmatch(said) else "unknown"
