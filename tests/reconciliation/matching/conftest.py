"""One account's books and one file on its way in, for every matching test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orders.models import GatewayAccount, Match, RunStage, RunState, SettlementLine, Transaction
from orders.reconciliation.matching.engine import Scope, match
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation_factories import a_file, a_run

Matching = Callable[..., list[Match]]


@pytest.fixture
def account(db: None) -> GatewayAccount:
    return an_account()


@pytest.fixture
def payment(db: None) -> Transaction:
    return a_captured_transaction()


@pytest.fixture
def matched() -> Matching:
    """Match these lines' file under a run of its own, and answer its matches in the order of the lines."""

    def run(*lines: SettlementLine, minor: int = 0, days: int = 5, **scope: Any) -> list[Match]:
        file = lines[0].file
        one = a_run(file=file, state=RunState.RUNNING, stage=RunStage.MATCHING)
        match(Scope(run=one, file_ids=(file.pk,), tolerance_minor=minor, tolerance_days=days, **scope))
        one.state = RunState.APPLIED
        one.save()
        return list(Match.objects.filter(run=one).order_by("line__number", "pk"))

    return run


@pytest.fixture
def file(account: GatewayAccount) -> Any:
    return a_file(account)
