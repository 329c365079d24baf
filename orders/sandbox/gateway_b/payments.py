"""Payments of gateway B: a payment is a capture of an order (gateways.md B.4)."""

from __future__ import annotations

from orders.sandbox.gateway_b import acting, answers, books, fields, movements
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.orders import the_order
from orders.sandbox.gateway_b.records import Payment


def list_all(call: Call) -> Body:
    def show(row: books.Row) -> Body:
        return answers.payment(call.store, books.noun_from(Payment, row), expand=call.expand)

    return collection(call, "b_payments", show)


def retrieve(call: Call) -> Body:
    return answers.payment(call.store, the_payment(call, call.id), expand=call.expand)


def create(call: Call) -> Body:
    """Capture. With cancelRemainder automatic, the default, what is left is released and the order has succeeded."""
    body = call.body()
    order_id = fields.required_text(body, "order")
    amount = fields.required_amount(body)
    fields.currency(body)
    keep = fields.choice(body, "cancelRemainder", fields.CANCEL_REMAINDER, default="automatic") == "manual"
    order = the_order(call, order_id)
    said = {**words_in(body), "line_items": fields.item_ids(body, order.details.get("lineItems", []))}
    movements.check_capture(order, amount)
    if call.fault == "wrong_amount_executed":
        amount = max(1, amount - 1)
    payment = acting.capture(call.ledger, order, amount, cause=call.cause, keep_remainder=keep, **said)
    return answers.payment(call.store, payment, expand=call.expand)


def update(call: Call) -> Body:
    payment = the_payment(call, call.id)
    change_words(call, payment)
    books.save(call.store, payment)
    return answers.payment(call.store, payment, expand=call.expand)


def the_payment(call: Call, id_: str) -> Payment:
    """Raises Refused (404) also for another merchant's."""
    payment = books.find(call.store, Payment, id_, call.merchant.key)
    if payment is None:
        raise not_found("payment")
    return payment


def words_in(body: Body) -> Body:
    """What a merchant may write on a payment or a refund."""
    return {
        "reference": fields.text(body, "reference"),
        "description": fields.text(body, "description", limit=fields.DESCRIPTION_LIMIT),
        "metadata": fields.metadata(body),
    }


def change_words(call: Call, noun: books.Noun) -> None:
    """Only what was sent changes."""
    body = call.body()
    for name, value in words_in(body).items():
        if name in body:
            setattr(noun, name, value)
    noun.updated_at = call.now
