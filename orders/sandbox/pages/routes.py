"""Which address shows which page."""

from __future__ import annotations

from orders.sandbox.faults import FaultDial
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import (
    checkout,
    fault_dial,
    frame,
    modes,
    overview,
    smarterpay_routes,
    smartpay_orders_routes,
    transaction,
    webhooks,
)
from orders.sandbox.pages.checkout import CHECKOUT_PREFIX
from orders.sandbox.wire import Reply, Request

TRANSACTION_PREFIX = "/transactions/"


class Pages:
    """The sandbox's pages: GET shows, POST changes and then shows."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._ledger = ledger
        self._faults = faults

    def respond(self, request: Request) -> Reply:
        if request.method == "POST":
            return self._change(request)
        if request.method not in ("GET", "HEAD"):
            return Reply(status=405, headers=(("Allow", "GET, HEAD, POST"),))
        shown = self._show(request.path)
        return shown if request.method == "GET" else Reply(status=shown.status, headers=shown.headers)

    def _show(self, path: str) -> Reply:
        if path == "/_static/sandbox.css":
            return Reply(body=frame.STYLE, content_type="text/css; charset=utf-8")
        if path == "/":
            return overview.show(self._ledger)
        if path == checkout.SHOP_ADDRESS:
            return checkout.show_shop(self._ledger)
        if path == fault_dial.ADDRESS:
            return fault_dial.show(self._faults)
        if path == modes.ADDRESS:
            return modes.show(self._ledger)
        if path.startswith(CHECKOUT_PREFIX):
            return checkout.show_checkout(self._ledger, path[len(CHECKOUT_PREFIX) :])
        if path.startswith(TRANSACTION_PREFIX):
            return transaction.show(self._ledger, path[len(TRANSACTION_PREFIX) :])
        if path == webhooks.ADDRESS:
            return webhooks.show(self._ledger)
        others = smartpay_orders_routes.show(self._ledger, path) or smarterpay_routes.show(self._ledger, path)
        return others or _nothing_here()

    def _change(self, request: Request) -> Reply:
        path = request.path
        if path == checkout.SHOP_ADDRESS:
            return checkout.open_checkout(self._ledger, request)
        if path == fault_dial.ADDRESS:
            return fault_dial.change(self._faults, request)
        if path == modes.ADDRESS:
            return modes.turn(self._ledger, request)
        if path.startswith(CHECKOUT_PREFIX):
            return checkout.finish(self._ledger, path[len(CHECKOUT_PREFIX) :], request)
        if path.startswith(TRANSACTION_PREFIX):
            return transaction.act(self._ledger, path[len(TRANSACTION_PREFIX) :], request)
        if path == webhooks.ADDRESS:
            return webhooks.resend(self._ledger, request)
        for change in (smartpay_orders_routes.change, smarterpay_routes.change):
            changed = change(self._ledger, path, request)
            if changed is not None:
                return changed
        return _nothing_here()


def _nothing_here() -> Reply:
    return frame.page("Nothing here", frame.paragraph("The sandbox has no page at this address."), status=404)
