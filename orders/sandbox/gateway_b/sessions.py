"""Checkout sessions of gateway B: the shop opens one for an order or for a token, the shopper answers it."""

from __future__ import annotations

from orders.sandbox.gateway_b import answers, books, fields, purchase, things, tokens
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import not_found
from orders.sandbox.gateway_b.listing import collection

CHECKOUT_PREFIX = "/smartpay-orders/checkout/"
LOCALES = ("en", "ja")
MODES = ("order", "token")
ADDRESS_WORDS = ("Url", "URL")
"""The documents write successUrl, older clients successURL (gateways.md B.11, line 4)."""


def list_all(call: Call) -> Body:
    return collection(
        call,
        "b_things",
        lambda row: answers.session(call.store, things.thing_from(row), expand=call.expand),
        kind="checkout",
    )


def retrieve(call: Call) -> Body:
    session = things.find(call.store, "checkout", call.id, call.merchant.key)
    if session is None:
        raise not_found("checkout-session")
    return answers.session(call.store, session, expand=call.expand)


def create(call: Call) -> Body:
    """Answers with the whole order, or the whole token, whatever `expand` says."""
    body = call.body()
    facts: Body = {
        "successUrl": _return_address(body, "success"),
        "cancelUrl": _return_address(body, "cancel"),
        "locale": fields.choice(body, "locale", LOCALES, default="ja"),
        "metadata": fields.metadata(body),
    }
    who: Body = {"merchant_key": call.merchant.key, "test": call.merchant.test, "at": call.now}
    if fields.choice(body, "mode", MODES, default="order") == "token":
        facts["token"] = tokens.make(call, reference=fields.text(body, "reference"))["id"]
        session = things.make(call.store, "checkout", **who, **facts)
    else:
        order = purchase.order_in(body, **who)
        facts |= {"order": order.id, "customerInfo": order.details["customerInfo"]}
        session = things.make(call.store, "checkout", **who, **facts)
        order.session_id = session["id"]
        books.add(call.store, order)
    session["url"] = f"http://{call.request.headers.get('host', '127.0.0.1')}{CHECKOUT_PREFIX}{session['id']}"
    things.save(call.store, session, at=session["createdAt"])
    return answers.session(call.store, session, expand=True)


def _return_address(body: Body, which: str) -> str:
    names = [which + word for word in ADDRESS_WORDS]
    return fields.address(body, next((name for name in names if name in body), names[0]))
