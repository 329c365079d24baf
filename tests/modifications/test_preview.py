"""What-if: the figures before and after, without touching anything, and always adding up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.modifications.preview import Preview, preview
from orders.modifications.rules import maximum_of, may
from orders.money import Money
from tests.modifications.situations import a_capability, a_situation, captures_in_parts, voids_first
from tests.modifications.test_rules import situations

T = TransactionState


def figures(shown: Preview) -> dict[str, tuple[int, int]]:
    return {line.name: (line.before.amount_minor, line.after.amount_minor) for line in shown.lines if line.changes}


@pytest.mark.parametrize(
    ("kind", "state", "fields", "amount", "changes", "told"),
    [
        (
            Kind.CAPTURE,
            T.AUTHORIZED,
            {},
            6_000,
            {
                "Still open to capture": (10_000, 0),
                "Captured": (0, 6_000),
                "Released to the shopper": (0, 4_000),
                "Still refundable": (0, 6_000),
                "Kept by the merchant": (0, 6_000),
            },
            ["40.00 EUR is not captured and goes back to the shopper; it cannot be captured later."],
        ),
        (
            Kind.CAPTURE,
            T.AUTHORIZED,
            {"capability": a_capability(multiple_capture=True)},
            6_000,
            {
                "Still open to capture": (10_000, 4_000),
                "Captured": (0, 6_000),
                "Still refundable": (0, 6_000),
                "Kept by the merchant": (0, 6_000),
            },
            [],
        ),
        (
            Kind.CANCEL,
            T.AUTHORIZED,
            {},
            10_000,
            {"Still open to capture": (10_000, 0), "Released to the shopper": (0, 10_000)},
            ["100.00 EUR is released to the shopper."],
        ),
        (
            Kind.REFUND,
            T.CAPTURED,
            {"captured": 10_000, "refunding": 2_500},
            5_000,
            {
                "Refunded": (2_500, 7_500),
                "Still refundable": (7_500, 2_500),
                "Kept by the merchant": (7_500, 2_500),
            },
            [],
        ),
        (
            Kind.REFUND,
            T.CAPTURED,
            {"captured": 10_000},
            10_000,
            {
                "Refunded": (0, 10_000),
                "Still refundable": (10_000, 0),
                "Kept by the merchant": (10_000, 0),
            },
            ["Nothing remains refundable after this."],
        ),
        (
            Kind.CANCEL_OR_REFUND,
            T.CAPTURED,
            {"captured": 6_000, "released": 4_000},
            6_000,
            {
                "Refunded": (0, 6_000),
                "Still refundable": (6_000, 0),
                "Kept by the merchant": (6_000, 0),
            },
            [
                "The gateway decides between cancel and refund; it always moves the full amount.",
                "Nothing remains refundable after this.",
            ],
        ),
    ],
)
def test_what_would_change(
    kind: Kind, state: T, fields: dict[str, Any], amount: int, changes: dict[str, tuple[int, int]], told: list[str]
) -> None:
    shown = preview(kind, a_situation(state, **fields), amount)

    assert figures(shown) == changes
    assert list(shown.sentences) == told


@given(situation=situations(), kind=st.sampled_from(ACTIONS), part=st.integers(1, 100))
def test_what_is_allowed_leaves_figures_that_add_up(situation: Any, kind: Kind, part: int) -> None:
    amount = maximum_of(kind, situation) * part // 100
    if not may(kind, situation, amount=amount).allowed:
        return

    after = {line.name: line.after.amount_minor for line in preview(kind, situation, amount).lines}

    parts = after["Still open to capture"] + after["Captured"] + after["Released to the shopper"]
    assert parts == situation.authorized
    assert 0 <= after["Refunded"] <= after["Captured"] <= situation.authorized
    assert after["Still open to capture"] >= 0


@pytest.mark.parametrize(("release_rest", "released"), [(False, 0), (True, 4_000)])
def test_the_rest_of_a_capture_stays_or_goes_back_as_the_person_chose(release_rest: bool, released: int) -> None:
    situation = a_situation(capability=captures_in_parts())

    shown = preview(Kind.CAPTURE, situation, 6_000, release_rest=release_rest)

    after = {line.name: line.after.amount_minor for line in shown.lines}
    assert (after["Released to the shopper"], after["Still open to capture"]) == (released, 4_000 - released)
    assert ("goes back to the shopper" in " ".join(shown.sentences)) is release_rest


def test_a_void_gives_everything_back_as_a_refund_would() -> None:
    situation = a_situation(T.CAPTURED, captured=10_000, capability=voids_first(), voidable=10_000)

    assert figures(preview(Kind.VOID, situation, 10_000)) == {
        "Refunded": (0, 10_000),
        "Still refundable": (10_000, 0),
        "Kept by the merchant": (10_000, 0),
    }


def test_a_cancel_after_a_capture_gives_back_only_what_is_not_captured() -> None:
    shown = preview(Kind.CANCEL, a_situation(capability=captures_in_parts(), captured=6_000), 4_000)

    assert figures(shown) == {"Still open to capture": (4_000, 0), "Released to the shopper": (0, 4_000)}


def test_money_before_and_after_has_the_orders_currency() -> None:
    shown = preview(Kind.CAPTURE, a_situation(currency="JPY"), 10)

    assert {line.after.currency for line in shown.lines} == {"JPY"}
    assert Money(10, "JPY") in {line.after for line in shown.lines}
