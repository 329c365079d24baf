"""Orders, payments and refunds as gateway B shows them (gateways.md B.5): amounts in yen, times in milliseconds.

`expand=no` shows the id of what belongs to an object, `expand=all` the whole: a field is a text or an object.
"""

from __future__ import annotations

from typing import Any

from orders.sandbox.gateway_b import books, things
from orders.sandbox.gateway_b.records import CURRENCY, Order, Payment, Refund
from orders.sandbox.gateway_b.things import Thing
from orders.sandbox.store import Store

Body = dict[str, Any]


def order(store: Store, order: Order, *, expand: bool) -> Body:
    details = order.details
    payments = books.payments_of(store, order.id)
    shown = {
        "id": order.id,
        "object": "order",
        "test": order.test,
        "createdAt": order.created_at,
        "updatedAt": order.updated_at,
        "expiresAt": order.expires_at,
        "amount": order.amount,
        "currency": CURRENCY,
        "status": order.status,
        "reference": order.reference,
        "description": order.description,
        "discounts": details.get("discounts", []),
        "discountAmount": details.get("discountAmount", 0),
        "lineItems": _items(order, [item["id"] for item in details.get("lineItems", [])], expand=expand),
        "payments": [_payment(store, order, one, expand=True) if expand else one.id for one in payments],
        "shippingInfo": details.get("shippingInfo"),
        "customerInfo": details.get("customerInfo"),
        "metadata": details.get("metadata", {}),
        "tokenId": order.token_id,
    }
    return _said(shown)


def payment(store: Store, payment: Payment, *, expand: bool) -> Body:
    whole = books.find(store, Order, payment.order_id)
    assert whole is not None
    return _payment(store, whole, payment, expand=expand)


def refund(store: Store, refund: Refund, *, expand: bool) -> Body:
    whole = books.find(store, Order, refund.order_id)
    assert whole is not None
    return _refund(whole, refund, expand=expand)


def session(store: Store, thing: Thing, *, expand: bool) -> Body:
    """A checkout session; what it is for stands in `order` or, for a token, in `token`."""
    shown = dict(thing)
    if expand and "order" in thing:
        found = books.find(store, Order, thing["order"])
        assert found is not None
        shown["order"] = order(store, found, expand=True)
    if expand and "token" in thing:
        shown["token"] = things.find(store, "paytok", thing["token"]) or thing["token"]
    return shown


def _payment(store: Store, order: Order, payment: Payment, *, expand: bool) -> Body:
    refunds = books.refunds_of(store, payment.id)
    shown = {
        "id": payment.id,
        "object": "payment",
        "test": payment.test,
        "createdAt": payment.created_at,
        "updatedAt": payment.updated_at,
        "amount": payment.amount,
        "currency": CURRENCY,
        "order": payment.order_id,
        "reference": payment.reference,
        "description": payment.description,
        "status": payment.status,
        "lineItems": _items(order, payment.line_items, expand=expand),
        "refunds": [_refund(order, one, expand=True) if expand else one.id for one in refunds],
        "metadata": payment.metadata,
    }
    return _said(shown)


def _refund(order: Order, refund: Refund, *, expand: bool) -> Body:
    shown = {
        "id": refund.id,
        "object": "refund",
        "test": refund.test,
        "createdAt": refund.created_at,
        "updatedAt": refund.updated_at,
        "amount": refund.amount,
        "currency": CURRENCY,
        "payment": refund.payment_id,
        "reason": refund.reason,
        "reference": refund.reference,
        "description": refund.description,
        "status": refund.status,
        "lineItems": _items(order, refund.line_items, expand=expand),
        "metadata": refund.metadata,
    }
    return _said(shown)


def _items(order: Order, ids: list[str], *, expand: bool) -> list[Any]:
    if not expand:
        return list(ids)
    known = {item["id"]: item for item in order.details.get("lineItems", [])}
    return [known.get(one, one) for one in ids]


def _said(shown: Body) -> Body:
    """What was never said is left out, not null."""
    return {name: value for name, value in shown.items() if value is not None}
