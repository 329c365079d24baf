"""What a request to gateway C must look like: token, headers, fields and limits (gateways.md C.1, C.2, seed 004)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import AMOUNT_LIMIT_MINOR
from orders.sandbox.gateway_c.answers import (
    BAD_INFORMATION,
    INVALID_GATEWAY,
    INVALID_PLATFORM,
    PLATFORM,
    UNAUTHORISED,
    Refused,
    refuse,
)
from orders.sandbox.gateway_c.movements import ACTIONS, REGISTRATIONS, REPEAT, WITH_AMOUNT
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request

TEXT_LIMIT = 255
"""Of every text and of the idempotency key; for the texts it is assumed."""
CONTENT_TYPES = ("application/json", "application/vnd.api+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A request that is well formed. `amount` in minor units, None where none was sent."""

    merchant_key: str
    payment_type: str
    card_id: str
    amount: int | None
    currency: str | None
    related_payment_id: str | None
    custom_reference: str
    metadata: str | None
    internal_description: str
    gateway_description: str
    asynchronous: bool
    idempotency_key: str | None
    customer_id: str = ""
    profile: str = ""
    warnings: tuple[str, ...] = ()


def merchant_of(request: Request, ledger: Ledger) -> str:
    """Whose token it is. Raises Refused with 401 and the code 101."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    merchant_key = ledger.merchant_of(token.strip()) if scheme.lower() == "bearer" else None
    if merchant_key is None:
        raise refuse(401, UNAUTHORISED)
    return merchant_key


def order_in(request: Request, *, merchant_key: str, card_id: str) -> Order:
    """The action or, without a card id, the registration that was sent. Raises Refused."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in CONTENT_TYPES:
        raise _bad("Content-Type must be application/json.", http_status=415)
    body = _object_in(request.body)
    payment_type = _payment_type(body, registers=not card_id)
    try:
        return Order(
            merchant_key=merchant_key,
            payment_type=payment_type,
            card_id=card_id,
            amount=_amount(body, required=payment_type in WITH_AMOUNT or not card_id),
            currency=_currency(body, required=not card_id),
            related_payment_id=_text(body, "related_payment_id") or None,
            custom_reference=_text(body, "custom_reference"),
            metadata=_metadata(body),
            internal_description=_text(body, "internal_payment_description"),
            gateway_description=_text(body, "gateway_payment_description"),
            asynchronous=_flag(body, "isAsnyc"),
            idempotency_key=_idempotency_key(request),
            customer_id=_customer(body) if not card_id else "",
            profile=_text(body, "payment_gateway_profile_id"),
            warnings=_warnings(body),
        )
    except Wrong as wrong:
        raise _bad(str(wrong), card_id=card_id, payment_type=payment_type) from None


class Wrong(ValueError):
    """One field is wrong; the text says which and why."""


def _bad(details: str, *, http_status: int = 400, card_id: str = "", payment_type: str = "") -> Refused:
    return refuse(http_status, BAD_INFORMATION, details, card_id=card_id, payment_type=payment_type)


def _object_in(body: bytes) -> dict[str, Any]:
    try:
        found = json_text.read(body)
    except (ValueError, RecursionError):
        raise _bad("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _bad("The body must be a JSON object.")
    return found


def _payment_type(body: dict[str, Any], *, registers: bool) -> str:
    """Checked first, with the platform, because every answer repeats it."""
    payment_type = body.get("payment_type")
    known = REGISTRATIONS if registers else (*ACTIONS, REPEAT)
    if payment_type not in known:
        raise _bad(f"payment_type must be one of {', '.join(known)}.")
    if body.get("platform") != PLATFORM:
        raise refuse(400, INVALID_PLATFORM, payment_type=str(payment_type))
    if registers and not body.get("payment_gateway_profile_id"):
        raise refuse(400, INVALID_GATEWAY, payment_type=str(payment_type))
    return str(payment_type)


def _amount(body: dict[str, Any], *, required: bool) -> int | None:
    """Integer minor units, more than zero."""
    value = body.get("amount")
    if value is None:
        if required:
            raise Wrong("amount is required.")
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise Wrong("amount must be an integer in minor units.")
    if not 0 < value <= AMOUNT_LIMIT_MINOR:
        raise Wrong("amount must be more than zero and have at most 15 digits.")
    return value


def _currency(body: dict[str, Any], *, required: bool) -> str | None:
    value = _text(body, "currency_code")
    if not value and not required:
        return None
    if len(value) != 3 or not (value.isascii() and value.isalpha() and value.isupper()):
        raise Wrong("currency_code must be a currency code of 3 letters.")
    return value


def _customer(body: dict[str, Any]) -> str:
    customer = _text(body, "customer_id")
    if not customer:
        raise Wrong("customer_id is required.")
    return customer


def _flag(body: dict[str, Any], name: str) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        raise Wrong(f"{name} must be true or false.")
    return bool(value)


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Wrong(f"{name} must be a string.")
    if len(value) > TEXT_LIMIT:
        raise Wrong(f"{name} must have at most {TEXT_LIMIT} characters.")
    return value


def _metadata(body: dict[str, Any]) -> str | None:
    """Any JSON; it comes back in the webhooks."""
    value = body.get("metadata")
    return None if value is None else json_text.write(value).decode()


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 0 < len(key) <= TEXT_LIMIT:
        raise Wrong(f"Idempotency-Key must have 1 to {TEXT_LIMIT} characters.")
    return key


def _warnings(body: dict[str, Any]) -> tuple[str, ...]:
    """Sentences for whoever wrote the client."""
    if "isAsync" not in body:
        return ()
    return ("isAsync was sent and ignored: the field is spelled isAsnyc. The request was answered at once.",)
