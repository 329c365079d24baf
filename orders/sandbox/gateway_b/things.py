"""What gateway B keeps besides money: sessions, tokens, webhook endpoints, coupons, promotion codes. Each is a JSON
object with an id, kept as it is shown."""

from __future__ import annotations

import sqlite3
from typing import Any

from orders.sandbox import json_text
from orders.sandbox.gateway_b.records import new_id
from orders.sandbox.store import Store

Thing = dict[str, Any]
OBJECT_WORDS = {
    "checkout": "checkoutSession",
    "paytok": "token",
    "webhookendpoint": "webhookEndpoint",
    "coupon": "coupon",
    "promotioncode": "promotionCode",
}
"""The start of an id, and the word in `object`."""


def make(store: Store, kind: str, *, merchant_key: str, test: bool, at: int, **facts: Any) -> Thing:
    thing = {
        "id": new_id(kind, test=test),
        "object": OBJECT_WORDS[kind],
        "test": test,
        "createdAt": at,
        "updatedAt": at,
        **facts,
    }
    sql = "INSERT INTO b_things (id, kind, merchant_key, created_at, body) VALUES (?, ?, ?, ?, ?)"
    store.run(sql, (thing["id"], kind, merchant_key, at, json_text.write(thing)))
    return thing


def find(store: Store, kind: str, id_: str, merchant_key: str | None = None) -> Thing | None:
    """By its id, and with a merchant only when it is theirs."""
    sql = "SELECT body FROM b_things WHERE id = ? AND kind = ? AND merchant_key = coalesce(?, merchant_key)"
    row = store.row(sql, (id_, kind, merchant_key))
    return None if row is None else thing_from(row)


def every(store: Store, kind: str, merchant_key: str) -> list[Thing]:
    sql = "SELECT body FROM b_things WHERE kind = ? AND merchant_key = ? ORDER BY sequence"
    return [thing_from(row) for row in store.rows(sql, (kind, merchant_key))]


def owner_of(store: Store, id_: str) -> str | None:
    row = store.row("SELECT merchant_key FROM b_things WHERE id = ?", (id_,))
    return None if row is None else str(row[0])


def save(store: Store, thing: Thing, *, at: int) -> None:
    thing["updatedAt"] = at
    store.run("UPDATE b_things SET body = ? WHERE id = ?", (json_text.write(thing), thing["id"]))


def delete(store: Store, id_: str) -> None:
    store.run("DELETE FROM b_things WHERE id = ?", (id_,))


def thing_from(row: sqlite3.Row) -> Thing:
    found: Thing = json_text.read(row["body"])
    return found
