"""Which address shows which page."""

from __future__ import annotations

from orders.sandbox.faults import FaultDial
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Reply, Request

CHECKOUT_PREFIX = "/smartpay/checkout/"


class Pages:
    """The sandbox's pages."""

    def __init__(self, ledger: Ledger, faults: FaultDial) -> None:
        self._ledger = ledger
        self._faults = faults

    def respond(self, request: Request) -> Reply:
        return Reply(status=404)
