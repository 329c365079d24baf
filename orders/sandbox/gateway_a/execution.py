"""Carrying out one modification at gateway A: what is allowed happens, is booked, and is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orders.sandbox import json_text
from orders.sandbox.fault_kinds import KINDS, Stage
from orders.sandbox.faults import Strike
from orders.sandbox.gateway_a import deals, fields, legs, misconduct, movements, notifications
from orders.sandbox.gateway_a.answers import Style, modification_answer
from orders.sandbox.gateway_a.errors import Refused, provider_error, refuse_access, refuse_value
from orders.sandbox.gateway_a.passing_time import catch_up
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Arrival, Execution, Transaction, new_id, new_reference
from orders.sandbox.wire import Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the movement goes: at once or later, well or not. `delay_ms` None means at once."""

    delay_ms: int | None = None
    outcome: str = "succeed"
    rejected: bool = False


def execute(ledger: Ledger, order: fields.Order, *, arrival: Arrival, strike: Strike | None) -> Reply:
    """Called inside a store transaction. Returns the reply to keep; raises Refused for what is not kept (404)."""
    transaction = ledger.transaction(order.transaction_id)
    if transaction is None or transaction.merchant_key != order.merchant_key:
        raise refuse_access(404)
    catch_up(ledger, transaction)
    fault = strike.fault if strike else None
    try:
        movement = _movement(ledger, transaction, order, fault)
    except Refused as refusal:
        if not refusal.kept:
            raise
        arrival.outcome = "refused"
        return refusal.reply
    execution = _execution(ledger, transaction, order, movement, _manner(ledger, transaction, strike))
    execution.request_sha256 = arrival.body_sha256
    book(ledger, transaction, execution, fault=fault)
    arrival.outcome = "failed" if execution.status == "FAILED" else "executed"
    return _reply(ledger, transaction, execution, order, fault)


def book(ledger: Ledger, transaction: Transaction, execution: Execution, *, fault: str | None = None) -> None:
    """Write the execution and what it does to its transaction, and tell of it when it has ended."""
    at = execution.created_at
    if execution.status in movements.PENDING_STATUS.values():
        movements.start(transaction, type=execution.type, at=at)
    elif execution.status != "FAILED":
        movements.complete(transaction, type=execution.type, amount=execution.amount, kind=execution.kind, at=at)
    ledger.add_executions([execution])
    ledger.save(transaction)
    legs.share_out(ledger, transaction, execution, fault=fault)
    if execution.status not in (*movements.PENDING_STATUS.values(), "FAILED"):
        notifications.tell_movement(ledger, transaction, execution)


def _movement(ledger: Ledger, transaction: Transaction, order: fields.Order, fault: str | None) -> movements.Movement:
    refusal = misconduct.refusal(fault)
    if refusal is not None:
        raise Refused(refusal, kept=True)
    in_flight = ledger.refunds_in_flight(transaction.transaction_id)
    amount = _amount(transaction, order)
    movement = movements.permitted(transaction, kind=order.kind, amount=amount, refunds_in_flight=in_flight)
    if movement.type == "CAPTURE":
        deals.check_capture(ledger, transaction, movement.amount)
    if fault == "wrong_amount_executed" and movement.type != "CANCELLATION":
        return replace(movement, amount=max(1, movement.amount - 1))
    return movement


def _amount(transaction: Transaction, order: fields.Order) -> int | None:
    if order.amount is None:
        return None
    if order.currency != transaction.currency:
        message = f"The currency must be the transaction's, {transaction.currency}."
        raise refuse_value(message, property="modifiedAmount.currencyCode", kept=True)
    return fields.amount_minor(order.amount, transaction.currency, property="modifiedAmount.amount", kept=True)


def _manner(ledger: Ledger, transaction: Transaction, strike: Strike | None) -> Manner:
    dials = ledger.dials.now
    fault = strike.fault if strike else None
    seconds = dials.async_delay_seconds if strike is None or strike.seconds is None else strike.seconds
    delay_ms = int(seconds * 1000)
    if fault == "refuse_200":
        return Manner(rejected=True)
    if fault in ("pending", "pending_then_failed"):
        return Manner(delay_ms=delay_ms, outcome="fail" if fault == "pending_then_failed" else "succeed")
    wanted = dials.asynchronous if transaction.asynchronous is None else transaction.asynchronous
    return Manner(delay_ms=delay_ms if wanted else None, outcome=dials.async_outcome)


def _execution(
    ledger: Ledger, transaction: Transaction, order: fields.Order, movement: movements.Movement, manner: Manner
) -> Execution:
    now = ledger.dials.clock_ms()
    later = manner.delay_ms is not None
    status = (movements.PENDING_STATUS if later else movements.DONE_STATUS)[movement.type]
    return Execution(
        merchant_key=order.merchant_key,
        modification_id=order.modification_id,
        transaction_id=order.transaction_id,
        kind=order.kind,
        type=movement.type,
        amount=movement.amount,
        currency=transaction.currency,
        status="FAILED" if manner.rejected else status,
        origin="api",
        created_at=now,
        last_status_at=now,
        due_at=None if manner.delay_ms is None else now + manner.delay_ms,
        outcome=manner.outcome if later else None,
        # A capture or cancellation shares the payment's reference, each refund has its own (gateways.md A.8).
        reference=new_reference() if movement.type == "REFUND" else transaction.reference,
        part_id=new_id(),
        description=order.description,
        custom_references=order.custom_references,
        error=provider_error(gateway="Declined", payment_provider="Do not honour") if manner.rejected else None,
    )


def _reply(
    ledger: Ledger, transaction: Transaction, execution: Execution, order: fields.Order, fault: str | None
) -> Reply:
    style = Style(ledger.dials.now, f"{order.merchant_key}|{order.modification_id}")
    facts = legs.facts_of(ledger, [execution])
    body = modification_answer(transaction, execution, style=style, ignored=order.ignored, facts=facts)
    if fault is not None and KINDS[fault].stage is Stage.ANSWER:
        misconduct.distort(body, fault)
    return Reply(body=json_text.write(body))
