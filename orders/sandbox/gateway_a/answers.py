"""The bodies gateway A answers with (gateways.md A.3), in all the spellings its documents contradict each other in.

What varies is drawn from the dial `seed` and the ids, so that a run repeats. What a client must be able to rely on
never varies here (amount, currency, status, ids and references of the modification); only a fault takes it away.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orders.sandbox.amounts import for_json
from orders.sandbox.dials import Dials
from orders.sandbox.gateway_a.movements import PENDING_STATUS
from orders.sandbox.records import Execution, Transaction

PART_NAMES = {"CAPTURE": "captureId", "CANCELLATION": "cancelId", "REFUND": "refundId"}


class Style:
    """How this one answer is written: date format, spelling, which optional fields it leaves out."""

    def __init__(self, dials: Dials, name: str) -> None:
        self._dice = random.Random(f"{dials.seed}|{name}")  # noqa: S311  # variety, not a secret
        self.spelling = self._choice(dials.spelling, "CANCELLATION", "CANCELATION")
        self.date_format = self._choice(dials.date_format, "iso", "space")
        self._varied = dials.optional_fields

    def leaves_out(self) -> bool:
        return self._varied and self._dice.random() < 0.25

    def adds(self) -> bool:
        return self._varied and self._dice.random() < 0.5

    def date(self, at: int) -> str:
        """One of the two formats of gateways.md A.10, line 13."""
        moment = datetime.fromtimestamp(at // 1000, UTC).replace(microsecond=at % 1000 * 1000)
        if self.date_format == "space":
            return moment.strftime("%Y-%m-%d %H:%M:%S.%f+00:00")
        return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at % 1000:03d}Z"

    def _choice(self, wanted: str, *options: str) -> str:
        return self._dice.choice(options) if wanted == "random" else wanted


Facts = Mapping[str, dict[str, Any]]
"""What modificationData says besides, by modification id: legs of a split, a programme refund."""


def modification_answer(
    transaction: Transaction, execution: Execution, *, style: Style, ignored: tuple[str, ...], facts: Facts
) -> dict[str, Any]:
    """What a POST answers: the payment, and `modification` as one object."""
    body = _payment(transaction, style)
    if style.adds():
        body["modificationId"] = execution.modification_id
    body["modification"] = _modification(transaction, execution, style, facts)
    if ignored:
        body["ignoredProperties"] = list(ignored)
    return body


def payment_answer(
    transaction: Transaction, execution: Execution | None, *, style: Style, ignored: tuple[str, ...], facts: Facts
) -> dict[str, Any]:
    """What an authorization answers: the payment, with all that the two examples of seed 002 disagree about."""
    body = _payment(transaction, style)
    if style.leaves_out():
        body["transactionOverview"]["amount"] = False
    if style.adds():
        body["modificationId"] = transaction.transaction_id
    if execution is not None and not style.leaves_out():
        body["modification"] = _modification(transaction, execution, style, facts)
    if ignored:
        body["ignoredProperties"] = list(ignored)
    return body


def status_answer(
    transaction: Transaction, executions: list[Execution], *, style: Style, facts: Facts
) -> dict[str, Any]:
    """What GET status answers: the payment, its own history, and `modifications` as a list."""
    body = _payment(transaction, style)
    body["statusHistory"] = [
        {"status": status, "statusDate": style.date(at), "modificationAmount": _original_amount(transaction)}
        for status, at in transaction.history
    ]
    body["modifications"] = [_modification(transaction, one, style, facts) for one in executions]
    return body


def _payment(transaction: Transaction, style: Style) -> dict[str, Any]:
    body: dict[str, Any] = {
        "reconciliationReferenceId": transaction.reference,
        "description": transaction.description,
        "paymentStatus": transaction.status,
        "creationDate": style.date(transaction.created_at),
        "lastStatusDate": style.date(transaction.last_status_at),
        "transactionOverview": _overview(transaction, style),
    }
    if transaction.partner_reference and not style.leaves_out():
        body["partnerReference"] = transaction.partner_reference
    if transaction.transaction_reference:
        body["transactionReference"] = transaction.transaction_reference
    if style.adds():
        body["processingRegion"] = "eu-central-1"
    return body


def _overview(transaction: Transaction, style: Style) -> dict[str, Any]:
    """The original amount, whatever was captured or refunded since."""
    overview: dict[str, Any] = {
        "transactionId": transaction.transaction_id,
        "amount": for_json(transaction.authorized, transaction.currency),
        "currencyCode": transaction.currency,
        "mit": False,
    }
    if not style.leaves_out():
        overview["paymentMethod"] = transaction.payment_method
    if not style.leaves_out():
        overview["paymentOrigin"] = transaction.payment_origin
    if transaction.custom_references:
        overview["customReferences"] = transaction.custom_references
    return {**overview, **transaction.overview}


def _modification(transaction: Transaction, execution: Execution, style: Style, facts: Facts) -> dict[str, Any]:
    amount = {
        "amount": for_json(execution.amount, execution.currency),
        "currencyCode": execution.currency,
        "description": execution.description or transaction.description,
    }
    body: dict[str, Any] = {
        "creationDate": style.date(execution.created_at),
        "status": execution.status,
        "modificationAmount": amount,
        "modificationData": {**_modification_data(execution, style), **facts.get(execution.modification_id, {})},
    }
    if execution.error is not None:
        body["error"] = execution.error
    if not style.leaves_out():
        body["lastStatusDate"] = style.date(execution.last_status_at)
    if not style.leaves_out():
        body["statusHistory"] = _history(execution, amount, style)
    return body


def _modification_data(execution: Execution, style: Style) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "modificationId": execution.modification_id,
        "type": style.spelling if execution.type == "CANCELLATION" else execution.type,
        "reconciliationReferenceId": execution.reference,
    }
    if execution.type in PART_NAMES:
        facts[PART_NAMES[execution.type]] = execution.part_id
    if execution.custom_references:
        facts["customReferences"] = execution.custom_references
    return facts


def _history(execution: Execution, amount: dict[str, Any], style: Style) -> list[dict[str, Any]]:
    states = [(execution.status, execution.last_status_at)]
    if execution.due_at is not None and execution.status != PENDING_STATUS[execution.type]:
        states.insert(0, (PENDING_STATUS[execution.type], execution.created_at))
    lines = [{"status": state, "statusDate": style.date(at), "modificationAmount": amount} for state, at in states]
    if execution.error is not None:
        lines[-1]["error"] = execution.error["error"]
    return lines


def _original_amount(transaction: Transaction) -> dict[str, Any]:
    return {
        "amount": for_json(transaction.authorized, transaction.currency),
        "currencyCode": transaction.currency,
        "description": transaction.description,
        "option": transaction.payment_method,
    }
