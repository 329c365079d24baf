"""A gateway without a network: it answers what a test wants, when the test wants it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from orders.gateways.base import Door, FrozenRequest, Instruction, Outcome
from orders.models import Modification
from tests.modifications import steps

WAIT_SECONDS = 10.0


class FakeGateway:
    """Answers every send with a success, or with whatever `answer` says; counts what it was asked."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self.answer: Callable[[Modification], Outcome] = steps.success
        self.open = threading.Event()
        self.open.set()

    def send(self, door: Door, request: FrozenRequest, instruction: Instruction) -> Outcome:
        self.sent.append(instruction.modification_id)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.open.wait(WAIT_SECONDS)
        self.at_once -= 1
        amount = instruction.amount
        return self.answer(
            Modification(pk=instruction.modification_id, amount=amount.amount_minor, currency=amount.currency)
        )
