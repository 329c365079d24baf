"""Gateway B, the Smartpay order API: capture in one or several parts, cancel the rest, refund a payment, read, list.

The contract, its contradictions and how each is treated: docs/gateways/smartpay-orders.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orders.gateways.base import (
    CannotSay,
    Capability,
    Delivery,
    Door,
    Fetched,
    FrozenRequest,
    Instruction,
    Kind,
    Listed,
    Opened,
    Outcome,
    Verdict,
)
from orders.gateways.overrides import overridden
from orders.gateways.smartpay_orders_asking import Asking, NotRead, exchange
from orders.gateways.smartpay_orders_judging import judge_look_up, judge_send, judge_unread, refuses_key
from orders.gateways.smartpay_orders_reading import read_page, stated_problem
from orders.gateways.smartpay_orders_showing import snapshot_of
from orders.gateways.smartpay_orders_webhooks import open_signed, read_unproved
from orders.gateways.smartpay_orders_words import CURRENCY, TITLE
from orders.gateways.smartpay_orders_writing import DESCRIPTION_MAXIMUM, list_request, modification_request
from orders.gateways.transport import not_fetched, pause_sentence

name = "smartpay_orders"
title = TITLE

_CAPABILITY = Capability(
    kinds=frozenset({Kind.CAPTURE, Kind.CANCEL, Kind.REFUND}),
    partial_capture=True,
    multiple_capture=True,
    partial_refund=True,
    releases_remainder=False,
    remainder_choice=True,
    cancels_after_capture=True,
    refunds_captures=True,
    authorization_days=7,
    replays=True,
    # Not stated by the vendor: a refusal on a repeat may be about the first send's success.
    replays_errors=False,
    # Keys are remembered for six hours; after five and a half the order is read instead.
    replay_window_seconds=19_800,
    finds_by_modification_id=True,
    late_processing_seconds=60,
    decimals_maximum=0,
    deadline_seconds=30,
    description_maximum=DESCRIPTION_MAXIMUM,
    reads=True,
    lists=True,
    currencies=frozenset({CURRENCY}),
    amount_format="a whole number in the smallest unit: 1000 JPY is 1000",
    query_key="reference",
    webhook_trust="signed",
    instalments=3,
)

_FIXED = frozenset(
    {
        *("reads", "lists", "finds_by_modification_id", "query_key", "amount_format", "currencies"),
        *("releases_remainder", "remainder_choice", "cancels_after_capture", "refunds_captures", "void_seconds"),
        *("asynchronous", "quarantine_seconds"),
    }
)

_BOUNDS = {
    "authorization_days": (1, 365),
    "replay_window_seconds": (0, _CAPABILITY.replay_window_seconds),
    "late_processing_seconds": (1, 24 * 3600),
    "decimals_maximum": (0, 0),
    "deadline_seconds": (1, 300),
    "description_maximum": (0, DESCRIPTION_MAXIMUM),
    "instalments": (0, 60),
}


def capability(overrides: Mapping[str, Any]) -> Capability:
    """What an account can do; `overrides` are fields of Capability with values of its types. Raises CannotSay."""
    return overridden(_CAPABILITY, overrides, bounds=_BOUNDS, fixed=_FIXED, title=title)


def compose(instruction: Instruction) -> FrozenRequest:
    """The bytes of the request, fixed once; the amount is in every capture and refund. Raises CannotSay."""
    return modification_request(instruction)


def send(door: Door, request: FrozenRequest, instruction: Instruction) -> Outcome:
    """One attempt with the frozen bytes."""
    return judge_send(exchange(door, request), instruction)


def look_up(door: Door, instruction: Instruction) -> Outcome:
    """Read the order and find our reference among its payments and their refunds; a cancel shows in the status."""
    try:
        order, seen = Asking(door).whole_order(instruction.transaction_reference)
    except CannotSay as refusal:
        return Outcome(verdict=Verdict.UNKNOWN, reason=str(refusal), review=True)
    except NotRead as problem:
        return judge_unread(problem.seen, str(problem))
    return judge_look_up(seen, order, instruction)


def fetch(door: Door, transaction_reference: str, currency: str) -> Fetched:
    """Read the whole order; every amount carries its own currency, so the order's is not needed."""
    return _fetched(Asking(door), lambda _asking: transaction_reference)


def fetch_list(door: Door, page: str) -> Listed:
    """One page of orders. A token that leads back to its own page ends the list."""
    try:
        request = list_request(page)
        found, seen = Asking(door).read(request, read_page)
    except CannotSay as refusal:
        return Listed(reason=str(refusal))
    except NotRead as problem:
        return _not_listed(problem)
    snapshots = tuple(snapshot_of(order) for order in found.orders)
    return Listed(snapshots=snapshots, next_page="" if found.next_page == page else found.next_page, observation=seen)


def find(door: Door, gateway_id: str) -> Fetched:
    """The order that a payment or refund belongs to; an order's own id finds itself."""

    def order_id(asking: Asking) -> str:
        if gateway_id.startswith("order_"):
            return gateway_id
        payment_id = asking.payment_of_refund(gateway_id) if gateway_id.startswith("refund_") else gateway_id
        return asking.order_of_payment(payment_id)

    return _fetched(Asking(door), order_id)


def open_delivery(delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
    """Check and read a webhook; there is one scheme, so `options` choose nothing. Raises Rejected."""
    return open_signed(delivery, secrets)


def read_delivery(delivery: Delivery) -> Opened:
    """What a webhook says, whoever sent it. Raises Rejected."""
    return read_unproved(delivery)


def _fetched(asking: Asking, order_id: Callable[[Asking], str]) -> Fetched:
    try:
        wanted = order_id(asking)
        order, seen = asking.whole_order(wanted)
    except CannotSay as refusal:
        return Fetched(snapshot=None, reason=str(refusal))
    except NotRead as problem:
        return _not_read(problem)
    if order.id != wanted or not order.status:
        return Fetched(snapshot=None, reason=f"{title}'s answer is not about this order.", observation=seen)
    return Fetched(snapshot=snapshot_of(order), reason="", observation=seen)


def _not_read(problem: NotRead) -> Fetched:
    seen = problem.seen
    if seen is None or (seen.fault is None and seen.status is not None and seen.status < 300):
        return Fetched(snapshot=None, reason=str(problem), observation=seen)
    of_order = seen.fault is None and not problem.in_part
    missing = of_order and seen.status == 404 and stated_problem(seen).stated
    refused = seen.fault is None and refuses_key(seen)
    return not_fetched(seen, title=title, key_refused=refused, missing=missing)


def _not_listed(problem: NotRead) -> Listed:
    seen = problem.seen
    paused = pause_sentence(seen, title=title, key_refused=refuses_key(seen)) if seen is not None else ""
    return Listed(reason=str(problem), pause_account=paused, observation=seen)
