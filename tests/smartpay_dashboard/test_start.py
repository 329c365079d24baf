"""The one command that starts everything: it says where to go, survives a killed worker, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from smartpay_dashboard import conf
from smartpay_dashboard.management.commands import start
from tests.factories import an_account
from tests.smartpay_dashboard.fresh_settings import REPOSITORY, production, run_python

pytestmark = pytest.mark.process

CTRL_C = b"\x03"
CARD_PAYMENT_NOT_YET_CLEARED = "P01DEMONORDLICHT005"
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_pair() -> int:
    """A port whose successor is free too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


class Started:
    """`make run` without make, at a terminal of its own and without a home folder."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir, self.port = data_dir, free_pair()
        self.said = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            environ = {
                "PATH": os.environ["PATH"],
                "PORT": str(self.port),
                "DATA_DIR": str(data_dir),
                "XDG_RUNTIME_DIR": str(data_dir),
            }
            os.chdir(REPOSITORY)
            # What other tests of this process did to signals is no terminal's business.
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGTTOU):
                signal.signal(number, signal.SIG_DFL)
            # A shell stands where make stands: in the same foreground group, waiting for its child.
            os.execvpe("sh", ["sh", "-c", f"{sys.executable} manage.py start; exit $?"], environ)

    def until(self, words: bytes, *, within_seconds: float = 90) -> None:
        deadline = time.monotonic() + within_seconds
        while words not in self.said:
            if time.monotonic() > deadline or not self._heard():
                pytest.fail(f"{words!r} was never said, but:\n{self.said.decode(errors='replace')}")

    def _heard(self) -> bool:
        readable, _, _ = select.select([self.terminal], [], [], 1)
        if not readable:
            return True
        try:
            self.said += os.read(self.terminal, 65536)
        except OSError:
            return False
        return True

    def press(self, key: bytes) -> None:
        os.write(self.terminal, key)

    def exit_code(self, *, within_seconds: float = 60) -> int:
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            self._heard()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
        said = self.said[-2000:].decode(errors="replace")
        pytest.fail(f"It did not end; there are {self.processes()}, and it said:\n{said}")

    def processes(self) -> list[tuple[int, str]]:
        """Every living process that works on this data folder."""
        mark = f"DATA_DIR={self.data_dir}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.append((int(folder.name), (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()))
            except OSError:
                continue
        return found

    def page(self, path: str) -> int:
        with _OPENER.open(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
            return int(answer.status)

    def rows(self, query: str) -> list[Any]:
        """Straight from the books of this start."""
        with contextlib.closing(sqlite3.connect(self.data_dir / "dashboard.sqlite3", timeout=10)) as books:
            return list(books.execute(query))

    def act_at_the_gateway(self, path: str, **body: object) -> None:
        """What the sandbox's pages would do: /_control/<path>."""
        url = f"http://127.0.0.1:{self.port + 1}/_control/{path}"
        _OPENER.open(urllib.request.Request(url, data=json.dumps(body).encode()), timeout=10).close()

    def end(self) -> None:
        for pid, _ in self.processes():
            os.kill(pid, signal.SIGKILL)
        if self.pid:
            os.waitpid(self.pid, 0)
        os.close(self.terminal)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    running = Started(tmp_path)
    yield running
    running.end()


def test_everything_starts_survives_a_killed_worker_and_stops(started: Started) -> None:
    started.until(b"Ctrl-C stops")
    assert started.page("/healthz") == 200
    assert started.page("/login/") == 200

    _all_three_gateways_are_there_and_heard(started)
    worker = next(pid for pid, command in started.processes() if "celery" in command and " keep " not in command)
    os.kill(worker, signal.SIGKILL)
    started.until(b"starting it again")
    assert started.page("/login/") == 200

    started.press(CTRL_C)

    assert started.exit_code() == 0
    assert started.processes() == []
    assert b"Traceback" not in started.said


def _captured_at_each_gateway(started: Started) -> dict[str, str]:
    """Gateway to the last transaction of which everything is captured and nothing refunded."""
    return dict(
        started.rows(
            "select account.gateway, max(transactions.reference) from orders_transaction transactions "
            "join orders_gatewayaccount account on account.id = account_id "
            "where state = 'captured' and captured = authorized and refunded = 0 group by account.gateway"
        )
    )


def _all_three_gateways_are_there_and_heard(started: Started) -> None:
    """Orders of each, and what happens in each portal comes in by webhook, broker and worker."""
    deadline = time.monotonic() + 30
    # Gateway C's captures come in by webhook, one after the other; only the youngest has not cleared yet.
    while (found := _captured_at_each_gateway(started)).get("smarterpay") != CARD_PAYMENT_NOT_YET_CLEARED:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)
    assert set(found) == {"smartpay", "smartpay_orders", "smarterpay"}

    started.act_at_the_gateway("portal", transactionId=found["smartpay"], action="refund", amount=100)
    started.act_at_the_gateway(
        "smartpay-orders/portal", transactionId=found["smartpay_orders"], action="refund", amount=100
    )
    started.act_at_the_gateway("smarterpay/portal", paymentId=found["smarterpay"], action="void")

    told = (
        "select transactions.reference from orders_externalmovement movement "
        "join orders_transaction transactions on transactions.id = movement.transaction_id "
        "where movement.source = 'webhook' and movement.booked and movement.kind in ('refund', 'void')"
    )
    deadline = time.monotonic() + 30
    while set(found.values()) - {reference for (reference,) in started.rows(told)}:
        assert time.monotonic() < deadline, started.rows("select state, results from orders_inboxdelivery")
        time.sleep(0.2)


def test_a_taken_port_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        told = run_python(["manage.py", "start"], {"PORT": str(port), "DATA_DIR": str(tmp_path)})

    assert told.returncode == 1
    assert f"Port {port}" in told.stderr
    assert "nothing was started" in told.stderr
    assert not (tmp_path / "dashboard.sqlite3").exists()


def test_production_is_never_started_with_demo_data(tmp_path: Path) -> None:
    told = run_python(["manage.py", "start"], production(tmp_path))

    assert told.returncode == 1
    assert "refused with PRODUCTION=1" in told.stderr


def test_no_broker_of_our_own_runs_beside_a_named_one(settings: Settings) -> None:
    settings.ENVIRONMENT = conf.load({}, env_file=None)
    alone = start.broker_command()
    settings.ENVIRONMENT = conf.load({"REDIS_URL": "redis://broker/0"}, env_file=None)

    assert "embedded_broker" in alone
    assert start.broker_command() == []


def test_the_web_process_is_first_because_the_runner_counts_ports_by_position() -> None:
    command = start.runner_command(9000)
    first_line = (REPOSITORY / "Procfile.dev").read_text().splitlines()[0]

    assert command[command.index("9000") + 1] == "web"
    assert first_line.startswith("web:")


def test_every_process_of_a_start_shares_one_public_address_and_one_sandbox() -> None:
    environ = start.start_environment({"PORT": "1"}, web_port=9000, sandbox_port=9001)

    assert (environ["PORT"], environ["SANDBOX_PORT"]) == ("9000", "9001")
    assert environ["PUBLIC_URL"].startswith("http://127.0.0.1:")


@pytest.mark.django_db
def test_the_sandbox_stays_where_the_accounts_of_an_earlier_start_expect_it() -> None:
    assert start.sandbox_port_of_the_books() is None

    an_account(base_url="https://api.gateway.example.com/smartpay")
    an_account(base_url="http://127.0.0.1:8001/smartpay")

    assert start.sandbox_port_of_the_books() == 8001


def test_the_process_file_for_servers_needs_no_sandbox() -> None:
    lines = (REPOSITORY / "Procfile").read_text().splitlines()

    assert [line.split(":")[0] for line in lines] == ["release", "web", "worker", "beat"]


def test_make_help_names_every_target() -> None:
    told = subprocess.run(["make", "help"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout

    for target in ("run", "test", "lint", "lock", "clean"):
        assert f"make {target} " in told
