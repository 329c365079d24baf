"""Gateways by name."""

from __future__ import annotations

import pytest

from orders.gateways import smartpay
from orders.gateways.registry import GATEWAYS, gateway_choices, gateway_named


def test_a_gateway_is_found_by_the_name_it_has_itself() -> None:
    assert gateway_named("smartpay") is smartpay
    assert all(name == gateway.name and gateway.title for name, gateway in GATEWAYS.items())
    assert ("smartpay", "SmartPay") in gateway_choices()


def test_an_unknown_name_is_refused_with_a_sentence() -> None:
    with pytest.raises(LookupError, match="no gateway called “paypal”"):
        gateway_named("paypal")
