"""The rules say yes or no with a reason, a way out, and the most that can be asked for; pages add nothing to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import ACTIONS, GIVES_BACK, Kind, TransactionState
from orders.modifications.rules import (
    REVERSIBLE,
    Decision,
    Situation,
    decide_all,
    facts_of,
    maximum_of,
    may,
    permission_for,
)
from orders.money import Money
from tests.modifications.rules_matrix import matrix
from tests.modifications.situations import (
    EVERY_RIGHT,
    NOW,
    a_capability,
    a_situation,
    captures_in_parts,
    voids_first,
)

T = TransactionState
ALL_CAPTURED = {"captured": 10_000, "capture_open": False}


def test_the_matrix_is_the_one_that_was_read_against_the_seeds() -> None:
    reviewed = Path(__file__).with_name("rules_matrix.txt").read_text(encoding="utf-8")

    assert matrix() == reviewed


@pytest.mark.parametrize(
    ("kind", "state", "fields", "maximum", "told"),
    [
        (Kind.CAPTURE, T.AUTHORIZED, {}, 10_000, "Up to 100.00 EUR can be captured. What is not captured is released"),
        (Kind.CANCEL, T.AUTHORIZED, {}, 10_000, "The authorization of 100.00 EUR can be released"),
        (Kind.CANCEL_OR_REFUND, T.AUTHORIZED, {}, 10_000, "cancels or refunds the full 100.00 EUR"),
        (Kind.REFUND, T.CAPTURED, ALL_CAPTURED, 10_000, "Up to 100.00 EUR can be refunded."),
        (Kind.REFUND, T.SETTLED, {**ALL_CAPTURED, "refunded": 1}, 9_999, "Up to 99.99 EUR can be refunded."),
    ],
)
def test_an_open_button_says_how_much(kind: Kind, state: T, fields: dict[str, Any], maximum: int, told: str) -> None:
    decision = may(kind, a_situation(state, **fields))

    assert (decision.allowed, decision.rule) == (True, "open")
    assert decision.maximum == Money(maximum, "EUR")
    assert told in decision.sentence


def test_where_several_captures_are_possible_nothing_is_said_to_be_released() -> None:
    decision = may(Kind.CAPTURE, a_situation(capability=a_capability(multiple_capture=True)))

    assert decision.sentence == "Up to 100.00 EUR can be captured."


def test_where_each_capture_chooses_the_rest_is_said_to_stay_open() -> None:
    decision = may(Kind.CAPTURE, a_situation(capability=captures_in_parts()))

    assert decision.sentence == (
        "Up to 100.00 EUR can be captured. What is not captured stays open, unless you release it with this capture."
    )


def test_a_void_takes_back_the_whole_capture_and_nothing_less() -> None:
    clearing = a_situation(T.CAPTURED, **ALL_CAPTURED, capability=voids_first(), voidable=10_000)

    assert "has not cleared at the bank yet" in may(Kind.VOID, clearing).sentence
    assert may(Kind.VOID, clearing, amount=10_000).allowed
    assert may(Kind.VOID, clearing, amount=9_999).rule == "whole"


def test_a_part_that_is_left_after_a_capture_can_be_cancelled_only_where_the_gateway_takes_it() -> None:
    half: dict[str, Any] = {"captured": 6_000, "authorized": 10_000}

    assert may(Kind.CANCEL, a_situation(capability=captures_in_parts(), **half), amount=4_000).allowed
    assert may(Kind.CANCEL, a_situation(capability=a_capability(multiple_capture=True), **half)).rule == "captured"


def test_a_capture_stays_within_its_deal() -> None:
    of_deal = a_situation(deal_reference="deal-1", deal_room=3_000)

    assert may(Kind.CAPTURE, of_deal, amount=3_000).allowed
    assert may(Kind.CAPTURE, of_deal, amount=3_001).rule == "amount"


@pytest.mark.parametrize("amount", [1, 9_999, 10_000])
def test_a_part_and_all_of_it_may_be_captured_and_refunded(amount: int) -> None:
    assert may(Kind.CAPTURE, a_situation(), amount=amount).allowed
    assert may(Kind.REFUND, a_situation(T.CAPTURED, **ALL_CAPTURED), amount=amount).allowed


def test_an_authorization_is_open_until_the_moment_it_expires() -> None:
    almost = a_situation(expires_at=NOW + timedelta(microseconds=1))

    assert may(Kind.CAPTURE, almost).allowed
    assert may(Kind.CAPTURE, replace(almost, now=NOW + timedelta(microseconds=1))).rule == "expired"


def test_a_captured_transaction_is_called_captured_and_not_expired_once_its_time_is_over() -> None:
    decision = may(Kind.CAPTURE, a_situation(T.CAPTURED, **ALL_CAPTURED, expires_at=NOW - timedelta(days=9)))

    assert "this one is captured" in decision.sentence


def test_a_refund_draws_on_one_capture() -> None:
    halves = a_situation(T.CAPTURED, **ALL_CAPTURED, largest_capture_open=5_000)

    assert may(Kind.REFUND, halves, amount=5_000).allowed
    assert may(Kind.REFUND, halves, amount=5_001).rule == "amount"


def test_a_refund_may_draw_on_several_captures_where_each_is_refunded_for_itself() -> None:
    halves = a_situation(
        T.CAPTURED, **ALL_CAPTURED, capability=captures_in_parts(), largest_capture_open=5_000, captures_open=10_000
    )

    assert may(Kind.REFUND, halves, amount=10_000).allowed
    assert may(Kind.REFUND, halves, amount=10_001).rule == "amount"
    assert "becomes several refunds, the newest capture first" in may(Kind.REFUND, halves).sentence


@pytest.mark.parametrize(
    ("kind", "state", "fields", "alternative"),
    [
        (Kind.REFUND, T.AUTHORIZED, {}, Kind.CANCEL),
        (Kind.CANCEL, T.CAPTURED, ALL_CAPTURED, Kind.REFUND),
        (Kind.CAPTURE, T.AUTHORIZED, {"expires_at": NOW}, Kind.CANCEL_OR_REFUND),
        (Kind.CAPTURE, T.CANCELLED, {"released": 10_000}, None),
        (Kind.REFUND, T.CAPTURED, {**ALL_CAPTURED, "frozen_reason": "It differs."}, None),
        (Kind.CANCEL, T.CAPTURED, {**ALL_CAPTURED, "permissions": frozenset({"cancel"})}, None),
    ],
)
def test_a_closed_button_points_at_the_nearest_open_one(
    kind: Kind, state: T, fields: dict[str, Any], alternative: Kind | None
) -> None:
    assert may(kind, a_situation(state, **fields)).alternative is alternative


def test_who_may_not_is_told_before_anything_about_the_money() -> None:
    frozen = a_situation(T.FAILED, frozen_reason="It differs.", permissions=frozenset({"view"}))

    assert {decision.rule for decision in decide_all(frozen).values()} == {"permission"}


def test_cancel_or_refund_needs_both_permissions() -> None:
    situation = a_situation(T.CAPTURED, **ALL_CAPTURED)

    for missing in ("cancel", "refund"):
        closed = may(Kind.CANCEL_OR_REFUND, replace(situation, permissions=EVERY_RIGHT - {missing}))
        assert (closed.rule, missing in closed.who) == ("permission", True)
    assert may(Kind.CANCEL_OR_REFUND, situation).allowed


def test_each_kind_has_its_permission() -> None:
    assert {kind: permission_for(kind) for kind in Kind} == {
        Kind.CAPTURE: "capture",
        Kind.CANCEL: "cancel",
        Kind.CANCEL_OR_REFUND: "refund",
        Kind.VOID: "refund",
        Kind.REFUND: "refund",
        Kind.AUTHORIZE: "authorize",
    }


def test_the_facts_name_their_source_and_show_what_is_pending() -> None:
    facts = {fact.name: fact for fact in facts_of(a_situation(captured=4_000, capturing=1_000))}

    assert facts["Captured"].value == "40.00 EUR (+ 10.00 EUR pending)"
    assert facts["Authorized"].value == "100.00 EUR"
    assert (facts["Gateway status"].value, facts["Gateway status"].source) == ("AUTHORIZED", "gateway")
    assert facts["Gateway status"].at == NOW - timedelta(hours=1)


amounts = st.integers(0, 10_000)
A_OF_ONE = st.builds(a_capability, auto_capture=st.booleans())


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any situation whose books the database would take."""
    captured = draw(amounts)
    capturing = draw(st.integers(0, 10_000 - captured))
    refunded = draw(st.integers(0, captured))
    refunding = draw(st.integers(0, captured - refunded))
    return a_situation(
        draw(st.sampled_from(TransactionState)),
        captured=captured,
        capturing=capturing,
        voidable=draw(st.sampled_from([0, captured])),
        captures_open=captured - refunded - refunding,
        deal_room=draw(st.sampled_from([None, None, 0, 5_000])),
        released=draw(st.integers(0, 10_000 - captured - capturing)),
        refunded=refunded,
        refunding=refunding,
        charged_back=draw(st.sampled_from([0, 0, 1, 5_000, 20_000])),
        largest_capture_open=draw(st.integers(0, captured - refunded - refunding)),
        capture_open=draw(st.booleans()),
        exclusive=draw(st.sampled_from([False, False, True])),
        unknown_count=draw(st.sampled_from([0, 0, 0, 1])),
        frozen_reason=draw(st.sampled_from(["", "", "", "It differs."])),
        permissions=draw(st.frozensets(st.sampled_from(sorted(EVERY_RIGHT)))),
        capability=draw(
            st.sampled_from([a_capability(multiple_capture=True), captures_in_parts(), voids_first()]) | A_OF_ONE
        ),
    )


@given(situation=situations(), kind=st.sampled_from(ACTIONS), amount=st.integers(-1, 20_001))
def test_what_is_allowed_fits_the_books_and_nothing_else_is_in_the_way(
    situation: Situation, kind: Kind, amount: int
) -> None:
    decision = may(kind, situation, amount=amount)

    assert decision.sentence.endswith(".")
    if not decision.allowed:
        assert decision.maximum is None
        return
    assert decision.maximum is not None
    assert 0 < amount <= decision.maximum.amount_minor
    assert permission_for(kind) in situation.permissions
    assert not situation.frozen_reason
    assert not situation.unknown_count
    assert not situation.exclusive
    _fits(kind, situation, amount)


@given(situation=situations(), kind=st.sampled_from(ACTIONS))
def test_an_open_button_takes_its_own_maximum_and_not_a_cent_more(situation: Situation, kind: Kind) -> None:
    decision = may(kind, situation)

    maximum = maximum_of(kind, situation)
    assert decision.allowed is (may(kind, situation, amount=maximum).allowed and maximum > 0)
    assert not may(kind, situation, amount=maximum + 1).allowed
    if decision.alternative:
        assert may(decision.alternative, situation).allowed


def _fits(kind: Kind, situation: Situation, amount: int) -> None:
    """The ceilings of seed 000, written a second time."""
    if kind in (Kind.CAPTURE, Kind.CANCEL):
        assert situation.state is T.AUTHORIZED
        assert situation.capability.cancels_after_capture or kind is Kind.CAPTURE or not situation.captured
        assert amount + situation.captured + situation.capturing + situation.released <= situation.authorized
    if kind is Kind.CAPTURE and situation.deal_room is not None:
        assert amount <= situation.deal_room
    if kind is Kind.VOID:
        assert amount == situation.voidable
        assert not situation.refunding
    if kind in GIVES_BACK:
        assert amount + situation.refunded + situation.refunding + situation.charged_back <= situation.captured
    if kind is Kind.CANCEL_OR_REFUND:
        assert situation.state in REVERSIBLE
        assert not situation.capturing
        assert not situation.refunding


def test_decisions_about_all_kinds_come_in_the_order_of_the_buttons() -> None:
    decisions: dict[Kind, Decision] = decide_all(a_situation())

    assert list(decisions) == list(ACTIONS)
