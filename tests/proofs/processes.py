"""Children of a proof: workers, beat and people's requests, forked from a process that has everything imported.

The forking process keeps no thread and no database connection, so that a child begins like a fresh process, only
faster. Every end is seen through waitpid.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from orders.management.replace import die_with_parent


class Child:
    """One forked process; `signal_number` is what ended it, once `poll` has seen the end."""

    def __init__(self, work: Callable[[], None], *, log: Path) -> None:
        self.exit_code: int | None = None
        self.signal_number: int | None = None
        self.started_at = time.monotonic()
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            _live(work, log)

    @property
    def ended(self) -> bool:
        return self.exit_code is not None or self.signal_number is not None

    def poll(self) -> bool:
        """Whether it has ended."""
        if not self.ended:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._take(status)
        return self.ended

    def wait(self, *, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not self.poll():
            if time.monotonic() > until:
                raise TimeoutError(f"Child {self.pid} did not end within {seconds:g} s.")
            time.sleep(0.005)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if not self.ended:
            os.kill(self.pid, number)

    def _take(self, status: int) -> None:
        if os.WIFSIGNALED(status):
            self.signal_number = os.WTERMSIG(status)
        else:
            self.exit_code = os.WEXITSTATUS(status)


def import_everything() -> None:
    """Before the first fork, so that children need not."""
    import django

    django.setup()
    import orders.mirror.tasks
    import orders.modifications.tasks
    import smartpay_dashboard.celery
    import tests.factories

    for module in (orders.mirror.tasks, orders.modifications.tasks, smartpay_dashboard.celery, tests.factories):
        assert module is not None


def run(work: Callable[[], None], *, log: Path) -> None:
    """Do something in a child that needs the database, and wait for it. Raises when it failed."""
    child = Child(work, log=log)
    child.wait(seconds=180)
    if child.exit_code != 0:
        raise RuntimeError(f"A step of the proof failed (code {child.exit_code}):\n{log.read_text()[-3000:]}")


def worker(name: str, *, log: Path) -> Child:
    """A Celery worker with its clock."""
    return Child(lambda: _celery("worker", "-P", "threads", "-n", f"{name}@proof", *_QUIET), log=log)


def beat(folder: Path, *, log: Path) -> Child:
    """Celery's timetable, which rings for the recovery."""
    return Child(lambda: _celery("beat", "-s", str(folder / "beat-schedule"), "--pidfile="), log=log)


_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def _celery(*words: str) -> None:
    from smartpay_dashboard.celery import app

    app.start(["--quiet", *words, "-l", "INFO"])


def _live(work: Callable[[], None], log: Path) -> None:
    """A child's life: it never returns into its parent's code."""
    code = 1
    try:
        die_with_parent(signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(written, 1)
        os.dup2(written, 2)
        work()
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
