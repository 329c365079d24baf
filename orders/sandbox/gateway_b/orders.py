"""Orders of gateway B: list, retrieve, make from a token, cancel (gateways.md B.3)."""

from __future__ import annotations

from orders.sandbox.gateway_b import acting, answers, books, fields, movements, purchase, tokens
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.records import Order


def list_all(call: Call) -> Body:
    def show(row: books.Row) -> Body:
        return answers.order(call.store, books.noun_from(Order, row), expand=call.expand)

    return collection(call, "b_orders", show)


def retrieve(call: Call) -> Body:
    return answers.order(call.store, the_order(call, call.id), expand=call.expand)


def create(call: Call) -> Body:
    """From a token the shopper has approved: authorized at once."""
    body = call.body()
    token = tokens.usable(call, fields.required_text(body, "token"))
    order = purchase.order_in(body, merchant_key=call.merchant.key, test=call.merchant.test, at=call.now)
    order.token_id = token["id"]
    books.add(call.store, order)
    acting.authorize(call.ledger, order)
    tokens.tell(call, token, "token.used")
    return answers.order(call.store, order, expand=call.expand)


def cancel(call: Call) -> Body:
    """Releases what is uncaptured. A cancelled order is cancelled again without anything happening."""
    order = the_order(call, call.id)
    movements.check_cancel(order)
    if order.status != "canceled":
        acting.release(call.ledger, order, cause=call.cause)
    return answers.order(call.store, order, expand=call.expand)


def the_order(call: Call, id_: str) -> Order:
    """Raises Refused (404) also for another merchant's."""
    order = books.find(call.store, Order, id_, call.merchant.key)
    if order is None:
        raise not_found("order")
    return order
