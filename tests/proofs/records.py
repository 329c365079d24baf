"""The books as an outsider reads them: plain SQL on either database, values made equal; nothing of the product."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

Row = dict[str, Any]
FINISHED = frozenset({"succeeded", "failed", "withdrawn"})

_UUIDS = frozenset({"sending_modification", "exclusive_modification", "modification_id", "plan_id"})
_JSON = frozenset({"details"})
_BYTES = frozenset({"body"})


def read(database: str, queries: Mapping[str, str]) -> dict[str, list[Row]]:
    """Answer every query from one snapshot. `database` is a postgres:// URL or the path of an SQLite file."""
    if database.startswith("postgres"):
        return _read_postgres(database, queries)
    return _read_sqlite(database, queries)


def _read_postgres(url: str, queries: Mapping[str, str]) -> dict[str, list[Row]]:
    with psycopg.connect(url, row_factory=dict_row, connect_timeout=10) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return {name: [plain(row) for row in connection.execute(query.encode())] for name, query in queries.items()}


def _read_sqlite(path: str, queries: Mapping[str, str]) -> dict[str, list[Row]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        return {name: [plain(dict(row)) for row in connection.execute(query)] for name, query in queries.items()}


def plain(row: Row) -> Row:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _UUIDS or (name == "id" and isinstance(value, str)) or isinstance(value, uuid.UUID):
        return str(uuid.UUID(str(value)))
    if name in _JSON and isinstance(value, str):
        return json.loads(value)
    if name in _BYTES:
        return bytes(value)
    if name == "refused":
        return bool(value)
    if name == "at" or name.endswith("_at"):
        return _moment(value)
    return value


def _moment(value: Any) -> datetime:
    """Both databases keep UTC; SQLite keeps it as text without saying so."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
