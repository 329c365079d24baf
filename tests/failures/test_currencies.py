"""Currencies without decimals and with three of them (F35): said exactly, or refused before anything is sent."""

from __future__ import annotations

import re
import uuid

import pytest

from orders.gateways.base import CannotSay, Instruction, Kind
from orders.gateways.registry import gateway_named
from orders.money import Money

NAMES = {
    "smartpay": (str(uuid.UUID(int=1)), "", ""),
    "smartpay_orders": ("order_test_1", "", "payment_test_1"),
    "smarterpay": ("P01", "CD01", "P02"),
}


def body_of(gateway: str, kind: Kind, amount: int, currency: str) -> str:
    """What would be sent."""
    reference, card, capture = NAMES[gateway]
    instruction = Instruction(
        modification_id=str(uuid.UUID(int=7)),
        kind=kind,
        transaction_reference=reference,
        merchant_key="merchant-one",
        amount=Money(amount, currency),
        card_reference=card,
        capture_reference=capture,
    )
    return gateway_named(gateway).compose(instruction).body.decode()


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.REFUND])
@pytest.mark.parametrize(
    ("gateway", "amount", "currency", "said"),
    [
        ("smartpay", 1_000, "JPY", "1000.00"),
        ("smartpay", 2_550, "EUR", "25.50"),
        ("smartpay", 1, "EUR", "0.01"),
        ("smartpay_orders", 1_000, "JPY", "1000"),
        ("smarterpay", 1_000, "JPY", "1000"),
        ("smarterpay", 1_234, "KWD", "1234"),
        ("smarterpay", 2_550, "GBP", "2550"),
    ],
)
def test_an_amount_is_said_to_the_last_minor_unit(
    gateway: str, kind: Kind, amount: int, currency: str, said: str
) -> None:
    body = body_of(gateway, kind, amount, currency)

    assert re.search(rf"[:{{,\s]{re.escape(said)}[,}}\s]", body), body


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.REFUND])
@pytest.mark.parametrize(
    ("gateway", "amount", "currency"),
    [("smartpay", 1_234, "KWD"), ("smartpay_orders", 1_000, "EUR"), ("smartpay_orders", 1_234, "KWD")],
)
def test_what_a_gateway_cannot_say_is_refused_and_never_rounded(
    gateway: str, kind: Kind, amount: int, currency: str
) -> None:
    with pytest.raises(CannotSay):
        body_of(gateway, kind, amount, currency)
