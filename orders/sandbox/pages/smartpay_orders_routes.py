"""Which address of gateway B shows which page."""

from __future__ import annotations

from orders.sandbox.gateway_b.sessions import CHECKOUT_PREFIX
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import smartpay_orders, smartpay_orders_checkout, smartpay_orders_order
from orders.sandbox.pages.smartpay_orders import ORDER_PREFIX
from orders.sandbox.wire import Reply, Request


def show(ledger: Ledger, path: str) -> Reply | None:
    """None when there is no such page."""
    if path == smartpay_orders.ADDRESS:
        return smartpay_orders.show(ledger)
    if path.startswith(ORDER_PREFIX):
        return smartpay_orders_order.show(ledger, path[len(ORDER_PREFIX) :])
    if path.startswith(CHECKOUT_PREFIX):
        return smartpay_orders_checkout.show(ledger, path[len(CHECKOUT_PREFIX) :])
    return None


def change(ledger: Ledger, path: str, request: Request) -> Reply | None:
    """None when nothing can be changed there."""
    if path == smartpay_orders.ADDRESS:
        return smartpay_orders.open_checkout(ledger, request)
    if path.startswith(ORDER_PREFIX):
        return smartpay_orders_order.act(ledger, path[len(ORDER_PREFIX) :], request)
    if path.startswith(CHECKOUT_PREFIX):
        return smartpay_orders_checkout.decide(ledger, path[len(CHECKOUT_PREFIX) :], request)
    return None
