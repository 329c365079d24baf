"""A merchant of gateway B who speaks as the vendor's own clients do, over plain sockets."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from tests.sandbox.client import Answer, Merchant
from tests.sandbox_process import SandboxHandle

VERSIONED = "/smartpay-orders/v1"
SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
"""The signing secret of the documents' own example."""
SDK_QUERY = "dev-lang=python&sdk-version=1.2.3"
ADDRESS = {"line1": "3-6-7", "locality": "港区北青山", "postalCode": "107-0061", "country": "JP", "line2": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """One secret key. Every request carries the query that the vendor's clients add."""

    sandbox: SandboxHandle
    key: str = "sk_test_shop1"

    def call(
        self, method: str, path: str, body: object = None, *, key: str | None = None, query: str = "", **headers: Any
    ) -> Answer:
        """`key` is the Idempotency-Key; `headers` replace the usual ones, with _ for -, and None leaves one out."""
        every: dict[str, str | None] = {
            "Authorization": f"Basic {self.key}",
            "Accept": "application/json",
            "Accept-Language": None,
            "Origin": None,
            "Idempotency-Key": key,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        address = f"{VERSIONED}{path}?{SDK_QUERY}{'&' + query if query else ''}"
        return Merchant(sandbox=self.sandbox).send(method, address, sent, headers=every)

    def order(self, **wish: Any) -> str:
        """An order made to order, 10,000 yen waiting for its capture unless said otherwise. Returns its id."""
        return str(self.orders(**wish)[0]["transactionId"])

    def orders(self, **wish: Any) -> list[dict[str, Any]]:
        wish = {"merchantKey": self.key, "amount": 10_000, **wish}
        made: list[dict[str, Any]] = self.sandbox.control("smartpay-orders/orders", **wish)["transactions"]
        return made

    def capture(self, order: str, amount: object, *, key: str | None = None, **extra: Any) -> Answer:
        body = {"order": order, "amount": amount, "currency": "JPY", "metadata": None, "description": None, **extra}
        return self.call("POST", "/payments", body, key=key or str(uuid.uuid4()))

    def refund(self, payment: str, amount: object, *, key: str | None = None, **extra: Any) -> Answer:
        body = {"payment": payment, "amount": amount, "currency": "JPY", "reason": "requested_by_customer", **extra}
        return self.call("POST", "/refunds", body, key=key or str(uuid.uuid4()))

    def cancel(self, order: str, *, key: str | None = None) -> Answer:
        return self.call("PUT", f"/orders/{order}/cancellation", key=key or str(uuid.uuid4()))

    def read(self, order: str, *, expand: str = "all") -> Any:
        return self.call("GET", f"/orders/{order}", query=f"expand={expand}").json

    def paid(self, amount: int = 10_000) -> str:
        """A payment of a whole order. Returns the payment's id."""
        return str(self.capture(self.order(amount=amount), amount).json["id"])

    def books(self, order: str) -> dict[str, Any]:
        """The ledger's line of one order: yen."""
        line: dict[str, Any] = self.sandbox.ledger(transactionId=order)["transactions"][0]
        return line

    def executions(self, order: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.sandbox.ledger(transactionId=order)["executions"]
        return found

    def session(self, **extra: Any) -> Answer:
        """A checkout as the vendor's Python client sends it, nulls included."""
        body = {
            "amount": None,
            "items": [{"name": "レブロン 18 LOW", "amount": 250, "currency": "JPY", "quantity": 1, "brand": None}],
            "customerInfo": {"emailAddress": None, "firstName": "花子"},
            "shippingInfo": {"address": ADDRESS, "feeAmount": 100, "feeCurrency": None},
            "captureMethod": "manual",
            "reference": "order_ref_1234567",
            "successUrl": "https://shop.example/done",
            "cancelUrl": "https://shop.example/back",
            "metadata": None,
            **extra,
        }
        return self.call("POST", "/checkout-sessions", body)
