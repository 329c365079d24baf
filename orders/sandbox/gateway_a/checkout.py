"""A checkout at gateway A: the shop opens it, the shopper completes or declines it (gateways.md A.2, line 1)."""

from __future__ import annotations

import re
import secrets
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.gateway_a import fields
from orders.sandbox.gateway_a.answers import Style
from orders.sandbox.gateway_a.errors import refuse_access, refuse_value
from orders.sandbox.gateway_a.movements import AUTHORIZED
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Transaction, new_id, new_reference
from orders.sandbox.wire import Reply

PARTNER_REFERENCE = re.compile(r"[a-zA-Z0-9\-_.:]{1,64}")


def create(ledger: Ledger, *, merchant_key: str, body: dict[str, Any]) -> Reply:
    """Open a checkout. Called inside a store transaction. Raises Refused."""
    if fields.required_text(body, "merchantKey", 36) != merchant_key:
        raise refuse_access(403)
    transaction = _transaction(ledger, merchant_key, body)
    ledger.add_transactions([transaction])
    answer = {
        "transactionId": transaction.transaction_id,
        "checkoutToken": transaction.checkout_token,
        "paymentStatus": transaction.status,
        "requestTime": Style(ledger.dials.now, transaction.transaction_id).date(transaction.created_at),
        "externalOrderReference": transaction.external_reference or transaction.partner_reference,
    }
    return Reply(body=json_text.write(answer))


def complete(ledger: Ledger, transaction: Transaction, *, accepted: bool) -> bool:
    """The shopper says yes or no. Returns False when the checkout was over already; then nothing changes."""
    if transaction.status != "CREATED":
        return False
    now = ledger.dials.clock_ms()
    if accepted:
        authorize(ledger, transaction, at=now)
    else:
        transaction.move_to("FAILED", now)
    ledger.save(transaction)
    return True


def authorize(ledger: Ledger, transaction: Transaction, *, at: int) -> None:
    """From now on the money is reserved, until it is captured, cancelled, or the time is over."""
    transaction.move_to(AUTHORIZED, at)
    transaction.expires_at = at + ledger.dials.now.authorization_seconds * 1000
    if transaction.auto_capture_seconds is not None:
        transaction.auto_capture_at = at + transaction.auto_capture_seconds * 1000


def new_token() -> str:
    return secrets.token_urlsafe(24)


def _transaction(ledger: Ledger, merchant_key: str, body: dict[str, Any]) -> Transaction:
    payment = body.get("payment")
    if not isinstance(payment, dict):
        raise refuse_value("Value is required.", property="payment")
    currency = fields.currency_in(payment, "payment.")
    amount = fields.amount_minor(payment.get("amount"), currency, property="payment.amount")
    consumer = body.get("consumer")
    now = ledger.dials.clock_ms()
    transaction = Transaction(
        transaction_id=new_id(),
        merchant_key=merchant_key,
        currency=currency,
        authorized=amount,
        description=fields.optional_text(payment, "description", fields.DESCRIPTION_LIMIT, "payment.") or "",
        partner_reference=_partner_reference(ledger, merchant_key, body),
        external_reference=fields.optional_text(body, "externalOrderReference", 64),
        payment_method=fields.optional_text(body, "paymentMethod", 10) or "CARDS",
        reference=new_reference(),
        checkout_token=new_token(),
        email=fields.optional_text(consumer, "email", 255, "consumer.") if isinstance(consumer, dict) else None,
        custom_references=fields.custom_references_in(body) or {},
        multi_capture=ledger.dials.now.multi_capture,
        created_at=now,
    )
    transaction.move_to("CREATED", now)
    return transaction


def _partner_reference(ledger: Ledger, merchant_key: str, body: dict[str, Any]) -> str | None:
    """Unique per merchant (seed 002)."""
    reference = fields.optional_text(body, "partnerReference", 64)
    if reference is None:
        return None
    if not PARTNER_REFERENCE.fullmatch(reference):
        raise refuse_value("Value has characters that are not allowed.", property="partnerReference")
    if ledger.partner_reference_taken(merchant_key, reference):
        raise refuse_value("Value must be unique.", property="partnerReference")
    return reference
