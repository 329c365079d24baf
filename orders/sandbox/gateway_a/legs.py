"""Parts of a movement that can fail alone: the legs of a split payment, and programme refunds (seed 001)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.amounts import for_json
from orders.sandbox.gateway_a.payment_fields import Part
from orders.sandbox.ledger import Ledger
from orders.sandbox.records import Execution, Transaction, new_reference

WITH_LEGS = frozenset({"CAPTURE", "REFUND"})
LEG_FAILS, PROGRAMME_FAILS = "split_leg_fails", "programme_refund_fails"
PRETENDED_DESTINATION = "destination-ref-1"


def keep_split(ledger: Ledger, transaction_id: str, parts: Iterable[Part]) -> None:
    rows = [(transaction_id, number, one.destination, one.amount, one.description) for number, one in enumerate(parts)]
    ledger.store.run_many("INSERT INTO a_splits VALUES (?, ?, ?, ?, ?)", rows)


def split_of(ledger: Ledger, transaction_id: str) -> list[Part]:
    sql = "SELECT destination, amount, description FROM a_splits WHERE transaction_id = ? ORDER BY position"
    return [Part(**dict(row)) for row in ledger.store.rows(sql, (transaction_id,))]


def share_out(ledger: Ledger, transaction: Transaction, execution: Execution, *, fault: str | None = None) -> None:
    """Write down what became of each part; the movement as a whole stays done. Called where it is booked."""
    if execution.status == "FAILED":
        return
    facts: dict[str, Any] = {}
    if execution.type in WITH_LEGS:
        legs = _legs(ledger, transaction, execution, last_fails=fault == LEG_FAILS)
        facts = {"paymentSplitResults": legs} if legs else {}
    if execution.type == "REFUND" and (fault == PROGRAMME_FAILS or ledger.dials.now.programme_refunds):
        facts = {**facts, **_programme_refund(fails=fault == PROGRAMME_FAILS)}
    if facts:
        values = (execution.merchant_key, execution.modification_id, json_text.write(facts).decode())
        ledger.store.run("INSERT INTO a_facts VALUES (?, ?, ?)", values)


def facts_of(ledger: Ledger, executions: Sequence[Execution]) -> dict[str, dict[str, Any]]:
    """What modificationData says besides, by modification id."""
    sql = """SELECT modification_id, facts FROM a_facts
             WHERE merchant_key = ? AND modification_id IN (SELECT value FROM json_each(?))"""
    if not executions:
        return {}
    ids = json.dumps([one.modification_id for one in executions])
    rows = ledger.store.rows(sql, (executions[0].merchant_key, ids))
    return {row["modification_id"]: json_text.read(row["facts"].encode()) for row in rows}


def _legs(ledger: Ledger, transaction: Transaction, execution: Execution, *, last_fails: bool) -> list[dict[str, Any]]:
    """Each part has its share of the movement, rounded down; what is left goes to the merchant itself."""
    parts = split_of(ledger, transaction.transaction_id)
    if last_fails and not parts:
        parts = [Part(destination=PRETENDED_DESTINATION, amount=transaction.authorized, description=None)]
    legs = [_leg(part, part.amount * execution.amount // transaction.authorized, execution) for part in parts]
    if last_fails:
        legs[-1] = {**legs[-1], "status": "ERROR", "error": "[ 57 ] The destination account is closed"}
    return legs


def _leg(part: Part, amount: int, execution: Execution) -> dict[str, Any]:
    leg = {
        "destinationReference": part.destination,
        "splitUniqueReference": new_reference(),
        "status": "SUCCESS",
        "amount": for_json(amount, execution.currency),
        "currencyCode": execution.currency,
    }
    return {**leg, "description": part.description} if part.description else leg


def _programme_refund(*, fails: bool) -> dict[str, Any]:
    if fails:
        return {"programRefundStatus": "error", "programRefundErrorMessage": "The programme did not take the refund"}
    return {"programRefundStatus": "success", "programRefundId": new_reference()}
