"""The matrix of what may be asked: state × money picture × kind, and every closed door on top.

`python -m tests.modifications.rules_matrix` prints it. The file rules_matrix.txt beside this one was read line by line
against seeds 000, 001, 003 and 004; the test compares the two.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from orders.gateways.base import ACTIONS, Kind, TransactionState
from orders.modifications.rules import decide_all
from tests.modifications.situations import (
    EVERY_RIGHT,
    NOW,
    a_capability,
    a_situation,
    captures_in_parts,
    voids_first,
)

T = TransactionState
SEVERAL_CAPTURES = a_capability(multiple_capture=True)

PICTURES: dict[str, dict[str, Any]] = {
    "untouched": {},
    "capture of all on its way": {"capturing": 10_000},
    "60 captured, 40 released": {"captured": 6_000, "released": 4_000, "capture_open": False},
    "60 captured, 40 still open": {"captured": 6_000, "capability": SEVERAL_CAPTURES},
    "60 captured, 10 on its way": {"captured": 6_000, "capturing": 1_000, "capability": SEVERAL_CAPTURES},
    "all captured": {"captured": 10_000, "capture_open": False},
    "all captured in two halves": {"captured": 10_000, "capture_open": False, "largest_capture_open": 5_000},
    "all captured, 30 refunded": {"captured": 10_000, "capture_open": False, "refunded": 3_000},
    "all captured, refund of 30 on its way": {"captured": 10_000, "capture_open": False, "refunding": 3_000},
    "all captured, refund of all on its way": {"captured": 10_000, "capture_open": False, "refunding": 10_000},
    "all captured, all refunded": {"captured": 10_000, "capture_open": False, "refunded": 10_000},
    "all captured, 30 charged back": {"captured": 10_000, "capture_open": False, "charged_back": 3_000},
    "all captured, all charged back": {"captured": 10_000, "capture_open": False, "charged_back": 10_000},
    "nothing left, all released": {"released": 10_000, "capture_open": False},
}
DOORS: dict[str, dict[str, Any]] = {
    "frozen": {"frozen_reason": "The books do not fit."},
    "an outcome unknown": {"unknown_count": 1},
    "a cancellation has it to itself": {"exclusive": True},
    "expired an hour ago": {"expires_at": NOW - timedelta(hours=1)},
    "expires this moment": {"expires_at": NOW},
    "expires in a second": {"expires_at": NOW + timedelta(seconds=1)},
    "expiry unknown": {"expires_at": None},
    "account captures by itself": {"capability": a_capability(auto_capture=True)},
    "account offers refund only": {"capability": a_capability(kinds=frozenset({Kind.REFUND}))},
    "no capture of a part": {"capability": a_capability(partial_capture=False)},
    "no refund of a part": {"capability": a_capability(partial_refund=False)},
    "person may only view": {"permissions": frozenset({"view"})},
    "person may not capture": {"permissions": EVERY_RIGHT - {"capture"}},
    "person may not cancel": {"permissions": EVERY_RIGHT - {"cancel"}},
    "person may not refund": {"permissions": EVERY_RIGHT - {"refund"}},
}

OTHER_ACCOUNTS: dict[str, tuple[T, dict[str, Any]]] = {
    "in parts, untouched": (T.AUTHORIZED, {"capability": captures_in_parts()}),
    "in parts, 60 captured, 40 still open": (T.AUTHORIZED, {"capability": captures_in_parts(), "captured": 6_000}),
    "in parts, 60 captured, 10 on its way": (
        T.AUTHORIZED,
        {"capability": captures_in_parts(), "captured": 6_000, "capturing": 1_000},
    ),
    "in parts, all captured in two halves": (
        T.CAPTURED,
        {
            "capability": captures_in_parts(),
            "captured": 10_000,
            "capture_open": False,
            "largest_capture_open": 5_000,
            "captures_open": 10_000,
        },
    ),
    "in parts, 60 captured, 40 released": (
        T.CAPTURED,
        {"capability": captures_in_parts(), "captured": 6_000, "released": 4_000, "capture_open": False},
    ),
    "in parts, captured by the gateway itself": (
        T.CAPTURED,
        {"capability": captures_in_parts(auto_capture=True), "captured": 10_000, "capture_open": False},
    ),
    "voids first, untouched": (T.AUTHORIZED, {"capability": voids_first()}),
    "voids first, captured an hour ago": (
        T.CAPTURED,
        {
            "capability": voids_first(),
            "captured": 10_000,
            "capture_open": False,
            "voidable": 10_000,
            "largest_capture_open": 0,
            "captures_open": 0,
        },
    ),
    "voids first, captured and cleared": (
        T.CAPTURED,
        {"capability": voids_first(), "captured": 10_000, "capture_open": False},
    ),
    "voids first, cleared, 30 refunded": (
        T.CAPTURED,
        {"capability": voids_first(), "captured": 10_000, "capture_open": False, "refunded": 3_000},
    ),
    "voids first, refund of 30 on its way": (
        T.CAPTURED,
        {"capability": voids_first(), "captured": 10_000, "capture_open": False, "refunding": 3_000},
    ),
    "money taken at once, authorized": (
        T.AUTHORIZED,
        {"capability": a_capability(methods_without_capture=frozenset({"SOFORT"})), "payment_method": "SOFORT"},
    ),
    "money taken at once, settled": (
        T.SETTLED,
        {
            "capability": a_capability(methods_without_capture=frozenset({"SOFORT"})),
            "payment_method": "SOFORT",
            "captured": 10_000,
            "capture_open": False,
        },
    ),
    "deal with 30 left": (T.AUTHORIZED, {"deal_reference": "deal-1", "deal_room": 3_000}),
    "deal with nothing left": (T.AUTHORIZED, {"deal_reference": "deal-1", "deal_room": 0}),
    "deal with more left than authorized": (T.AUTHORIZED, {"deal_reference": "deal-1", "deal_room": 50_000}),
}


def matrix() -> str:
    """The whole table as text."""
    lines = [_head("state, money")]
    for state in TransactionState:
        lines += [_line(f"{state.value}, {name}", a_situation(state, **money)) for name, money in PICTURES.items()]
    lines += ["", _head("closed doors")]
    for state, name in ((T.AUTHORIZED, "untouched"), (T.CAPTURED, "all captured")):
        lines += [
            _line(f"{state.value}, {name}, {door}", a_situation(state, **{**PICTURES[name], **closed}))
            for door, closed in DOORS.items()
        ]
    lines += ["", _head("other accounts, methods and deals")]
    lines += [_line(name, a_situation(state, **fields)) for name, (state, fields) in OTHER_ACCOUNTS.items()]
    return "\n".join(lines) + "\n"


def _head(title: str) -> str:
    return f"{title:<64}" + "".join(f"{kind.value:<20}" for kind in ACTIONS).rstrip()


def _line(title: str, situation: Any) -> str:
    cells = [
        f"up to {decision.maximum.decimal}" if decision.allowed and decision.maximum else f"- {decision.rule}"
        for decision in decide_all(situation).values()
    ]
    return f"{title:<64}" + "".join(f"{cell:<20}" for cell in cells).rstrip()


if __name__ == "__main__":
    print(matrix(), end="")
