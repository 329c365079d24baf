"""The rules say yes or no with a reason, a way out, and the most that can be asked for; pages add nothing to them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Kind, TransactionState
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
from tests.modifications.rules_matrix import DOORS, PICTURES, matrix
from tests.modifications.situations import EVERY_RIGHT, NOW, a_capability, a_situation

T = TransactionState
ALL_CAPTURED = {"captured": 10_000, "capture_open": False}


def test_the_matrix_is_the_one_that_was_read_against_the_seeds() -> None:
    reviewed = Path(__file__).with_name("rules_matrix.txt").read_text(encoding="utf-8")

    assert matrix() == reviewed


REFUSALS: list[tuple[Kind, TransactionState, dict[str, Any], int | None, str, str, str]] = [
    # kind, state, situation, amount, rule, what the sentence says, what the way out says
    (Kind.REFUND, T.CAPTURED, {"permissions": frozenset()}, None, "permission", "You may not refund", "administrator"),
    (
        Kind.CANCEL_OR_REFUND,
        T.CAPTURED,
        {"permissions": frozenset({"refund"})},
        None,
        "permission",
        "You may not cancel or refund",
        "administrator",
    ),
    (
        Kind.CANCEL,
        T.AUTHORIZED,
        {"capability": a_capability(kinds=frozenset({Kind.REFUND}))},
        None,
        "capability",
        "offers no cancel",
        "",
    ),
    (
        Kind.CAPTURE,
        T.AUTHORIZED,
        {"capability": a_capability(auto_capture=True)},
        None,
        "auto_capture",
        "captures automatically",
        "cancel or refund",
    ),
    (Kind.REFUND, T.CAPTURED, {"frozen_reason": "It differs."}, None, "frozen", "frozen: It differs.", "Two people"),
    (Kind.REFUND, T.CAPTURED, {"unknown_count": 1}, None, "unknown", "no other money may move", "by itself"),
    (Kind.CAPTURE, T.AUTHORIZED, {"exclusive": True}, None, "exclusive", "has it to itself", "has ended"),
    (
        Kind.CAPTURE,
        T.UNRECOGNISED,
        {"raw_status": "MARTIAN"},
        None,
        "unrecognised",
        "“MARTIAN”",
        "a status we know",
    ),
    (Kind.CAPTURE, T.AUTHORIZED, {"expires_at": NOW}, None, "expired", "has expired", ""),
    (Kind.CAPTURE, T.PENDING_AUTHORIZATION, {}, None, "state", "this one is pending authorization", "shopper has"),
    (Kind.CANCEL, T.CAPTURED, ALL_CAPTURED, None, "state", "Cancel needs an authorized", ""),
    (Kind.REFUND, T.AUTHORIZED, {}, None, "state", "Refund needs a captured", "cancel releases"),
    (Kind.CAPTURE, T.CAPTURE_PENDING, {}, None, "state", "Capture needs an authorized", "what is pending"),
    (Kind.CAPTURE, T.AUTHORIZED, {"capturing": 6_000}, None, "capture_in_flight", "60.00 EUR is on its way", "ended"),
    (Kind.CANCEL, T.AUTHORIZED, {"capturing": 6_000}, None, "capture_in_flight", "60.00 EUR is on its way", "ended"),
    (
        Kind.CANCEL_OR_REFUND,
        T.CAPTURED,
        {**ALL_CAPTURED, "refunding": 500},
        None,
        "refund_in_flight",
        "5.00 EUR is on its way",
        "ended",
    ),
    (Kind.CANCEL, T.AUTHORIZED, {"captured": 1_000}, None, "captured", "too late; use refund", ""),
    (Kind.CAPTURE, T.AUTHORIZED, {"capture_open": False}, None, "one_capture", "no further capture", ""),
    (
        Kind.REFUND,
        T.CAPTURED,
        {**ALL_CAPTURED, "refunded": 10_000},
        None,
        "nothing_left",
        "Nothing is left to refund.",
        "",
    ),
    (
        Kind.REFUND,
        T.CAPTURED,
        {**ALL_CAPTURED, "refunding": 10_000},
        None,
        "nothing_left",
        "pending refunds already cover",
        "",
    ),
    (Kind.REFUND, T.CAPTURED, {**ALL_CAPTURED, "charged_back": 10_000}, None, "nothing_left", "was charged back", ""),
    (Kind.CAPTURE, T.AUTHORIZED, {}, 0, "amount", "greater than zero", ""),
    (Kind.CAPTURE, T.AUTHORIZED, {}, -1, "amount", "greater than zero", ""),
    (Kind.CAPTURE, T.AUTHORIZED, {}, 10_001, "amount", "100.01 EUR is more than the 100.00 EUR", "100.00 EUR or less"),
    (Kind.REFUND, T.CAPTURED, ALL_CAPTURED, 10_001, "amount", "more than the 100.00 EUR", "100.00 EUR or less"),
    (Kind.CANCEL, T.AUTHORIZED, {}, 9_999, "whole", "Only the full 100.00 EUR can be cancelled", ""),
    (Kind.CANCEL_OR_REFUND, T.CAPTURED, ALL_CAPTURED, 1, "whole", "Only the full 100.00 EUR can be reversed", ""),
    (
        Kind.CAPTURE,
        T.AUTHORIZED,
        {"capability": a_capability(partial_capture=False)},
        9_999,
        "whole",
        "Only the full 100.00 EUR can be captured",
        "",
    ),
    (
        Kind.REFUND,
        T.CAPTURED,
        {**ALL_CAPTURED, "capability": a_capability(partial_refund=False)},
        9_999,
        "whole",
        "Only the full 100.00 EUR can be refunded",
        "",
    ),
]


@pytest.mark.parametrize(("kind", "state", "fields", "amount", "rule", "sentence", "unlock"), REFUSALS)
def test_a_refusal_names_its_rule_and_says_why(
    kind: Kind, state: T, fields: dict[str, Any], amount: int | None, rule: str, sentence: str, unlock: str
) -> None:
    decision = may(kind, a_situation(state, **fields), amount=amount)

    assert (decision.allowed, decision.rule) == (False, rule)
    assert sentence in decision.sentence
    assert unlock in decision.unlock
    assert decision.maximum is None
    assert decision.facts, "a closed button proves itself too"


def test_every_rule_is_refused_in_the_table_above() -> None:
    rules = {may(kind, situation, amount=amount).rule for kind, situation, amount in _everything()}

    assert rules - {"open"} == {row[4] for row in REFUSALS}


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
        Kind.REFUND: "refund",
    }


def test_the_facts_name_their_source_and_show_what_is_pending() -> None:
    facts = {fact.name: fact for fact in facts_of(a_situation(captured=4_000, capturing=1_000))}

    assert facts["Captured"].value == "40.00 EUR (+ 10.00 EUR pending)"
    assert facts["Authorized"].value == "100.00 EUR"
    assert (facts["Gateway status"].value, facts["Gateway status"].source) == ("AUTHORIZED", "gateway")
    assert facts["Gateway status"].at == NOW - timedelta(hours=1)


amounts = st.integers(0, 10_000)


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
        capability=a_capability(multiple_capture=draw(st.booleans()), auto_capture=draw(st.booleans())),
    )


@given(situation=situations(), kind=st.sampled_from(Kind), amount=st.integers(-1, 20_001))
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


@given(situation=situations(), kind=st.sampled_from(Kind))
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
        assert amount + situation.captured + situation.capturing + situation.released <= situation.authorized
    if kind is Kind.REFUND:
        assert amount + situation.refunded + situation.refunding + situation.charged_back <= situation.captured
    if kind is Kind.CANCEL_OR_REFUND:
        assert situation.state in REVERSIBLE
        assert not situation.capturing
        assert not situation.refunding


def _everything() -> list[tuple[Kind, Situation, int | None]]:
    closed = {**PICTURES, **DOORS, "both": {"refunding": 500, **ALL_CAPTURED}}
    made = [a_situation(state, **fields) for state, fields in itertools.product(T, closed.values())]
    return [(kind, situation, amount) for kind in Kind for situation in made for amount in (None, 0, 1, 10**6)]


def test_decisions_about_all_kinds_come_in_the_order_of_the_buttons() -> None:
    decisions: dict[Kind, Decision] = decide_all(a_situation())

    assert list(decisions) == list(Kind)
