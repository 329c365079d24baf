"""Writes gateway A's requests: one instruction becomes bytes that are the same at every attempt."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orders.gateways import exact_json, writing
from orders.gateways.base import CannotSay, FrozenRequest, Instruction, Kind
from orders.gateways.smartpay_words import PATHS, STATUS_PATH, TITLE, TYPES_OF_KIND
from orders.gateways.writing import USER_AGENT, checked_amount, checked_description
from orders.money import Money

DECIMALS_MAXIMUM = 2
DESCRIPTION_MAXIMUM = 127
CUSTOM_REFERENCES = ("custom1", "custom2", "custom3")
CUSTOM_REFERENCE_MAXIMUM = 255
# 36 in the refund's prose, 64 elsewhere (A.10 row 24); ours are UUIDs and satisfy both.
IDENTIFIER_MAXIMUM = 36

# All four headers are required by seeds 001 and 002; Origin is the dashboard's address and joins when it is sent.
HEADERS = {"Content-Type": "application/json", "Accept-Language": "en-US", "User-Agent": USER_AGENT}

WITH_AMOUNT = frozenset({Kind.CAPTURE, Kind.REFUND})


def modification_request(instruction: Instruction) -> FrozenRequest:
    """The request of a capture, cancel, cancel-or-refund or refund. Raises CannotSay."""
    if instruction.kind not in TYPES_OF_KIND:
        raise CannotSay(f"{TITLE} has no modification that is a {instruction.kind}; nothing was sent.")
    body = exact_json.write(_body(instruction))
    return FrozenRequest(method="POST", path=PATHS[instruction.kind], headers=dict(HEADERS), body=body)


def status_request(transaction_reference: str) -> FrozenRequest:
    """The request that reads a transaction. Raises CannotSay."""
    reference = checked_identifier("transaction reference", transaction_reference)
    path = STATUS_PATH + urllib.parse.quote(reference, safe="")
    return FrozenRequest(method="GET", path=path, headers=dict(HEADERS), body=b"")


def written_amount(amount: Money) -> Decimal:
    """The amount with exactly two decimals: 1000 JPY is 1000.00, 25 EUR is 25.00. Raises CannotSay."""
    written = Decimal(f"{checked_amount(amount).decimal:.{DECIMALS_MAXIMUM}f}")
    if written != amount.decimal:
        raise CannotSay(f"SmartPay takes at most two decimals and {amount} has more; nothing was rounded or sent.")
    return written


def _body(instruction: Instruction) -> dict[str, Any]:
    body: dict[str, Any] = {
        "transactionId": checked_identifier("transaction reference", instruction.transaction_reference),
        "modificationId": checked_identifier("modification id", instruction.modification_id),
        "merchantKey": checked_merchant_key(instruction.merchant_key),
    }
    description = checked_description(instruction.description, maximum=DESCRIPTION_MAXIMUM, title=TITLE)
    if instruction.kind in WITH_AMOUNT:
        # Never left out: without it the gateway captures or refunds everything (gateway A notes, A.2).
        body["modifiedAmount"] = amount_said(instruction.amount, description)
    elif description:
        body["description"] = description
    references = _checked_references(instruction.custom_references)
    return {**body, "customReferences": references} if references else body


def amount_said(amount: Money, description: str) -> dict[str, Any]:
    """An amount as every request writes it. Raises CannotSay."""
    said: dict[str, Any] = {"amount": written_amount(amount), "currencyCode": amount.currency}
    return {**said, "description": description} if description else said


def checked_identifier(what: str, value: str) -> str:
    return writing.checked_identifier(what, value, maximum=IDENTIFIER_MAXIMUM)


def checked_merchant_key(value: str) -> str:
    if not 1 <= len(value) <= IDENTIFIER_MAXIMUM:
        raise CannotSay(f"The merchant key must have 1 to {IDENTIFIER_MAXIMUM} characters; nothing was sent.")
    return value


def _checked_references(values: Mapping[str, str]) -> dict[str, str]:
    for name, value in values.items():
        if name not in CUSTOM_REFERENCES:
            raise CannotSay(f"SmartPay keeps {', '.join(CUSTOM_REFERENCES)} and no “{name}”; nothing was sent.")
        if len(value) > CUSTOM_REFERENCE_MAXIMUM:
            raise CannotSay(f"{name} has more than {CUSTOM_REFERENCE_MAXIMUM} characters; nothing was sent.")
    return {name: values[name] for name in CUSTOM_REFERENCES if values.get(name)}
