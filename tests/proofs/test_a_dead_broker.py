"""The broker is down, or takes every byte and says nothing: a click answers at once, and its refund happens after."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery

from orders.gateways.base import Kind
from orders.models import GatewayAccount, Modification, ModificationState, Transaction
from orders.modifications import bell, clock
from tests import factories
from tests.modifications.asking import ask
from tests.proofs.installation import PROFILE
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

ANSWERED_WITHIN_SECONDS = 1.0
CLICKS = 5


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def black_hole() -> Iterator[str]:
    """A broker that accepts connections, reads, and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        kept: list[socket.socket] = []

        def swallow() -> None:
            while True:
                try:
                    kept.append(listener.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=swallow, daemon=True)
        thread.start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for connection in kept:
            connection.close()


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_a_click_answers_within_a_second_and_its_refund_happens_after(
    how: str,
    black_hole: str,
    gateway: SandboxHandle,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.UNDO_SECONDS = 0
    broker = black_hole if how == "silent" else f"redis+socket://{tmp_path}/nobody.sock"
    monkeypatch.setattr(bell, "current_app", Celery("nobody", broker=broker, set_as_current=False))
    account = factories.an_account(base_url=gateway.gateway_url, merchant_key="merchant-one", profile=PROFILE)
    person = factories.a_person(merchants=[account.merchant])
    transactions = [_captured_payment(gateway, account.merchant_key, account) for _ in range(CLICKS)]

    seconds = []
    for transaction in transactions:
        began = time.monotonic()
        ask(transaction, Kind.REFUND, 2_500, by=person)
        seconds.append(time.monotonic() - began)
    clock.run_until_idle()

    assert max(seconds) < ANSWERED_WITHIN_SECONDS
    assert {row.state for row in Modification.objects.all()} == {ModificationState.SUCCEEDED}
    executed = [row["modificationId"] for row in gateway.ledger()["executions"] if row["origin"] == "api"]
    assert sum(executed.count(str(row.pk)) for row in Modification.objects.all()) == CLICKS


def _captured_payment(gateway: SandboxHandle, key: str, account: GatewayAccount) -> Transaction:
    made = gateway.control("orders", merchantKey=key, amount=10_000, currencyCode="EUR", paymentStatus="CAPTURED")
    return factories.a_captured_transaction(account=account, reference=made["transactions"][0]["transactionId"])
