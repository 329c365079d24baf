"""Gateway B's control doors under /_control/smartpay-orders: orders to order, the portal, the shopper, webhooks."""

from __future__ import annotations

from typing import Any

from orders.sandbox.amounts import minor_from_control
from orders.sandbox.gateway_b import books, endpoints, given_orders, portal, shopper, signature, things
from orders.sandbox.gateway_b.merchants import merchant_named
from orders.sandbox.gateway_b.records import CURRENCY, Order
from orders.sandbox.ledger import Ledger

Answer = dict[str, Any]
REFUSALS = (given_orders.BadOrder, portal.Impossible)


def make_orders(ledger: Ledger, wishes: list[Answer]) -> Answer:
    """Fields in given_orders.KNOWN. Answers the ledger's lines under `transactions`. Raises BadOrder."""
    return {"transactions": [books.order_line(order) for order in given_orders.make(ledger, wishes)]}


def act_in_portal(ledger: Ledger, body: Answer) -> Answer:
    """transactionId, action (capture, cancel, refund, expire), amount, paymentId. Raises Impossible and Refused."""
    amount = None if body.get("amount") is None else minor_from_control(body["amount"], CURRENCY)
    if amount is not None and amount <= 0:
        raise portal.Impossible("An amount is more than zero.")
    done = portal.act(
        ledger,
        order_id=str(body.get("transactionId", "")),
        action=str(body.get("action", "")),
        amount=amount,
        payment_id=body.get("paymentId"),
    )
    return books.order_line(done)


def decide_as_shopper(ledger: Ledger, body: Answer) -> Answer:
    """transactionId, decision (approve, decline, soft_decline). Raises Impossible and Refused."""
    order_id, decision = str(body.get("transactionId", "")), str(body.get("decision", ""))
    if decision not in shopper.DECISIONS:
        raise portal.Impossible(f"decision is one of {', '.join(shopper.DECISIONS)}.")
    with ledger.store.transaction():
        order = books.find(ledger.store, Order, order_id)
        if order is None:
            raise portal.Impossible(f"There is no order {order_id}.")
        shopper.decide(ledger, order, decision)
    return books.order_line(order)


def direct_webhook(ledger: Ledger, *, merchant_key: str, url: str | None, secret: str | None) -> Answer:
    """Give a merchant one webhook endpoint for all events, in place of any others; no url takes all away.

    Answers the endpoint with its signingSecret. Raises ValueError for a secret that is none.
    """
    merchant = merchant_named(ledger, merchant_key)
    if merchant is None:
        raise portal.Impossible(f"There is no merchant {merchant_key}.")
    if secret:
        signature.key_of(secret)
    with ledger.store.transaction():
        for one in things.every(ledger.store, endpoints.KIND, merchant.key):
            endpoints.remove(ledger, one["id"])
        if url is None:
            return {}
        return endpoints.make(ledger, merchant_key=merchant.key, test=merchant.test, url=url, secret=secret)
