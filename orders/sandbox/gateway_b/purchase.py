"""What is bought: the part that checkout sessions and orders from a token have in common (gateways.md B.4)."""

from __future__ import annotations

from typing import Any

from orders.sandbox.gateway_b import fields
from orders.sandbox.gateway_b.errors import invalid
from orders.sandbox.gateway_b.fields import Body
from orders.sandbox.gateway_b.records import CURRENCY, Order, new_id

KINDS = ("product", "tax", "discount")
ITEM_LIMIT = 50
REFERENCE_LIMIT = 40
DESCRIPTION_LIMIT = 80
PRODUCT_FIELDS = ("brand", "categories", "gtin", "images", "reference", "url")


def order_in(body: Body, *, merchant_key: str, test: bool, at: int) -> Order:
    """An order that waits for the shopper. Raises Refused."""
    items = _items(body, test=test, at=at)
    fields.currency(body, default=_first_currency(body))
    shipping = _shipping(body)
    customer = body.get("customerInfo", {})
    if not isinstance(customer, dict):
        raise invalid("customerInfo must be an object.")
    return Order(
        id=new_id("order", test=test),
        merchant_key=merchant_key,
        test=test,
        amount=_amount(body, items, shipping),
        capture_method=fields.choice(body, "captureMethod", fields.CAPTURE_METHODS, default="automatic"),
        created_at=at,
        updated_at=at,
        reference=fields.text(body, "reference", limit=REFERENCE_LIMIT, least=1),
        description=fields.text(body, "description", limit=DESCRIPTION_LIMIT, least=1),
        details={
            "lineItems": items,
            "shippingInfo": shipping,
            "customerInfo": {name: value for name, value in customer.items() if value is not None},
            "metadata": fields.metadata(body),
        },
    )


def line_item(*, name: str, amount: int, quantity: int = 1, kind: str = "product", test: bool, at: int) -> Body:
    """One line with its price and product, as gateway B shows it."""
    common = {"test": test, "createdAt": at, "updatedAt": at}
    product = {"id": new_id("product", test=test), "object": "product", "active": True, "name": name, **common}
    price = {
        "id": new_id("price", test=test),
        "object": "price",
        "active": True,
        "amount": amount,
        "currency": CURRENCY,
        "product": product,
        **common,
    }
    line = {"id": new_id("li", test=test), "object": "lineItem", "kind": kind, "quantity": quantity, "price": price}
    return {**line, **common}


def _items(body: Body, *, test: bool, at: int) -> list[Body]:
    sent = body.get("items")
    if not isinstance(sent, list) or not 1 <= len(sent) <= ITEM_LIMIT:
        raise invalid(f"items must have 1 to {ITEM_LIMIT} entries.")
    return [_item(one, test=test, at=at) for one in sent]


def _item(sent: Any, *, test: bool, at: int) -> Body:
    if not isinstance(sent, dict):
        raise invalid("Each of items must be an object.")
    item = {name: value for name, value in sent.items() if value is not None}
    fields.currency(item, default=CURRENCY)
    line = line_item(
        name=fields.required_text(item, "name"),
        amount=fields.required_amount(item, least=0),
        quantity=fields.amount({"quantity": item.get("quantity", 1)}, "quantity", least=0) or 0,
        kind=fields.choice(item, "kind", KINDS, default="product"),
        test=test,
        at=at,
    )
    for name in PRODUCT_FIELDS:
        if name in item:
            line["price"]["product"][name] = item[name]
    for name in ("description", "metadata"):
        if name in item:
            line[name] = item[name]
    return line


def _first_currency(body: Body) -> str | None:
    """The vendor's own clients leave the currency to the items when it stands there."""
    named = [one.get("currency") for one in body.get("items", ()) if isinstance(one, dict)]
    return next((one for one in named if one), None)


def _shipping(body: Body) -> Body:
    sent = body.get("shippingInfo")
    if not isinstance(sent, dict) or not isinstance(sent.get("address"), dict):
        raise invalid("shippingInfo.address is required.")
    for name in ("line1", "locality", "postalCode", "country"):
        if not isinstance(sent["address"].get(name), str):
            raise invalid(f"shippingInfo.address.{name} is required.")
    if sent["address"]["country"] != "JP":
        raise invalid("shippingInfo.address.country must be JP.")
    shipping = {name: value for name, value in sent.items() if value is not None}
    fields.amount(shipping, "feeAmount", least=0)
    return shipping


def _amount(body: Body, items: list[Body], shipping: Body) -> int:
    """As sent, or what the items and the shipping come to."""
    sent = fields.amount(body, least=0)
    if sent is not None:
        return sent
    signed = ((-1 if item["kind"] == "discount" else 1) * item["price"]["amount"] * item["quantity"] for item in items)
    total: int = sum(signed) + (fields.amount(shipping, "feeAmount", least=0) or 0)
    if total < 0:
        raise invalid("The discounts are more than the items.")
    return total
