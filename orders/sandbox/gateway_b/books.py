"""How gateway B's orders, payments, refunds and executions are written and read."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from typing import Any, TypeVar

from orders.sandbox import json_text
from orders.sandbox.audit import PART_NAMES, Line, iso, selected_executions, selected_transactions
from orders.sandbox.gateway_b.records import CURRENCY, Execution, Order, Payment, Refund
from orders.sandbox.ledger import Ledger
from orders.sandbox.store import Store

GATEWAY = "smartpay_orders"
Row = sqlite3.Row
TABLES: dict[type, str] = {Order: "b_orders", Payment: "b_payments", Refund: "b_refunds", Execution: "b_executions"}
STORED_AS_JSON = ("details", "line_items", "metadata")

Noun = TypeVar("Noun", Order, Payment, Refund)


def add(store: Store, *nouns: Order | Payment | Refund | Execution) -> None:
    """Write new ones, all of one kind at a time."""
    for kind, table in TABLES.items():
        columns = [part.name for part in fields(kind)]
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
        rows = [tuple(_column(getattr(one, name)) for name in columns) for one in nouns if type(one) is kind]
        if rows:
            store.run_many(sql, rows)


def save(store: Store, *nouns: Order | Payment | Refund) -> None:
    for one in nouns:
        columns = [part.name for part in fields(one) if part.name != "id"]
        changes = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE {TABLES[type(one)]} SET {changes} WHERE id = ?"  # noqa: S608  # our own words
        store.run(sql, [*(_column(getattr(one, name)) for name in columns), one.id])


def find(store: Store, kind: type[Noun], id_: str, merchant_key: str | None = None) -> Noun | None:
    """By its id, and with a merchant only when it is theirs."""
    sql = f"SELECT * FROM {TABLES[kind]} WHERE id = ? AND merchant_key = coalesce(?, merchant_key)"  # noqa: S608
    row = store.row(sql, (id_, merchant_key))
    return None if row is None else noun_from(kind, row)


def noun_from(kind: type[Noun], row: sqlite3.Row) -> Noun:
    values = {name: row[name] for name in row.keys() if name != "sequence"}  # noqa: SIM118  # a Row iterates values
    for name in STORED_AS_JSON:
        if name in values:
            values[name] = json_text.read(values[name].encode())
    values["test"] = bool(values["test"])
    return kind(**values)


def payments_of(store: Store, order_id: str) -> list[Payment]:
    rows = store.rows("SELECT * FROM b_payments WHERE order_id = ? ORDER BY sequence", (order_id,))
    return [noun_from(Payment, row) for row in rows]


def refunds_of(store: Store, payment_id: str) -> list[Refund]:
    rows = store.rows("SELECT * FROM b_refunds WHERE payment_id = ? ORDER BY sequence", (payment_id,))
    return [noun_from(Refund, row) for row in rows]


def lines(ledger: Ledger, filters: dict[str, str]) -> tuple[list[Line], list[Line]]:
    """Transactions and executions for the auditors' page, in the shape and words of gateway A's."""
    executions = [_execution_line(row) for row in selected_executions(ledger, "b_executions", filters)]
    return [_order_line(order) for order in _selected_orders(ledger, filters)], executions


def order_line(order: Order) -> Line:
    """One order as control calls answer it."""
    return {"gateway": GATEWAY, **_order_line(order)}


def _selected_orders(ledger: Ledger, filters: dict[str, str]) -> list[Order]:
    names = {"id_column": "id", "time_column": "updated_at", "executions": "b_executions"}
    rows = selected_transactions(ledger, "b_orders", filters, **names, order="sequence")
    return [noun_from(Order, row) for row in rows]


def _order_line(order: Order) -> Line:
    return {
        "transactionId": order.id,
        "merchantKey": order.merchant_key,
        "currencyCode": CURRENCY,
        "authorized": order.amount,
        "captured": order.captured,
        "released": order.released,
        "refunded": order.refunded,
        "chargedBack": 0,
        "paymentStatus": order.status,
        "externalOrderReference": order.reference,
        "description": order.description,
        "email": (order.details.get("customerInfo") or {}).get("emailAddress"),
        "captureMethod": order.capture_method,
        "checkoutToken": order.session_id,
        "createdAt": iso(order.created_at),
        "lastStatusAt": iso(order.updated_at),
        "expiresAt": iso(order.expires_at),
    }


def _execution_line(row: Line) -> Line:
    return {
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
        "endedAt": iso(row["last_status_at"]),
        "requestSha256": row["request_sha256"],
        "reconciliationReferenceId": row["reference"],
        PART_NAMES[row["type"]]: row["part_id"],
    }


def _column(value: Any) -> Any:
    return json_text.write(value).decode() if isinstance(value, dict | list) else value
