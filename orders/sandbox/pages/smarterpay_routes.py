"""Which address under /gateway-c shows which page."""

from __future__ import annotations

from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import smarterpay, smarterpay_payment
from orders.sandbox.pages.smarterpay import PAYMENT_PREFIX, SHOPPER_PREFIX
from orders.sandbox.wire import Reply, Request


def show(ledger: Ledger, path: str) -> Reply | None:
    """None when there is no such page."""
    if path == smarterpay.ADDRESS:
        return smarterpay.show(ledger)
    if path.startswith(PAYMENT_PREFIX):
        return smarterpay_payment.show(ledger, path[len(PAYMENT_PREFIX) :])
    if path.startswith(SHOPPER_PREFIX):
        return smarterpay_payment.show_shopper(ledger, path[len(SHOPPER_PREFIX) :])
    return None


def change(ledger: Ledger, path: str, request: Request) -> Reply | None:
    """None when nothing can be changed there."""
    if path == smarterpay.ADDRESS:
        return smarterpay.open_payment(ledger, request)
    if path.startswith(PAYMENT_PREFIX):
        return smarterpay_payment.act(ledger, path[len(PAYMENT_PREFIX) :], request)
    if path.startswith(SHOPPER_PREFIX):
        return smarterpay_payment.decide(ledger, path[len(SHOPPER_PREFIX) :], request)
    return None
