"""Gateway A's notifications: unsigned, with a password when the merchant has agreed on one (gateways.md A.7).

Sent for AUTHORIZATION_COMPLETED, CAPTURED, SETTLED and for refunds that ended; nothing for CREATED and *_PENDING.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

from orders.sandbox.deliveries import Deliveries, Delivery, Manner
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction

GATEWAY = "smartpay"
TOLD = frozenset({"AUTHORIZATION_COMPLETED", "CAPTURED", "SETTLED"})
PREPAYMENTS = frozenset({"PREPMNT", "PAYINVC"})
RETRY_SECONDS = (300.0, 300.0, 300.0)
"""Assumed: again after five minutes, three times."""
ORIGINS = {"api": "api", "shopper": "widget"}


def manner(deliveries: Deliveries) -> Manner:
    """How this gateway delivers; any 2xx acknowledges."""
    return Manner(
        headers=lambda delivery, _now: _headers(deliveries, delivery),
        acknowledged=lambda status: 200 <= status < 300,
        retries=RETRY_SECONDS,
    )


def tell_payment(ledger: Ledger, transaction: Transaction, *, origin: str) -> None:
    """The payment has reached its present status. Called inside the store transaction of the change."""
    if transaction.status in TOLD:
        kind = "prepayment" if transaction.payment_method in PREPAYMENTS else "payment"
        data = {"paymentStatus": transaction.status, "transactionId": transaction.transaction_id}
        _tell(ledger, transaction, object_type=kind, object_id=transaction.transaction_id, origin=origin, data=data)


def tell_movement(ledger: Ledger, transaction: Transaction, execution: Execution) -> None:
    """A modification has ended: a refund is told by its own id, everything else by the payment's status."""
    if execution.type != "REFUND":
        tell_payment(ledger, transaction, origin=execution.origin)
    elif not execution.status.endswith("PENDING"):
        data = {"refundStatus": execution.status}
        _tell(
            ledger, transaction, object_type="refund", object_id=execution.part_id, origin=execution.origin, data=data
        )


def _tell(
    ledger: Ledger, transaction: Transaction, *, object_type: str, object_id: str, origin: str, data: dict[str, Any]
) -> None:
    destination = ledger.deliveries.destination(GATEWAY, transaction.merchant_key)
    if destination is None:
        return
    body = {
        "id": transaction.transaction_id,
        "merchantKey": transaction.merchant_key,
        "createdAt": _moment(ledger.dials.clock_ms()),
        "origin": ORIGINS.get(origin, "automated"),
        "eventType": "updated",
        "objectId": object_id,
        "objectType": object_type,
        "metadata": {"reconciliationReferenceId": transaction.reference},
        "context": {},
        "data": data,
    }
    written = json.dumps(body).encode()
    ledger.deliveries.post(GATEWAY, transaction.merchant_key, url=destination.url, body=written)


def _headers(deliveries: Deliveries, delivery: Delivery) -> dict[str, str]:
    """A spoilt delivery is given a wrong password: there is no signature that could be wrong."""
    headers = {"Content-Type": "application/json", "User-Agent": "SmartPay-Notifications"}
    destination = deliveries.destination(GATEWAY, delivery.merchant_key)
    if destination is None or not destination.secret:
        return headers
    spoilt = "" if delivery.body.endswith(b"}") else "-wrong"
    pair = base64.b64encode(f"{destination.secret}{spoilt}".encode()).decode()
    return {**headers, "Authorization": f"Basic {pair}"}


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"
