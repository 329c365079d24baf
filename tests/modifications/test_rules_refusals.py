"""Every refusal of the rules, with its rule, its sentence and the way out."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.modifications.rules import (
    Situation,
    may,
)
from tests.modifications.rules_matrix import DOORS, OTHER_ACCOUNTS, PICTURES
from tests.modifications.situations import NOW, a_capability, a_situation, captures_in_parts, voids_first

T = TransactionState
ALL_CAPTURED: dict[str, Any] = {"captured": 10_000, "capture_open": False}
AT_ONCE: dict[str, Any] = {
    "capability": a_capability(methods_without_capture=frozenset({"SOFORT"})),
    "payment_method": "SOFORT",
}
CLEARING: dict[str, Any] = {
    "capability": voids_first(),
    "captured": 10_000,
    "capture_open": False,
    "voidable": 10_000,
    "largest_capture_open": 0,
    "captures_open": 0,
    "clears_at": NOW + timedelta(hours=5),
}

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
        "offers no “cancel”.",
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
    (
        Kind.CAPTURE,
        T.AUTHORIZED,
        AT_ONCE,
        None,
        "method",
        "has no authorization to capture",
        "refund",
    ),
    (
        Kind.CANCEL,
        T.AUTHORIZED,
        AT_ONCE,
        None,
        "method",
        "has no authorization to cancel",
        "refund",
    ),
    (
        Kind.CAPTURE,
        T.AUTHORIZED,
        {"deal_reference": "deal-1", "deal_room": 0},
        None,
        "deal",
        "The payments of deal deal-1 have reached its ceiling",
        "",
    ),
    (Kind.REFUND, T.CAPTURED, CLEARING, None, "not_cleared", "only be voided whole", "at 2026-03-01 17:00 UTC"),
    (
        Kind.REFUND,
        T.CAPTURED,
        {**CLEARING, "clears_at": None},
        None,
        "not_cleared",
        "only be voided whole",
        "normally the next day",
    ),
    (Kind.VOID, T.CAPTURED, {**ALL_CAPTURED, "capability": voids_first()}, None, "cleared", "has cleared", ""),
    (
        Kind.VOID,
        T.CAPTURED,
        {**CLEARING, "refunding": 500},
        None,
        "refund_in_flight",
        "5.00 EUR is on its way",
        "ended",
    ),
    (Kind.VOID, T.CAPTURED, CLEARING, 9_999, "whole", "Only the full 100.00 EUR can be voided", ""),
    (Kind.VOID, T.AUTHORIZED, {"capability": voids_first()}, None, "state", "Void needs a captured", "cancel releases"),
    (
        Kind.VOID,
        T.CAPTURED,
        {**CLEARING, "permissions": frozenset({"capture", "cancel"})},
        None,
        "permission",
        "You may not void",
        "administrator",
    ),
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


@pytest.mark.parametrize(
    ("state", "fields", "told"),
    [
        (T.AUTHORIZED, {"capability": captures_in_parts()}, "Use cancel: that is what fits"),
        (T.CAPTURED, {**ALL_CAPTURED, "capability": captures_in_parts()}, "Use refund: that is what fits"),
        (T.AUTHORIZED, {"capability": voids_first()}, "Use cancel: that is what fits"),
        (T.CAPTURED, CLEARING, "Use void: that is what fits"),
        (T.CAPTURED, {**ALL_CAPTURED, "capability": voids_first()}, "Use refund: that is what fits"),
        (T.FAILED, {"capability": voids_first()}, "Use cancel, void or refund, whichever is open."),
        (T.FAILED, {"capability": captures_in_parts()}, "Use cancel or refund, whichever is open."),
        (T.CAPTURED, {**ALL_CAPTURED, "capability": a_capability(kinds=frozenset({Kind.REFUND}))}, "Use refund"),
    ],
)
def test_where_there_is_no_cancel_or_refund_the_closed_button_says_what_there_is(
    state: T, fields: dict[str, Any], told: str
) -> None:
    decision = may(Kind.CANCEL_OR_REFUND, a_situation(state, **fields))

    assert (decision.allowed, decision.rule) == (False, "capability")
    assert told in decision.unlock


def test_what_is_offered_instead_of_cancel_or_refund_is_what_the_sentence_names() -> None:
    partly = a_situation(T.AUTHORIZED, captured=4_000, largest_capture_open=4_000, capability=captures_in_parts())

    decision = may(Kind.CANCEL_OR_REFUND, partly)

    assert may(Kind.REFUND, partly).allowed
    assert (decision.alternative, decision.unlock) == (
        Kind.CANCEL,
        "Use cancel: that is what fits this transaction now.",
    )


def test_every_rule_is_refused_in_the_table_above() -> None:
    rules = {may(kind, situation, amount=amount).rule for kind, situation, amount in _everything()}

    assert rules - {"open"} == {row[4] for row in REFUSALS}


def _everything() -> list[tuple[Kind, Situation, int | None]]:
    others = {name: fields for name, (_, fields) in OTHER_ACCOUNTS.items()}
    closed = {**PICTURES, **DOORS, **others, "both": {"refunding": 500, **ALL_CAPTURED}}
    made = [a_situation(state, **fields) for state, fields in itertools.product(T, closed.values())]
    return [(kind, situation, amount) for kind in ACTIONS for situation in made for amount in (None, 0, 1, 10**6)]
