"""What an account of gateway C can do, and what it may say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways import smarterpay
from orders.gateways.base import CannotSay, Kind
from orders.gateways.registry import gateway_choices, gateway_named


def test_it_is_found_by_its_name() -> None:
    assert gateway_named("smarterpay") is smarterpay
    assert ("smarterpay", "SmarterPay Cloud") in gateway_choices()


def test_nothing_is_repeated_or_looked_up_unless_the_account_says_so() -> None:
    capability = smarterpay.capability({})

    assert capability.kinds == {Kind.CAPTURE, Kind.CANCEL, Kind.VOID, Kind.REFUND}
    assert (capability.replays, capability.replays_errors, capability.replay_window_seconds) == (False, False, 0)
    assert (capability.finds_by_modification_id, capability.reads, capability.lists) == (False, False, False)
    assert (capability.quarantine_seconds, capability.late_processing_seconds) == (1800, 1800)
    assert (capability.authorization_days, capability.void_seconds, capability.deadline_seconds) == (7, 86400, 30)
    assert (capability.partial_capture, capability.multiple_capture, capability.releases_remainder) == (
        True,
        False,
        True,
    )
    assert capability.webhook_trust == "signed"


@pytest.mark.parametrize(
    "overrides",
    [
        {"authorization_days": 1},
        {"authorization_days": 30},
        {"replays": True, "replay_window_seconds": 20 * 3600},
        {"void_seconds": 0},
        {"asynchronous": True},
        {"kinds": ["capture", "cancel"]},
        {"quarantine_seconds": 1800},
        {"multiple_capture": True},
        {"webhook_trust": "hint"},
    ],
)
def test_an_account_may_say_otherwise(overrides: dict[str, Any]) -> None:
    capability = smarterpay.capability(overrides)

    for name, value in overrides.items():
        assert getattr(capability, name) == (frozenset(value) if name == "kinds" else value)


@pytest.mark.parametrize(
    "overrides",
    [
        {"authorization_days": 0},
        {"authorization_days": 31},
        {"replay_window_seconds": 20 * 3600 + 1},
        {"quarantine_seconds": 1799},
        {"decimals_maximum": 4},
        {"description_maximum": 256},
        {"kinds": ["cancel_or_refund"]},
        {"kinds": ["authorize"]},
        {"asynchronous": 1},
        {"isAsync": True},
        {"reads": True},
        {"lists": True},
        {"finds_by_modification_id": True},
        {"replays_errors": True},
    ],
)
def test_an_account_cannot_promise_what_the_gateway_does_not_have(overrides: dict[str, Any]) -> None:
    with pytest.raises(CannotSay) as refused:
        smarterpay.capability(overrides)

    assert str(refused.value).endswith(".")
