"""Situations for the rules, without a database: an authorization of 100.00 EUR unless told otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from orders.gateways.base import Capability, Kind, TransactionState
from orders.gateways.registry import gateway_named
from orders.modifications.rules import Situation

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERY_RIGHT = frozenset({"view", "capture", "cancel", "refund"})


def a_capability(**fields: Any) -> Capability:
    """What an account at gateway A can do, with differences."""
    return replace(gateway_named("smartpay").capability({}), **fields)


def captures_in_parts(**fields: Any) -> Capability:
    """Several captures, each refunded for itself; each says whether the rest stays open; the rest can be cancelled."""
    values: dict[str, Any] = {
        "kinds": frozenset({Kind.CAPTURE, Kind.CANCEL, Kind.REFUND}),
        "multiple_capture": True,
        "releases_remainder": False,
        "remainder_choice": True,
        "cancels_after_capture": True,
        "refunds_captures": True,
        **fields,
    }
    return a_capability(**values)


def voids_first(**fields: Any) -> Capability:
    """One capture, which is voided whole until it has cleared a day later and refunded from then on."""
    kinds = frozenset({Kind.CAPTURE, Kind.CANCEL, Kind.VOID, Kind.REFUND})
    return a_capability(**{"kinds": kinds, "void_seconds": 24 * 3600, **fields})


def a_situation(state: TransactionState = TransactionState.AUTHORIZED, **fields: Any) -> Situation:
    """One capture holds everything captured, unless `largest_capture_open` says otherwise."""
    values: dict[str, Any] = {
        "capability": a_capability(),
        "raw_status": state.value.upper(),
        "status_at": NOW - timedelta(hours=1),
        "now": NOW,
        "currency": "EUR",
        "authorized": 10_000,
        "capturing": 0,
        "captured": 0,
        "released": 0,
        "refunding": 0,
        "refunded": 0,
        "charged_back": 0,
        "capture_open": True,
        "exclusive": False,
        "unknown_count": 0,
        "frozen_reason": "",
        "expires_at": NOW + timedelta(days=4),
        "version": 1,
        "permissions": EVERY_RIGHT,
        **fields,
    }
    one_capture = max(0, values["captured"] - values["refunded"] - values["refunding"])
    return Situation(state=state, **{"largest_capture_open": one_capture, "captures_open": one_capture, **values})
