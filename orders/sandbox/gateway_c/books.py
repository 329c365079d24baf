"""Gateway C's books: how cards, payments, actions, kept answers and warnings are written and read."""

from __future__ import annotations

import sqlite3
from dataclasses import astuple, fields
from typing import Any

from orders.sandbox.dials import Dials
from orders.sandbox.gateway_c.records import Action, Card, Kept, Payment
from orders.sandbox.ledger import Ledger

KEPT_MS = 24 * 3_600_000
"""How long an answer is kept for its idempotency key (gateways.md C.4)."""


class Books:
    """Every write happens inside `store.transaction()` of the caller or alone."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.store = ledger.store

    @property
    def dials(self) -> Dials:
        return self.ledger.dials.now

    def clock_ms(self) -> int:
        return self.ledger.dials.clock_ms()

    def card(self, card_id: str) -> Card | None:
        row = self.store.row("SELECT * FROM smarterpay_cards WHERE card_id = ?", (card_id,))
        return None if row is None else Card(**dict(row))

    def cards(self, merchant_key: str) -> list[Card]:
        """Newest first."""
        sql = "SELECT * FROM smarterpay_cards WHERE merchant_key = ? ORDER BY created_at DESC, rowid DESC"
        return [Card(**dict(row)) for row in self.store.rows(sql, (merchant_key,))]

    def payment(self, payment_id: str) -> Payment | None:
        row = self.store.row("SELECT * FROM smarterpay_payments WHERE payment_id = ?", (payment_id,))
        return None if row is None else Payment(**dict(row))

    def original_of(self, payment_id: str) -> Payment | None:
        """The payment itself, or the one that a release or refund of this id belongs to."""
        found = self.payment(payment_id)
        if found is not None:
            return found
        sql = "SELECT original_id FROM smarterpay_actions WHERE payment_id = ?"
        row = self.store.row(sql, (payment_id,))
        return None if row is None else self.payment(row[0])

    def payments_under(self, card_id: str) -> list[Payment]:
        """Oldest first."""
        sql = "SELECT * FROM smarterpay_payments WHERE card_id = ? ORDER BY created_at, rowid"
        return [Payment(**dict(row)) for row in self.store.rows(sql, (card_id,))]

    def latest_payments(self, limit: int) -> list[Payment]:
        sql = "SELECT * FROM smarterpay_payments ORDER BY created_at DESC, rowid DESC LIMIT ?"
        return [Payment(**dict(row)) for row in self.store.rows(sql, (limit,))]

    def actions_on(self, original_id: str) -> list[Action]:
        """Oldest first."""
        sql = "SELECT * FROM smarterpay_actions WHERE original_id = ? ORDER BY sequence"
        return [action_from(row) for row in self.store.rows(sql, (original_id,))]

    def add_cards(self, cards: list[Card]) -> None:
        self.store.run_many(_INSERT_CARD, (astuple(one) for one in cards))

    def add_payments(self, payments: list[Payment]) -> None:
        self.store.run_many(_INSERT_PAYMENT, (astuple(one) for one in payments))

    def save(self, payment: Payment) -> None:
        """Write what can change; the rest of a payment is written once."""
        values = [getattr(payment, name) for name in _CHANGING_OF_PAYMENT]
        self.store.run(_UPDATE_PAYMENT, (*values, payment.payment_id))

    def add_action(self, action: Action) -> None:
        action.sequence = self.store.run(_INSERT_ACTION, astuple(action))

    def conclude(self, action: Action) -> None:
        values = [getattr(action, name) for name in _CHANGING_OF_ACTION]
        self.store.run(_UPDATE_ACTION, (*values, action.sequence))

    def kept(self, merchant_key: str, path: str, idempotency_key: str, *, now: int) -> Kept | None:
        """The answer to replay; one that is older than a day is forgotten, and the key runs again."""
        which = "FROM smarterpay_answers WHERE merchant_key = ? AND path = ? AND idempotency_key = ?"
        row = self.store.row(f"SELECT * {which}", (merchant_key, path, idempotency_key))
        if row is None or row["at"] > now - KEPT_MS:
            return None if row is None else Kept(**dict(row))
        self.store.run(f"DELETE {which}", (merchant_key, path, idempotency_key))
        return None

    def keep(self, answer: Kept) -> None:
        self.store.run(_INSERT_ANSWER, astuple(answer))

    def warn(self, merchant_key: str, original_id: str | None, sentence: str, *, at: int) -> None:
        sql = "INSERT INTO smarterpay_warnings (at, merchant_key, original_id, sentence) VALUES (?, ?, ?, ?)"
        self.store.run(sql, (at, merchant_key, original_id, sentence))

    def warnings(self, original_id: str | None = None, *, limit: int = 200) -> list[dict[str, Any]]:
        """Newest first; of one payment, or all."""
        sql = """SELECT at, merchant_key, original_id, sentence FROM smarterpay_warnings
                 WHERE ? IS NULL OR original_id = ? ORDER BY id DESC LIMIT ?"""
        return [dict(row) for row in self.store.rows(sql, (original_id, original_id, limit))]

    def next_event_number(self, at: int) -> int:
        return self.store.run("INSERT INTO smarterpay_events (at) VALUES (?)", (at,))


def action_from(row: sqlite3.Row) -> Action:
    return Action(**dict(row))


def _insert(table: str, noun: type[Card | Payment | Action | Kept]) -> str:
    columns = [part.name for part in fields(noun)]
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608  # our own words


def _update(table: str, columns: tuple[str, ...], key: str) -> str:
    return f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in columns)} WHERE {key} = ?"  # noqa: S608  # our own words


_CHANGING_OF_PAYMENT = (
    *("captured", "released", "refunded", "state", "status"),
    *("last_status_at", "captured_at", "expires_at"),
)
_CHANGING_OF_ACTION = (
    *("amount", "status", "gateway_status", "gateway_code", "gateway_details"),
    *("last_status_at", "due_at", "outcome"),
)
_INSERT_CARD = _insert("smarterpay_cards", Card)
_INSERT_PAYMENT = _insert("smarterpay_payments", Payment)
_INSERT_ACTION = _insert("smarterpay_actions", Action)
_INSERT_ANSWER = _insert("smarterpay_answers", Kept)
_UPDATE_PAYMENT = _update("smarterpay_payments", _CHANGING_OF_PAYMENT, "payment_id")
_UPDATE_ACTION = _update("smarterpay_actions", _CHANGING_OF_ACTION, "sequence")
