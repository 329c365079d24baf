"""Keep one process running: restart it when it ends, stop it when we are stopped, renew it when it makes no progress.

A process runner ends everything when one process ends; a killed worker must not take the dashboard with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from orders.management.replace import die_with_parent

Say = Callable[[str], None]

# One turn of the loop; how late a signal or the child's end may be noticed.
TURN_SECONDS = 0.2
BACKOFF_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
HEALTHY_AFTER_SECONDS = 60.0
LOOK_EVERY_SECONDS = 5.0


@dataclass(kw_only=True)
class Keeper:
    """Runs `command` until it is asked to stop or its own parent ends.

    `stuck()` says in a sentence why the child must be renewed, or nothing. A fresh child is left alone for a minute:
    after an outage it needs time to catch up.
    """

    command: Sequence[str]
    say: Say
    stuck: Callable[[], str | None] = lambda: None
    stop_grace_seconds: float = 100.0
    renew_grace_seconds: float = 10.0
    child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _stop_signal: signal.Signals | None = field(default=None, init=False)
    _started_at: float = field(default=0.0, init=False)
    _failures: int = field(default=0, init=False)
    _looked_at: float = field(default=0.0, init=False)

    def run(self) -> None:
        """Returns when the child is gone and nobody wants another one."""
        parent = os.getppid()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._remember_to_stop)
        while not self._stopping(parent):
            if self.child is None:
                self._start()
            elif self.child.poll() is not None:
                self._wait_before_another(parent)
            elif reason := self._looked_stuck():
                self._renew(reason)
            time.sleep(TURN_SECONDS)
        self._end(self._stop_signal or signal.SIGTERM, grace_seconds=self.stop_grace_seconds)

    def _remember_to_stop(self, number: int, _frame: object) -> None:
        self._stop_signal = signal.Signals(number)

    def _stopping(self, parent: int) -> bool:
        return self._stop_signal is not None or os.getppid() != parent

    def _start(self) -> None:
        # A session of its own: Ctrl-C in a terminal reaches the child once, through us, and not twice.
        self.child = subprocess.Popen(self.command, start_new_session=True, preexec_fn=_end_when_the_keeper_dies)
        self._started_at = self._looked_at = time.monotonic()

    def _wait_before_another(self, parent: int) -> None:
        assert self.child is not None
        if time.monotonic() - self._started_at >= HEALTHY_AFTER_SECONDS:
            self._failures = 0
        pause_seconds = BACKOFF_SECONDS[min(self._failures, len(BACKOFF_SECONDS) - 1)]
        self.say(f"{_end_of(self.child.returncode)}; starting it again in {pause_seconds:g} s.")
        self._failures += 1
        self.child = None
        until = time.monotonic() + pause_seconds
        while time.monotonic() < until and not self._stopping(parent):
            time.sleep(TURN_SECONDS)

    def _looked_stuck(self) -> str | None:
        now = time.monotonic()
        if now - self._started_at < HEALTHY_AFTER_SECONDS or now - self._looked_at < LOOK_EVERY_SECONDS:
            return None
        self._looked_at = now
        return self.stuck()

    def _renew(self, reason: str) -> None:
        self.say(f"{reason}; ending the process and starting a new one.")
        self._end(signal.SIGTERM, grace_seconds=self.renew_grace_seconds)

    def _end(self, number: signal.Signals, *, grace_seconds: float) -> None:
        if self.child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.child.send_signal(number)
        try:
            self.child.wait(grace_seconds)
        except subprocess.TimeoutExpired:
            self.say(f"The process did not end within {grace_seconds:g} s and was killed.")
            self.child.kill()
            self.child.wait()
        self.child = None


def _end_when_the_keeper_dies() -> None:
    die_with_parent(signal.SIGKILL)


def _end_of(code: int) -> str:
    if code < 0:
        return f"The process was ended by signal {-code}"
    return f"The process ended with code {code}"
