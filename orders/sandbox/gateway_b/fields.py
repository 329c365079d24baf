"""What a body sent to gateway B must look like. A null is as good as nothing; unknown fields are ignored (B.4)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import AMOUNT_LIMIT_MINOR
from orders.sandbox.gateway_b.errors import Refused, error, invalid
from orders.sandbox.gateway_b.records import CURRENCY

Body = dict[str, Any]
REFERENCE_LIMIT = 255
DESCRIPTION_LIMIT = 255
"""Of payments and refunds: assumed, the documents name none."""
METADATA_LIMIT = 20
CANCEL_REMAINDER = ("automatic", "manual")
CAPTURE_METHODS = ("automatic", "manual")
REASONS = ("requested_by_customer", "fraudulent")


def object_in(body: bytes) -> Body:
    """Raises Refused (400 request.malformed, or request.invalid when it is JSON but no object)."""
    try:
        found = json_text.read(body)
    except (ValueError, RecursionError):
        raise Refused(error(400, "request.malformed", "The body is not JSON.")) from None
    if not isinstance(found, dict):
        raise invalid("The body must be an object.")
    return {name: value for name, value in found.items() if value is not None}


def text(body: Body, name: str, *, limit: int = REFERENCE_LIMIT, least: int = 0) -> str | None:
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise invalid(f"{name} must be a string.")
    if not least <= len(value) <= limit:
        raise invalid(f"{name} must have {least} to {limit} characters.")
    return value


def required_text(body: Body, name: str, *, limit: int = REFERENCE_LIMIT) -> str:
    value = text(body, name, limit=limit)
    if not value:
        raise invalid(f"{name} is required.")
    return value


def choice(body: Body, name: str, options: tuple[str, ...], *, default: str | None = None) -> str:
    """Exactly one of the words; the SDKs' misspelt `autommatic` is none of them."""
    value = body.get(name, default)
    if value is None:
        raise invalid(f"{name} is required.")
    if value not in options:
        raise invalid(f"{name} must be one of {', '.join(options)}.")
    return str(value)


def currency(body: Body, name: str = "currency", *, default: str | None = None) -> None:
    """Only yen are dealt in; the documents write them in both cases."""
    value = body.get(name, default)
    if not isinstance(value, str) or value.upper() != CURRENCY:
        raise invalid(f"{name} must be {CURRENCY}.")


def amount(body: Body, name: str = "amount", *, least: int = 1) -> int | None:
    """Whole yen; 100.0 is whole. None when nothing was sent."""
    value = body.get(name)
    if value is None:
        return None
    found = whole(value)
    if found is None or found < least:
        raise invalid(f"{name} must be an integer of at least {least} in the smallest unit of the currency.")
    return found


def whole(value: object) -> int | None:
    """A number of JSON that is an integer within the limit, else None."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    if not -AMOUNT_LIMIT_MINOR <= value <= AMOUNT_LIMIT_MINOR:
        return None
    return int(value) if value == int(value) else None


def required_amount(body: Body, name: str = "amount", *, least: int = 1) -> int:
    value = amount(body, name, least=least)
    if value is None:
        raise invalid(f"{name} is required.")
    return value


def metadata(body: Body) -> Body:
    value = body.get("metadata", {})
    if not isinstance(value, dict):
        raise invalid("metadata must be an object.")
    if len(value) > METADATA_LIMIT:
        raise invalid(f"metadata must have at most {METADATA_LIMIT} pairs.")
    return value


def item_ids(body: Body, known: list[Body]) -> list[str]:
    """Ids of the order's line items."""
    value = body.get("lineItems", [])
    ids = {item["id"] for item in known}
    if not isinstance(value, list) or not all(isinstance(one, str) and one in ids for one in value):
        raise invalid("lineItems must be ids of line items of the order.")
    return value


def flag(body: Body, name: str, *, default: bool) -> bool:
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise invalid(f"{name} must be true or false.")
    return value


def address(body: Body, name: str) -> str:
    """A web address. Production wants https; here http is good enough, as the sandbox delivers to this host only."""
    value = required_text(body, name, limit=2048)
    if not value.startswith(("https://", "http://")):
        raise invalid(f"{name} must be a URL.")
    return value
