"""Tokens of gateway B: a shopper's standing consent, made by a checkout session and used for orders."""

from __future__ import annotations

from orders.sandbox.gateway_b import events, things
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import Refused, conflict, error, not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.things import Thing

WAITING, ACTIVE, DISABLED, REJECTED = "requires_authorization", "active", "disabled", "rejected"


def make(call: Call, *, reference: str | None) -> Thing:
    who: Body = {"merchant_key": call.merchant.key, "test": call.merchant.test}
    token = things.make(call.store, "paytok", **who, at=call.now, status=WAITING, reference=reference)
    tell(call, token, "token.created")
    return token


def list_all(call: Call) -> Body:
    return collection(call, "b_things", things.thing_from, kind="paytok")


def retrieve(call: Call) -> Body:
    return _the_token(call, call.id)


def enable(call: Call) -> Body:
    return _switched(call, {DISABLED, ACTIVE}, ACTIVE, "token.enabled")


def disable(call: Call) -> Body:
    return _switched(call, {DISABLED, ACTIVE}, DISABLED, "token.disabled")


def delete(call: Call) -> None:
    token = _the_token(call, call.id)
    things.delete(call.store, token["id"])
    tell(call, token, "token.deleted")


def usable(call: Call, id_: str) -> Thing:
    """The active token. Raises Refused (404, or 400 when the shopper has not approved it or it is disabled)."""
    token = _the_token(call, id_)
    if token["status"] != ACTIVE:
        raise Refused(error(400, "token.invalid", f"The token is {token['status']}."))
    return token


def tell(call: Call, token: Thing, kind: str) -> None:
    events.tell(call.ledger, kind, token, merchant_key=call.merchant.key)


def _switched(call: Call, allowed: set[str], status: str, event: str) -> Body:
    token = _the_token(call, call.id)
    if token["status"] not in allowed:
        raise conflict("token.invalid", f"The token is {token['status']}.")
    token["status"] = status
    things.save(call.store, token, at=call.now)
    tell(call, token, event)
    return token


def _the_token(call: Call, id_: str) -> Thing:
    token = things.find(call.store, "paytok", id_, call.merchant.key)
    if token is None:
        raise not_found("token")
    return token
