"""3RI deals: several payments under one reference, within one amount (seed 002; gateways.md A.2 line 9, A.4).

3RIPSS is a split shipment: all payments together stay within the deal's amount, and the first is captured before the
next is made. 3RIDS is a delayed shipment: one payment whose authorization lives for 90 days.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import for_json, minor_from_wire
from orders.sandbox.dials import DAY_SECONDS
from orders.sandbox.gateway_a import fields
from orders.sandbox.gateway_a.errors import refuse_access, refuse_state, refuse_value
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Transaction
from orders.sandbox.wire import Reply

PATH = "/deal"
SPLIT_SHIPMENT, DELAYED_SHIPMENT = "3RIPSS", "3RIDS"
REFERENCE_LIMIT = 21
LIFE_SECONDS = 90 * DAY_SECONDS
GIVEN_UP = ("FAILED", "CANCELLED", "EXPIRED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """Amount in minor units; None where the deal has no ceiling. Time in milliseconds of the virtual clock."""

    merchant_key: str
    reference: str
    type_code: str
    amount: int | None
    currency: str
    created_at: int


def create(ledger: Ledger, body: dict[str, Any], *, merchant_key: str) -> Reply:
    """PUT /deal. The body's shape is assumed. Called inside a store transaction. Raises Refused."""
    if fields.optional_text(body, "merchantKey", 36) not in (None, merchant_key):
        raise refuse_access(403)
    deal = _deal(ledger, body, merchant_key)
    if _found(ledger, merchant_key, deal.reference) is not None:
        raise refuse_value("Value must be unique.", property="dealReference")
    values = (deal.merchant_key, deal.reference, deal.type_code, deal.amount, deal.currency, deal.created_at)
    ledger.store.run("INSERT INTO a_deals VALUES (?, ?, ?, ?, ?, ?)", values)
    return Reply(body=json_text.write(as_wire(deal)))


def deal_for(ledger: Ledger, body: dict[str, Any], *, merchant_key: str, amount: int, currency: str) -> Deal | None:
    """The deal that a new payment of `amount` minor units wants to belong to. Raises Refused when it does not fit."""
    wished = body.get("deal")
    if wished is None:
        return None
    if not isinstance(wished, dict):
        raise refuse_value("Value must be an object.", property="deal")
    deal = _found(ledger, merchant_key, fields.required_text(wished, "dealReference", REFERENCE_LIMIT, "deal."))
    if deal is None or deal.currency != currency:
        raise refuse_value("There is no such deal in this currency.", property="deal.dealReference")
    if ledger.dials.clock_ms() > deal.created_at + LIFE_SECONDS * 1000:
        raise refuse_value("The deal has ended; it lives for 90 days.", property="deal.dealReference")
    _check_ceiling(ledger, deal, amount)
    return deal


def check_capture(ledger: Ledger, transaction: Transaction, amount: int) -> None:
    """Captures of one deal, those in flight too, stay within its amount. Minor units. Raises Refused, kept."""
    shown = transaction.overview.get("deal", {})
    if not shown.get("dealReference") or shown.get("amount") is None:
        return
    ceiling = minor_from_wire(shown["amount"], transaction.currency)
    sql = """SELECT coalesce(sum(t.captured), 0) + coalesce(sum((SELECT sum(e.amount) FROM executions e
             WHERE e.transaction_id = t.transaction_id AND e.status = 'CAPTURE_PENDING')), 0) FROM transactions t
             WHERE t.merchant_key = ? AND t.currency = ? AND json_extract(t.overview, '$.deal.dealReference') = ?"""
    row = ledger.store.row(sql, (transaction.merchant_key, transaction.currency, shown["dealReference"]))
    left = ceiling - (0 if row is None else int(row[0]))
    if amount > left:
        maximum = for_json(max(0, left), transaction.currency)
        message = f"Value out of bounds. The payments of the deal may be {maximum} more"
        raise refuse_value(message, property="modifiedAmount.amount", context={"maximum": maximum}, kept=True)


def as_wire(deal: Deal) -> dict[str, Any]:
    """As transactionOverview.deal shows it."""
    body: dict[str, Any] = {"dealReference": deal.reference, "typeCode": deal.type_code}
    return body if deal.amount is None else {**body, "amount": for_json(deal.amount, deal.currency)}


def life_seconds(transaction: Transaction, usual: int) -> int:
    """How long its authorization lives."""
    return LIFE_SECONDS if transaction.overview.get("deal", {}).get("typeCode") == DELAYED_SHIPMENT else usual


def _check_ceiling(ledger: Ledger, deal: Deal, amount: int) -> None:
    sql = """SELECT authorized, captured, status FROM transactions WHERE merchant_key = ?
             AND json_extract(overview, '$.deal.dealReference') = ? ORDER BY created_at"""
    payments = ledger.store.rows(sql, (deal.merchant_key, deal.reference))
    standing = [row for row in payments if row["status"] not in GIVEN_UP]
    if deal.type_code == DELAYED_SHIPMENT and standing:
        raise refuse_state("A delayed shipment has one payment.", status=standing[0]["status"])
    if deal.type_code == SPLIT_SHIPMENT and standing and not standing[0]["captured"]:
        message = "The first payment of the deal must be captured before the next is made."
        raise refuse_state(message, status=standing[0]["status"])
    used = sum(row["authorized"] for row in standing)
    if deal.amount is not None and used + amount > deal.amount:
        left = for_json(deal.amount - used, deal.currency)
        message = f"Value out of bounds. The payments of the deal may be {left} more"
        raise refuse_value(message, property="payment.amount", context={"maximum": left})


def _deal(ledger: Ledger, body: dict[str, Any], merchant_key: str) -> Deal:
    type_code = body.get("typeCode")
    if type_code not in (SPLIT_SHIPMENT, DELAYED_SHIPMENT):
        raise refuse_value(f"Value must be one of {SPLIT_SHIPMENT}, {DELAYED_SHIPMENT}.", property="typeCode")
    currency = fields.currency_in(body, "")
    if body.get("amount") is None and type_code == SPLIT_SHIPMENT:
        raise refuse_value("Value is required.", property="amount")
    amount = None if body.get("amount") is None else fields.amount_minor(body["amount"], currency, property="amount")
    return Deal(
        merchant_key=merchant_key,
        reference=fields.optional_text(body, "dealReference", REFERENCE_LIMIT) or _new_reference(),
        type_code=str(type_code),
        amount=amount,
        currency=currency,
        created_at=ledger.dials.clock_ms(),
    )


def _found(ledger: Ledger, merchant_key: str, reference: str) -> Deal | None:
    sql = "SELECT * FROM a_deals WHERE merchant_key = ? AND reference = ?"
    row = ledger.store.row(sql, (merchant_key, reference))
    return None if row is None else Deal(**dict(row))


def _new_reference() -> str:
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(REFERENCE_LIMIT))
