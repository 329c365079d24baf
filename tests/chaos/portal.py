"""People in the vendors' portals, who move money behind our back: refunds, captures and cancellations."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from tests.chaos.plan import Plan
from tests.proofs.scene import Payment
from tests.sandbox_process import SandboxHandle

ACTIONS = 30
AMOUNT = 500
"""Minor units: it fits beside everything that our own people ask for."""
DOORS = {
    "smartpay": ("portal", "transactionId"),
    "smartpay_orders": ("smartpay-orders/portal", "transactionId"),
    "smarterpay": ("smarterpay/portal", "paymentId"),
}
CAPTURE = {"smartpay": "capture", "smartpay_orders": "capture", "smarterpay": "release"}


class Portal:
    """Acts on the plan's payments one after another; `moved` are the numbers of those it acted on."""

    def __init__(self, gateway: SandboxHandle, plan: Plan, payments: Sequence[Payment]) -> None:
        self.counts: Counter[str] = Counter()
        self.moved: list[int] = []
        self._gateway, self._plan, self._payments = gateway, plan, payments
        shared = random.Random(plan.seed).sample(plan.shared(), min(ACTIONS // 2, len(plan.shared())))
        self._waiting = [*shared, *plan.untouched()]

    def act(self) -> bool:
        """Do the next thing; True, for it is done at the first try."""
        if self._waiting:
            self._move(self._waiting.pop(0))
        return True

    def _move(self, number: int) -> None:
        given = self._plan.payments[number]
        action = self._action(number)
        door, name = DOORS[given.gateway]
        body = {name: self._payments[number].reference, "action": action}
        self._gateway.control(door, **body, **({} if action == "cancel" else {"amount": AMOUNT}))
        self.counts["movement in a vendor's portal"] += 1
        self.moved.append(number)

    def _action(self, number: int) -> str:
        given = self._plan.payments[number]
        if given.parts:
            return "refund"
        return "cancel" if number % 2 else CAPTURE[given.gateway]
