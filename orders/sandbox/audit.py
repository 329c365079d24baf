"""The ledger for auditors: what really happened, as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.ledger import Ledger, transaction_from
from orders.sandbox.records import Transaction

MONEY = ("authorized", "captured", "released", "refunded")
PART_NAMES = {"CAPTURE": "captureId", "CANCELLATION": "cancelId", "REFUND": "refundId"}


Line = dict[str, Any]
Books = Callable[[Ledger, dict[str, str]], tuple[list[Line], list[Line]]]
"""One gateway's transactions and executions that the filters select, as lines of the ledger page."""
GATEWAY_OF_PREFIX = {
    "/smartpay/": "smartpay",
    "/smartpay-orders/": "smartpay_orders",
    "/smarterpay/": "smarterpay",
}


def ledger_page(ledger: Ledger, filters: dict[str, str], books: dict[str, Books]) -> dict[str, Any]:
    """All books, or the part the filters select. Amounts in minor units, times ISO 8601 UTC of the virtual clock.

    The filter `gateway` chooses one of `books`; every line says its gateway.
    """
    transactions, executions = list[Line](), list[Line]()
    for gateway, read in books.items():
        if filters.get("gateway", gateway) == gateway:
            their_transactions, their_executions = read(ledger, filters)
            transactions += [{"gateway": gateway, **line} for line in their_transactions]
            executions += [{"gateway": gateway, **line} for line in their_executions]
    requests = [
        line for line in _requests(ledger, filters) if line["gateway"] == filters.get("gateway", line["gateway"])
    ]
    return {"transactions": transactions, "executions": executions, "requests": requests}


def smartpay_books(ledger: Ledger, filters: dict[str, str]) -> tuple[list[Line], list[Line]]:
    return _transactions(ledger, filters), _executions(ledger, filters)


def iso(at: int | None) -> str | None:
    if at is None:
        return None
    return datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{at % 1000:03d}Z"


def _transactions(ledger: Ledger, filters: dict[str, str]) -> list[dict[str, Any]]:
    names = {"id_column": "transaction_id", "time_column": "last_status_at", "executions": "executions"}
    rows = selected_transactions(ledger, "transactions", filters, **names, order="created_at, transaction_id")
    return [transaction_line(transaction_from(row)) for row in rows]


def selected_transactions(
    ledger: Ledger,
    table: str,
    filters: dict[str, str],
    *,
    id_column: str,
    time_column: str,
    executions: str,
    order: str,
) -> list[sqlite3.Row]:
    """The rows that the filters select; every name is our own word, never a caller's."""
    conditions, values = ["1"], list[Any]()
    if "transactionId" in filters:
        conditions.append(f"{id_column} = ?")
        values.append(filters["transactionId"])
    if "modificationId" in filters:
        conditions.append(f"{id_column} IN (SELECT transaction_id FROM {executions} WHERE modification_id = ?)")  # noqa: S608
        values.append(filters["modificationId"])
    if "since" in filters:
        conditions.append(f"{time_column} >= ?")
        values.append(milliseconds(filters["since"]))
    sql = f"SELECT * FROM {table} WHERE {' AND '.join(conditions)} ORDER BY {order}"  # noqa: S608
    return ledger.store.rows(sql, values)


def transaction_line(transaction: Transaction) -> dict[str, Any]:
    return {
        "transactionId": transaction.transaction_id,
        "merchantKey": transaction.merchant_key,
        "currencyCode": transaction.currency,
        **{name: getattr(transaction, name) for name in MONEY},
        "chargedBack": transaction.charged_back,
        "paymentStatus": transaction.status,
        "partnerReference": transaction.partner_reference,
        "externalOrderReference": transaction.external_reference,
        "description": transaction.description,
        "paymentMethod": transaction.payment_method,
        "email": transaction.email,
        "multiCapture": transaction.multi_capture,
        "asynchronous": transaction.asynchronous,
        "reconciliationReferenceId": transaction.reference,
        "checkoutToken": transaction.checkout_token,
        "createdAt": iso(transaction.created_at),
        "lastStatusAt": iso(transaction.last_status_at),
        "expiresAt": iso(transaction.expires_at),
        "autoCaptureAt": iso(transaction.auto_capture_at),
    }


def _executions(ledger: Ledger, filters: dict[str, str]) -> list[dict[str, Any]]:
    rows = _selected(ledger, "executions", "last_status_at", filters)
    facts = {tuple(row)[:2]: row["facts"] for row in ledger.store.rows("SELECT * FROM a_facts")} if rows else {}
    return [_execution_line(row, facts.get((row["merchant_key"], row["modification_id"]))) for row in rows]


def _execution_line(row: dict[str, Any], facts: str | None) -> dict[str, Any]:
    """`legs` of a split payment as [succeeded, amount in major units as a text], where there are any."""
    line = {
        "sequence": row["sequence"],
        "modificationId": row["modification_id"],
        "transactionId": row["transaction_id"],
        "merchantKey": row["merchant_key"],
        "kind": row["kind"],
        "type": row["type"],
        "amount": row["amount"],
        "currency": row["currency"],
        "status": row["status"],
        "origin": row["origin"],
        "at": iso(row["created_at"]),
        "endedAt": None if row["status"].endswith("PENDING") else iso(row["last_status_at"]),
        "requestSha256": row["request_sha256"],
        "reconciliationReferenceId": row["reference"],
    }
    legs = json_text.read(facts.encode()).get("paymentSplitResults", ()) if facts else ()
    if legs:
        line["legs"] = [[leg["status"] == "SUCCESS", str(leg["amount"])] for leg in legs]
    return {**line, PART_NAMES[row["type"]]: row["part_id"]} if row["type"] in PART_NAMES else line


def _requests(ledger: Ledger, filters: dict[str, str]) -> list[dict[str, Any]]:
    rows = _selected(ledger, "requests", "at", filters)
    return [
        {
            "gateway": _gateway_of(row["path"]),
            "sequence": row["sequence"],
            "modificationId": row["modification_id"],
            "transactionId": row["transaction_id"],
            "merchantKey": row["merchant_key"],
            "method": row["method"],
            "path": row["path"],
            "bodySha256": row["body_sha256"],
            "at": iso(row["at"]),
            "outcome": row["outcome"],
            "fault": row["fault"],
            "httpStatus": row["http_status"],
        }
        for row in rows
    ]


def _gateway_of(path: str) -> str | None:
    return next((gateway for prefix, gateway in GATEWAY_OF_PREFIX.items() if path.startswith(prefix)), None)


def selected_executions(ledger: Ledger, table: str, filters: dict[str, str]) -> list[Line]:
    """The rows of a table of executions that has the columns of gateway A's; `table` is our own word."""
    return _selected(ledger, table, "last_status_at", filters)


def _selected(ledger: Ledger, table: str, time_column: str, filters: dict[str, str]) -> list[dict[str, Any]]:
    """`table` and `time_column` are our own words, never a caller's."""
    conditions, values = ["1"], list[Any]()
    for wire, column in (("transactionId", "transaction_id"), ("modificationId", "modification_id")):
        if wire in filters:
            conditions.append(f"{column} = ?")
            values.append(filters[wire])
    if "since" in filters:
        conditions.append(f"{time_column} >= ?")
        values.append(milliseconds(filters["since"]))
    sql = f"SELECT * FROM {table} WHERE {' AND '.join(conditions)} ORDER BY sequence"  # noqa: S608
    return [dict(row) for row in ledger.store.rows(sql, values)]


def milliseconds(text: str) -> int:
    """An ISO 8601 moment (naive means UTC) or milliseconds since 1970. Raises ValueError."""
    if text.isascii() and text.isdigit():
        return int(text)
    moment = datetime.fromisoformat(text.replace(" ", "+"))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
