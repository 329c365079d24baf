"""What a request to gateway A must look like: headers, credentials, fields and their limits (gateways.md A.1, A.2)."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from orders.sandbox import amounts, json_text
from orders.sandbox.gateway_a.errors import Refused, refuse_access, refuse_value, validation
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Request

REQUIRED_HEADERS = ("Content-Type", "Accept-Language", "Origin", "User-Agent")
WITH_AMOUNT = frozenset({"transactionId", "modificationId", "merchantKey", "modifiedAmount", "customReferences"})
WITHOUT_AMOUNT = frozenset({"transactionId", "modificationId", "merchantKey", "description", "customReferences"})
KNOWN_FIELDS = {
    "capture": WITH_AMOUNT,
    "refund": WITH_AMOUNT,
    "cancel": WITHOUT_AMOUNT,
    "cancelOrRefund": WITHOUT_AMOUNT,
}
DESCRIPTION_LIMIT = 127
REFERENCE_LIMIT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A modification as the merchant asked for it. `amount` is what was written, still unscaled; None asks for all."""

    kind: str
    transaction_id: str
    modification_id: str
    merchant_key: str
    amount: object = None
    currency: str | None = None
    description: str | None = None
    custom_references: dict[str, str] | None = None
    ignored: tuple[str, ...] = ()


def credential_of(request: Request, ledger: Ledger) -> str:
    """The merchant key that the Basic credentials prove. Raises Refused (401)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        user, _, password = base64.b64decode(token.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise refuse_access(401) from None
    if scheme.lower() != "basic" or not ledger.knows(user, password):
        raise refuse_access(401)
    return user


def check_headers(request: Request) -> None:
    """All four are required even for a call from a server (seeds 001 and 002)."""
    for name in REQUIRED_HEADERS:
        value = request.headers.get(name.lower(), "")
        if name == "Content-Type" and request.method == "GET":
            continue
        if not value:
            raise Refused(validation(f"The header {name} is required.", "value_required", property=name))
    if request.method != "GET" and request.headers["content-type"].split(";")[0].strip() != "application/json":
        raise Refused(validation("Must be application/json.", property="Content-Type"))
    if request.headers["accept-language"] != "en-US":
        raise Refused(validation("Must be en-US.", property="Accept-Language"))


def object_in(body: bytes) -> dict[str, Any]:
    try:
        found = json_text.read(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refuse_value("The body must be a JSON object.", property="body")
    return found


def order_in(body: dict[str, Any], *, kind: str) -> Order:
    """Check every field but the amount's size. Raises Refused (400, shape 2, property named)."""
    transaction_id = required_text(body, "transactionId", 36)
    modification_id = required_text(body, "modificationId", 64)
    merchant_key = required_text(body, "merchantKey", 36)
    amount, currency, description = _modified_amount(body) if "modifiedAmount" in KNOWN_FIELDS[kind] else (None,) * 3
    if kind in ("cancel", "cancelOrRefund"):
        description = optional_text(body, "description", DESCRIPTION_LIMIT)
    return Order(
        kind=kind,
        transaction_id=transaction_id,
        modification_id=modification_id,
        merchant_key=merchant_key,
        amount=amount,
        currency=currency,
        description=description,
        custom_references=custom_references_in(body),
        ignored=tuple(sorted(set(body) - KNOWN_FIELDS[kind])),
    )


def required_text(body: dict[str, Any], name: str, limit: int, prefix: str = "") -> str:
    value = optional_text(body, name, limit, prefix)
    if not value:
        raise refuse_value("Value is required.", property=prefix + name)
    return value


def optional_text(body: dict[str, Any], name: str, limit: int, prefix: str = "") -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise refuse_value("Value must be a string.", property=prefix + name)
    if len(value) > limit:
        message = f"Value out of bounds. Value must have at most {limit} characters"
        raise refuse_value(message, property=prefix + name, context={"maximum": limit})
    return value


def custom_references_in(body: dict[str, Any]) -> dict[str, str] | None:
    value = body.get("customReferences")
    if value is None:
        return None
    if not isinstance(value, dict):
        raise refuse_value("Value must be an object.", property="customReferences")
    names = ("custom1", "custom2", "custom3")
    texts = {name: optional_text(value, name, REFERENCE_LIMIT, "customReferences.") for name in names}
    return {name: text for name, text in texts.items() if text is not None}


def currency_in(body: dict[str, Any], prefix: str) -> str:
    currency = required_text(body, "currencyCode", 3, prefix)
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise refuse_value("Value must be a currency code of 3 letters.", property=f"{prefix}currencyCode")
    return currency


def amount_minor(value: object, currency: str, *, property: str, kept: bool = False) -> int:
    """Minor units, more than zero. Raises Refused."""
    try:
        amount = amounts.minor_from_wire(value, currency)
    except amounts.BadAmount as error:
        raise refuse_value(f"Value out of bounds. {error}", property=property, kept=kept) from None
    if amount <= 0:
        raise refuse_value("Value out of bounds. Value must be greater than 0", property=property, kept=kept)
    return amount


def _modified_amount(body: dict[str, Any]) -> tuple[object, str | None, str | None]:
    value = body.get("modifiedAmount")
    if value is None:
        return None, None, None
    prefix = "modifiedAmount."
    if not isinstance(value, dict):
        raise refuse_value("Value must be an object.", property="modifiedAmount")
    if value.get("amount") is None:
        raise refuse_value("Value is required.", property=f"{prefix}amount")
    return value["amount"], currency_in(value, prefix), optional_text(value, "description", DESCRIPTION_LIMIT, prefix)
