"""Which request is answered by whom at gateway B (gateways.md B.3)."""

from __future__ import annotations

from collections.abc import Callable

from orders.sandbox.gateway_b import coupons, endpoints, orders, payments, refunds, sessions, tokens
from orders.sandbox.gateway_b.calls import Body, Call

Handler = Callable[[Call], Body | None]
"""Answers the body of a 200, or None for a 204."""

ROUTES: dict[str, Handler] = {
    "POST /checkout-sessions": sessions.create,
    "GET /checkout-sessions": sessions.list_all,
    "GET /checkout-sessions/{id}": sessions.retrieve,
    "POST /orders": orders.create,
    "GET /orders": orders.list_all,
    "GET /orders/{id}": orders.retrieve,
    "PUT /orders/{id}/cancellation": orders.cancel,
    "POST /payments": payments.create,
    "GET /payments": payments.list_all,
    "GET /payments/{id}": payments.retrieve,
    "PATCH /payments/{id}": payments.update,
    "POST /refunds": refunds.create,
    "GET /refunds": refunds.list_all,
    "GET /refunds/{id}": refunds.retrieve,
    "PATCH /refunds/{id}": refunds.update,
    "POST /webhook-endpoints": endpoints.create,
    "GET /webhook-endpoints": endpoints.list_all,
    "GET /webhook-endpoints/{id}": endpoints.retrieve,
    "PATCH /webhook-endpoints/{id}": endpoints.update,
    "DELETE /webhook-endpoints/{id}": endpoints.delete,
    "GET /tokens": tokens.list_all,
    "GET /tokens/{id}": tokens.retrieve,
    "PUT /tokens/{id}/enable": tokens.enable,
    "PUT /tokens/{id}/disable": tokens.disable,
    "DELETE /tokens/{id}": tokens.delete,
    "POST /coupons": coupons.create_coupon,
    "GET /coupons": coupons.list_coupons,
    "GET /coupons/{id}": coupons.retrieve_coupon,
    "PATCH /coupons/{id}": coupons.update_coupon,
    "POST /promotion-codes": coupons.create_code,
    "GET /promotion-codes": coupons.list_codes,
    "GET /promotion-codes/{id}": coupons.retrieve_code,
    "PATCH /promotion-codes/{id}": coupons.update_code,
}


def route(method: str, path: str) -> tuple[Handler, str] | None:
    """The handler and the id in the path, empty when there is none."""
    parts = path.strip("/").split("/")
    id_ = parts[1] if len(parts) > 1 else ""
    template = "/".join(["", *("{id}" if place == 1 else part for place, part in enumerate(parts))])
    handler = ROUTES.get(f"{method} {template}")
    return None if handler is None else (handler, id_)


def modifies(method: str, path: str) -> bool:
    """Whether the request moves money: a capture, a refund or a cancellation."""
    found = route(method, path)
    return found is not None and found[0] in (payments.create, refunds.create, orders.cancel)
