"""Authorizations that the gateway should have given back and never will: made on request, and told in the truth."""

from __future__ import annotations

from datetime import date
from typing import Any

from orders.sandbox.ledger import Ledger
from orders.sandbox.settlement.mistakes import NEVER_RELEASED

Facts = dict[str, Any]
TABLES = {"smartpay": "transactions", "smartpay_orders": "b_orders", "smarterpay": "smarterpay_payments"}
IDS = {"smartpay": "transaction_id", "smartpay_orders": "id", "smarterpay": "payment_id"}
AUTHORIZED = {
    "smartpay": "authorized",
    "smartpay_orders": "amount",
    "smarterpay": "authorized",
}
OPEN = {
    "smartpay": "status = 'AUTHORIZATION_COMPLETED'",
    "smartpay_orders": "status = 'requires_capture'",
    "smarterpay": "state IN ('deferred', 'authenticated')",
}
CURRENCY = {"smartpay": "currency", "smartpay_orders": "'JPY'", "smarterpay": "currency"}


def never_release(ledger: Ledger, gateway: str, transaction_ids: list[str]) -> int:
    """These authorizations no longer end by themselves. Returns how many there were; only open ones can be held."""
    sql = f"UPDATE {TABLES[gateway]} SET expires_at = NULL WHERE {IDS[gateway]} = ? AND {OPEN[gateway]}"  # noqa: S608
    held = 0
    with ledger.store.transaction():
        for transaction_id in transaction_ids:
            ledger.store.run(sql, (transaction_id,))
            held += int(ledger.store.row("SELECT changes()")[0])  # type: ignore[index]
    return held


def truths(ledger: Ledger, gateway: str, merchant_key: str, first: date, last: date) -> list[Facts]:
    """Open authorizations without an end, of the days on which they were made."""
    amount = f"{AUTHORIZED[gateway]} - captured - released"
    sql = f"""SELECT {IDS[gateway]} AS id, merchant_key, {CURRENCY[gateway]} AS currency, {amount} AS rest,
              strftime('%Y-%m-%d', created_at / 1000, 'unixepoch') AS made_on
              FROM {TABLES[gateway]} WHERE merchant_key = ? AND expires_at IS NULL AND {OPEN[gateway]} AND {amount} > 0
              AND made_on BETWEEN ? AND ? ORDER BY created_at, id"""  # noqa: S608  # our own words
    rows = ledger.store.rows(sql, (merchant_key, first.isoformat(), last.isoformat()))
    return [
        {
            "kind": NEVER_RELEASED,
            "type": "remainder",
            "cause": "rest_not_released",
            "gateway": gateway,
            "merchantKey": row["merchant_key"],
            "modificationId": None,
            "transactionId": row["id"],
            "reference": None,
            "gatewayId": None,
            "executedOn": row["made_on"],
            "lineDate": None,
            "lineType": None,
            "amount": row["rest"],
            "currency": row["currency"],
        }
        for row in rows
    ]
