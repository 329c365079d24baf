"""Webhooks as gateways B and C send them: bodies, signatures, and posting them to an account's address."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import time
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from orders.database import database_now
from orders.gateways.smartpay_orders_webhooks import signing_key
from orders.inbox.process import process_due
from orders.models import GatewayAccount, InboxDelivery, Modification
from tests.factories import an_account

SECRET_B = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
SECRET_C = "a-secret-of-gateway-c"
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One delivery, ready to be posted."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    def with_header(self, name: str, value: str | None) -> Letter:
        headers = {known: said for known, said in self.headers.items() if known != name}
        return replace(self, headers=headers if value is None else headers | {name: value})


def an_account_at_c(*, secret: str = SECRET_C, **fields: Any) -> GatewayAccount:
    return _with_secret(an_account(gateway="smarterpay", **fields), secret)


def an_account_at_b(*, secret: str = SECRET_B, **fields: Any) -> GatewayAccount:
    return _with_secret(an_account(gateway="smartpay_orders", **fields), secret)


def _with_secret(account: GatewayAccount, secret: str) -> GatewayAccount:
    account.seal_webhook_secret(secret, overlap_until=None)
    account.save()
    return account


def from_c(*events: dict[str, Any], secret: str = SECRET_C, key: str = "") -> Letter:
    """A delivery of the second version with these events."""
    envelope = {"id": "D1", "idempotency_key": key or f"delivery-{next(_numbers)}", "events": list(events)}
    return signed_by_c(json.dumps(envelope).encode(), secret=secret)


def signed_by_c(body: bytes, *, secret: str = SECRET_C) -> Letter:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Letter(body=body, headers={"X-SmarterPay-Signature": signature})


def from_b(event_type: str, data: dict[str, Any], *, secret: str = SECRET_B, event_id: str = "") -> Letter:
    tree = {
        "id": event_id or f"evt_test_{next(_numbers)}",
        "object": "event",
        "createdAt": int(time.time() * 1000),
        "eventData": {"type": event_type, "version": "2022-02-18", "data": data},
    }
    return signed_by_b(json.dumps(tree).encode(), secret=secret)


def signed_by_b(body: bytes, *, secret: str = SECRET_B, at: float | None = None) -> Letter:
    stamp = str(int((at or time.time()) * 1000))
    key = signing_key(secret)
    assert key is not None
    signature = hmac.new(key, stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return Letter(body=body, headers={"Smartpay-Signature": signature, "Smartpay-Signature-Timestamp": stamp})


def from_a(
    transaction_id: str, *, object_type: str = "payment", created_at: str = "2026-05-26T14:29:05.994Z"
) -> Letter:
    """A notification, which nobody signs."""
    tree = {"objectId": transaction_id, "objectType": object_type, "eventType": "updated", "createdAt": created_at}
    return Letter(body=json.dumps(tree).encode())


def payment_event(
    payment_type: str,
    *,
    payment_id: str,
    related: str = "",
    amount: int | None = None,
    status: str = "Successful",
    card: str = "card-1",
    **fields: Any,
) -> dict[str, Any]:
    """One event of gateway C about a payment under a card."""
    event: dict[str, Any] = {
        "event_id": f"event-{next(_numbers)}",
        "event_type": "payment.update",
        "id": payment_id,
        "payment_type": payment_type,
        "status": status,
        "card_payment": {"card": {"id": card}},
        **fields,
    }
    if amount is not None:
        event |= {"amount": amount, "currency_code": fields.get("currency_code", "EUR")}
    if related:
        event["related_payment"] = {"id": related}
    return event


def result_of(modification: Modification, payment_type: str, *, payment_id: str = "", **fields: Any) -> dict[str, Any]:
    """The event that tells how one of ours ended, under our own name."""
    transaction = modification.transaction
    values: dict[str, Any] = {
        "payment_id": payment_id or f"pay-{modification.pk.hex[:12]}",
        "related": modification.capture.gateway_id if modification.capture else transaction.reference,
        "amount": modification.amount,
        "card": transaction.card_reference or "card-1",
        "custom_reference": str(modification.pk),
        "metadata": {"modification_id": str(modification.pk)},
        **fields,
    }
    return payment_event(payment_type, **values)


def post(account: GatewayAccount, letter: Letter, *, client: Client | None = None) -> HttpResponse:
    url = reverse("orders:webhook", args=[account.webhook_token])
    answer: HttpResponse = (client or Client(enforce_csrf_checks=True)).post(  # type: ignore[assignment]
        url, data=letter.body, content_type="application/json", headers=letter.headers
    )
    return answer


def work_off(*, rounds: int = 1) -> None:
    """Whatever waits on the ladder is due now."""
    for _ in range(rounds):
        InboxDelivery.objects.filter(due_at__isnull=False).update(due_at=database_now())
        process_due()


def told(account: GatewayAccount, *letters: Letter) -> InboxDelivery:
    """Posted and worked off; the last delivery."""
    for letter in letters:
        assert post(account, letter).status_code in (200, 204)
    work_off()
    return InboxDelivery.objects.filter(account=account).latest("pk")
