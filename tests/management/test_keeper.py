"""The keeper of a process: it restarts, it renews what is stuck, it leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import OperationalError

from orders.management import keeper
from orders.management.commands import keep
from orders.management.keeper import Keeper

pytestmark = pytest.mark.process

REPOSITORY = Path(__file__).resolve().parents[2]
# Writes its process id, then waits; ends well on SIGTERM.
CHILD = 'echo $$ >> "{pids}"; trap "exit 0" TERM; while :; do sleep 0.05; done'
STUBBORN = 'echo $$ >> "{pids}"; trap "" TERM; while :; do sleep 0.05; done'
# A process that starts a keeper and waits for it: what a process runner is.
RUNNER = "import subprocess, sys; sys.exit(subprocess.call([sys.executable, '-c', sys.argv[1], *sys.argv[2:]]))"
KEEPER = (
    "import sys; from orders.management.keeper import Keeper; "
    "Keeper(command=['sh', '-c', sys.argv[1]], say=print, stop_grace_seconds=1.0).run()"
)


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start Python code as a process that is certainly gone after the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start(code: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", code, *words]
        running.append(subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def written(pids: Path) -> list[int]:
    return [int(line) for line in pids.read_text().split()] if pids.exists() else []


def eventually(claim: Callable[[], bool], *, within_seconds: float = 10.0) -> bool:
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        if claim():
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def test_a_killed_child_is_started_again(pids: Path, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    started(KEEPER, CHILD.format(pids=pids))
    assert eventually(lambda: len(written(pids)) == 1)

    os.kill(written(pids)[0], signal.SIGKILL)

    assert eventually(lambda: len(written(pids)) == 2)
    assert alive(written(pids)[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_reaches_the_child_and_starts_no_other(
    number: signal.Signals, pids: Path, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = started(KEEPER, CHILD.format(pids=pids).replace("TERM", "TERM INT"))
    assert eventually(lambda: len(written(pids)) == 1)

    process.send_signal(number)

    assert process.wait(10) == 0
    assert not alive(written(pids)[0])
    assert len(written(pids)) == 1


def test_a_child_that_does_not_stop_is_killed(pids: Path, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = started(KEEPER, STUBBORN.format(pids=pids))
    assert eventually(lambda: len(written(pids)) == 1)

    process.terminate()

    assert process.wait(10) == 0
    assert not alive(written(pids)[0])


def test_a_killed_keeper_leaves_no_child_behind(pids: Path, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    process = started(KEEPER, STUBBORN.format(pids=pids))
    assert eventually(lambda: len(written(pids)) == 1)

    process.kill()

    assert eventually(lambda: not alive(written(pids)[0]))


def test_the_keeper_ends_with_its_parent(pids: Path, started: Callable[..., subprocess.Popen[bytes]]) -> None:
    runner = started(RUNNER, KEEPER, CHILD.format(pids=pids))
    assert eventually(lambda: len(written(pids)) == 1)

    runner.kill()

    assert eventually(lambda: not alive(written(pids)[0]))


def test_a_failing_child_is_started_less_and_less_often() -> None:
    assert list(keeper.BACKOFF_SECONDS) == sorted(keeper.BACKOFF_SECONDS)
    assert keeper.BACKOFF_SECONDS[-1] <= 30


def test_a_stuck_child_is_renewed_once_it_had_its_minute(pids: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "HEALTHY_AFTER_SECONDS", 0.5)
    monkeypatch.setattr(keeper, "LOOK_EVERY_SECONDS", 0.1)
    monkeypatch.setattr(keeper, "BACKOFF_SECONDS", (0.1,))
    monkeypatch.setattr(signal, "signal", lambda *_args: None)
    said: list[str] = []
    kept = Keeper(
        command=["sh", "-c", STUBBORN.format(pids=pids)],
        say=said.append,
        stuck=lambda: "Nothing moves" if len(written(pids)) == 1 else None,
        renew_grace_seconds=0.3,
        stop_grace_seconds=0.3,
    )
    monkeypatch.setattr(kept, "_stopping", lambda _parent: len(written(pids)) == 2)

    kept.run()

    assert said[0] == "Nothing moves; ending the process and starting a new one."
    assert not any(alive(pid) for pid in written(pids))


@pytest.mark.parametrize(("age_seconds", "too_old"), [(None, False), (120.0, False), (121.0, True)])
def test_two_minutes_without_progress_are_too_long(
    age_seconds: float | None, too_old: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "oldest_due_age_seconds", lambda: age_seconds)
    monkeypatch.setattr(keep, "close_old_connections", lambda: None)

    assert bool(keep.too_old()) is too_old


def test_a_database_that_is_away_proves_nothing_about_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> float:
        raise OperationalError("away")

    monkeypatch.setattr(keep, "oldest_due_age_seconds", away)
    monkeypatch.setattr(keep, "close_old_connections", lambda: None)

    assert keep.too_old() is None
