"""A demo order's story, played: the opening, each step, the closing summary."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders.demo.asking import play_modification
from orders.demo.money import move
from orders.demo.rows import Cast, Rows, tell
from orders.demo.stories import Plan, Step
from orders.demo.transcripts import answer, entry, gateway_status
from orders.models import (
    ExternalMovement,
    GatewayAccount,
    Order,
    OrderLine,
    ReferenceKind,
    Source,
    Transaction,
)
from orders.money import Money
from orders.references import Word, words_of_customer
from orders.summary import put_summary

_AUTHORIZATION_DAYS = 5
_READ_AFTER = timedelta(minutes=5)
_STATES = {
    "AUTHORIZATION_COMPLETED": "authorized",
    "CREATED": "pending_authorization",
    "FAILED": "failed",
    "EXPIRED": "expired",
}


def rows_of(plan: Plan, cast: Cast, *, now: datetime) -> Rows:
    """Play the story; the money columns come out of the steps."""
    account = cast.accounts[plan.account]
    rows = _opening(plan, account)
    for step in plan.steps:
        if step.ours:
            play_modification(rows, step, account, cast.agents[account.merchant_id], now=now)
        else:
            _external_step(rows, step)
    _close(rows)
    return rows


def _opening(plan: Plan, account: GatewayAccount) -> Rows:
    order = Order(
        merchant_id=account.merchant_id,
        account=account,
        reference=plan.reference,
        currency=plan.currency,
        amount=plan.amount,
        customer_name=plan.customer_name,
        customer_email=plan.customer_email,
        placed_at=plan.placed_at,
    )
    authorized = 0 if plan.start in ("CREATED", "FAILED") else plan.amount
    transaction = Transaction(
        merchant_id=account.merchant_id,
        account=account,
        order=order,
        reference=plan.transaction_id,
        partner_reference=plan.partner_reference,
        payment_method=plan.payment_method,
        currency=plan.currency,
        state=_STATES[plan.start],
        raw_status=plan.start,
        status_at=plan.placed_at,
        expires_at=plan.placed_at + timedelta(days=_AUTHORIZATION_DAYS) if authorized else None,
        reconciliation_reference=plan.reconciliation_reference,
        description=f"Order {plan.reference}",
        authorized=authorized,
        released=authorized if plan.start == "EXPIRED" else 0,
        capture_open=plan.start != "EXPIRED",
    )
    lines = [OrderLine(name=name, quantity=count, unit_amount=unit) for name, count, unit in plan.lines]
    rows = Rows(plan=plan, order=order, transaction=transaction, words=_words(plan), lines=lines)
    tell(rows, "order.imported", f"Order {plan.reference} was imported; it brought 1 new transaction.", plan.placed_at)
    return rows


def _external_step(rows: Rows, step: Step) -> None:
    plan = rows.plan
    move(rows, step, None)
    rows.movements.append(
        ExternalMovement(
            account=rows.transaction.account,
            transaction=rows.transaction,
            kind=step.kind,
            amount=step.amount,
            currency=plan.currency,
            key=f"{plan.transaction_id}:{step.kind}:{step.id}",
            gateway_reference=step.reference,
            gateway_id="",
            gateway_status=gateway_status(step),
            source=Source.WORKER,
            facts=entry(plan, step),
            moved_at=step.at,
            seen_at=step.at + _READ_AFTER,
            booked=True,
        )
    )
    rows.words.append((ReferenceKind.RECONCILIATION, step.reference))
    word = {"settlement": "was settled", "chargeback": "was charged back", "refund": "was refunded"}[step.kind]
    said = f"Read from the gateway: {Money(step.amount, plan.currency)} {word} at the gateway."
    tell(rows, "transaction.refreshed", said, step.at + _READ_AFTER)


def _close(rows: Rows) -> None:
    transaction = rows.transaction
    listed = [entry(rows.plan, step) for step in rows.plan.steps if gateway_status(step)]
    transaction.facts = answer(rows.plan, transaction.raw_status, modifications=listed)
    transaction.refreshed_at = max([rows.plan.placed_at, *(step.at for step in rows.plan.steps)])
    put_summary(rows.order, [transaction])


def _words(plan: Plan) -> list[Word]:
    return [
        (ReferenceKind.ORDER, plan.reference),
        (ReferenceKind.TRANSACTION, plan.transaction_id),
        (ReferenceKind.PARTNER, plan.partner_reference),
        (ReferenceKind.RECONCILIATION, plan.reconciliation_reference),
        *words_of_customer(name=plan.customer_name, email=plan.customer_email),
    ]
