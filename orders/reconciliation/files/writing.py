"""New lines on their way into the table: COPY of ready text on PostgreSQL, one executemany on SQLite.

Lines come by the million, so both ways bypass the ORM; values are bound or escaped, and the constraints hold as always.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from orders.models import SettlementFile, SettlementLine
from orders.reconciliation.files.reading import Row

_TABLE = SettlementLine._meta.db_table
_COLUMNS = (
    *("account_id", "file_id", "overlap", "number", "identity", "type", "gross", "fee", "net", "currency"),
    *("booked_on", "reference", "transaction_reference", "gateway_id", "custom_reference", "payout_reference"),
    *("original_currency", "original_amount", "text"),
)
_COPY = f"COPY {_TABLE} ({', '.join(_COLUMNS)}) FROM STDIN"
_INSERT = f"INSERT INTO {_TABLE} ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
Numbered = Sequence[tuple[Row, str]]
"""Rows, each with its identity as 32 hex digits."""


def insert_lines(file: SettlementFile, rows: Numbered) -> None:
    """Insert the rows as lines of the file, in the caller's database transaction."""
    if connection.vendor == "postgresql":
        _copy(file, rows)
    else:
        _insert(file, rows)


def _copy(file: SettlementFile, rows: Numbered) -> None:
    start = f"{file.account_id}\t{file.pk}\tf\t"
    block = "".join([f"{start}{_text_of(row, identity)}\n" for row, identity in rows])
    nulls = sum(row.original_amount is None for row, _ in rows)
    counts = (block.count("\t"), block.count("\n"), block.count("\\"), block.count("\r"))
    if counts != (len(rows) * (len(_COLUMNS) - 1), len(rows), nulls, 0):
        block = "".join([f"{start}{_text_of(_escaped(row), identity)}\n" for row, identity in rows])
    with connection.wrap_database_errors, connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        copy.write(block.encode())


def _text_of(row: Row, identity: str) -> str:
    original = "\\N" if row.original_amount is None else row.original_amount
    return (
        f"{row.number}\t{identity}\t{row.type}\t{row.gross}\t{row.fee}\t{row.net}\t{row.currency}\t{row.booked_on}\t"
        f"{row.reference}\t{row.transaction_reference}\t{row.gateway_id}\t{row.custom_reference}\t"
        f"{row.payout_reference}\t{row.original_currency}\t{original}\t{row.text[:200]}"
    )


def _escaped(row: Row) -> Row:
    return row._replace(
        reference=row.reference.translate(_ESCAPES),
        transaction_reference=row.transaction_reference.translate(_ESCAPES),
        gateway_id=row.gateway_id.translate(_ESCAPES),
        custom_reference=row.custom_reference.translate(_ESCAPES),
        payout_reference=row.payout_reference.translate(_ESCAPES),
        text=row.text.translate(_ESCAPES),
    )


def _insert(file: SettlementFile, rows: Numbered) -> None:
    values = [
        (
            *(file.account_id, file.pk, False, row.number, identity, row.type, row.gross, row.fee, row.net),
            *(row.currency, row.booked_on.isoformat(), row.reference, row.transaction_reference, row.gateway_id),
            *(row.custom_reference, row.payout_reference, row.original_currency, row.original_amount, row.text[:200]),
        )
        for row, identity in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, values)


def first_numbers(file: SettlementFile, identities: Sequence[str]) -> dict[str, int]:
    """Of these identities, those the file holds already, each with the number of its line."""
    found: dict[str, int] = {}
    for start in range(0, len(identities), 500):
        some = identities[start : start + 500]
        # The file is asked for here and not there: a table that grows this fast has no statistics to plan by.
        rows = SettlementLine.objects.filter(account_id=file.account_id, identity__in=some)
        all_of_them = rows.values_list("identity", "number", "file_id")
        found |= {identity.hex: number for identity, number, file_id in all_of_them if file_id == file.pk}
    return found
