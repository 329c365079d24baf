"""A process that is killed in the middle of a night: the next one goes on behind the last finished step."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from orders.database import database_now
from orders.models import Discrepancy, GatewayAccount, JobRun, JobState
from orders.modifications import crash
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import NIGHT, Due
from orders.reconciliation.nights.errands import Step, Told, take, work_off
from orders.reconciliation.nights.remainders import watch_remainders
from tests.factories import a_transaction, an_account

pytestmark = pytest.mark.django_db(transaction=True)

DAY = date(2026, 11, 20)
NAMES = ("refresh", "remainder", "balance")


def in_a_child(work: Callable[[], Any]) -> int:
    """Run it in a process of its own with its own connection; returns the signal that ended it, 0 for none."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def night(account: GatewayAccount, done: list[str] | None = None) -> JobRun | None:
    """Three steps of a night; the one in the middle opens a discrepancy."""
    turn = take(job=NIGHT, day=DAY, account=account)
    if turn is None:
        return None
    due = Due(account=account, terms=Terms(), day=DAY, newest=True)

    def note(name: str) -> Told:
        if done is not None:
            done.append(name)
        if name == "remainder":
            return watch_remainders(due, database_now())
        return Told(sentence=f"{name} is done.")

    return work_off(turn, [Step(name=name, work=lambda name=name: note(name)) for name in NAMES])  # type: ignore[misc]


@pytest.mark.parametrize("killed_after", NAMES)
def test_a_killed_night_is_resumed_to_the_same_end(
    killed_after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = an_account()
    a_transaction(account=account, expires_at=database_now() - timedelta(days=3))
    row = JobRun.objects.create(
        job=NIGHT,
        subject=f"account:{account.pk}",
        merchant=account.merchant,
        account=account,
        business_date=DAY,
        lease_until=database_now() - timedelta(seconds=1),
        started_at=database_now(),
    )
    monkeypatch.setattr(crash, "_FOLDER", str(tmp_path))
    (tmp_path / f"{row.pk}.after_{killed_after}").touch()

    assert in_a_child(lambda: night(account)) == signal.SIGKILL
    row.refresh_from_db()
    assert row.state == JobState.RUNNING
    assert killed_after in row.steps

    assert night(account) is None  # the dead one's lease still runs
    JobRun.objects.update(lease_until=database_now() - timedelta(seconds=1))
    done: list[str] = []
    finished = night(account, done)

    assert finished is not None
    assert finished.state == JobState.DONE
    assert done == list(NAMES[NAMES.index(killed_after) + 1 :])
    assert Discrepancy.objects.count() == 1
    assert Discrepancy.objects.get().entries.count() == 1
    assert night(account) is None
