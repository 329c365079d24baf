"""A worker stopped by SIGSTOP just before it sends wakes up after its lease: it must not send what another has sent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from orders.gateways.base import Fault, Kind
from orders.models import Attempt, Modification, ModificationState, Source, Transaction
from orders.modifications import clock, submit
from tests import factories
from tests.modifications.asking import ask
from tests.proofs.processes import Child
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

GRACE_SECONDS = 2


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


def test_it_stays_silent_when_another_took_over_meanwhile(
    gateway: SandboxHandle, settings: Any, tmp_path: Path
) -> None:
    row = _a_refund(gateway, settings, deadline_seconds=2)
    sleeper = _asleep_before_sending(tmp_path)

    time.sleep(2 + GRACE_SECONDS + 0.5)
    clock.run_until_idle()
    before = _requests(gateway, row)
    by_another = Modification.objects.get(pk=row.pk)
    sleeper.kill(signal.SIGCONT)
    sleeper.wait()

    assert before, "the other worker sent it meanwhile"
    assert by_another.state == ModificationState.SUCCEEDED
    assert sleeper.exit_code == 0, (tmp_path / "sleeper.log").read_text()
    assert _requests(gateway, row) == before
    assert Attempt.objects.get(modification=row, epoch=1).reason_text.startswith("The worker stopped")
    transaction = Transaction.objects.get(pk=row.transaction_id)
    assert (transaction.refunded, transaction.refunding) == (2_500, 0)


def test_it_stays_silent_when_its_lease_would_not_last_for_the_answer(
    gateway: SandboxHandle, settings: Any, tmp_path: Path
) -> None:
    """Its deadline is far away, so that the lease's age alone can stop it."""
    row = _a_refund(gateway, settings, deadline_seconds=60)
    sleeper = _asleep_before_sending(tmp_path)

    time.sleep(GRACE_SECONDS + 0.5)
    sleeper.kill(signal.SIGCONT)
    sleeper.wait()

    row.refresh_from_db()
    assert sleeper.exit_code == 0, (tmp_path / "sleeper.log").read_text()
    assert _requests(gateway, row) == []
    assert (row.state, row.never_sent) == (ModificationState.QUEUED, True)
    assert Attempt.objects.get(modification=row).fault == Fault.LEASE


def _a_refund(gateway: SandboxHandle, settings: Any, *, deadline_seconds: int) -> Modification:
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.LEASE_GRACE_SECONDS = GRACE_SECONDS
    account = factories.an_account(
        base_url=gateway.gateway_url, merchant_key="merchant-one", profile={"deadline_seconds": deadline_seconds}
    )
    person = factories.a_person(merchants=[account.merchant])
    made = gateway.control(
        "orders", merchantKey="merchant-one", amount=10_000, currencyCode="EUR", paymentStatus="CAPTURED"
    )
    reference = made["transactions"][0]["transactionId"]
    transaction = factories.a_captured_transaction(account=account, reference=reference)
    return ask(transaction, Kind.REFUND, 2_500, by=person, source=Source.COMMAND)


def _requests(gateway: SandboxHandle, row: Modification) -> list[Any]:
    found: list[Any] = gateway.ledger(modificationId=str(row.pk))["requests"]
    return found


def _asleep_before_sending(folder: Path) -> Child:
    connections.close_all()
    sleeper = Child(_work_and_fall_asleep, log=folder / "sleeper.log")
    _wait_until_it_sleeps(sleeper.pid)
    return sleeper


def _work_and_fall_asleep() -> None:
    """One worker's round that stops itself after its connection stands and before its lease is checked."""

    def stop(point: str, _modification_id: object) -> None:
        if point == "before_send":
            # Aimed at this very thread: it stops here and not a few steps later.
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(submit, "crash", stop)
        clock.run_until_idle()


def _wait_until_it_sleeps(pid: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        ended, status = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
        if ended and os.WIFSTOPPED(status):
            return
        assert not ended, "the worker ended instead of falling asleep"
        time.sleep(0.02)
    raise AssertionError("the worker never came to its send")
