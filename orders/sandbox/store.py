"""The sandbox's SQLite file: one connection, one writer at a time, and everything committed survives a kill."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from orders.sandbox.gateway_c import schema as gateway_c

SCHEMA = """
CREATE TABLE IF NOT EXISTS merchants (
    merchant_key TEXT PRIMARY KEY, authentication_key TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS transactions (
    transaction_id TEXT PRIMARY KEY, merchant_key TEXT NOT NULL, currency TEXT NOT NULL,
    authorized INTEGER NOT NULL, captured INTEGER NOT NULL, released INTEGER NOT NULL, refunded INTEGER NOT NULL,
    charged_back INTEGER NOT NULL, status TEXT NOT NULL, history TEXT NOT NULL, description TEXT NOT NULL,
    partner_reference TEXT, external_reference TEXT, payment_method TEXT NOT NULL, payment_origin TEXT NOT NULL,
    reference TEXT NOT NULL, checkout_token TEXT, email TEXT, custom_references TEXT NOT NULL,
    overview TEXT NOT NULL, transaction_reference TEXT,
    multi_capture INTEGER NOT NULL, asynchronous INTEGER, auto_capture_seconds INTEGER,
    created_at INTEGER NOT NULL, last_status_at INTEGER NOT NULL, expires_at INTEGER, auto_capture_at INTEGER,
    CHECK (captured + released <= authorized), CHECK (refunded <= captured),
    CHECK (charged_back <= captured)
) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS transactions_partner ON transactions (merchant_key, partner_reference);
CREATE INDEX IF NOT EXISTS transactions_token ON transactions (checkout_token) WHERE checkout_token IS NOT NULL;
CREATE INDEX IF NOT EXISTS transactions_created ON transactions (created_at);
CREATE INDEX IF NOT EXISTS transactions_expiry ON transactions (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS transactions_auto ON transactions (auto_capture_at) WHERE auto_capture_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS executions (
    sequence INTEGER PRIMARY KEY, merchant_key TEXT NOT NULL, modification_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, origin TEXT NOT NULL, created_at INTEGER NOT NULL,
    last_status_at INTEGER NOT NULL, due_at INTEGER, outcome TEXT, request_sha256 TEXT, reference TEXT NOT NULL,
    part_id TEXT NOT NULL, description TEXT, custom_references TEXT, error TEXT,
    UNIQUE (merchant_key, modification_id)
);
CREATE INDEX IF NOT EXISTS executions_transaction ON executions (transaction_id);
CREATE INDEX IF NOT EXISTS executions_due ON executions (due_at) WHERE status LIKE '%PENDING';
CREATE INDEX IF NOT EXISTS executions_time ON executions (last_status_at);
CREATE TABLE IF NOT EXISTS answers (
    merchant_key TEXT NOT NULL, modification_id TEXT NOT NULL, path TEXT NOT NULL, body_sha256 TEXT NOT NULL,
    http_status INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (merchant_key, modification_id)
);
CREATE TABLE IF NOT EXISTS a_merchants (
    merchant_key TEXT PRIMARY KEY, multi_capture INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS a_splits (
    transaction_id TEXT NOT NULL, position INTEGER NOT NULL, destination TEXT NOT NULL, amount INTEGER NOT NULL,
    description TEXT, PRIMARY KEY (transaction_id, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS a_facts (
    merchant_key TEXT NOT NULL, modification_id TEXT NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (merchant_key, modification_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS a_deals (
    merchant_key TEXT NOT NULL, reference TEXT NOT NULL, type_code TEXT NOT NULL, amount INTEGER,
    currency TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (merchant_key, reference)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS requests (
    sequence INTEGER PRIMARY KEY, at INTEGER NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, merchant_key TEXT,
    modification_id TEXT, transaction_id TEXT, body_sha256 TEXT, outcome TEXT NOT NULL, fault TEXT,
    http_status INTEGER
);
CREATE INDEX IF NOT EXISTS requests_modification ON requests (modification_id);
CREATE INDEX IF NOT EXISTS requests_transaction ON requests (transaction_id);
CREATE INDEX IF NOT EXISTS requests_time ON requests (at);
CREATE TABLE IF NOT EXISTS rules (
    id INTEGER PRIMARY KEY, fault TEXT NOT NULL, modification_id TEXT, transaction_id TEXT, merchant_key TEXT,
    path TEXT, amount INTEGER, probability REAL, times_left INTEGER, seconds REAL, fired INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS fired (fault TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dials (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS webhooks (
    gateway TEXT NOT NULL, merchant_key TEXT NOT NULL, url TEXT NOT NULL, secret TEXT NOT NULL,
    PRIMARY KEY (gateway, merchant_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, gateway TEXT NOT NULL, merchant_key TEXT NOT NULL, url TEXT NOT NULL,
    body BLOB NOT NULL, reference TEXT NOT NULL, state TEXT NOT NULL, posted_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (due_at) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS delivery_attempts (
    id INTEGER PRIMARY KEY, delivery_id INTEGER NOT NULL, at INTEGER NOT NULL, http_status INTEGER, trouble TEXT
);
CREATE INDEX IF NOT EXISTS delivery_attempts_of ON delivery_attempts (delivery_id);
CREATE TABLE IF NOT EXISTS b_merchants (merchant_key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS b_orders (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, merchant_key TEXT NOT NULL, test INTEGER NOT NULL,
    amount INTEGER NOT NULL, captured INTEGER NOT NULL, released INTEGER NOT NULL, refunded INTEGER NOT NULL,
    status TEXT NOT NULL, capture_method TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    expires_at INTEGER, reference TEXT, description TEXT, token_id TEXT, session_id TEXT, details TEXT NOT NULL,
    CHECK (captured + released <= amount), CHECK (refunded <= captured)
);
CREATE INDEX IF NOT EXISTS b_orders_newest ON b_orders (merchant_key, created_at, sequence);
CREATE INDEX IF NOT EXISTS b_orders_expiry ON b_orders (expires_at) WHERE status = 'requires_capture';
CREATE TABLE IF NOT EXISTS b_payments (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, order_id TEXT NOT NULL, merchant_key TEXT NOT NULL,
    test INTEGER NOT NULL, amount INTEGER NOT NULL, refunded INTEGER NOT NULL, status TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, reference TEXT, description TEXT,
    line_items TEXT NOT NULL, metadata TEXT NOT NULL, CHECK (refunded <= amount)
);
CREATE INDEX IF NOT EXISTS b_payments_newest ON b_payments (merchant_key, created_at, sequence);
CREATE INDEX IF NOT EXISTS b_payments_order ON b_payments (order_id);
CREATE TABLE IF NOT EXISTS b_refunds (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, payment_id TEXT NOT NULL, order_id TEXT NOT NULL,
    merchant_key TEXT NOT NULL, test INTEGER NOT NULL, amount INTEGER NOT NULL, reason TEXT NOT NULL,
    status TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, reference TEXT, description TEXT,
    line_items TEXT NOT NULL, metadata TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS b_refunds_newest ON b_refunds (merchant_key, created_at, sequence);
CREATE INDEX IF NOT EXISTS b_refunds_payment ON b_refunds (payment_id);
CREATE TABLE IF NOT EXISTS b_things (
    sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, merchant_key TEXT NOT NULL,
    created_at INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS b_things_newest ON b_things (merchant_key, kind, created_at, sequence);
CREATE TABLE IF NOT EXISTS b_executions (
    sequence INTEGER PRIMARY KEY, merchant_key TEXT NOT NULL, modification_id TEXT NOT NULL,
    transaction_id TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, status TEXT NOT NULL, origin TEXT NOT NULL, created_at INTEGER NOT NULL,
    last_status_at INTEGER NOT NULL, request_sha256 TEXT, reference TEXT NOT NULL, part_id TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS b_executions_transaction ON b_executions (transaction_id);
CREATE INDEX IF NOT EXISTS b_executions_modification ON b_executions (modification_id);
CREATE TABLE IF NOT EXISTS b_answers (
    merchant_key TEXT NOT NULL, idempotency_key TEXT NOT NULL, path TEXT NOT NULL, body_sha256 TEXT NOT NULL,
    http_status INTEGER NOT NULL, body BLOB NOT NULL, kept_at INTEGER NOT NULL,
    PRIMARY KEY (merchant_key, idempotency_key)
) WITHOUT ROWID;
"""

TABLES = (
    "merchants",
    "transactions",
    "executions",
    "answers",
    "a_merchants",
    "a_splits",
    "a_facts",
    "a_deals",
    "requests",
    "rules",
    "fired",
    "dials",
    "webhooks",
    "deliveries",
    "delivery_attempts",
    "b_merchants",
    "b_orders",
    "b_payments",
    "b_refunds",
    "b_things",
    "b_executions",
    "b_answers",
    *gateway_c.TABLES,
)
"""The first survives a reset, all others are emptied."""


class Store:
    """One connection behind one lock: SQLite has one writer anyway, and readers here are as quick as writers."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._depth = 0
        path = folder / "ledger.sqlite3"
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._db.row_factory = sqlite3.Row
        # In WAL mode NORMAL survives the death of the process; only the death of the machine may cost the last writes.
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=5000",
            "wal_autocheckpoint=8000",
            "temp_store=MEMORY",
        ):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(SCHEMA + gateway_c.SCHEMA)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; nested blocks join the outer one."""
        with self._lock:
            if self._depth:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            else:
                self._db.execute("COMMIT")
            finally:
                self._depth = 0

    def rows(self, sql: str, values: Iterable[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(sql, tuple(values)).fetchall()

    def row(self, sql: str, values: Iterable[Any] = ()) -> sqlite3.Row | None:
        with self._lock:
            found: sqlite3.Row | None = self._db.execute(sql, tuple(values)).fetchone()
            return found

    def run(self, sql: str, values: Iterable[Any] = ()) -> int:
        """Execute one statement. Returns the row id of an insert."""
        with self._lock:
            return self._db.execute(sql, tuple(values)).lastrowid or 0

    def run_many(self, sql: str, values: Iterable[tuple[Any, ...]]) -> None:
        with self._lock:
            self._db.executemany(sql, values)

    def empty(self) -> None:
        """Forget everything but the merchants."""
        with self.transaction():
            for table in TABLES[1:]:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608  # our own words

    def close(self) -> None:
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._db.close()
