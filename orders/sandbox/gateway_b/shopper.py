"""The shopper of gateway B: logs in, authorizes an order or approves a token (gateways.md B.10).

The hooks are those the vendor's own tests use, so that these run here without a browser.
"""

from __future__ import annotations

import re

from orders.sandbox import json_text
from orders.sandbox.gateway_b import acting, answers, books, events, fields, things, tokens
from orders.sandbox.gateway_b.errors import Refused, conflict, not_found, unauthorized
from orders.sandbox.gateway_b.records import Order, random_base62
from orders.sandbox.ledger import Ledger
from orders.sandbox.wire import Reply, Request

ACCESS_TOKEN = re.compile(r"consumer_[0-9a-zA-Z]{22}")
PLANS = ("pay_in_full", "pay_in_three")
DECISIONS = ("approve", "decline", "soft_decline")
DECLINED, SOFTLY_DECLINED = "declined", "insufficientfunds"


def respond(ledger: Ledger, request: Request, path: str) -> Reply | None:
    """The reply to a hook of the shopper, or None when the path is none of them. Raises Refused."""
    parts = path.strip("/").split("/")
    if (request.method, parts) == ("POST", ["consumers", "auth", "login"]):
        return _log_in(request)
    if request.method == "POST" and len(parts) == 3 and (parts[0], parts[2]) == ("orders", "authorizations"):
        return _authorize(ledger, request, parts[1])
    if request.method == "PUT" and len(parts) == 3 and parts[0] == "tokens" and parts[2] in ("approve", "reject"):
        return _answer_token(ledger, request, parts[1], approved=parts[2] == "approve")
    return None


def decide(ledger: Ledger, order: Order, decision: str, *, plan: str | None = None) -> None:
    """Approve, decline for good, or decline so that another try is possible. Raises Refused when it is over already."""
    if order.status != "requires_authorization":
        raise conflict("order.cannot-authorize", f"An order that is {order.status} cannot be authorized.")
    if decision == "approve":
        acting.authorize(ledger, order, plan=plan)
    else:
        acting.reject(ledger, order, final=decision == "decline")


def decide_token(ledger: Ledger, token: things.Thing, *, approved: bool) -> None:
    """Raises Refused when it is over already."""
    if token["status"] != tokens.WAITING:
        raise conflict("token.invalid", f"The token is {token['status']}.")
    token["status"] = tokens.ACTIVE if approved else tokens.REJECTED
    things.save(ledger.store, token, at=ledger.dials.clock_ms())
    merchant_key = things.owner_of(ledger.store, token["id"]) or ""
    events.tell(ledger, "token.approved" if approved else "token.rejected", token, merchant_key=merchant_key)


def _log_in(request: Request) -> Reply:
    """Anybody may be a shopper here."""
    body = fields.object_in(request.body)
    fields.required_text(body, "emailAddress")
    fields.required_text(body, "password")
    return Reply(body=json_text.write({"accessToken": f"consumer_{random_base62(22)}"}))


def _authorize(ledger: Ledger, request: Request, order_id: str) -> Reply:
    """The payment method decides, as its name says: pm_test_visaApproved, pm_test_visaDeclined and so on."""
    _check_access(request)
    body = fields.object_in(request.body)
    method = fields.required_text(body, "paymentMethod").lower()
    plan = fields.choice(body, "paymentPlan", PLANS, default="pay_in_three")
    decision = "decline" if DECLINED in method else "soft_decline" if SOFTLY_DECLINED in method else "approve"
    with ledger.store.transaction():
        order = books.find(ledger.store, Order, order_id)
        if order is None:
            raise not_found("order")
        decide(ledger, order, decision, plan=plan)
        shown = answers.order(ledger.store, order, expand=False)
    return Reply(body=json_text.write(shown))


def _answer_token(ledger: Ledger, request: Request, token_id: str, *, approved: bool) -> Reply:
    _check_access(request)
    with ledger.store.transaction():
        token = things.find(ledger.store, "paytok", token_id)
        if token is None:
            raise not_found("token")
        decide_token(ledger, token, approved=approved)
    return Reply(body=json_text.write(token))


def _check_access(request: Request) -> None:
    scheme, _, access_token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not ACCESS_TOKEN.fullmatch(access_token.strip()):
        raise Refused(unauthorized())
