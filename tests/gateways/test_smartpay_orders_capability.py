"""What gateway B can do, and what an account may say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways import smartpay_orders
from orders.gateways.base import CannotSay, Kind
from orders.gateways.registry import gateway_named


def test_it_captures_in_parts_cancels_the_rest_and_refunds_a_payment() -> None:
    capability = smartpay_orders.capability({})

    assert capability.kinds == {Kind.CAPTURE, Kind.CANCEL, Kind.REFUND}
    assert (capability.multiple_capture, capability.remainder_choice, capability.releases_remainder) == (
        True,
        True,
        False,
    )
    assert (capability.cancels_after_capture, capability.refunds_captures) == (True, True)
    assert (capability.authorization_days, capability.decimals_maximum) == (7, 0)
    assert capability.currencies == {"JPY"}
    assert gateway_named("smartpay_orders") is smartpay_orders


def test_a_key_is_used_for_five_and_a_half_of_its_six_hours() -> None:
    capability = smartpay_orders.capability({})

    assert (capability.replays, capability.replay_window_seconds) == (True, 5.5 * 3600)
    assert (capability.replays_errors, capability.finds_by_modification_id) == (False, True)
    assert (capability.deadline_seconds, capability.late_processing_seconds) == (30, 60)


def test_an_account_can_say_what_differs() -> None:
    capability = smartpay_orders.capability(
        {"auto_capture": True, "instalments": 0, "kinds": ["refund"], "webhook_trust": "hint", "authorization_days": 3}
    )

    assert (capability.auto_capture, capability.instalments) == (True, 0)
    assert capability.kinds == {Kind.REFUND}
    assert (capability.webhook_trust, capability.authorization_days) == ("hint", 3)


@pytest.mark.parametrize(
    "overrides",
    [
        {"replay_window_seconds": 19_801},
        {"decimals_maximum": 1},
        {"description_maximum": 81},
        {"deadline_seconds": 0},
        {"deadline_seconds": 301},
        {"instalments": 61},
        {"instalments": -1},
        {"kinds": ["void"]},
        {"kinds": ["authorize"]},
        {"currencies": ["EUR"]},
        {"refunds_captures": False},
        {"finds_by_modification_id": False},
        {"lists": False},
        {"colour": "blue"},
    ],
    ids=str,
)
def test_what_the_gateway_cannot_do_no_account_can_say(overrides: dict[str, Any]) -> None:
    with pytest.raises(CannotSay):
        smartpay_orders.capability(overrides)


@pytest.mark.parametrize(
    "overrides", [{"replay_window_seconds": 19_800}, {"description_maximum": 80}, {"deadline_seconds": 300}], ids=str
)
def test_each_bound_itself_is_allowed(overrides: dict[str, Any]) -> None:
    assert smartpay_orders.capability(overrides)
