"""Refunds of gateway B: each of one payment, final, as many as its amount allows (gateways.md B.4)."""

from __future__ import annotations

from orders.sandbox.gateway_b import acting, answers, books, fields, movements
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.orders import the_order
from orders.sandbox.gateway_b.payments import change_words, the_payment, words_in
from orders.sandbox.gateway_b.records import Refund


def list_all(call: Call) -> Body:
    def show(row: books.Row) -> Body:
        return answers.refund(call.store, books.noun_from(Refund, row), expand=call.expand)

    return collection(call, "b_refunds", show)


def retrieve(call: Call) -> Body:
    return answers.refund(call.store, _the_refund(call), expand=call.expand)


def create(call: Call) -> Body:
    body = call.body()
    payment_id = fields.required_text(body, "payment")
    wished = fields.amount(body)
    fields.currency(body)
    reason = fields.choice(body, "reason", fields.REASONS)
    payment = the_payment(call, payment_id)
    items = the_order(call, payment.order_id).details.get("lineItems", [])
    said = {**words_in(body), "line_items": fields.item_ids(body, items)}
    amount = movements.check_refund(payment, wished)
    if call.fault == "wrong_amount_executed":
        amount = max(1, amount - 1)
    failed = call.fault == "refuse_200"
    refund = acting.refund(call.ledger, payment, amount, cause=call.cause, reason=reason, failed=failed, **said)
    return answers.refund(call.store, refund, expand=call.expand)


def update(call: Call) -> Body:
    refund = _the_refund(call)
    change_words(call, refund)
    books.save(call.store, refund)
    return answers.refund(call.store, refund, expand=call.expand)


def _the_refund(call: Call) -> Refund:
    refund = books.find(call.store, Refund, call.id, call.merchant.key)
    if refund is None:
        raise not_found("refund")
    return refund
