"""What moved at each gateway, read from its ledger into one shape."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import minor_from_wire
from orders.sandbox.gateway_c.ledger_lines import KINDS, TYPES
from orders.sandbox.ledger import Ledger
from orders.sandbox.settlement.lines import Movement

Read = Callable[[Ledger, str, int, int], list[Movement]]
MONEY_TYPES = ("CAPTURE", "REFUND", "CHARGEBACK")
DONE = frozenset(("CAPTURED", "REFUNDED", "CHARGEBACK", "successful"))
FAILED = frozenset(("FAILED", "failed"))


def movements_of(ledger: Ledger, gateway: str, merchant_key: str, first: date, last: date) -> list[Movement]:
    """Every movement of each transaction of which one ended from `first` to `last` (UTC days), in the order made."""
    return READERS[gateway](ledger, merchant_key, _milliseconds(first), _milliseconds(last + timedelta(days=1)))


def merchants_of(ledger: Ledger, gateway: str) -> list[str]:
    """Merchants with something in this gateway's ledger."""
    table = {"smartpay": "transactions", "smartpay_orders": "b_orders", "smarterpay": "smarterpay_payments"}[gateway]
    sql = f"SELECT DISTINCT merchant_key FROM {table} ORDER BY merchant_key"  # noqa: S608  # our own words
    return [str(row[0]) for row in ledger.store.rows(sql)]


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def _of_smartpay(ledger: Ledger, merchant_key: str, start: int, end: int) -> list[Movement]:
    sql = """SELECT e.*, t.partner_reference, t.captured, t.refunded, t.charged_back, f.facts
             FROM executions e JOIN transactions t USING (transaction_id)
             LEFT JOIN a_facts f ON f.merchant_key = e.merchant_key AND f.modification_id = e.modification_id
             WHERE e.transaction_id IN (SELECT transaction_id FROM executions
                                        WHERE merchant_key = ? AND last_status_at >= ? AND last_status_at < ?)
             AND e.type IN ('CAPTURE', 'REFUND', 'CHARGEBACK') ORDER BY e.sequence"""
    rows = ledger.store.rows(sql, (merchant_key, start, end))
    return [_movement("smartpay", row, _part_id(row), **_in_parts(row)) for row in rows]


def _of_smartpay_orders(ledger: Ledger, merchant_key: str, start: int, end: int) -> list[Movement]:
    sql = """SELECT e.*, o.reference AS partner_reference, o.captured, o.refunded, 0 AS charged_back,
             coalesce(p.reference, r.reference, '') AS custom_reference
             FROM b_executions e JOIN b_orders o ON o.id = e.transaction_id
             LEFT JOIN b_payments p ON p.id = e.part_id LEFT JOIN b_refunds r ON r.id = e.part_id
             WHERE e.transaction_id IN (SELECT transaction_id FROM b_executions
                                        WHERE merchant_key = ? AND last_status_at >= ? AND last_status_at < ?)
             AND e.type IN ('CAPTURE', 'REFUND') ORDER BY e.sequence"""
    rows = ledger.store.rows(sql, (merchant_key, start, end))
    return [_movement("smartpay_orders", row, row["part_id"], custom_reference=row["custom_reference"]) for row in rows]


def _of_smarterpay(ledger: Ledger, merchant_key: str, start: int, end: int) -> list[Movement]:
    """Actions, and payments that were taken at once, which need no action."""
    actions = """SELECT a.sequence, a.merchant_key, a.modification_id, a.original_id AS transaction_id, a.payment_type,
                 a.amount, a.currency, a.status, a.last_status_at, a.payment_id AS reference, a.custom_reference,
                 p.custom_reference AS partner_reference, p.captured, p.refunded, 0 AS charged_back
                 FROM smarterpay_actions a JOIN smarterpay_payments p ON p.payment_id = a.original_id
                 WHERE a.original_id IN (SELECT original_id FROM smarterpay_actions
                                         WHERE merchant_key = ? AND last_status_at >= ? AND last_status_at < ?)
                 ORDER BY a.sequence"""
    taken = """SELECT 'payment-' || payment_id AS sequence, merchant_key, payment_id AS modification_id,
               payment_id AS transaction_id, 'DeferredRelease' AS payment_type, captured AS amount, currency,
               'successful' AS status, captured_at AS last_status_at, payment_id AS reference,
               '' AS custom_reference, custom_reference AS partner_reference, captured, refunded, 0 AS charged_back
               FROM smarterpay_payments WHERE payment_type IN ('MOTO', 'Ecommerce', 'Repeat')
               AND merchant_key = ? AND captured_at >= ? AND captured_at < ? ORDER BY captured_at, payment_id"""
    found = list[Movement]()
    for sql in (actions, taken):
        for row in ledger.store.rows(sql, (merchant_key, start, end)):
            type_ = TYPES[KINDS[row["payment_type"]]]
            if type_ in MONEY_TYPES:
                custom = row["custom_reference"]
                found.append(_movement("smarterpay", row, row["reference"], type=type_, custom_reference=custom))
    return found


READERS: dict[str, Read] = {
    "smartpay": _of_smartpay,
    "smartpay_orders": _of_smartpay_orders,
    "smarterpay": _of_smarterpay,
}


def _movement(gateway: str, row: sqlite3.Row, gateway_id: str, *, type: str | None = None, **more: Any) -> Movement:
    values: dict[str, Any] = {"custom_reference": "", **more}
    return Movement(
        key=f"{gateway}:{row['sequence']}",
        gateway=gateway,
        merchant_key=row["merchant_key"],
        modification_id=row["modification_id"],
        transaction_id=row["transaction_id"],
        type=type or row["type"],
        amount=row["amount"],
        currency=row["currency"],
        at=row["last_status_at"],
        done=row["status"] in DONE,
        failed=row["status"] in FAILED,
        reference=row["reference"],
        gateway_id=gateway_id,
        partner_reference=row["partner_reference"] or "",
        captured=row["captured"],
        refunded=row["refunded"],
        charged_back=row["charged_back"],
        **values,
    )


def _part_id(row: sqlite3.Row) -> str:
    """A chargeback has no id of its own that gateway A would tell (gateways.md A.3)."""
    return "" if row["type"] == "CHARGEBACK" else str(row["part_id"])


def _in_parts(row: sqlite3.Row) -> dict[str, Any]:
    """The legs of a split payment are listed one by one, the rest of it as the merchant's own."""
    legs = json_text.read(row["facts"].encode()).get("paymentSplitResults") if row["facts"] else None
    if not legs:
        return {}
    amounts = [(leg["status"] == "SUCCESS", minor_from_wire(leg["amount"], row["currency"])) for leg in legs]
    rest = row["amount"] - sum(amount for _, amount in amounts)
    parts = [amount for good, amount in amounts if good and amount]
    return {
        "parts": tuple([*parts, rest] if rest > 0 else parts),
        "lost_part": sum(amount for good, amount in amounts if not good),
    }
