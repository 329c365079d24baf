"""Modes and clock: every dial of the sandbox on one form."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from orders.sandbox.dials import CHOICES, BadDial, Dials, wire_name
from orders.sandbox.ledger import Ledger
from orders.sandbox.pages import frame
from orders.sandbox.wire import Reply, Request

ADDRESS = "/modes"
LABELS = {
    "asynchronous": "Answer *_PENDING first",
    "async_delay_seconds": "Asynchronous delay, seconds",
    "async_outcome": "Asynchronous modifications",
    "replay": "Repeat a kept answer for a known id",
    "spelling": "Spelling of a cancellation",
    "date_format": "Date format",
    "latency_seconds": "Latency, seconds",
    "latency_jitter_seconds": "Latency jitter, seconds",
    "authorization_seconds": "Life of an authorization, seconds",
    "optional_fields": "Leave out and add optional fields",
    "magic_amounts": "Magic amounts",
    "multi_capture": "New checkouts allow several captures",
    "prepayment_status": "Gateway A: a new prepayment or invoice is",
    "programme_refunds": "Gateway A: refunds tell of a programme refund",
    "fee_basis_points": "Fee in settlements, basis points",
    "settlement_anomalies": "Mistakes in settlements, basis points",
    "starter_orders": "Gateway B: a dozen orders for each new test key",
    "order_authorization_seconds": "Gateway B: life of an authorization, seconds",
    "order_replay_seconds": "Gateway B: life of an Idempotency-Key, seconds",
    "smarterpay_release_days": "Gateway C: days until money that is not released goes back",
    "smarterpay_clearing_seconds": "Gateway C: clearing, seconds",
    "smarterpay_refund_before_clearing": "Gateway C: refunds are possible before clearing",
    "smarterpay_idempotency": "Gateway C: honour the Idempotency-Key",
    "smarterpay_webhooks": "Gateway C: envelope of webhooks",
    "smarterpay_signature_header": "Gateway C: header of the signature",
    "webhook_delay_seconds": "Webhooks leave after, seconds",
    "webhook_reorder_seconds": "Webhooks overtake one another within, seconds",
    "webhook_duplicates": "Webhooks sent several times, 0 to 1",
    "webhook_copies": "How many times these are sent",
    "webhook_lose": "Webhooks never sent, 0 to 1",
    "webhook_bad_signature": "Attempts signed wrongly, 0 to 1",
    "webhook_retry_seconds": "Pause between attempts, seconds (0: the gateway's own)",
    "webhook_first": "Webhooks arrive before the answer",
    "seed": "Seed of everything random",
    "clock_offset_seconds": "Virtual clock, seconds ahead",
}


def show(ledger: Ledger, *, refusal: str | None = None) -> Reply:
    inputs = [_input(part.name, getattr(ledger.dials.now, part.name)) for part in fields(Dials)]
    return frame.page(
        "Modes and clock",
        frame.section(
            "Dials",
            frame.paragraph("They hold until they are turned again, also across a restart."),
            frame.form(ADDRESS, *inputs, button="Turn the dials", style="stacked"),
        ),
        here=ADDRESS,
        status=422 if refusal else 200,
        refusal=refusal,
    )


def turn(ledger: Ledger, request: Request) -> Reply:
    wished = frame.fields_of(request)
    try:
        ledger.dials.turn({wire_name(name): _typed(name, value) for name, value in _known(wished).items()})
    except BadDial as error:
        return show(ledger, refusal=f"{error} No dial was turned.")
    return frame.see(ADDRESS)


def _known(wished: dict[str, str]) -> dict[str, str]:
    return {part.name: wished[wire_name(part.name)] for part in fields(Dials) if wire_name(part.name) in wished}


def _input(name: str, value: Any) -> str:
    if name in CHOICES:
        return frame.choice(LABELS[name], wire_name(name), [(one, one) for one in CHOICES[name]], str(value))
    if isinstance(value, bool):
        return frame.choice(LABELS[name], wire_name(name), [("yes", "yes"), ("no", "no")], "yes" if value else "no")
    return frame.field(LABELS[name], wire_name(name), value, kind="amount", required=True)


def _typed(name: str, written: str) -> Any:
    example = getattr(Dials(), name)
    if name in CHOICES:
        return written
    if isinstance(example, bool):
        return written == "yes"
    if isinstance(example, str):
        return written
    try:
        return float(written) if isinstance(example, float) else int(written)
    except ValueError:
        raise BadDial(f"{LABELS[name]} is a number.") from None
