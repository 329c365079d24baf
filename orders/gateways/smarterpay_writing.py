"""Writes gateway C's requests: one instruction becomes bytes that are the same at every attempt."""

from __future__ import annotations

import urllib.parse
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import GIVES_BACK, CannotSay, FrozenRequest, Instruction, Kind
from orders.gateways.smarterpay_words import PAYMENT_TYPES, PLATFORM, TITLE
from orders.gateways.writing import USER_AGENT, checked_amount, checked_description, checked_identifier
from orders.money import Money, exponent_of

TRANSACTION_PATH = "/SmarterPayCardPaymentService/api/transaction/"
CARDS_PATH = "/service.svc/cards"

DECIMALS_MAXIMUM = 3
# The vendor prints no lengths; 255 is what it prints for the idempotency key (C.2, C.4).
TEXT_MAXIMUM = 255
IDENTIFIER_MAXIMUM = 64

WITH_AMOUNT = frozenset({Kind.CAPTURE, Kind.REFUND})

_HEADERS = {"Content-Type": "application/json", "User-Agent": USER_AGENT}


def modification_request(instruction: Instruction) -> FrozenRequest:
    """The request of a capture, cancel, void or refund. Raises CannotSay."""
    if instruction.kind not in PAYMENT_TYPES:
        raise CannotSay(
            f"{TITLE} has no {instruction.kind.replace('_', ' ')}; nothing was sent. "
            "Cancel what is not captured yet, void a capture of today, refund an older one."
        )
    card = _checked_card(instruction.card_reference)
    key = _checked_id("modification id", instruction.modification_id)
    return FrozenRequest(
        method="POST",
        path=TRANSACTION_PATH + urllib.parse.quote(card, safe=""),
        headers={**_HEADERS, "Idempotency-Key": key},
        body=exact_json.write(_body(instruction)),
    )


def cards_request() -> FrozenRequest:
    """The request that lists the card records, at the address of the lists."""
    return FrozenRequest(method="GET", path=CARDS_PATH, headers=dict(_HEADERS), body=b"")


def _body(instruction: Instruction) -> dict[str, Any]:
    """Ours goes home twice, as custom_reference and in metadata, because an answer echoes neither (seed 004)."""
    return {
        "payment_type": PAYMENT_TYPES[instruction.kind],
        "platform": PLATFORM,
        **(_amount(instruction.amount) if instruction.kind in WITH_AMOUNT else {}),
        **_descriptions(instruction),
        "custom_reference": instruction.modification_id,
        # The vendor's spelling on every page of its documents; a field spelled right would be ignored.
        "isAsnyc": instruction.asynchronous,
        "related_payment_id": _related_payment(instruction),
        "metadata": _metadata(instruction),
    }


def _amount(amount: Money) -> dict[str, Any]:
    """Whole minor units. A void and a cancel name none: both are always whole."""
    if exponent_of(amount.currency) > DECIMALS_MAXIMUM:
        raise CannotSay(f"{TITLE} takes at most {DECIMALS_MAXIMUM} decimals and {amount} has more; nothing was sent.")
    return {"amount": checked_amount(amount).amount_minor, "currency_code": amount.currency}


def _descriptions(instruction: Instruction) -> dict[str, str]:
    """The text for the shop; the one that may reach the shopper only when a person ticked that."""
    said = checked_description(instruction.description, maximum=TEXT_MAXIMUM, title=TITLE)
    if not said:
        return {}
    shown = {"gateway_payment_description": said} if instruction.customer_may_see else {}
    return {"internal_payment_description": said, **shown}


def _related_payment(instruction: Instruction) -> str:
    """The payment under the card that is meant: the original one, or the capture that is given back."""
    if instruction.kind not in GIVES_BACK:
        return _checked_id("original payment id", instruction.transaction_reference)
    if not instruction.capture_reference:
        raise CannotSay(
            f"The payment id of the capture is not known, and {TITLE} gives back one capture at a time; "
            "nothing was sent."
        )
    return _checked_id("capture's payment id", instruction.capture_reference)


def _metadata(instruction: Instruction) -> dict[str, str]:
    for name, value in instruction.custom_references.items():
        if len(value) > TEXT_MAXIMUM:
            raise CannotSay(f"{name} has more than {TEXT_MAXIMUM} characters; nothing was sent.")
    said = {name: value for name, value in instruction.custom_references.items() if value}
    return {**said, "modification_id": instruction.modification_id}


def _checked_card(value: str) -> str:
    if not value:
        raise CannotSay(
            f"The card record of this payment is not known, and {TITLE} acts on card records; nothing was sent."
        )
    return _checked_id("card id", value)


def _checked_id(what: str, value: str) -> str:
    return checked_identifier(what, value, maximum=IDENTIFIER_MAXIMUM)
