"""The ledger: how transactions, executions, kept answers and every request that came are written and read."""

from __future__ import annotations

import hmac
import json
import sqlite3
from dataclasses import fields
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.deliveries import Deliveries
from orders.sandbox.dials import DialBoard
from orders.sandbox.records import Answer, Arrival, Execution, Transaction
from orders.sandbox.store import Store


class Ledger:
    """The books of the sandbox. Every write happens inside `store.transaction()` of the caller or alone."""

    def __init__(self, store: Store, dials: DialBoard, deliveries: Deliveries) -> None:
        self.store = store
        self.dials = dials
        self.deliveries = deliveries
        self._merchants = {row[0]: row[1] for row in store.rows("SELECT * FROM merchants")}

    def add_merchant(self, merchant_key: str, authentication_key: str) -> None:
        self.store.run("INSERT OR REPLACE INTO merchants VALUES (?, ?)", (merchant_key, authentication_key))
        self._merchants[merchant_key] = authentication_key

    def merchant_keys(self) -> list[str]:
        return sorted(self._merchants)

    def knows(self, merchant_key: str, authentication_key: str) -> bool:
        expected = self._merchants.get(merchant_key)
        return expected is not None and hmac.compare_digest(expected.encode(), authentication_key.encode())

    def merchants_with(self, starts: tuple[str, ...]) -> list[str]:
        """Merchants whose secret starts like one of these: those of one gateway, where its secrets tell."""
        return sorted(name for name, secret in self._merchants.items() if secret.startswith(starts))

    def secret_of(self, merchant_key: str) -> str:
        return str(self._merchants[merchant_key])

    def merchant_of(self, authentication_key: str) -> str | None:
        """The merchant whose secret this is, for gateways whose requests name no merchant."""
        found = [
            name
            for name, secret in self._merchants.items()
            if hmac.compare_digest(secret.encode(), authentication_key.encode())
        ]
        return found[0] if found else None

    def several_captures(self, merchant_key: str) -> bool:
        """Whether this merchant of gateway A may capture an authorization several times: its own word, or the dial."""
        row = self.store.row("SELECT multi_capture FROM a_merchants WHERE merchant_key = ?", (merchant_key,))
        return self.dials.now.multi_capture if row is None else bool(row[0])

    def set_several_captures(self, merchant_key: str, allowed: bool) -> None:
        self.store.run("INSERT OR REPLACE INTO a_merchants VALUES (?, ?)", (merchant_key, allowed))

    def transaction(self, transaction_id: str) -> Transaction | None:
        row = self.store.row("SELECT * FROM transactions WHERE transaction_id = ?", (transaction_id,))
        return None if row is None else transaction_from(row)

    def transaction_of_token(self, token: str) -> Transaction | None:
        row = self.store.row("SELECT * FROM transactions WHERE checkout_token = ?", (token,))
        return None if row is None else transaction_from(row)

    def partner_reference_taken(self, merchant_key: str, partner_reference: str) -> bool:
        sql = "SELECT 1 FROM transactions WHERE merchant_key = ? AND partner_reference = ?"
        return self.store.row(sql, (merchant_key, partner_reference)) is not None

    def add_transactions(self, transactions: list[Transaction]) -> None:
        self.store.run_many(_INSERT_TRANSACTION, (_transaction_values(one) for one in transactions))

    def save(self, transaction: Transaction) -> None:
        """Write what a movement can change; the rest of a transaction is written once."""
        values = [_column(getattr(transaction, name)) for name in _CHANGING]
        self.store.run(_UPDATE_TRANSACTION, (*values, transaction.transaction_id))

    def executions(self, transaction_id: str) -> list[Execution]:
        sql = "SELECT * FROM executions WHERE transaction_id = ? ORDER BY sequence"
        return [execution_from(row) for row in self.store.rows(sql, (transaction_id,))]

    def execution(self, merchant_key: str, modification_id: str) -> Execution | None:
        sql = "SELECT * FROM executions WHERE merchant_key = ? AND modification_id = ?"
        row = self.store.row(sql, (merchant_key, modification_id))
        return None if row is None else execution_from(row)

    def add_executions(self, executions: list[Execution]) -> None:
        self.store.run_many(_INSERT_EXECUTION, (_execution_values(one) for one in executions))

    def conclude(self, execution: Execution) -> None:
        sql = "UPDATE executions SET status = ?, last_status_at = ?, error = ? WHERE sequence = ?"
        error = None if execution.error is None else json.dumps(execution.error)
        self.store.run(sql, (execution.status, execution.last_status_at, error, execution.sequence))

    def refunds_in_flight(self, transaction_id: str) -> int:
        """Minor units of refunds that were accepted but have not ended."""
        sql = "SELECT coalesce(sum(amount), 0) FROM executions WHERE transaction_id = ? AND status = 'REFUND_PENDING'"
        row = self.store.row(sql, (transaction_id,))
        return 0 if row is None else int(row[0])

    def answer(self, merchant_key: str, modification_id: str) -> Answer | None:
        sql = "SELECT path, body_sha256, http_status, body FROM answers WHERE merchant_key = ? AND modification_id = ?"
        row = self.store.row(sql, (merchant_key, modification_id))
        return None if row is None else Answer(**dict(row))

    def keep_answer(self, merchant_key: str, modification_id: str, answer: Answer) -> None:
        values = (merchant_key, modification_id, answer.path, answer.body_sha256, answer.http_status, answer.body)
        self.store.run("INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?)", values)

    def log(self, arrival: Arrival, http_status: int | None) -> None:
        self.store.run(_INSERT_REQUEST, (self.dials.clock_ms(), *_arrival_values(arrival), http_status))


def transaction_from(row: sqlite3.Row) -> Transaction:
    values = dict(row)
    values["history"] = json.loads(values["history"])
    values["custom_references"] = json.loads(values["custom_references"])
    values["overview"] = json_text.read(values["overview"].encode())
    values["multi_capture"] = bool(values["multi_capture"])
    values["asynchronous"] = None if values["asynchronous"] is None else bool(values["asynchronous"])
    return Transaction(**values)


def execution_from(row: sqlite3.Row) -> Execution:
    values = dict(row)
    for name in ("custom_references", "error"):
        values[name] = None if values[name] is None else json.loads(values[name])
    return Execution(**values)


_TRANSACTION_COLUMNS = [part.name for part in fields(Transaction)]
_CHANGING = (
    "captured",
    "released",
    "refunded",
    "charged_back",
    "status",
    "history",
    "last_status_at",
    "transaction_reference",
    "expires_at",
    "auto_capture_at",
)
_EXECUTION_COLUMNS = [part.name for part in fields(Execution)]
_ARRIVAL_COLUMNS = [part.name for part in fields(Arrival)]


def _insert(table: str, columns: list[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # our own words


_INSERT_TRANSACTION = _insert("transactions", _TRANSACTION_COLUMNS)
_ASSIGNMENTS = ", ".join(f"{name} = ?" for name in _CHANGING)
_UPDATE_TRANSACTION = f"UPDATE transactions SET {_ASSIGNMENTS} WHERE transaction_id = ?"  # noqa: S608  # our own words
_INSERT_EXECUTION = _insert("executions", _EXECUTION_COLUMNS)
_INSERT_REQUEST = _insert("requests", ["at", *_ARRIVAL_COLUMNS, "http_status"])


def _transaction_values(transaction: Transaction) -> tuple[Any, ...]:
    return tuple(_column(getattr(transaction, name)) for name in _TRANSACTION_COLUMNS)


def _execution_values(execution: Execution) -> tuple[Any, ...]:
    return tuple(_column(getattr(execution, name)) for name in _EXECUTION_COLUMNS)


def _arrival_values(arrival: Arrival) -> tuple[Any, ...]:
    return tuple(getattr(arrival, name) for name in _ARRIVAL_COLUMNS)


def _column(value: Any) -> Any:
    return json_text.write(value).decode() if isinstance(value, dict | list) else value
