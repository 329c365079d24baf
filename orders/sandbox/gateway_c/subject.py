"""A request to gateway C as the fault dial sees it: read leniently, before anything is checked."""

from __future__ import annotations

from typing import Any

from orders.sandbox.doorway import attempt_of, lenient_object, text_or_none
from orders.sandbox.faults import Subject
from orders.sandbox.gateway_c.books import Books
from orders.sandbox.wire import Request


def subject_of(request: Request, path: str, *, card_id: str, books: Books) -> Subject:
    """Whatever can be recognised; what cannot is None, and the gateway's checks will say so later.

    The transaction is the original payment, whichever id of it was sent; the modification is the idempotency key, else
    the custom reference; a registration is none.
    """
    body = lenient_object(request.body)
    modification_id = _modification(request, body) if card_id else None
    transaction_id = _original(books, card_id, text_or_none(body.get("related_payment_id")))
    amount = body.get("amount")
    return Subject(
        path=path,
        modifies=request.method == "POST" and bool(card_id),
        merchant_key=books.ledger.merchant_of(request.headers.get("authorization", "").partition(" ")[2].strip()),
        transaction_id=transaction_id,
        modification_id=modification_id,
        amount=amount if isinstance(amount, int) and not isinstance(amount, bool) else None,
        attempt=attempt_of(books.ledger, modification_id=modification_id, transaction_id=transaction_id),
    )


def _modification(request: Request, body: dict[str, Any]) -> str | None:
    return request.headers.get("idempotency-key") or text_or_none(body.get("custom_reference"))


def _original(books: Books, card_id: str, related_payment_id: str | None) -> str | None:
    if related_payment_id:
        payment = books.original_of(related_payment_id)
        return related_payment_id if payment is None else payment.payment_id
    under = books.payments_under(card_id) if card_id else []
    return under[-1].payment_id if under else None
