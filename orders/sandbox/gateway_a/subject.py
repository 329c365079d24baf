"""A request to gateway A as the fault dial sees it: read leniently, before anything is checked."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from orders.sandbox import amounts, json_text
from orders.sandbox.faults import Subject
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request


def subject_of(request: Request, path: str, *, modifies: bool, ledger: Ledger) -> Subject:
    """Whatever can be recognised; what cannot is None, and the gateway's checks will say so later."""
    body = _lenient_object(request.body)
    transaction_id = _text(body.get("transactionId"))
    if request.method == "GET":
        transaction_id = path.rsplit("/", 1)[-1] or None
    modification_id = _text(body.get("modificationId"))
    return Subject(
        path=path,
        modifies=modifies,
        merchant_key=_claimed_merchant(request),
        transaction_id=transaction_id,
        modification_id=modification_id,
        amount=_lenient_amount(body.get("modifiedAmount")),
        attempt=_attempt(ledger, modification_id, transaction_id),
    )


def _attempt(ledger: Ledger, modification_id: str | None, transaction_id: str | None) -> int:
    """Requests with this modification id so far, or else about this transaction, and this one."""
    column = "transaction_id" if modification_id is None else "modification_id"
    name = modification_id or transaction_id
    row = ledger.store.row(f"SELECT count(*) FROM requests WHERE {column} = ?", (name,))  # noqa: S608  # our own words
    return 1 + (0 if row is None else int(row[0]))


def _claimed_merchant(request: Request) -> str | None:
    token = request.headers.get("authorization", "").partition(" ")[2].strip()
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[0] or None
    except (binascii.Error, UnicodeDecodeError):
        return None


def _lenient_object(body: bytes) -> dict[str, Any]:
    try:
        found = json_text.read(body) if body else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _lenient_amount(value: object) -> int | None:
    if not isinstance(value, dict):
        return None
    try:
        return amounts.minor_from_wire(value.get("amount"), str(value.get("currencyCode")))
    except amounts.BadAmount:
        return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
