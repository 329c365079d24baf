"""Collections, newest first, page by page (gateways.md B.5). A page stays the same when something new is made."""

from __future__ import annotations

import base64
import binascii
import sqlite3
from collections.abc import Callable
from typing import Any

from orders.sandbox.gateway_b.calls import Body, Call
from orders.sandbox.gateway_b.errors import invalid

DEFAULT_RESULTS = 20
MOST_RESULTS = 100
"""Assumed in gateways.md B.5."""


def collection(call: Call, table: str, show: Callable[[sqlite3.Row], Body], *, kind: str | None = None) -> Body:
    """One page of a merchant's rows. `table` is our own word; `kind` chooses among things. Raises Refused (400)."""
    most = _max_results(call.request.query.get("maxResults"))
    token = call.request.query.get("pageToken") or None
    conditions, values = ["merchant_key = ?"], list[Any]([call.merchant.key])
    if kind is not None:
        conditions.append("kind = ?")
        values.append(kind)
    if token is not None:
        conditions.append("(created_at, sequence) <= (?, ?)")
        values += _position(token)
    sql = f"""SELECT * FROM {table} WHERE {" AND ".join(conditions)}
              ORDER BY created_at DESC, sequence DESC LIMIT ?"""  # noqa: S608  # our own words
    rows = call.store.rows(sql, [*values, most + 1])
    page = {
        "object": "collection",
        "pageToken": token,
        "maxResults": most,
        "results": min(most, len(rows)),
        "data": [show(row) for row in rows[:most]],
    }
    if len(rows) > most:
        page["nextPageToken"] = _token(rows[most])
    return page


def _max_results(written: str | None) -> int:
    if not written:
        return DEFAULT_RESULTS
    if not (written.isascii() and written.isdigit()) or not 1 <= int(written) <= MOST_RESULTS:
        raise invalid(f"maxResults must be between 1 and {MOST_RESULTS}.")
    return int(written)


def _token(row: sqlite3.Row) -> str:
    return base64.urlsafe_b64encode(f"{row['created_at']}:{row['sequence']}".encode()).decode()


def _position(token: str) -> list[int]:
    """The first row of the page that a token names."""
    try:
        created_at, _, sequence = base64.b64decode(token, altchars=b"-_", validate=True).decode().partition(":")
        return [int(created_at), int(sequence)]
    except (binascii.Error, ValueError):
        raise invalid("pageToken is not one of ours.") from None
