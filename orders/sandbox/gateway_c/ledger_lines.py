"""Gateway C in the ledger for auditors: its payments and actions, in the shape all gateways share."""

from __future__ import annotations

from typing import Any

from orders.sandbox.audit import iso, milliseconds
from orders.sandbox.gateway_c.books import action_from
from orders.sandbox.gateway_c.movements import AUTHORISE_RELEASE, CANCEL, REFUND, RELEASE, VOID
from orders.sandbox.gateway_c.records import Action, Payment
from orders.sandbox.ledger import Ledger

Line = dict[str, Any]
KINDS = {RELEASE: "capture", AUTHORISE_RELEASE: "capture", CANCEL: "cancel", VOID: "void", REFUND: "refund"}
TYPES = {"capture": "CAPTURE", "cancel": "CANCELLATION", "void": "REFUND", "refund": "REFUND"}
DONE = {"CAPTURE": "CAPTURED", "CANCELLATION": "CANCELLED", "REFUND": "REFUNDED"}


def books_of(ledger: Ledger, filters: dict[str, str]) -> tuple[list[Line], list[Line]]:
    """Transactions and executions that the filters select: transactionId (the original payment's), modificationId,
    since. Amounts in minor units, times ISO 8601 UTC of the virtual clock."""
    return _transactions(ledger, filters), _executions(ledger, filters)


def payment_line(payment: Payment) -> Line:
    return {
        "transactionId": payment.payment_id,
        "cardId": payment.card_id,
        "merchantKey": payment.merchant_key,
        "currencyCode": payment.currency,
        "authorized": payment.authorized,
        "captured": payment.captured,
        "released": payment.released,
        "refunded": payment.refunded,
        "chargedBack": 0,
        "paymentStatus": payment.state,
        "paymentType": payment.payment_type,
        "status": payment.status,
        "partnerReference": payment.custom_reference or None,
        "description": payment.internal_description,
        "legacyId": payment.legacy_id,
        "createdAt": iso(payment.created_at),
        "lastStatusAt": iso(payment.last_status_at),
        "capturedAt": iso(payment.captured_at),
        "expiresAt": iso(payment.expires_at),
    }


def action_line(action: Action) -> Line:
    """modificationId is the Idempotency-Key, else the custom_reference; reconciliationReferenceId the new payment's."""
    kind = KINDS[action.payment_type]
    return {
        "sequence": action.sequence,
        "modificationId": action.modification_id,
        "transactionId": action.original_id,
        "cardId": action.card_id,
        "merchantKey": action.merchant_key,
        "kind": kind,
        "type": TYPES[kind],
        "amount": action.amount,
        "currency": action.currency,
        "status": _status(action, TYPES[kind]),
        "origin": action.origin,
        "at": iso(action.created_at),
        "endedAt": None if action.status == "pending" else iso(action.last_status_at),
        "requestSha256": action.request_sha256,
        "reconciliationReferenceId": action.payment_id,
    }


def _status(action: Action, type: str) -> str:
    if action.status == "pending":
        return f"{type}_PENDING"
    return DONE[type] if action.status == "successful" else "FAILED"


def _transactions(ledger: Ledger, filters: dict[str, str]) -> list[Line]:
    conditions, values = _conditions(filters, own_id="payment_id")
    if "modificationId" in filters:
        conditions.append("payment_id IN (SELECT original_id FROM smarterpay_actions WHERE modification_id = ?)")
        values.append(filters["modificationId"])
    sql = f"SELECT * FROM smarterpay_payments WHERE {' AND '.join(conditions)} ORDER BY created_at, rowid"  # noqa: S608
    return [payment_line(Payment(**dict(row))) for row in ledger.store.rows(sql, values)]


def _executions(ledger: Ledger, filters: dict[str, str]) -> list[Line]:
    conditions, values = _conditions(filters, own_id="original_id")
    if "modificationId" in filters:
        conditions.append("modification_id = ?")
        values.append(filters["modificationId"])
    sql = f"SELECT * FROM smarterpay_actions WHERE {' AND '.join(conditions)} ORDER BY sequence"  # noqa: S608
    return [action_line(action_from(row)) for row in ledger.store.rows(sql, values)]


def _conditions(filters: dict[str, str], *, own_id: str) -> tuple[list[str], list[Any]]:
    """`own_id` is our own word, never a caller's."""
    conditions, values = ["1"], list[Any]()
    if "transactionId" in filters:
        conditions.append(f"{own_id} = ?")
        values.append(filters["transactionId"])
    if "since" in filters:
        conditions.append("last_status_at >= ?")
        values.append(milliseconds(filters["since"]))
    return conditions, values
