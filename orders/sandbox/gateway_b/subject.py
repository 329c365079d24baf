"""A request to gateway B as the fault dial and the request log see it: read leniently, before anything is checked."""

from __future__ import annotations

from orders.sandbox.doorway import attempt_of, lenient_object, text_or_none
from orders.sandbox.faults import Subject
from orders.sandbox.gateway_b import books, fields, routes
from orders.sandbox.gateway_b.merchants import claimed_secret
from orders.sandbox.gateway_b.records import Payment, Refund
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request


def subject_of(request: Request, path: str, ledger: Ledger) -> Subject:
    """The modification's id is the Idempotency-Key, else the `reference`; the transaction is the order."""
    body = lenient_object(request.body)
    modification_id = request.headers.get("idempotency-key") or text_or_none(body.get("reference"))
    transaction_id = _order_of(path, body, ledger)
    secret = claimed_secret(request)
    return Subject(
        path=path,
        modifies=routes.modifies(request.method, path),
        merchant_key=None if secret is None else ledger.merchant_of(secret) or secret,
        transaction_id=transaction_id,
        modification_id=modification_id,
        amount=fields.whole(body.get("amount")),
        attempt=attempt_of(ledger, modification_id=modification_id, transaction_id=transaction_id),
    )


def _order_of(path: str, body: dict[str, object], ledger: Ledger) -> str | None:
    parts = path.strip("/").split("/")
    named = parts[1] if len(parts) > 1 else None
    if parts[0] == "orders":
        return named
    if parts[0] == "payments":
        payment = named and books.find(ledger.store, Payment, named)
        return payment.order_id if payment else text_or_none(body.get("order"))
    if parts[0] == "refunds":
        refund = named and books.find(ledger.store, Refund, named)
        paid = books.find(ledger.store, Payment, str(body.get("payment")))
        return refund.order_id if refund else paid.order_id if paid else None
    return None
