"""The books, the file and the bare tables of `reconcile`: as many lines as modifications, one in a hundred wrong."""

from __future__ import annotations

import csv
import random
import uuid
from datetime import date
from pathlib import Path
from typing import Any

DAY = date(2026, 3, 2)
AMOUNT = 1_000
"""Of the first modification, in minor units; each further one is a unit more, up to a hundred thousand."""
_SPREAD = 100_000
COLUMNS = (
    *("reconciliationReferenceId", "transactionId", "partnerReference", "type", "grossAmount", "fee", "netAmount"),
    *("currencyCode", "bookingDate", "payoutReference"),
)
_UUID = {
    "postgresql": "('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid",
    "sqlite": "'000000000000400080000' || substr('00000000000' || printf('%x', n), -11)",
}
_NUMBERS = {
    "postgresql": "SELECT n FROM generate_series(1, {count}) AS n",
    "sqlite": "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {count}) "
    "SELECT n FROM many",
}


def an_account_with(count: int) -> int:
    """An account with so many succeeded captures, each on a transaction of its own; its key."""
    from django.db import connection

    from orders.models import Modification, Transaction
    from tests import factories
    from tests.reconciliation_factories import a_modification_of

    account = factories.an_account()
    pattern = factories.a_captured_transaction(account=account, captured=1)
    ours = a_modification_of(pattern, amount=1, gateway_reference="pattern")
    with connection.cursor() as cursor:
        numbers = f"({_NUMBERS[connection.vendor].format(count=count)}) AS number"
        first = Transaction.objects.order_by("-pk").values_list("pk", flat=True)[0]
        cursor.execute(
            _copies(Transaction, pattern.pk, numbers, id=f"{first} + n", reference="'t-' || n", partner_reference="''")
        )
        cursor.execute(
            _copies(
                Modification,
                ours.pk,
                numbers,
                id=_UUID[connection.vendor],
                transaction_id=f"{first} + n",
                amount=f"{AMOUNT} + n % {_SPREAD}",
                gateway_reference="'r-' || n",
                gateway_id="'g-' || n",
                gateway_at="'2026-02-27 12:00:00'"
                if connection.vendor == "sqlite"
                else "timestamptz '2026-02-27 12:00Z'",
            )
        )
        cursor.execute("ANALYZE")
    return int(account.pk)


def _copies(model: Any, key: Any, numbers: str, **given: str) -> str:
    """Copy the pattern's row for each number `n`, with the given expressions in place of its columns."""
    columns = [field.column for field in model._meta.concrete_fields]
    values = ", ".join(given.get(column, f"p.{column}") for column in columns)
    pattern = key.hex if isinstance(key, uuid.UUID) else key
    table = model._meta.db_table
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {numbers}, {table} p WHERE p.id = '{pattern}'"
    )


def write_file(path: Path, count: int, seed: int) -> None:
    """A line for each modification in the sandbox's columns; one in a hundred has another reference or sum."""
    dice = random.Random(seed)
    with path.open("w", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number in range(1, count + 1):
            cents = AMOUNT + number % _SPREAD + (7 if dice.random() < 0.005 else 0)
            reference = f"r-{number}" if dice.random() > 0.005 else f"lost-{number}"
            gross = f"{cents // 100}.{cents % 100:02d}"
            payout = f"PO-{seed}"
            words = [reference, f"t-{number}", "", "CAPTURE"]
            writer.writerow([*words, gross, "0.00", gross, "EUR", DAY, payout])


BARE_COPY = """COPY bare_line (account_id, file_id, number, identity, overlap, type, gross, fee, net, currency,
booked_on, reference, transaction_reference, gateway_id, custom_reference, payout_reference, original_currency,
text) FROM STDIN"""
BARE_JOIN = """
INSERT INTO bare_match (account_id, run_id, line_id, modification_id, transaction_id, rule, amount, difference,
                        days_apart, tolerance_minor, tolerance_days, candidates, ended_reason)
SELECT 1, 1, l.id, m.id, m.transaction_id, 'reference', l.gross, 0, 0, 0, 0, 1, ''
  FROM bare_line l JOIN orders_modification m ON m.gateway_reference = l.reference
   AND m.kind = 'capture' AND m.amount = l.gross"""


def make_bare_tables() -> None:
    """Empty tables like ours with the same indexes, anew."""
    from django.db import connection

    with connection.cursor() as cursor:
        for bare, ours in (("bare_line", "orders_settlementline"), ("bare_match", "orders_match")):
            cursor.execute(f"DROP TABLE IF EXISTS {bare}")
            cursor.execute(f"CREATE TABLE {bare} (LIKE {ours} INCLUDING DEFAULTS INCLUDING INDEXES INCLUDING IDENTITY)")


def bare_row(number: int, row: list[str]) -> list[Any]:
    """A line of the file as a row, as directly as it goes."""
    reference, transaction, _, _, gross, fee, net, currency, day, payout = row
    cents = [int(part.replace(".", "")) for part in (gross, fee, net)]
    identity = uuid.UUID(int=number)
    return [
        1,
        1,
        number,
        identity,
        False,
        "capture",
        *cents,
        currency,
        day,
        reference,
        transaction,
        "",
        "",
        payout,
        "",
        "",
    ]


def forget(account_id: int) -> None:
    """Take a round's lines, matches and discrepancies away, so that the next finds the same books."""
    from django.db import connection

    tables = (
        "orders_discrepancyentry, orders_discrepancy, orders_match, orders_settlementline, orders_settlementfilepart"
    )
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}, orders_reconciliationrun, orders_settlementfile CASCADE")
        cursor.execute("VACUUM ANALYZE orders_modification")
