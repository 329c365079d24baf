"""What befalls the processes during a chaos run: kills of busy workers, an emptied broker, restarts, a long sleep, and
movements in the vendors' portals."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable

import psycopg

from tests.chaos.portal import ACTIONS, Portal
from tests.proofs.crew import Crew
from tests.proofs.installation import Installation
from tests.proofs.processes import Child
from tests.proofs.records import read
from tests.sandbox_process import SandboxHandle

KILLS = 15
SLEEP_SECONDS = 8.0
"""Longer than a lease."""


class Storm:
    """Strikes as the work goes on: `blow(progress)` with the share of the work that was asked for, from 0 to 1."""

    def __init__(
        self, *, installation: Installation, crew: Crew, gateway: SandboxHandle, portal: Portal, seed: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._installation, self._crew, self._gateway = installation, crew, gateway
        self._dice = random.Random(seed)
        self._sleeper: tuple[Child, float] | None = None
        kills: list[tuple[float, Callable[[], bool]]] = [
            (0.05 + 0.85 * number / KILLS, self._kill_a_busy_worker) for number in range(KILLS)
        ]
        movements: list[tuple[float, Callable[[], bool]]] = [
            (0.10 + 0.80 * number / ACTIONS, portal.act) for number in range(ACTIONS)
        ]
        self._waiting = sorted(
            [
                *kills,
                *movements,
                (0.30, self._empty_the_broker),
                (0.45, self._kill_the_gateway),
                (0.60, self._put_to_sleep),
            ]
            + ([(0.75, self._restart_the_database)] if installation.postgres else []),
            key=lambda blow: blow[0],
        )

    @property
    def over(self) -> bool:
        return not self._waiting and self._sleeper is None

    def blow(self, progress: float) -> None:
        """Do the next thing whose time has come; what finds nobody busy tries again at the next call."""
        self._wake_the_sleeper()
        if self._waiting and self._waiting[0][0] <= progress and self._waiting[0][1]():
            self._waiting.pop(0)

    def _kill_a_busy_worker(self) -> bool:
        """Stopped first and looked at, so that a kill never hits an idle one."""
        victim = self._stopped_while_busy()
        if victim is None:
            return False
        victim.kill()
        self.counts["SIGKILL of a busy worker"] += 1
        return True

    def _put_to_sleep(self) -> bool:
        victim = self._stopped_while_busy()
        if victim is None:
            return False
        self._sleeper = (victim, time.monotonic() + SLEEP_SECONDS)
        self.counts["SIGSTOP beyond the lease, then SIGCONT"] += 1
        return True

    def _stopped_while_busy(self) -> Child | None:
        asleep = self._sleeper[0].pid if self._sleeper else None
        workers = [child for child in self._crew.workers if not child.poll() and child.pid != asleep]
        self._dice.shuffle(workers)
        for worker in workers:
            worker.kill(signal.SIGSTOP)
            if self._has_something_in_hand(worker.pid):
                return worker
            worker.kill(signal.SIGCONT)
        return None

    def _has_something_in_hand(self, pid: int) -> bool:
        """An attempt that was begun and not finished, for a modification that is still in the air."""
        query = f"""SELECT a.id FROM orders_attempt a JOIN orders_modification m ON m.id = a.modification_id
            WHERE a.worker LIKE '%:{pid}' AND a.finished_at IS NULL AND m.state = 'in_flight' AND m.epoch = a.epoch"""
        try:
            return bool(read(self._installation.database_url, {"hand": query})["hand"])
        except psycopg.Error:
            return False

    def _wake_the_sleeper(self) -> None:
        if self._sleeper and time.monotonic() >= self._sleeper[1]:
            os.kill(self._sleeper[0].pid, signal.SIGCONT)
            self._sleeper = None

    def _empty_the_broker(self) -> bool:
        self._installation.broker.flush()
        self.counts["FLUSHALL of the broker"] += 1
        return True

    def _kill_the_gateway(self) -> bool:
        self._gateway.kill()
        time.sleep(0.5)
        self._gateway.start()
        self.counts["SIGKILL and restart of the gateway"] += 1
        return True

    def _restart_the_database(self) -> bool:
        assert self._installation.postgres is not None
        self._installation.postgres.restart_at_once()
        self.counts["immediate restart of PostgreSQL"] += 1
        return True
