"""Gateway C, SmarterPay Cloud: release, cancel, void and refund of card payments. What became of one comes by webhook.

The contract, its contradictions and how each is treated: docs/gateways/smarterpay.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orders.gateways import http
from orders.gateways.base import (
    Capability,
    Delivery,
    Door,
    Fetched,
    FrozenRequest,
    Instruction,
    Kind,
    Listed,
    Observation,
    Opened,
    Outcome,
)
from orders.gateways.overrides import overridden
from orders.gateways.smarterpay_judging import NO_WAY_TO_ASK, cannot_ask, judge_cards, judge_send
from orders.gateways.smarterpay_scrubbing import scrub
from orders.gateways.smarterpay_signing import UNSIGNED_SCHEME
from orders.gateways.smarterpay_webhooks import open_delivery as open_webhook
from orders.gateways.smarterpay_words import METHODS_WITHOUT_CAPTURE, TITLE
from orders.gateways.smarterpay_writing import DECIMALS_MAXIMUM, TEXT_MAXIMUM, cards_request, modification_request

name = "smarterpay"
title = TITLE

_HALF_AN_HOUR = 1800
_DAY = 24 * 3600

_CAPABILITY = Capability(
    kinds=frozenset({Kind.CAPTURE, Kind.CANCEL, Kind.VOID, Kind.REFUND}),
    partial_capture=True,
    # “Normally only one release”, and the rest goes back (C.2).
    multiple_capture=False,
    partial_refund=True,
    releases_remainder=True,
    refunds_captures=True,
    # The gateway releases “normally after 7 days” (seed 004), others after 1 to 30 (C.8 row 7).
    authorization_days=7,
    # The key is always sent; whether the card service honours it is not said (C.4), so nothing relies on it.
    replays=False,
    replays_errors=False,
    replay_window_seconds=0,
    finds_by_modification_id=False,
    late_processing_seconds=_HALF_AN_HOUR,
    quarantine_seconds=_HALF_AN_HOUR,
    void_seconds=_DAY,
    reads=False,
    lists=False,
    decimals_maximum=DECIMALS_MAXIMUM,
    deadline_seconds=30,
    description_maximum=TEXT_MAXIMUM,
    methods_without_capture=METHODS_WITHOUT_CAPTURE,
    amount_format="whole minor units: 100 is 1.00 GBP",
    webhook_trust="signed",
    shows_description=True,
)

_BOUNDS = {
    "authorization_days": (1, 30),
    # Documented for the neighbouring data API: kept for a day at least (C.4).
    "replay_window_seconds": (0, 20 * 3600),
    "late_processing_seconds": (1, _DAY),
    "quarantine_seconds": (_HALF_AN_HOUR, _DAY),
    "void_seconds": (0, 7 * _DAY),
    "decimals_maximum": (0, DECIMALS_MAXIMUM),
    "deadline_seconds": (1, 300),
    "description_maximum": (0, TEXT_MAXIMUM),
}
_FIXED = frozenset({"reads", "lists", "finds_by_modification_id", "replays_errors"})


def capability(overrides: Mapping[str, Any]) -> Capability:
    """What an account can do; `overrides` are fields of Capability with values of its types. Raises CannotSay."""
    return overridden(_CAPABILITY, overrides, bounds=_BOUNDS, fixed=_FIXED, title=title)


def compose(instruction: Instruction) -> FrozenRequest:
    """The bytes of the request, fixed once; our id is key, reference and metadata. Raises CannotSay."""
    return modification_request(instruction)


def send(door: Door, request: FrozenRequest, instruction: Instruction) -> Outcome:
    """One attempt with the frozen bytes."""
    return judge_send(_exchange(door, request), instruction)


def look_up(door: Door, instruction: Instruction) -> Outcome:
    """Always UNKNOWN: there is nothing to read a transaction from, and the list of cards is no more than a hint."""
    if not door.data_url:
        return cannot_ask()
    lists = replace(door, base_url=door.data_url, address=door.data_address)
    return judge_cards(_exchange(lists, cards_request()), instruction)


def fetch(door: Door, transaction_reference: str, currency: str) -> Fetched:
    """Never a snapshot."""
    return Fetched(snapshot=None, reason=NO_WAY_TO_ASK)


def fetch_list(door: Door, page: str) -> Listed:
    """Never a page: the list of cards names no payments and no amounts."""
    return Listed(reason=f"{title} has no list of payments; new ones become known by webhook.")


def find(door: Door, gateway_id: str) -> Fetched:
    """Never a snapshot."""
    return Fetched(snapshot=None, reason=NO_WAY_TO_ASK)


def open_delivery(delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
    """Check and read a webhook of either version; `options` say which scheme proves its sender. Raises Rejected."""
    return open_webhook(delivery, secrets, options)


def read_delivery(delivery: Delivery) -> Opened:
    """What a webhook says, whoever sent it. Raises Rejected."""
    return open_webhook(delivery, (), {"scheme": UNSIGNED_SCHEME})


def _exchange(door: Door, request: FrozenRequest) -> Observation:
    """The token is put in at the moment of sending, so that one rotated meanwhile is the one that is used."""
    return http.exchange(door, request, authorization=f"Bearer {door.authentication_key}", scrub=scrub)
