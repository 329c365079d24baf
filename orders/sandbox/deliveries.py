"""Webhooks of the sandbox's gateways: written down with the ledger, sent after it was committed, repeated until heard.

`post` inside the store transaction of what it tells of, and nothing leaves unless that was committed; a delivery that a
kill interrupts goes out after the restart. One at a time per address, in the order of posting, unless a dial says
otherwise. Times here are real, not the virtual clock's: receivers judge a signature by its age.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from orders.sandbox import posting
from orders.sandbox.dials import DialBoard
from orders.sandbox.store import Store

SENDERS = 8
IDLE_SECONDS = 1.0
TURN_SECONDS = 0.005
WAITING, ACKNOWLEDGED, GIVEN_UP, LOST = "waiting", "acknowledged", "given_up", "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook to one address. `reference` is whatever the gateway wants to find again, such as an endpoint's id."""

    id: int
    gateway: str
    merchant_key: str
    url: str
    body: bytes
    reference: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one gateway delivers.

    `headers` are asked anew for every attempt, with the real time in milliseconds. `acknowledged` says whether a status
    ends it. `retries` are the pauses in seconds after the first, second, ... attempt; after the last it is given up.
    """

    headers: Callable[[Delivery, int], dict[str, str]]
    acknowledged: Callable[[int], bool]
    retries: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where a merchant's webhooks go, as its support or portal has set it."""

    url: str
    secret: str


class Deliveries:
    """The post office. One object for all gateways; what it remembers is in the store."""

    def __init__(self, store: Store, dials: DialBoard) -> None:
        self._store = store
        self._dials = dials
        self._manners: dict[str, Manner] = {}
        self._bell = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._senders = ThreadPoolExecutor(SENDERS, thread_name_prefix="webhook")
        self._over = False

    def teach(self, gateway: str, manner: Manner) -> None:
        """Before `start`: how this gateway delivers. What cannot be stored must be known again after a restart."""
        self._manners[gateway] = manner

    def start(self) -> None:
        threading.Thread(target=self._work, name="webhooks", daemon=True).start()

    def stop(self) -> None:
        self._over = True
        self._bell.set()

    def post(self, gateway: str, merchant_key: str, *, url: str, body: bytes, reference: str = "") -> int:
        """Hand over one webhook; the dials decide when it leaves, how often, and whether at all. Returns its id."""
        dials, now = self._dials.now, _now_ms()
        name = f"{gateway}|{merchant_key}|{reference}|{hashlib.sha256(body).hexdigest()}"
        state = LOST if self._throw("lose", name) < dials.webhook_lose else WAITING
        copies = dials.webhook_copies if self._throw("copies", name) < dials.webhook_duplicates else 1
        first = 0
        with self._store.transaction():
            for copy in range(max(1, copies)):
                held = dials.webhook_delay_seconds + self._throw(f"hold {copy}", name) * dials.webhook_reorder_seconds
                values = (gateway, merchant_key, url, body, reference, state, now, now + int(held * 1000))
                made = self._store.run(_INSERT, values)
                first = first or made
        self._bell.set()
        return first

    def send_first(self) -> None:
        """With the dial `webhookFirst`: what is due is sent now, before the answer that the caller is about to give."""
        if not self._dials.now.webhook_first:
            return
        until = time.monotonic() + posting.TIMEOUT_SECONDS
        while time.monotonic() < until and (due := self._due(_now_ms())):
            claimed = [delivery for delivery in due if self._claim(delivery)]
            for delivery in claimed:
                self._send_in_turn(delivery)
            if not claimed:
                time.sleep(TURN_SECONDS)

    def resend(self, delivery_id: int) -> bool:
        """Send it once more, whatever became of it. Returns False when there is no such delivery."""
        with self._store.transaction():
            if self._store.row("SELECT 1 FROM deliveries WHERE id = ?", (delivery_id,)) is None:
                return False
            sql = "UPDATE deliveries SET state = ?, due_at = ? WHERE id = ?"
            self._store.run(sql, (WAITING, _now_ms(), delivery_id))
        self._bell.set()
        return True

    def drop(self, reference: str) -> None:
        """What still waits under this reference is never sent."""
        sql = "UPDATE deliveries SET state = ? WHERE reference = ? AND state = ?"
        self._store.run(sql, (GIVEN_UP, reference, WAITING))

    def destination(self, gateway: str, merchant_key: str) -> Destination | None:
        sql = "SELECT url, secret FROM webhooks WHERE gateway = ? AND merchant_key = ?"
        row = self._store.row(sql, (gateway, merchant_key))
        return None if row is None else Destination(url=row["url"], secret=row["secret"])

    def direct(self, gateway: str, merchant_key: str, destination: Destination | None) -> None:
        """Set where a merchant's webhooks go; None stops them."""
        if destination is None:
            sql = "DELETE FROM webhooks WHERE gateway = ? AND merchant_key = ?"
            self._store.run(sql, (gateway, merchant_key))
            return
        values = (gateway, merchant_key, destination.url, destination.secret)
        self._store.run("INSERT OR REPLACE INTO webhooks VALUES (?, ?, ?, ?)", values)

    def _work(self) -> None:
        while not self._over:
            self._bell.clear()
            try:
                now = _now_ms()
                self._hand_out(now)
                pause_seconds = self._pause_since(now)
            except sqlite3.ProgrammingError:
                return  # The store was closed; the process ends.
            self._bell.wait(pause_seconds)

    def _hand_out(self, now: int) -> None:
        """Give each address that is not being served its next webhook; the others ring when they are free."""
        while due := self._due(now, besides=self._addresses_served()):
            for delivery in due:
                if self._claim(delivery):
                    self._senders.submit(self._send_in_turn, delivery)

    def _addresses_served(self) -> frozenset[str]:
        with self._lock:
            return frozenset(self._busy)

    def _claim(self, delivery: Delivery) -> bool:
        """From now on its address is ours, until `_send_in_turn` ends."""
        with self._lock:
            free = delivery.url not in self._busy
            self._busy.add(delivery.url)
        return free

    def _send_in_turn(self, delivery: Delivery) -> None:
        """Whoever had the address before us may have sent this one already."""
        try:
            sql = "SELECT 1 FROM deliveries WHERE id = ? AND state = ? AND attempts = ?"
            if self._store.row(sql, (delivery.id, WAITING, delivery.attempts)) is not None:
                self._send(delivery)
        except sqlite3.ProgrammingError:
            return  # The store was closed; the process ends, and the next one goes on.
        except Exception:
            # Whatever it is, it would happen again at once and for ever.
            traceback.print_exc(file=sys.stderr)
            self._store.run("UPDATE deliveries SET state = ? WHERE id = ?", (GIVEN_UP, delivery.id))
        finally:
            with self._lock:
                self._busy.discard(delivery.url)
            self._bell.set()

    def _send(self, delivery: Delivery) -> None:
        manner, now = self._manners[delivery.gateway], _now_ms()
        sent = posting.post(delivery.url, headers=self._signed(delivery, manner, now), body=delivery.body)
        heard = sent.status is not None and manner.acknowledged(sent.status)
        pause_ms = None if heard else self._pause_after(manner, delivery.attempts)
        state = ACKNOWLEDGED if heard else GIVEN_UP if pause_ms is None else WAITING
        with self._store.transaction():
            values = (delivery.id, now, sent.status, sent.trouble)
            self._store.run("INSERT INTO delivery_attempts VALUES (NULL, ?, ?, ?, ?)", values)
            sql = "UPDATE deliveries SET attempts = attempts + 1, state = ?, due_at = ? WHERE id = ?"
            self._store.run(sql, (state, _now_ms() + (pause_ms or 0), delivery.id))

    def _signed(self, delivery: Delivery, manner: Manner, now: int) -> dict[str, str]:
        """A bad signature is a good one of other bytes."""
        spoil = self._throw("signature", f"{delivery.id}|{delivery.attempts}") < self._dials.now.webhook_bad_signature
        return manner.headers(replace(delivery, body=delivery.body + b" ") if spoil else delivery, now)

    def _pause_after(self, manner: Manner, attempts_before: int) -> int | None:
        """Milliseconds until the next attempt; None when there is none."""
        if attempts_before >= len(manner.retries):
            return None
        seconds = self._dials.now.webhook_retry_seconds or manner.retries[attempts_before]
        return int(seconds * 1000)

    def _due(self, now: int, *, besides: frozenset[str] = frozenset()) -> list[Delivery]:
        """The next ones, besides those to some addresses; a long queue to one must not hide the others."""
        others = f"AND url NOT IN ({', '.join('?' * len(besides))})"
        rows = self._store.rows(_DUE.format(others=others), (WAITING, now, *besides))
        return [Delivery(**dict(row)) for row in rows if row["gateway"] in self._manners]

    def _pause_since(self, now: int) -> float:
        """Seconds until the next one is due that was not due at `now`, or a little while."""
        row = self._store.row("SELECT min(due_at) FROM deliveries WHERE state = ? AND due_at > ?", (WAITING, now))
        if row is None or row[0] is None:
            return IDLE_SECONDS
        seconds: float = (row[0] - _now_ms()) / 1000
        return min(IDLE_SECONDS, max(0.0, seconds))

    def _throw(self, what: str, name: str) -> float:
        """Dice between 0 and 1 that fall the same way for the same seed."""
        text = f"{self._dials.now.seed}|{what}|{name}"
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def listed(store: Store, filters: dict[str, str], *, latest: int = -1) -> list[dict[str, Any]]:
    """Deliveries with all their attempts, oldest first; filters id, gateway, merchantKey, state. Times in real ms.

    `latest` limits them to the newest ones.
    """
    columns = {"id": "id", "gateway": "gateway", "merchantKey": "merchant_key", "state": "state"}
    chosen = {columns[name]: value for name, value in filters.items() if name in columns}
    conditions = " AND ".join(["1", *(f"{column} = ?" for column in chosen)])
    sql = f"SELECT * FROM deliveries WHERE {conditions} ORDER BY id DESC LIMIT ?"  # noqa: S608  # our own words
    return [_line(store, row) for row in reversed(store.rows(sql, [*chosen.values(), latest]))]


def _line(store: Store, row: sqlite3.Row) -> dict[str, Any]:
    sql = "SELECT at, http_status, trouble FROM delivery_attempts WHERE delivery_id = ? ORDER BY id"
    tries = [
        {"at": one["at"], "httpStatus": one["http_status"], "trouble": one["trouble"]}
        for one in store.rows(sql, (row["id"],))
    ]
    return {
        "id": row["id"],
        "gateway": row["gateway"],
        "merchantKey": row["merchant_key"],
        "url": row["url"],
        "reference": row["reference"],
        "state": row["state"],
        "postedAt": row["posted_at"],
        "dueAt": row["due_at"] if row["state"] == WAITING else None,
        "body": _readable(row["body"]),
        "attempts": tries,
    }


def _readable(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


_INSERT = """INSERT INTO deliveries (gateway, merchant_key, url, body, reference, state, posted_at, due_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_DUE = """SELECT id, gateway, merchant_key, url, body, reference, attempts FROM deliveries
          WHERE state = ? AND due_at <= ? {others} ORDER BY due_at, id LIMIT 200"""
