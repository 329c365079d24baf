"""A worker stopped by SIGSTOP just before it sends wakes up after its lease: it must not send what another has sent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from orders.gateways.base import Kind
from orders.models import Attempt, Modification, ModificationState, Source
from orders.modifications import clock, submit
from tests import factories
from tests.modifications.asking import ask
from tests.proofs.processes import Child
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

LEASE_SECONDS = 4


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


def test_it_stays_silent_when_it_wakes_up_too_late(gateway: SandboxHandle, settings: Any, tmp_path: Path) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.LEASE_GRACE_SECONDS = LEASE_SECONDS - 2
    account = factories.an_account(
        base_url=gateway.gateway_url, merchant_key="merchant-one", profile={"deadline_seconds": 2}
    )
    person = factories.a_person(merchants=[account.merchant])
    made = gateway.control(
        "orders", merchantKey="merchant-one", amount=10_000, currencyCode="EUR", paymentStatus="CAPTURED"
    )
    reference = made["transactions"][0]["transactionId"]
    transaction = factories.a_captured_transaction(account=account, reference=reference)
    row = ask(transaction, Kind.REFUND, 2_500, by=person, source=Source.COMMAND)
    connections.close_all()
    sleeper = Child(_work_and_fall_asleep, log=tmp_path / "sleeper.log")
    _wait_until_it_sleeps(sleeper.pid)

    time.sleep(LEASE_SECONDS + 0.5)
    clock.run_until_idle()
    before = gateway.ledger(modificationId=str(row.pk))["requests"]
    by_another = Modification.objects.get(pk=row.pk)
    sleeper.kill(signal.SIGCONT)
    sleeper.wait()

    assert before, "the other worker sent it meanwhile"
    assert by_another.state == ModificationState.SUCCEEDED
    assert sleeper.exit_code == 0, (tmp_path / "sleeper.log").read_text()
    assert gateway.ledger(modificationId=str(row.pk))["requests"] == before
    assert Attempt.objects.get(modification=row, epoch=1).reason_text.startswith("The worker stopped")
    transaction.refresh_from_db()
    assert (transaction.refunded, transaction.refunding) == (2_500, 0)


def _work_and_fall_asleep() -> None:
    """One worker's round that stops itself after its connection stands and before its lease is checked."""

    def stop(point: str, _modification_id: object) -> None:
        if point == "before_send":
            os.kill(os.getpid(), signal.SIGSTOP)
            # The stop reaches the threads one by one; ours must not go on before it is its turn.
            time.sleep(0.2)

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
