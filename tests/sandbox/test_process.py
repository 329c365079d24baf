"""The sandbox as a process: its ledger survives a kill, it stops cleanly, and it imports nothing of ours."""

from __future__ import annotations

import ast
import contextlib
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox_process import REPOSITORY, SandboxHandle, sandbox

SOURCES = sorted((REPOSITORY / "orders" / "sandbox").rglob("*.py"))


def test_the_ledger_the_answers_and_the_faults_survive_a_kill(tmp_path: Path) -> None:
    with sandbox(tmp_path) as box:
        merchant = Merchant(sandbox=box)
        transaction = merchant.order(paymentStatus="CAPTURED")
        body = merchant.body_of(transaction, 25)
        first = merchant.send("POST", "/smartpay/payment/refund", body)
        box.control("faults", fault="refuse", times=1)
        before, port = box.ledger(), box.port

        assert box.kill() == -signal.SIGKILL
        box.start()

        assert box.port == port
        assert box.ledger() == before
        assert [rule["fault"] for rule in box.control_get("faults")["rules"]] == ["refuse"]
        box.control_delete("faults")
        assert merchant.send("POST", "/smartpay/payment/refund", body).body == first.body


def test_whatever_was_answered_before_a_kill_is_in_the_ledger_after_it(tmp_path: Path) -> None:
    with sandbox(tmp_path) as box:
        merchant = Merchant(sandbox=box)
        transaction = merchant.order(paymentStatus="CAPTURED", amount=1_000_000)
        answered = []

        def refund_until_killed(worker: int) -> None:
            with contextlib.suppress(OSError, IndexError):  # The kill cuts the last answer short.
                for number in range(1000):
                    name = f"m-{worker}-{number}"
                    if merchant.modify("refund", transaction, 0.50, modificationId=name).status == 200:
                        answered.append(name)

        with ThreadPoolExecutor(max_workers=8) as pool:
            running = [pool.submit(refund_until_killed, worker) for worker in range(8)]
            time.sleep(0.5)
            box.kill()
        box.start()

        assert [future.result() for future in running] == [None] * 8
        executed = [one for one in box.ledger()["executions"] if one["type"] == "REFUND"]
        assert len(answered) > 8
        assert set(answered) <= {one["modificationId"] for one in executed}
        assert len(answered) <= len(executed) <= len(answered) + 8
        assert merchant.books(transaction)["refunded"] == 50 * len(executed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly_even_while_a_connection_hangs(tmp_path: Path, number: signal.Signals) -> None:
    with sandbox(tmp_path) as box:
        merchant = Merchant(sandbox=box)
        box.control("faults", fault="hang_after")
        body = merchant.body_of(merchant.order(paymentStatus="CAPTURED"), 25)
        with merchant.opened("POST", "/smartpay/payment/refund", body):
            time.sleep(0.2)
            assert box.process is not None
            box.process.send_signal(number)

            assert box.process.wait(5) == 0


def test_a_taken_port_is_said_in_one_sentence(box: SandboxHandle, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "orders.sandbox", "--port", str(box.port), "--data", str(tmp_path)]

    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=20, check=False)

    assert ended.returncode == 1
    assert "Choose another --port." in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_imports_only_itself_and_the_standard_library() -> None:
    imported = {name for source in SOURCES for name in _imports(source)}

    foreign = {
        name
        for name in imported
        if name.split(".")[0] not in sys.stdlib_module_names and not name.startswith("orders.sandbox")
    }
    assert foreign == set()


def test_ten_thousand_orders_in_one_call_are_quick(box: SandboxHandle) -> None:
    started = time.monotonic()

    made = box.control("orders", merchantKey="merchant-one", count=10_000, amount=4999, currencyCode="EUR")

    assert len(made["transactions"]) == 10_000
    assert time.monotonic() - started < 10


def test_a_list_of_orders_is_made_whole_or_not_at_all(box: SandboxHandle) -> None:
    good = {"merchantKey": "merchant-one", "amount": "49.99", "transactionId": "t-1"}

    with pytest.raises(urllib.error.HTTPError) as refused:
        box.control("orders", orders=[good, {**good, "transactionId": "t-2", "amount": 0}])
    after_refusal = box.ledger()["transactions"]
    box.control("orders", orders=[good, {**good, "transactionId": "t-2"}])

    assert (refused.value.code, after_refusal) == (400, [])
    assert [one["authorized"] for one in box.ledger()["transactions"]] == [4999, 4999]
    refused.value.close()


def test_connections_are_kept_when_the_client_wishes(box: SandboxHandle) -> None:
    request = b"GET /_health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

    with socket.create_connection(("127.0.0.1", box.port), timeout=5) as sock:
        answers = []
        for _ in range(2):
            sock.sendall(request)
            answers.append(sock.recv(65_536))

    assert all(json.loads(answer.partition(b"\r\n\r\n")[2])["status"] == "ok" for answer in answers)


def test_the_ledger_can_be_asked_for_one_transaction_one_modification_or_since(merchant: Merchant) -> None:
    first, second = merchant.order(paymentStatus="CAPTURED"), merchant.order(paymentStatus="CAPTURED")
    merchant.modify("refund", first, 10, modificationId="m-1")
    merchant.modify("refund", second, 20, modificationId="m-2")

    by_transaction = merchant.sandbox.ledger(transactionId=first)
    by_modification = merchant.sandbox.ledger(modificationId="m-2")
    later = merchant.sandbox.ledger(since="2999-01-01T00:00:00Z")

    assert {one["transactionId"] for one in by_transaction["executions"]} == {first}
    assert [one["transactionId"] for one in by_modification["transactions"]] == [second]
    assert [one["amount"] for one in by_modification["executions"]] == [2000]
    assert later == {"transactions": [], "executions": [], "requests": []}


def _imports(source: Path) -> list[str]:
    tree = ast.parse(source.read_text())
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
