"""From findings to rows: opened, typed anew, reopened, or left alone; each change with its entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from orders.database import database_now, in_one_transaction, rows_at_once, save_many
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    MonthClose,
    MonthState,
    ReconciliationRun,
)
from orders.reconciliation.closed import hold_months

_CHANGING = (
    *("type", "run", "line", "modification", "movement", "transaction", "reference", "amount", "difference"),
    *("currency", "sentence", "state", "closed_at", "closed_by", "fix", "resolution", "reopened", "version"),
    *("cause", "confidence", "proposed_by", "proposed_at"),
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that does not meet, as typing found it. Without a type it is a part of another finding."""

    key: str
    type: DiscrepancyType | None
    line_id: int | None = None
    modification_id: UUID | str | None = None
    movement_id: int | None = None
    transaction_id: int | None = None
    reference: str = ""
    amount: int
    difference: int
    currency: str
    sentence: str
    occurred_on: date


def keep(account: GatewayAccount, run: ReconciliationRun | None, findings: Sequence[Finding]) -> int:
    """Write a batch in short database transactions; how many rows are new, typed anew or open again."""
    typed = {finding.key: finding for finding in findings if finding.type is not None}
    rest, kept = iter(typed.items()), 0
    while some := dict(islice(rest, rows_at_once())):
        kept += in_one_transaction(partial(_keep, account, run, some))
    return kept


def vanish(rows: Collection[tuple[int, str]]) -> int:
    """Close unsettled rows whose ground is gone: (id, reason) each."""
    rest, closed = iter(dict(rows).items()), 0
    while some := dict(islice(rest, rows_at_once())):
        closed += in_one_transaction(partial(_vanish, some))
    return closed


def as_date(value: date | str) -> date:
    """SQLite answers with text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def as_uuid(value: UUID | str) -> UUID:
    """SQLite answers with text without dashes."""
    return UUID(value) if isinstance(value, str) else value


def _keep(account: GatewayAccount, run: ReconciliationRun | None, typed: dict[str, Finding]) -> int:
    hold_months(account.pk)
    now, month_of = database_now(), open_months(account.pk)
    known = Discrepancy.objects.select_for_update(no_key=True).filter(account=account, key__in=typed)
    there = {row.key: row for row in known.order_by("pk")}
    new = [_row(account, run, one, month_of, now) for key, one in typed.items() if key not in there]
    Discrepancy.objects.bulk_create(new)
    entries = [_entry(row, now, "opened", row.sentence) for row in new]
    changed = []
    for key, row in there.items():
        verb = _verb(row, typed[key], is_closed=month_of(row.month) != row.month)
        if verb:
            entries.append(_entry(row, now, verb, typed[key].sentence, was=row.type))
            _change(row, run, typed[key], verb)
            changed.append(row)
    save_many(changed, _CHANGING)
    DiscrepancyEntry.objects.bulk_create(entries)
    return len(new) + len(changed)


def _verb(row: Discrepancy, finding: Finding, *, is_closed: bool) -> str:
    """What a finding does to a known row; empty when it tells nothing new, or a person or a month stands on it."""
    same = (row.type, row.difference) == (finding.type, finding.difference)
    if is_closed or row.state == DiscrepancyState.WAITING:
        return ""
    if row.state == DiscrepancyState.OPEN:
        item = (str(row.modification_id or ""), row.movement_id, row.line_id)
        found = (str(finding.modification_id or ""), finding.movement_id, finding.line_id)
        return "" if same and _plain(item) == _plain(found) else "typed"
    if row.state in (DiscrepancyState.VANISHED, DiscrepancyState.RESOLVED):
        return "reopened"  # what had met was taken apart
    return "reopened" if not same and finding.difference else ""


def _plain(item: tuple[str, int | None, int | None]) -> tuple[str, int | None, int | None]:
    """SQLite answers ids without dashes."""
    return item[0].replace("-", ""), item[1], item[2]


def _change(row: Discrepancy, run: ReconciliationRun | None, finding: Finding, verb: str) -> None:
    assert finding.type is not None
    row.type, row.run = finding.type.value, run
    row.line_id, row.modification_id = finding.line_id, _uuid(finding.modification_id)
    row.movement_id, row.transaction_id = finding.movement_id, finding.transaction_id
    row.reference, row.sentence = finding.reference, finding.sentence
    row.amount, row.difference, row.currency = finding.amount, finding.difference, finding.currency
    row.cause, row.confidence, row.version = "", 0, row.version + 1
    if verb == "reopened":
        row.state, row.closed_at, row.closed_by = DiscrepancyState.OPEN, None, None
        row.fix, row.resolution, row.reopened = "", "", row.reopened + 1
        row.proposed_by, row.proposed_at = None, None


def _row(
    account: GatewayAccount,
    run: ReconciliationRun | None,
    finding: Finding,
    month_of: Callable[[date], date],
    now: datetime,
) -> Discrepancy:
    assert finding.type is not None
    return Discrepancy(
        merchant_id=account.merchant_id,
        account=account,
        key=finding.key,
        type=finding.type,
        run=run,
        line_id=finding.line_id,
        modification_id=_uuid(finding.modification_id),
        movement_id=finding.movement_id,
        transaction_id=finding.transaction_id,
        reference=finding.reference,
        amount=finding.amount,
        difference=finding.difference,
        currency=finding.currency,
        sentence=finding.sentence,
        occurred_on=finding.occurred_on,
        month=month_of(finding.occurred_on),
        opened_at=now,
    )


def _vanish(reasons: dict[int, str]) -> int:
    now = database_now()
    for account_id in sorted(set(Discrepancy.objects.filter(pk__in=reasons).values_list("account_id", flat=True))):
        hold_months(account_id)
    rows = list(Discrepancy.objects.unsettled().select_for_update(no_key=True).filter(pk__in=reasons).order_by("pk"))
    for row in rows:
        row.state, row.closed_at, row.resolution = DiscrepancyState.VANISHED, now, reasons[row.pk]
        row.version += 1
    save_many(rows, ("state", "closed_at", "resolution", "version"))
    DiscrepancyEntry.objects.bulk_create([_entry(row, now, "vanished", reasons[row.pk]) for row in rows])
    return len(rows)


def open_months(account_id: int) -> Callable[[date], date]:
    """From a day to the first day of its month, or of the first month after it that is not closed."""
    closed = set(
        MonthClose.objects.filter(account_id=account_id, state=MonthState.CLOSED).values_list("month", flat=True)
    )

    def month_of(day: date) -> date:
        month = day.replace(day=1)
        while month in closed:
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        return month

    return month_of


def _entry(row: Discrepancy, now: datetime, verb: str, text: str, *, was: str = "") -> DiscrepancyEntry:
    details: dict[str, Any] = {"type": row.type} | ({"was": was} if was else {})
    return DiscrepancyEntry(discrepancy=row, at=now, verb=verb, text=text, details=details)


def _uuid(value: UUID | str | None) -> UUID | None:
    return None if value is None else as_uuid(value)
