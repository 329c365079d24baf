"""From rows of the books to what a shop is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orders.api.modification_words import ModificationTold, RefundPlanTold
from orders.api.order_words import LineTold, OrderTold
from orders.api.transaction_words import ActionTold, CaptureTold, Noun, TransactionTold, TransactionWithActions
from orders.gateways.base import Kind, TransactionState
from orders.models import Capture, Modification, ModificationState, Order, OrderState, RefundPlan, Transaction
from orders.modifications.plans import progress_of
from orders.modifications.rules import Decision
from orders.presenters.story import story_of

NOUNS: dict[Kind, Noun] = {
    Kind.CAPTURE: "captures",
    Kind.CANCEL: "cancellations",
    Kind.CANCEL_OR_REFUND: "reversals",
    Kind.VOID: "voids",
    Kind.REFUND: "refunds",
}


def order_told(order: Order) -> OrderTold:
    """The order comes with its account, transactions, captures and lines loaded."""
    return OrderTold(
        id=order.pk,
        account=order.account.name,
        reference=order.reference,
        currency=order.currency,
        amount=order.amount,
        customer_name=order.customer_name,
        customer_email=order.customer_email,
        placed_at=order.placed_at,
        state=OrderState(order.state),
        captured=order.captured,
        refunded=order.refunded,
        in_flight=order.in_flight,
        attention=order.attention,
        expires_at=order.expires_at,
        transactions=[transaction_told(one) for one in order.transactions.all()],
        lines=[
            LineTold(name=one.name, quantity=one.quantity, unit_amount=one.unit_amount) for one in order.lines.all()
        ],
    )


def transaction_told(transaction: Transaction) -> TransactionTold:
    """The transaction comes with its account and captures loaded."""
    return TransactionTold(**_facts_of(transaction))


def transaction_with_actions(transaction: Transaction, decisions: dict[Kind, Decision]) -> TransactionWithActions:
    """The transaction and what may be done with it, in the order the buttons stand."""
    actions = [_action_told(decision) for decision in decisions.values()]
    return TransactionWithActions(**_facts_of(transaction), actions=actions)


def modification_told(row: Modification, *, now: datetime) -> ModificationTold:
    """The modification comes with its account, transaction and the person who asked loaded."""
    return ModificationTold(
        id=row.pk,
        account=row.account.name,
        order_id=row.transaction.order_id,
        transaction_id=row.transaction_id,
        capture_id=row.capture_id,
        plan_id=row.plan_id,
        kind=Kind(row.kind),
        amount=row.amount,
        currency=row.currency,
        state=ModificationState(row.state),
        finished=row.finished,
        sentence=story_of(row, now=now).sentence,
        reason=row.reason,
        description=row.description,
        custom_references=dict(row.custom_references),
        release_rest=row.release_rest,
        requested_by=row.requested_by.get_username(),
        requested_at=row.requested_at,
        first_sent_at=row.first_sent_at,
        finished_at=row.finished_at,
        executed_kind=row.executed_kind,
        executed_amount=row.executed_amount,
        gateway_reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        gateway_status=row.gateway_status,
        failure_code=row.failure_code,
    )


def plan_told(plan: RefundPlan, legs: Sequence[Modification], *, now: datetime) -> RefundPlanTold:
    """The plan comes with its transaction, account and the person who asked, its legs as `modification_told` wants."""
    progress = progress_of(plan, legs)
    return RefundPlanTold(
        id=plan.pk,
        account=plan.transaction.account.name,
        order_id=plan.transaction.order_id,
        transaction_id=plan.transaction_id,
        amount=plan.amount,
        currency=plan.currency,
        done=progress.done,
        open=progress.open,
        missing=progress.missing,
        finished=not progress.open and not progress.missing,
        reason=plan.reason,
        description=plan.description,
        requested_by=plan.requested_by.get_username(),
        requested_at=plan.requested_at,
        modifications=[modification_told(leg, now=now) for leg in legs],
    )


def _facts_of(transaction: Transaction) -> dict[str, object]:
    return {
        "id": transaction.pk,
        "order_id": transaction.order_id,
        "account": transaction.account.name,
        "reference": transaction.reference if transaction.named else "",
        "card_reference": transaction.card_reference,
        "partner_reference": transaction.partner_reference,
        "payment_reference": transaction.payment_reference,
        "reconciliation_reference": transaction.reconciliation_reference,
        "payment_method": transaction.payment_method,
        "currency": transaction.currency,
        "state": TransactionState(transaction.state),
        "raw_status": transaction.raw_status,
        "status_at": transaction.status_at,
        "expires_at": transaction.expires_at,
        "authorized": transaction.authorized,
        "capturing": transaction.capturing,
        "captured": transaction.captured,
        "released": transaction.released,
        "refunding": transaction.refunding,
        "refunded": transaction.refunded,
        "charged_back": transaction.charged_back,
        "frozen_reason": transaction.frozen_reason,
        "version": transaction.version,
        "captures": [_capture_told(one) for one in transaction.captures.all()],
    }


def _capture_told(capture: Capture) -> CaptureTold:
    return CaptureTold(
        id=capture.pk,
        gateway_id=capture.gateway_id,
        amount=capture.amount,
        refunding=capture.refunding,
        refunded=capture.refunded,
        captured_at=capture.captured_at,
    )


def _action_told(decision: Decision) -> ActionTold:
    return ActionTold(
        noun=NOUNS[decision.kind],
        allowed=decision.allowed,
        rule=decision.rule,
        sentence=decision.sentence,
        unlock=decision.unlock,
        maximum=decision.maximum.amount_minor if decision.maximum else None,
    )
