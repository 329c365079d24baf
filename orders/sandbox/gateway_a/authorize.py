"""API-only authorization: the shop asks for a payment that the buyer makes later (seed 002)."""

from __future__ import annotations

from typing import Any

from orders.sandbox import json_text
from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import Strike
from orders.sandbox.gateway_a import checkout, fields, legs, misconduct, payment_fields, prepayments
from orders.sandbox.gateway_a.answers import Style, payment_answer
from orders.sandbox.gateway_a.errors import Refused, refuse_access
from orders.sandbox.gateway_a.payment_fields import WishedPayment
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Arrival, Execution, Transaction, new_id, new_reference
from orders.sandbox.wire import Reply

PATHS = ("/payment/authorize/", "/payment/authorize")
"""The reference prints the first, its prose the second (gateways.md A.10, line 26)."""
ORIGIN = "PAYMENT_AUTHORIZE_S2S"
PENDING = {"pending": "CAPTURE_PENDING", "pending_then_failed": "AUTHORIZATION_PENDING"}
"""Where these faults leave a new payment, whatever the dial says."""


def authorize(
    ledger: Ledger, body: dict[str, Any], *, merchant_key: str, arrival: Arrival, strike: Strike | None
) -> Reply:
    """Called inside a store transaction. Raises Refused.

    There is no replay: the same request again meets its own partnerReference, and without one it is a second payment.
    """
    if fields.optional_text(body, "merchantKey", 36) not in (None, merchant_key):
        raise refuse_access(403)
    fields.optional_text(body, "modificationId", 64)
    wished = payment_fields.payment_in(body)
    checkout.check_is_free(ledger, merchant_key, wished.partner_reference)
    fault = strike.fault if strike else None
    refusal = misconduct.refusal(fault)
    if refusal is not None:
        arrival.outcome = "refused"
        raise Refused(refusal)
    transaction = _transaction(ledger, merchant_key, wished)
    if fault == "wrong_amount_executed":
        transaction.authorized = max(1, transaction.authorized - 1)
    execution = _begin(ledger, transaction, wished, strike)
    arrival.outcome, arrival.transaction_id = "created", transaction.transaction_id
    return _reply(ledger, transaction, execution, wished, fault)


def _begin(ledger: Ledger, transaction: Transaction, wished: WishedPayment, strike: Strike | None) -> Execution | None:
    """Write the transaction down in its first status; the execution when the money is there at once."""
    now, dial = transaction.created_at, ledger.dials.now.prepayment_status
    fault = strike.fault if strike else None
    at_once = dial not in prepayments.WAITING and fault not in ("refuse_200", *PENDING)
    if fault == "refuse_200":
        transaction.move_to("FAILED", now)
        transaction.overview = {**transaction.overview, "acquirerResponse": "Do not honour"}
    else:
        status = PENDING.get(fault or "", prepayments.WAITING[0] if at_once else dial)
        prepayments.await_money(ledger, transaction, at=now, status=status)
    if fault == "pending_then_failed":
        transaction.expires_at = now + int(ledger.dials.now.async_delay_seconds * 1000)
    ledger.add_transactions([transaction])
    legs.keep_split(ledger, transaction.transaction_id, wished.parts)
    return prepayments.receive(ledger, transaction, at=now) if at_once else None


def _transaction(ledger: Ledger, merchant_key: str, wished: WishedPayment) -> Transaction:
    now = ledger.dials.clock_ms()
    overview = {
        "customerAccountId": wished.customer_account_id,
        "targetMerchantAccountReference": wished.target_account,
    }
    transaction = Transaction(
        transaction_id=new_id(),
        merchant_key=merchant_key,
        currency=wished.currency,
        authorized=wished.amount,
        description=wished.description or "",
        partner_reference=wished.partner_reference,
        payment_method=wished.option,
        payment_origin=ORIGIN,
        reference=new_reference(),
        email=wished.email,
        custom_references=wished.custom_references,
        overview={name: value for name, value in overview.items() if value},
        created_at=now,
    )
    transaction.move_to("CREATED", now)
    return transaction


def _reply(
    ledger: Ledger, transaction: Transaction, execution: Execution | None, wished: WishedPayment, fault: str | None
) -> Reply:
    style = Style(ledger.dials.now, transaction.transaction_id)
    facts = legs.facts_of(ledger, [execution] if execution else [])
    body = payment_answer(transaction, execution, style=style, ignored=wished.ignored, facts=facts)
    if fault is not None and KINDS[fault].stage is Stage.ANSWER:
        misconduct.distort_payment(body, fault)
    return Reply(status=201, body=json_text.write(body))
