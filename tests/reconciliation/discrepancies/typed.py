"""Typing in a test: our side, a run of a file or of the night, and what is unsettled afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from orders.models import Discrepancy, GatewayAccount, ReconciliationRun, RunState, SettlementFile, Transaction
from orders.reconciliation.discrepancies.typing import type_leftovers
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.engine import Scope, match
from tests.reconciliation_factories import BOOKED, a_modification_of, a_run

NOON = datetime.combine(BOOKED, time(12), UTC)


def our(transaction: Transaction, **fields: Any) -> Any:
    moved_at = NOON - timedelta(days=2)
    values = {"requested_at": moved_at, "gateway_at": moved_at, "gateway_id": "", "gateway_reference": "R1", **fields}
    return a_modification_of(transaction, **values)


def run_of(file: SettlementFile) -> ReconciliationRun:
    """Matched, applied and typed."""
    one = a_run(file=file, state=RunState.RUNNING)
    match(Scope(run=one, file_ids=(file.pk,)))
    return applied(one)


def night_of(account: GatewayAccount) -> ReconciliationRun:
    one = a_run(account, state=RunState.RUNNING)
    match(Scope(run=one))
    return applied(one)


def applied(run: ReconciliationRun) -> ReconciliationRun:
    run.state = RunState.APPLIED
    run.save()
    type_leftovers(run)
    return run


def typed(file: SettlementFile) -> list[tuple[str, int, int, str]]:
    """Type, difference, amount and currency of what is unsettled; and the balance must hold."""
    run_of(file)
    assert not [currency for currency, one in balance(file.account_id, until=None).items() if not one.holds]
    return open_ones()


def open_ones() -> list[tuple[str, int, int, str]]:
    rows = Discrepancy.objects.unsettled().order_by("line__number", "type", "pk")
    return list(rows.values_list("type", "difference", "amount", "currency"))
