"""The worker's clock: every second, or when the bell rings, take what is due, send with many hands, write the answers.

One thread owns the database: it claims, arms and resolves. The sender threads only talk to gateways. What they bring
comes back through one inbox, so that answers are written in groups.
"""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection

from orders.database import database_now
from orders.gateways.base import Door
from orders.models import Heartbeat
from orders.modifications import recover, submit
from orders.modifications.claim import Claim, claim
from orders.modifications.resolve import resolve_results
from orders.modifications.submit import Result
from orders.modifications.timing import lease_seconds

log = structlog.get_logger(__name__)

GATHER_SECONDS = 0.05
"""Answers that arrive within this time are written in one database transaction."""
HEARTBEAT_SECONDS = 5.0
RETRY_WRITING_SECONDS = 0.5


@dataclass(frozen=True)
class Prepared:
    """A claim whose door is open: it may be armed."""

    claim: Claim
    door: Door


class Clock:
    """Claims, arms, sends and resolves until it is stopped. `turn` does one round; `run` does them for ever."""

    def __init__(self, *, slots: int | None = None, tick_seconds: float | None = None) -> None:
        self.slots = slots or settings.SENDER_SLOTS
        self.tick_seconds = tick_seconds or settings.CLAIM_SECONDS
        self.in_hand = 0
        self._inbox: queue.SimpleQueue[Prepared | Result | None] = queue.SimpleQueue()
        self._senders = ThreadPoolExecutor(max_workers=self.slots, thread_name_prefix="sender")
        self._unwritten: list[Result] = []
        self._claim_at = 0.0
        self._beat_at = 0.0
        self._hungry = False
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    def wake(self) -> None:
        """The bell rang: look now instead of at the next tick. May be called from any thread."""
        self._inbox.put(None)

    def stop(self, *, wait_seconds: float = 0) -> None:
        """Claim nothing more; finish what is in the air for at most `wait_seconds`."""
        self._stopping.set()
        self.wake()
        if wait_seconds:
            self._stopped.wait(wait_seconds)

    def run(self) -> None:
        """Turn until stopped and empty-handed. No error ends it: the database may be away for a while."""
        while not (self._stopping.is_set() and not self.in_hand):
            try:
                self.turn()
            except (DatabaseError, InterfaceError) as error:
                log.warning("The clock lost the database and tries again.", error=type(error).__name__)
                connection.close()
                time.sleep(min(self.tick_seconds, 1.0))
            except Exception:
                log.exception("The clock stumbled and goes on.")
                time.sleep(min(self.tick_seconds, 1.0))
        self._senders.shutdown(wait=False)
        connection.close()
        self._stopped.set()

    def turn(self) -> int:
        """One round: gather, write answers, arm and send what is prepared, claim. Returns how much was claimed."""
        prepared, results, rang = self._gather()
        self._write(results)
        self._send(prepared)
        now = time.monotonic()
        if self._stopping.is_set() or not (rang or self._hungry or now >= self._claim_at):
            return 0
        return self._take(now)

    def run_until_idle(self, *, timeout_seconds: float = 600.0) -> int:
        """For commands and proofs without a worker: turn until nothing is due and nothing is in the air.

        What came to its end may have let the next modification of its transaction become due, so it looks once more.
        """
        claimed, claimed_at_rest = 0, -1
        ends_at = time.monotonic() + timeout_seconds
        self.wake()
        while time.monotonic() < ends_at:
            taken = self.turn()
            claimed += taken
            if taken or self.in_hand or self._unwritten or time.monotonic() >= self._claim_at:
                continue
            if claimed == claimed_at_rest:
                break
            claimed_at_rest = claimed
            self.wake()
        self._senders.shutdown(wait=False)
        return claimed

    # One round in its steps.

    def _gather(self) -> tuple[list[Prepared], list[Result], bool]:
        """Wait for the first thing to do, then a moment longer for what comes with it."""
        prepared: list[Prepared] = []
        results, self._unwritten = self._unwritten, []
        rang = False
        pause = RETRY_WRITING_SECONDS if results else max(0.0, self._claim_at - time.monotonic())
        ends_at: float | None = None
        while True:
            wait = pause if ends_at is None else ends_at - time.monotonic()
            try:
                thing = self._inbox.get(timeout=max(0.0, wait)) if wait > 0 else self._inbox.get_nowait()
            except queue.Empty:
                return prepared, results, rang
            if thing is None:
                rang = True
            elif isinstance(thing, Result):
                results.append(thing)
            else:
                prepared.append(thing)
            if ends_at is None:
                # A bell or a prepared claim is acted on at once; answers wait for their neighbours.
                ends_at = time.monotonic() + (GATHER_SECONDS if isinstance(thing, Result) and self.in_hand > 1 else 0)
            if len(results) >= self.slots:
                return prepared, results, rang

    def _write(self, results: list[Result]) -> None:
        if not results:
            return
        unwritten = resolve_results(results)
        self.in_hand -= len(results) - len(unwritten)
        self._keep_for_later(unwritten)

    def _keep_for_later(self, unwritten: list[Result]) -> None:
        """Try to write again while the lease lasts; after that the sweep asks the gateway anew."""
        for result in unwritten:
            lease = lease_seconds(result.claim.capability)
            if time.monotonic() - result.claim.claimed_at < lease:
                self._unwritten.append(result)
            else:
                self.in_hand -= 1
        if unwritten:
            connection.close()

    def _send(self, prepared: list[Prepared]) -> None:
        if not prepared:
            return
        try:
            armed = submit.arm([one.claim for one in prepared])
        except Exception:
            # The database was away: nothing was sent. Their leases expire and the sweep takes them; our slots are free.
            self.in_hand -= len(prepared)
            raise
        for one in prepared:
            if one.claim.modification_id in armed:
                self._senders.submit(self._call, one)
            else:
                self.in_hand -= 1

    def _call(self, one: Prepared) -> None:
        self._inbox.put(submit.send(one.claim, one.door))

    def _take(self, now: float) -> int:
        recover.release_stranded()
        free = self.slots - self.in_hand
        claims = claim(slots=free)
        self._hungry = len(claims) == free
        self._claim_at = now + self.tick_seconds
        self.in_hand += len(claims)
        ready = [one for one in claims if submit.is_at_hand(one)]
        for one in claims:
            if one not in ready:
                self._senders.submit(self._prepare, one)
        self._open_at_once(ready)
        self._beat(now)
        return len(claims)

    def _prepare(self, one: Claim) -> None:
        door = submit.prepare(one)
        self._inbox.put(Prepared(one, door) if isinstance(door, Door) else door)

    def _open_at_once(self, claims: list[Claim]) -> None:
        """Claims whose address is known need no network to prepare: arm them in one group now."""
        opened = [(one, submit.prepare(one)) for one in claims]
        for _, door in opened:
            if isinstance(door, Result):
                self._inbox.put(door)
        self._send([Prepared(one, door) for one, door in opened if isinstance(door, Door)])

    def _beat(self, now: float) -> None:
        if now < self._beat_at:
            return
        self._beat_at = now + HEARTBEAT_SECONDS
        at = database_now()
        Heartbeat.objects.update_or_create(
            name=f"worker {submit.worker_name()}", defaults={"at": at, "note": f"{self.in_hand} in hand"}
        )
        Heartbeat.objects.filter(name__startswith="worker ", at__lt=at - timedelta(days=1)).delete()


# The clock of this worker process.

_running: Clock | None = None


def start() -> Clock:
    """Start this process's clock in a thread of its own; a second call returns the same one."""
    global _running
    if _running is None:
        _running = Clock()
        threading.Thread(target=_running.run, name="clock", daemon=True).start()
    return _running


def wake() -> None:
    """Ring this process's clock, if it has one."""
    if _running is not None:
        _running.wake()


def stop(*, wait_seconds: float) -> None:
    """Stop this process's clock, if it has one, and let what is in the air come home."""
    if _running is not None:
        _running.stop(wait_seconds=wait_seconds)


def run_until_idle() -> int:
    """Send and ask everything that is due now, in this process; returns how many turns were taken."""
    return Clock().run_until_idle()
