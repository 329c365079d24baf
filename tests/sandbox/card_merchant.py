"""A merchant who speaks to gateway C, and the card payments it makes there."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from tests.sandbox.client import Answer, Merchant
from tests.sandbox_process import SandboxHandle

TRANSACTION = "/smarterpay/SmarterPayCardPaymentService/api/transaction"
CARDS = "/smarterpay/service.svc/cards"
WEBHOOK_SECRET = "webhook-secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The two ids of a payment: the card record's and its own."""

    card: str
    payment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CardMerchant:
    """One merchant key with its token."""

    sandbox: SandboxHandle
    key: str = "merchant-one"
    token: str = "secret-one"

    def payment(self, **wish: Any) -> Paid:
        """A payment made to order, 100.00 GBP deferred unless said otherwise."""
        wish = {"merchantKey": self.key, "amount": 10_000, **wish}
        made = self.sandbox.control("smarterpay/payments", **wish)["transactions"][0]
        return Paid(card=made["cardId"], payment=made["transactionId"])

    def act(self, payment_type: str, paid: Paid, *, key: str | None = None, **extra: Any) -> Answer:
        """One action. `key` is the Idempotency-Key, a fresh one unless given; "" sends none."""
        sent = str(uuid.uuid4()) if key is None else key
        return self.send("POST", f"{TRANSACTION}/{paid.card}", self.body(payment_type, paid, **extra), key=sent)

    def body(self, payment_type: str, paid: Paid, **extra: Any) -> bytes:
        """A field set to None is left out."""
        fields = {"payment_type": payment_type, "platform": "SmarterPayCloud", "related_payment_id": paid.payment}
        return json.dumps({name: value for name, value in {**fields, **extra}.items() if value is not None}).encode()

    def register(self, payment_type: str = "DeferredMOTO", *, key: str = "", **extra: Any) -> Answer:
        fields: dict[str, Any] = {
            "payment_type": payment_type,
            "platform": "SmarterPayCloud",
            "amount": 10_000,
            "currency_code": "GBP",
            "payment_gateway_profile_id": "PROFILE-1",
            "customer_id": "CUSTOMER-1",
        }
        wanted = {name: value for name, value in {**fields, **extra}.items() if value is not None}
        return self.send("POST", TRANSACTION, json.dumps(wanted).encode(), key=key)

    def cards(self, query: str = "") -> Answer:
        return self.send("GET", CARDS + query)

    def send(
        self, method: str, path: str, body: bytes = b"", *, key: str = "", headers: dict[str, str | None] | None = None
    ) -> Answer:
        own: dict[str, str | None] = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or None}
        return Merchant(sandbox=self.sandbox).send(method, path, body, headers={**own, **(headers or {})})

    def books(self, paid: Paid) -> dict[str, Any]:
        """The ledger's line of one payment: minor units."""
        ledger = self.sandbox.ledger(gateway="smarterpay", transactionId=paid.payment)
        line: dict[str, Any] = ledger["transactions"][0]
        return line

    def executions(self, paid: Paid) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.ledger(transactionId=paid.payment)["executions"]
        return found

    def told_at(self, url: str) -> None:
        """Set where webhooks go, as the portal would."""
        self.sandbox.control("webhook", gateway="smarterpay", merchantKey=self.key, url=url, secret=WEBHOOK_SECRET)

    def later(self, seconds: int) -> None:
        """Let the virtual clock run ahead."""
        self.sandbox.control("clock", offsetSeconds=seconds)
