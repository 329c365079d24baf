"""New lines on their way into the table: COPY of ready text on PostgreSQL, one executemany on SQLite.

Lines come by the million, so both ways bypass the ORM; values are bound or escaped, and the constraints hold as always.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from orders.models import SettlementFile, SettlementLine
from orders.reconciliation.files.normalising import BETWEEN, IDENTIFYING, Row

_TABLE = SettlementLine._meta.db_table
_COLUMNS = (
    *("account_id", "file_id", "overlap", "number", "identity", "net", *IDENTIFYING),
    *("original_currency", "original_amount", "text"),
)
COPY = f"COPY {_TABLE} ({', '.join(_COLUMNS)}) FROM STDIN (DELIMITER '{BETWEEN}')"
_INSERT = f"INSERT INTO {_TABLE} ({', '.join(_COLUMNS)}) VALUES ({', '.join(['%s'] * len(_COLUMNS))})"  # noqa: S608
_ESCAPES = str.maketrans({"\\": "\\\\", BETWEEN: f"\\{BETWEEN}", "\n": "\\n", "\r": "\\r"})
_NOTHING_MORE = f"{BETWEEN}{BETWEEN}\\N{BETWEEN}"
Numbered = Sequence[tuple[Row, str]]
"""Rows, each with its identity as 32 hex digits."""


def copied(file: SettlementFile, rows: Numbered) -> bytes:
    """The rows as COPY takes them: what identifies a line is joined already as the table wants it.

    Signs that mean something to COPY are looked for once in the whole, and only then escaped one by one.
    """
    start = BETWEEN.join((str(file.account_id), str(file.pk), "f", ""))
    plain = [
        f"{start}{row.number}{BETWEEN}{identity}{BETWEEN}{row.net}{BETWEEN}{row.identity_text}{_NOTHING_MORE}\n"
        if not (row.text or row.original_currency)
        else f"{start}{row.number}{BETWEEN}{identity}{BETWEEN}{row.net}{BETWEEN}{_told(row)}\n"
        for row, identity in rows
    ]
    block = "".join(plain)
    nulls = sum(row.original_amount is None for row, _ in rows)
    counts = (block.count(BETWEEN), block.count("\n"), block.count("\\"), block.count("\r"))
    if counts != (len(rows) * (len(_COLUMNS) - 1), len(rows), nulls, 0):
        between = BETWEEN
        block = "".join(
            f"{start}{row.number}{between}{identity}{between}{row.net}{between}{_told(_escaped(row))}\n"
            for row, identity in rows
        )
    return block.encode()


def _told(row: Row) -> str:
    original = "\\N" if row.original_amount is None else str(row.original_amount)
    named = (str(getattr(row, name)) for name in IDENTIFYING)
    return BETWEEN.join((*named, row.original_currency, original, row.text))


def _escaped(row: Row) -> Row:
    return row._replace(
        reference=row.reference.translate(_ESCAPES),
        transaction_reference=row.transaction_reference.translate(_ESCAPES),
        gateway_id=row.gateway_id.translate(_ESCAPES),
        custom_reference=row.custom_reference.translate(_ESCAPES),
        payout_reference=row.payout_reference.translate(_ESCAPES),
        text=row.text.translate(_ESCAPES),
    )


def insert_lines(file: SettlementFile, rows: Numbered) -> None:
    """Insert the rows as lines of the file, in the caller's database transaction; the way of SQLite."""
    values = [
        (
            *(file.account_id, file.pk, False, row.number, identity, row.net),
            *(row.type, row.gross, row.fee, row.currency, row.booked_on.isoformat()),
            *(row.reference, row.transaction_reference, row.gateway_id, row.custom_reference, row.payout_reference),
            *(row.original_currency, row.original_amount, row.text),
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
