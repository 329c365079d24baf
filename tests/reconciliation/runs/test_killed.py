"""A process that reads a file is killed with signal 9 at any statement: the next one comes to the same end."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from orders.database import database_now
from orders.models import (
    DiscrepancyEntry,
    FileState,
    GatewayAccount,
    Match,
    ReconciliationRun,
    SettlementFile,
    SettlementLine,
)
from orders.reconciliation.files import pace, writers
from orders.reconciliation.runs import work_due, work_on
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation.runs.bringing import bring, line, paper
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 5


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many turns for few lines."""
    monkeypatch.setattr(pace, "_FIRST", 7)
    monkeypatch.setattr(pace, "_MOST", 7)
    monkeypatch.setattr(pace, "_LEAST", 7)
    monkeypatch.setattr(writers.Copying, "_at_once", 7)
    monkeypatch.setattr(writers.Copying, "_SECONDS", 0.0)


def lines() -> list[str]:
    return [line(f"R-{number // 2}", f"{number // 2 + 1}.00") for number in range(60)]


def a_waiting_correction() -> SettlementFile:
    """Captures of ours, a file that counts, and its correction that is to be read."""
    account = an_account()
    for number in (3, 5, 7):
        transaction = a_captured_transaction(account=account, captured=(number + 1) * 100)
        a_modification_of(transaction, amount=(number + 1) * 100, gateway_reference=f"R-{number}")
    first = bring(account, paper(*lines()[:30], line("gone", "9.00")), name="day.csv").file
    work_on(first.pk)
    return bring(account, paper(*lines()), name="day.csv").file


def end_of(account: GatewayAccount) -> dict[str, Any]:
    """What everybody sees in the end, without keys and times."""
    counting = SettlementLine.objects.filter(account=account, file__state=FileState.APPLIED, overlap=False)
    matches = Match.objects.filter(line__in=counting, run__state="applied", ended_at__isnull=True)
    return {
        "files": list(SettlementFile.objects.order_by("pk").values_list("state", "version", "lines", "overlaps")),
        "totals": list(SettlementFile.objects.order_by("pk").values_list("totals", flat=True)),
        "lines": list(counting.order_by("identity").values_list("number", "gross")),
        "all": SettlementLine.objects.count(),
        "matches": sorted(matches.values_list("line__number", "modification__gateway_reference", "rule")),
        "discrepancies": sorted(account.discrepancies.values_list("line__identity", "type", "state")),
        "entries": DiscrepancyEntry.objects.count(),
    }


def kill_at(statement: int, work: Callable[[], object]) -> bool:
    """Do it in a child that dies of signal 9 before this statement; False when it ended first."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        _live_until(statement, work)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _live_until(statement: int, work: Callable[[], object]) -> None:
    left = statement

    def count(execute: Any, *given: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*given)

    code = 1
    try:
        with connection.execute_wrapper(count):
            work()
        code = 0
    finally:
        os._exit(code)


def lapse_leases() -> None:
    """As if the dead process's time were over."""
    past = database_now() - timedelta(minutes=1)
    ReconciliationRun.objects.filter(lease_until__isnull=False).update(lease_until=past)


def identities_alike(seen: dict[str, Any]) -> dict[str, Any]:
    """Accounts differ from world to world, and with them identities: compare how many there are of each kind."""
    kinds = sorted((kind, state) for _, kind, state in seen["discrepancies"])
    return {**seen, "lines": sorted(seen["lines"]), "discrepancies": kinds}


def test_a_file_killed_anywhere_ends_like_one_that_was_not() -> None:
    undisturbed = a_waiting_correction()
    statements = 0

    def counted(execute: Any, *given: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*given)

    with connection.execute_wrapper(counted):
        work_on(undisturbed.pk)
    expected = identities_alike(end_of(undisturbed.account))
    seed = random.randrange(10**6)
    chances = random.Random(seed)
    print(f"seed {seed}, {statements} statements")

    for statement in sorted(chances.sample(range(2, statements), KILLS)):
        _empty()
        file = a_waiting_correction()
        died = kill_at(statement, lambda: work_on(file.pk))  # noqa: B023  called at once
        half_done = SettlementFile.objects.get(pk=file.pk)
        assert half_done.state in (FileState.WAITING, FileState.LOADING, FileState.APPLIED)
        lapse_leases()
        work_due()
        assert died, f"seed {seed}: it ended before statement {statement}"
        assert identities_alike(end_of(file.account)) == expected, f"seed {seed}, statement {statement}"


def _empty() -> None:
    from django.core.management import call_command

    from orders.models import triggers

    triggers.lift(connection, event="DELETE")
    call_command("flush", verbosity=0, interactive=False)
