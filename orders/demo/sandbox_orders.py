"""The same orders at the sandbox gateway, so that the demo's buttons really work; spoken over its control doors."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from orders.demo.cast import ACCOUNTS, AccountRole
from orders.demo.stories import Plan, Step

_TIMEOUT_SECONDS = 60
_AT_GATEWAY = ("succeeded", "pending", "review")
# The sandbox stands on this host: a proxy of the environment must never see a request meant for it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class SandboxAway(Exception):
    """The sandbox did not answer as it should; the message is a sentence."""


def introduce_merchants(url: str) -> None:
    """Give the sandbox the merchants' keys. Raises SandboxAway."""
    for role in ACCOUNTS:
        introduce(url, role)


def introduce(url: str, role: AccountRole) -> None:
    """Give the sandbox the keys of one account. Raises SandboxAway."""
    call(url, "merchants", {"merchantKey": role.merchant_key, "authenticationKey": role.authentication_key})


def forget_earlier_demo(url: str, plan: Plan) -> bool:
    """Empty the sandbox when it still holds a demo of the same seed although our books are new."""
    with _open(f"{url}/_ledger?transactionId={plan.transaction_id}") as answer:
        known = bool(json.loads(answer.read())["transactions"])
    if known:
        call(url, "reset", {})
    return known


def place_orders(url: str, plans: Sequence[Plan], *, now: datetime) -> None:
    """Make the transactions there, with their past. Raises SandboxAway."""
    call(url, "orders", {"orders": [_wish(plan, now) for plan in plans]})


def _wish(plan: Plan, now: datetime) -> dict[str, Any]:
    wish = {
        "merchantKey": ACCOUNTS[plan.account].merchant_key,
        "transactionId": plan.transaction_id,
        "amount": plan.amount,
        "currencyCode": plan.currency,
        "partnerReference": plan.partner_reference,
        "externalOrderReference": plan.reference,
        "reconciliationReferenceId": plan.reconciliation_reference,
        "paymentMethod": plan.payment_method,
        "paymentStatus": plan.start,
        "description": f"Order {plan.reference}",
        "email": plan.customer_email,
        "createdSecondsAgo": _ago(plan.placed_at, now),
    }
    if plan.start == "AUTHORIZATION_COMPLETED":
        wish["history"] = [_step(step, now) for step in plan.steps if step.outcome in _AT_GATEWAY]
    return wish


def _step(step: Step, now: datetime) -> dict[str, Any]:
    told = {
        "kind": step.kind,
        "amount": step.amount - 1 if step.outcome == "review" else step.amount,
        "modificationId": str(step.id),
        "reconciliationReferenceId": step.reference,
        "partId": step.gateway_id,
        "secondsAgo": _ago(step.at, now),
        "origin": "api" if step.ours else "portal",
        "asCancelOrRefund": step.reversal,
    }
    return {**told, "pendingSeconds": 240} if step.outcome == "pending" else told


def _ago(moment: datetime, now: datetime) -> int:
    return int((now - moment).total_seconds())


def call(url: str, door: str, body: dict[str, Any]) -> None:
    """Use one of the sandbox's control doors. Raises SandboxAway."""
    request = urllib.request.Request(  # noqa: S310  the operator's own sandbox, named on the command line
        f"{url}/_control/{door}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
        method="POST",
    )
    with _open(request):
        return


def opened(request: urllib.request.Request | str) -> Any:
    """The sandbox's answer as a context manager. Raises HTTPError and OSError."""
    return _OPENER.open(request, timeout=_TIMEOUT_SECONDS)


def _open(request: urllib.request.Request | str) -> Any:
    try:
        return opened(request)
    except urllib.error.HTTPError as error:
        raise SandboxAway(
            f"The sandbox refused the demo orders: {error.read(300).decode('utf-8', 'replace')}"
        ) from error
    except OSError as error:
        raise SandboxAway(
            f"No sandbox answers ({error}), so nothing was made. Start one with `manage.py sandbox`, or use "
            "--without-sandbox."
        ) from error
