"""Gateway A, SmartPay: capture, cancel, cancel-or-refund, refund, new payments, reading, and notifications.

The contract, its contradictions and how each is treated: docs/gateways/smartpay.md.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orders.gateways import http
from orders.gateways.base import (
    ACTIONS,
    CannotSay,
    Capability,
    Delivery,
    Door,
    Fetched,
    FrozenRequest,
    Instruction,
    Kind,
    Listed,
    Movement,
    Observation,
    Opened,
    Outcome,
    Snapshot,
    Verdict,
)
from orders.gateways.exact_json import Unreadable
from orders.gateways.overrides import overridden
from orders.gateways.smartpay_judging import KEY_REFUSED, judge_look_up, judge_send
from orders.gateways.smartpay_notifications import open_notification
from orders.gateways.smartpay_payment_judging import NO_LOOK_UP, judge_payment
from orders.gateways.smartpay_reading import Answer, Entry, read_answer, stated_problem
from orders.gateways.smartpay_scrubbing import scrub
from orders.gateways.smartpay_words import PAID_AT_ONCE, TITLE, state_of, verdict_of
from orders.gateways.smartpay_writing import (
    DECIMALS_MAXIMUM,
    DESCRIPTION_MAXIMUM,
    modification_request,
    status_request,
)
from orders.gateways.transport import is_success, not_fetched

name = "smartpay"
title = TITLE

_CAPABILITY = Capability(
    kinds=frozenset({*ACTIONS, Kind.AUTHORIZE}) - {Kind.VOID},
    partial_capture=True,
    # Seed 000: a partial capture releases the rest. The status model hints at several captures: an account may say so.
    multiple_capture=False,
    partial_refund=True,
    releases_remainder=True,
    authorization_days=5,
    replays=True,
    # Not stated by the vendor: a refusal on a repeat may be about the first send's success.
    replays_errors=False,
    replay_window_seconds=20 * 3600,
    finds_by_modification_id=True,
    late_processing_seconds=120,
    decimals_maximum=DECIMALS_MAXIMUM,
    deadline_seconds=90,
    description_maximum=DESCRIPTION_MAXIMUM,
    # A second authorization would be a second payment, and a first one without an answer has no id to ask with.
    never_resent=frozenset({Kind.AUTHORIZE}),
    quarantine_seconds=1800,
    methods_without_capture=PAID_AT_ONCE,
    amount_format="a decimal number in major units with two decimals, such as 25.00",
    query_key="modificationId",
    webhook_trust="hint",
)

# What no account can have otherwise: these are facts of the gateway.
_FIXED = frozenset({"never_resent", "reads", "lists", "amount_format", "query_key", "webhook_trust"})

_BOUNDS = {
    "authorization_days": (1, 365),
    "replay_window_seconds": (0, _CAPABILITY.replay_window_seconds),
    "late_processing_seconds": (1, 24 * 3600),
    "decimals_maximum": (0, DECIMALS_MAXIMUM),
    "quarantine_seconds": (60, 24 * 3600),
    "deadline_seconds": (1, 300),
    "description_maximum": (0, DESCRIPTION_MAXIMUM),
}


def capability(overrides: Mapping[str, Any]) -> Capability:
    """What an account can do; `overrides` are fields of Capability with values of its types. Raises CannotSay."""
    return overridden(_CAPABILITY, overrides, bounds=_BOUNDS, fixed=_FIXED, title=title)


def compose(instruction: Instruction) -> FrozenRequest:
    """The bytes of the request, fixed once; modifiedAmount is in every capture and refund. Raises CannotSay.

    A new payment says more than an instruction holds: `smartpay_payment_writing.payment_request` composes it.
    """
    return modification_request(instruction)


def send(door: Door, request: FrozenRequest, instruction: Instruction) -> Outcome:
    """One attempt with the frozen bytes."""
    seen = _exchange(door, request)
    if instruction.kind is Kind.AUTHORIZE:
        return judge_payment(seen, request, instruction)
    return judge_send(seen, instruction)


def look_up(door: Door, instruction: Instruction) -> Outcome:
    """Read the transaction and find our modification in it. A new payment cannot be found: it has no id yet."""
    if instruction.kind is Kind.AUTHORIZE:
        return Outcome(verdict=Verdict.UNKNOWN, reason=NO_LOOK_UP)
    try:
        request = status_request(instruction.transaction_reference)
    except CannotSay as refusal:
        return Outcome(verdict=Verdict.UNKNOWN, reason=str(refusal), review=True)
    return judge_look_up(_exchange(door, request), instruction)


def fetch(door: Door, transaction_reference: str, currency: str) -> Fetched:
    """Read the whole transaction; `currency` is the order's, for an amount that comes without one."""
    try:
        request = status_request(transaction_reference)
    except CannotSay as refusal:
        return Fetched(snapshot=None, reason=str(refusal))
    seen = _exchange(door, request)
    if seen.fault is not None or not is_success(seen):
        return _not_fetched(seen)
    try:
        answer = read_answer(seen.body, currency=currency)
    except Unreadable:
        return Fetched(snapshot=None, reason="SmartPay's answer could not be read.", observation=seen)
    if not answer.speaks_of_a_transaction or answer.transaction_id.lower() not in {"", transaction_reference.lower()}:
        return Fetched(snapshot=None, reason="SmartPay's answer is not about this transaction.", observation=seen)
    return Fetched(snapshot=_snapshot(answer, transaction_reference), reason="", observation=seen)


def fetch_list(door: Door, page: str) -> Listed:
    """Nothing: no list and no search is documented, so orders come from the shop or by notification."""
    return Listed(reason="SmartPay has no list of its transactions; orders come from the shop.")


def find(door: Door, gateway_id: str) -> Fetched:
    """Nothing: a status is read by transactionId alone."""
    return Fetched(snapshot=None, reason="SmartPay finds a transaction by its transactionId only.")


def open_delivery(delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
    """Check and read a notification, which is only a hint. `secrets` are "user:password". Raises Rejected."""
    return open_notification(delivery, secrets)


def read_delivery(delivery: Delivery) -> Opened:
    """What a notification says, whoever sent it. Raises Rejected."""
    return open_notification(delivery, ())


def _exchange(door: Door, request: FrozenRequest) -> Observation:
    said = replace(request, headers={**request.headers, "Origin": door.origin})
    return http.exchange(door, said, authorization=_authorization(door), scrub=scrub)


def _authorization(door: Door) -> str:
    """Made at the moment of sending, so that a key rotated meanwhile is the one that is used."""
    pair = f"{door.merchant_key}:{door.authentication_key}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _not_fetched(seen: Observation) -> Fetched:
    missing = seen.fault is None and seen.status == 404 and stated_problem(seen).stated
    return not_fetched(seen, title=title, key_refused=seen.status in KEY_REFUSED, missing=missing)


def _snapshot(answer: Answer, transaction_reference: str) -> Snapshot:
    return Snapshot(
        transaction_reference=answer.transaction_id or transaction_reference,
        state=state_of(answer.payment_status),
        raw_status=answer.payment_status,
        status_at=answer.status_at,
        created_at=answer.created_at,
        amount=answer.amount,
        reconciliation_reference=answer.reference,
        partner_reference=answer.partner_reference,
        payment_reference=answer.payment_reference,
        payment_method=answer.payment_method,
        description=answer.description,
        deal=answer.deal,
        movements=tuple(_movement(answer, entry) for entry in answer.entries),
        raw=answer.raw,
        warnings=answer.warnings,
    )


def _movement(answer: Answer, entry: Entry) -> Movement:
    shared = answer.reference if entry.type in {"capture", "cancel"} else ""
    return Movement(
        type=entry.type,
        raw_type=entry.raw_type,
        modification_id=entry.modification_id,
        amount=entry.amount,
        reference=entry.reference or shared,
        gateway_id=entry.gateway_id,
        raw_status=entry.status,
        verdict=verdict_of(entry.type, entry.status, has_error=entry.problem.stated),
        at=entry.at,
        facts=entry.raw,
    )
