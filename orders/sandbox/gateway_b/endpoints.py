"""Webhook endpoints of gateway B, which merchants register themselves (gateways.md B.8)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from orders.sandbox.gateway_b import events, fields, signature, things
from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import invalid, not_found
from orders.sandbox.gateway_b.listing import collection
from orders.sandbox.gateway_b.things import Thing
from orders.sandbox.ledger import Ledger

KIND = "webhookendpoint"


def list_all(call: Call) -> Body:
    return collection(call, "b_things", things.thing_from, kind=KIND)


def retrieve(call: Call) -> Body:
    return _the_endpoint(call)


def create(call: Call) -> Body:
    body = call.body()
    return make(
        call.ledger,
        merchant_key=call.merchant.key,
        test=call.merchant.test,
        url=fields.address(body, "url"),
        active=fields.flag(body, "active", default=True),
        eventSubscriptions=_subscriptions(body),
        description=fields.text(body, "description") or "",
        metadata=fields.metadata(body),
    )


def make(ledger: Ledger, *, merchant_key: str, test: bool, url: str, secret: str | None = None, **facts: Any) -> Thing:
    """`secret` is for tests that must know it beforehand; else one is made."""
    every: Body = {"active": True, "eventSubscriptions": [], "description": "", "metadata": {}, **facts}
    every |= {"url": url, "signingSecret": secret or signature.new_secret()}
    at = ledger.dials.clock_ms()
    return things.make(ledger.store, KIND, merchant_key=merchant_key, test=test, at=at, **every)


def update(call: Call) -> Body:
    """Only what was sent changes; the secret stays."""
    endpoint, body = _the_endpoint(call), call.body()
    changes: dict[str, Callable[[], Any]] = {
        "url": lambda: fields.address(body, "url"),
        "active": lambda: fields.flag(body, "active", default=True),
        "eventSubscriptions": lambda: _subscriptions(body),
        "description": lambda: fields.text(body, "description"),
        "metadata": lambda: fields.metadata(body),
    }
    endpoint |= {name: read() for name, read in changes.items() if name in body}
    things.save(call.store, endpoint, at=call.now)
    return endpoint


def delete(call: Call) -> None:
    """What still waits for it is never sent."""
    remove(call.ledger, _the_endpoint(call)["id"])


def remove(ledger: Ledger, endpoint_id: str) -> None:
    things.delete(ledger.store, endpoint_id)
    ledger.deliveries.drop(endpoint_id)


def _subscriptions(body: Body) -> list[str]:
    """Names of events; none means all."""
    wanted = body.get("eventSubscriptions", [])
    if not isinstance(wanted, list) or not all(isinstance(one, str) and one in events.KINDS for one in wanted):
        raise invalid("eventSubscriptions must be names of events.")
    return wanted


def _the_endpoint(call: Call) -> Thing:
    endpoint = things.find(call.store, KIND, call.id, call.merchant.key)
    if endpoint is None:
        raise not_found("webhook-endpoint")
    return endpoint
