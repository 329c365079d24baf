"""`manage.py import_orders FILE --account N`: take over a shop's orders, all or none, then ask the gateway for each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction as database_transaction

from orders.management.output import MISUSED, WRONG, Errand, Report, Stop, account_named
from orders.mirror.ingest import OrderRefused, OrderRow, ingest_order
from orders.mirror.order_files import FileRefused, OrderFile, check_against_books, read_order_file
from orders.mirror.refresh import AT_ONCE, RefreshResult, refresh_many
from orders.models import GatewayAccount, Order, Source, Transaction

_LISTED = 50


class Command(Errand):
    help = "Import orders from a CSV file or JSON lines, all or none; the gateway is then asked for their state."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="CSV with a header line, or one JSON object per line; UTF-8.")
        parser.add_argument("--account", required=True, metavar="NAME", help="The gateway account they were paid by.")

    def work(self, *, file: Path, account: str, **options: Any) -> Report:
        owner = account_named(account)
        try:
            found = read_order_file(file)
        except FileRefused as refusal:
            raise Stop(str(refusal), exit_code=MISUSED) from refusal
        check_against_books(found, owner)
        if found.bad_lines:
            return _bad(found)
        rows = list(found.rows.values())
        known = Order.objects.filter(account=owner).count()
        self._take_over(owner, rows)
        new = Order.objects.filter(account=owner).count() - known
        return _done(rows, new, self._refresh(owner, rows))

    def _take_over(self, account: GatewayAccount, rows: list[OrderRow]) -> None:
        try:
            with database_transaction.atomic():
                for row in self.progress(rows, of=len(rows), what="Importing"):
                    ingest_order(account=account, row=row, source=Source.COMMAND)
        except OrderRefused as refusal:
            raise Stop(f"{refusal} Somebody changed it meanwhile; nothing was imported, try again.") from refusal

    def _refresh(self, account: GatewayAccount, rows: list[OrderRow]) -> list[RefreshResult]:
        references = [one.reference for row in rows for one in row.transactions]
        transactions = list(_transactions(account, references))
        results = refresh_many(transactions, by=None, source=Source.COMMAND, at_once=AT_ONCE)
        return list(self.progress(results, of=len(transactions), what="Asking the gateway"))


def _transactions(account: GatewayAccount, references: list[str]) -> Iterable[Transaction]:
    for start in range(0, len(references), 400):
        part = references[start : start + 400]
        yield from Transaction.objects.filter(account=account, reference__in=part).select_related("account")


def _bad(found: OrderFile) -> Report:
    bad = sorted(found.bad_lines.items())
    lines = [f"Line {number}: {sentence}" for number, sentence in bad[:_LISTED]]
    if len(bad) > _LISTED:
        lines.append(f"… and {len(bad) - _LISTED} more.")
    lines.append(f"{len(bad)} bad lines; nothing was imported. Correct them and import the file again.")
    facts = {"imported": 0, "bad_lines": [{"line": number, "reason": sentence} for number, sentence in bad]}
    return Report(lines=lines, facts=facts, exit_code=WRONG)


def _done(rows: list[OrderRow], new: int, results: list[RefreshResult]) -> Report:
    problems = [result for result in results if result.problem]
    names = dict(
        Transaction.objects.filter(pk__in=[one.transaction_id for one in problems]).values_list("pk", "reference")
    )
    told = [{"transaction": names[one.transaction_id], "problem": one.problem} for one in problems]
    lines = [f"Orders in the books: {len(rows)}, of these new: {new}; transactions asked about: {len(results)}."]
    lines += [f"{one['transaction']}: {one['problem']}" for one in told[:_LISTED]]
    if told:
        lines.append(f"{len(told)} could not be read; their orders stay. Run `manage.py refresh` to ask again.")
    facts = {
        "imported": len(rows),
        "new": new,
        "transactions": len(results),
        "changed": sum(result.changed for result in results),
        "problems": told,
        "bad_lines": [],
    }
    return Report(lines=lines, facts=facts, exit_code=WRONG if told else 0)
