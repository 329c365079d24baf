"""Writes gateway B's requests: one instruction becomes bytes that are the same at every attempt."""

from __future__ import annotations

import urllib.parse
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import CannotSay, FrozenRequest, Instruction, Kind
from orders.gateways.smartpay_orders_words import (
    CANCELLATION,
    CURRENCY,
    KEEPS_REST,
    METHODS,
    ORDERS_PATH,
    OTHER_REASON,
    PAYMENTS_PATH,
    REASONS,
    REFUNDS_PATH,
    RELEASES_REST,
    TITLE,
    WHOLE,
)
from orders.gateways.writing import USER_AGENT, checked_amount, checked_description, checked_identifier
from orders.money import Money

# Stated for a checkout session only; a text that fits there fits everywhere.
DESCRIPTION_MAXIMUM = 80
REFERENCE_MAXIMUM = 40
METADATA_MAXIMUM = 20
METADATA_VALUE_MAXIMUM = 255
IDENTIFIER_MAXIMUM = 64
PAGE_TOKEN_MAXIMUM = 2000
ORDERS_A_PAGE = 20
"""The gateway's own default: whole orders of that number stay far below the megabyte that is read of an answer."""

_READING = {"User-Agent": USER_AGENT}


def modification_request(instruction: Instruction) -> FrozenRequest:
    """The request of a capture, cancel or refund. Raises CannotSay."""
    said = _SAYINGS.get(instruction.kind)
    if said is None:
        raise CannotSay(f"{TITLE} knows no {instruction.kind.value.replace('_', ' ')}; nothing was sent.")
    path, body = said(instruction)
    headers = {"User-Agent": USER_AGENT, "Idempotency-Key": _our_id(instruction)}
    if body:
        headers["Content-Type"] = "application/json"
    return FrozenRequest(method=METHODS[instruction.kind], path=path, headers=headers, body=body)


def order_request(order_id: str) -> FrozenRequest:
    """Reads an order with everything in it. Raises CannotSay."""
    return _read(f"{ORDERS_PATH}/{_in_path('order id', order_id)}?{WHOLE}")


def payment_request(payment_id: str) -> FrozenRequest:
    """Reads a payment with everything in it. Raises CannotSay."""
    return _read(f"{PAYMENTS_PATH}/{_in_path('payment id', payment_id)}?{WHOLE}")


def refund_request(refund_id: str) -> FrozenRequest:
    """Reads a refund. Raises CannotSay."""
    return _read(f"{REFUNDS_PATH}/{_in_path('refund id', refund_id)}?{WHOLE}")


def list_request(page: str) -> FrozenRequest:
    """Reads one page of orders; `page` is the token of the page before, "" at the beginning. Raises CannotSay."""
    if len(page) > PAGE_TOKEN_MAXIMUM:
        raise CannotSay(f"The page token has more than {PAGE_TOKEN_MAXIMUM} characters; nothing was asked.")
    asked = {"maxResults": str(ORDERS_A_PAGE), **({"pageToken": page} if page else {})}
    return _read(f"{ORDERS_PATH}?{urllib.parse.urlencode(asked)}&{WHOLE}")


def _capture(instruction: Instruction) -> tuple[str, bytes]:
    rest = RELEASES_REST if instruction.release_rest else KEEPS_REST
    said = {"order": _order_id(instruction), **_money(instruction), "cancelRemainder": rest}
    return PAYMENTS_PATH, exact_json.write({**said, **_ours(instruction)})


def _refund(instruction: Instruction) -> tuple[str, bytes]:
    """A refund is of one payment (B.11 row 12), which must be known."""
    if not instruction.capture_reference:
        raise CannotSay(f"{TITLE} refunds a payment, and which one is not known here; nothing was sent.")
    payment = checked_identifier("payment id", instruction.capture_reference, maximum=IDENTIFIER_MAXIMUM)
    said = {"payment": payment, **_money(instruction), "reason": REASONS.get(instruction.reason, OTHER_REASON)}
    return REFUNDS_PATH, exact_json.write({**said, **_ours(instruction)})


def _cancel(instruction: Instruction) -> tuple[str, bytes]:
    """Without a body: whatever is not captured is released."""
    return f"{ORDERS_PATH}/{_in_path('order id', instruction.transaction_reference)}{CANCELLATION}", b""


_SAYINGS = {Kind.CAPTURE: _capture, Kind.CANCEL: _cancel, Kind.REFUND: _refund}


def _money(instruction: Instruction) -> dict[str, Any]:
    """Never left out: a refund without an amount gives everything back (gateway notes, B.4)."""
    amount: Money = checked_amount(instruction.amount)
    if amount.currency != CURRENCY:
        raise CannotSay(f"{TITLE} moves {CURRENCY} alone and {amount} is something else; nothing was sent.")
    return {"amount": amount.amount_minor, "currency": amount.currency}


def _ours(instruction: Instruction) -> dict[str, Any]:
    """What lets us find it again, and what staff wrote."""
    said: dict[str, Any] = {"reference": _our_id(instruction)}
    description = checked_description(instruction.description, maximum=DESCRIPTION_MAXIMUM, title=TITLE)
    if description:
        said["description"] = description
    metadata = _metadata(instruction)
    return {**said, "metadata": metadata} if metadata else said


def _metadata(instruction: Instruction) -> dict[str, str]:
    references = {name: value for name, value in instruction.custom_references.items() if value}
    if len(references) > METADATA_MAXIMUM:
        raise CannotSay(f"{TITLE} keeps {METADATA_MAXIMUM} references and there are more; nothing was sent.")
    for name, value in references.items():
        if len(value) > METADATA_VALUE_MAXIMUM:
            raise CannotSay(f"{name} has more than {METADATA_VALUE_MAXIMUM} characters; nothing was sent.")
    return references


def _our_id(instruction: Instruction) -> str:
    return checked_identifier("modification id", instruction.modification_id, maximum=REFERENCE_MAXIMUM)


def _order_id(instruction: Instruction) -> str:
    return checked_identifier("order id", instruction.transaction_reference, maximum=IDENTIFIER_MAXIMUM)


def _in_path(what: str, value: str) -> str:
    return urllib.parse.quote(checked_identifier(what, value, maximum=IDENTIFIER_MAXIMUM), safe="")


def _read(path: str) -> FrozenRequest:
    return FrozenRequest(method="GET", path=path, headers=dict(_READING), body=b"")
