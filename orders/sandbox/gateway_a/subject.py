"""A request to gateway A as the fault dial sees it: read leniently, before anything is checked."""

from __future__ import annotations

import base64
import binascii

from orders.sandbox import amounts
from orders.sandbox.doorway import attempt_of, lenient_object, text_or_none
from orders.sandbox.faults import Subject
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request


def subject_of(request: Request, path: str, *, modifies: bool, ledger: Ledger) -> Subject:
    """Whatever can be recognised; what cannot is None, and the gateway's checks will say so later."""
    body = lenient_object(request.body)
    transaction_id = text_or_none(body.get("transactionId"))
    if request.method == "GET":
        transaction_id = path.rsplit("/", 1)[-1] or None
    modification_id = text_or_none(body.get("modificationId"))
    return Subject(
        path=path,
        modifies=modifies,
        merchant_key=_claimed_merchant(request),
        transaction_id=transaction_id,
        modification_id=modification_id,
        amount=_lenient_amount(body.get("modifiedAmount", body.get("payment") if modifies else None)),
        attempt=attempt_of(ledger, modification_id=modification_id, transaction_id=transaction_id),
    )


def _claimed_merchant(request: Request) -> str | None:
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _lenient_amount(value: object) -> int | None:
    if not isinstance(value, dict):
        return None
    try:
        return amounts.minor_from_wire(value.get("amount"), str(value.get("currencyCode")))
    except amounts.BadAmount:
        return None
