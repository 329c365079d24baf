"""Instructions for gateway C: say what matters, the rest is a release of 25.00 GBP under the card of seed 004."""

from __future__ import annotations

from typing import Any

from orders.gateways.base import Instruction, Kind
from orders.money import Money
from tests.gateways.instructions import an_instruction

CARD = "CD01OQW39P4G97J56NXL"
ORIGINAL = "P01YZ96J1D7WDK8NEWD"
CAPTURED = "P01CAPTURE0000000001"
NEW = "P01QW39P4ODOY3P56NX"


def a_card_instruction(**changes: Any) -> Instruction:
    usual: dict[str, Any] = {
        "kind": Kind.CAPTURE,
        "transaction_reference": ORIGINAL,
        "card_reference": CARD,
        "capture_reference": CAPTURED,
        "amount": Money(2500, "GBP"),
    }
    return an_instruction(**{**usual, **changes})
