"""A checkout at gateway A: the shop opens it, the shopper completes or declines it (gateways.md A.2, line 1)."""

from __future__ import annotations

import secrets
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.gateway_a import deals, fields, notifications, payment_fields, prepayments
from orders.sandbox.gateway_a.answers import Style
from orders.sandbox.gateway_a.errors import refuse_access, refuse_value
from orders.sandbox.gateway_a.movements import AUTHORIZED
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Transaction, new_id, new_reference
from orders.sandbox.wire import Reply

PAID_AT_ONCE = frozenset({"GIROPAY", "IDEAL", "PAYBBNK", "PAYUBLK"})
"""Online bank transfers: the shopper confirms the payment itself, nothing is authorized first (seed 000)."""


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
        _accept(ledger, transaction, at=now)
    else:
        transaction.move_to("FAILED", now)
        ledger.save(transaction)
    return True


def _accept(ledger: Ledger, transaction: Transaction, *, at: int) -> None:
    """What a yes means depends on the method: money reserved, taken, or promised."""
    if transaction.payment_method in prepayments.METHODS:
        prepayments.await_money(ledger, transaction, at=at, status=prepayments.WAITING[0])
        ledger.save(transaction)
    elif transaction.payment_method in PAID_AT_ONCE:
        prepayments.take_everything(ledger, transaction, at=at, origin="shopper")
    else:
        authorize(ledger, transaction, at=at)
        ledger.save(transaction)
        notifications.tell_payment(ledger, transaction, origin="shopper")


def authorize(ledger: Ledger, transaction: Transaction, *, at: int) -> None:
    """From now on the money is reserved, until it is captured, cancelled, or the time is over."""
    transaction.move_to(AUTHORIZED, at)
    seconds = deals.life_seconds(transaction, ledger.dials.now.authorization_seconds)
    transaction.expires_at = at + seconds * 1000
    if transaction.auto_capture_seconds is not None:
        transaction.auto_capture_at = at + transaction.auto_capture_seconds * 1000


def check_is_free(ledger: Ledger, merchant_key: str, reference: str | None) -> None:
    """A partnerReference is unique per merchant (seed 002). Raises Refused."""
    if reference is not None and ledger.partner_reference_taken(merchant_key, reference):
        raise refuse_value("Value must be unique.", property="partnerReference")


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
    deal = deals.deal_for(ledger, body, merchant_key=merchant_key, amount=amount, currency=currency)
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
        overview={"deal": deals.as_wire(deal)} if deal else {},
        multi_capture=ledger.several_captures(merchant_key),
        created_at=now,
    )
    transaction.move_to("CREATED", now)
    return transaction


def _partner_reference(ledger: Ledger, merchant_key: str, body: dict[str, Any]) -> str | None:
    reference = payment_fields.partner_reference_in(body)
    check_is_free(ledger, merchant_key, reference)
    return reference
