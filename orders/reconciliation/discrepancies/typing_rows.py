"""From findings to rows: opened, typed anew, reopened, or left alone; each change with its entry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from orders.database import Among, database_now, in_one_transaction, in_short_turns, insert_many, save_many
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    MonthClose,
    MonthState,
    ReconciliationRun,
    SettlementLine,
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


def keep(account: GatewayAccount, run: ReconciliationRun | None, findings: Sequence[Finding], *, by: str = "") -> int:
    """Write a batch in short database transactions; how many rows are new, typed anew or open again.

    The history says `by` what it was found, in words, or by which run.
    """
    typed = {finding.key: finding for finding in findings if finding.type is not None}
    return sum(
        in_one_transaction(partial(_keep, account, run, dict(some), _hand(run, by)))
        for some in in_short_turns(typed.items())
    )


def vanish(rows: Collection[tuple[int, str]], *, run: ReconciliationRun | None = None, by: str = "") -> int:
    """Close unsettled rows whose ground is gone: (id, reason) each; `run` and `by` as for `keep`."""
    return sum(
        in_one_transaction(partial(_vanish, dict(some), _hand(run, by))) for some in in_short_turns(dict(rows).items())
    )


def as_date(value: date | str) -> date:
    """SQLite answers with text."""
    return value if isinstance(value, date) else date.fromisoformat(value)


def as_uuid(value: UUID | str) -> UUID:
    """SQLite answers with text without dashes."""
    return UUID(value) if isinstance(value, str) else value


def _hand(run: ReconciliationRun | None, by: str) -> dict[str, Any]:
    return {"by": by} if by else {"run": run.pk} if run is not None else {}


def _keep(
    account: GatewayAccount, run: ReconciliationRun | None, typed: dict[str, Finding], hand: dict[str, Any]
) -> int:
    hold_months(account.pk)
    now, month_of = database_now(), open_months(account.pk)
    known = Discrepancy.objects.select_for_update(no_key=True).filter(account=account, key__in=typed)
    there = {row.key: row for row in known.order_by("pk")}
    new = [one for key, one in typed.items() if key not in there]
    ids = insert_many(Discrepancy, [_row(account, run, one, month_of, now) for one in new])
    entries = [_entry(pk, one.type, now, "opened", one.sentence) for pk, one in zip(ids, new, strict=True)]
    changed, moved = list[Discrepancy](), list[Discrepancy]()
    same_line = _same_lines((row.line_id, typed[key].line_id) for key, row in there.items())
    for key, row in there.items():
        is_closed = month_of(row.month) != row.month
        verb = _verb(row, typed[key], is_closed=is_closed)
        if verb:
            entries.append(_entry(row.pk, row.type, now, verb, typed[key].sentence, was=row.type))
            _change(row, run, typed[key], verb)
            changed.append(row)
        elif row.line_id != typed[key].line_id and (not is_closed or typed[key].line_id in same_line):
            # The same line in a corrected file: what people decided, and even signed with a month, goes along.
            row.line_id = typed[key].line_id
            moved.append(row)
    save_many(changed, _CHANGING)
    save_many(moved, ("line",))
    _note(entries, hand)
    return len(new) + len(changed)


def _same_lines(pairs: Iterable[tuple[int | None, int | None]]) -> set[int]:
    """Of pairs of two lines, the second ones that say the very same as the first, in another file."""
    apart = [(one, other) for one, other in pairs if one is not None and other is not None and one != other]
    lines = SettlementLine.objects.filter(Among("pk", {line_id for pair in apart for line_id in pair}))
    identities = dict(lines.values_list("pk", "identity")) if apart else {}
    return {other for one, other in apart if identities.get(one) == identities[other]}


def _verb(row: Discrepancy, finding: Finding, *, is_closed: bool) -> str:
    """What a finding does to a known row; empty when it tells nothing new, or a person or a month stands on it."""
    if is_closed:
        return ""
    same = row.type == finding.type and _off_by(row) == _off_by(finding)
    if row.state == DiscrepancyState.OPEN:
        unchanged = same and row.amount == finding.amount and _sides(row) == _sides(finding)
        return "" if unchanged else "typed"
    if row.state == DiscrepancyState.WAITING:  # two people are at it, as long as it is about the same
        named, found = _sides(row)[:2], _sides(finding)[:2]
        grown = row.type == finding.type and _off_by(row) != _off_by(finding)
        paid = finding.type == DiscrepancyType.SETTLED_THOUGH_FAILED != row.type
        return "reopened" if grown or paid or (any(named) and named != found) else ""
    if row.state in (DiscrepancyState.VANISHED, DiscrepancyState.RESOLVED):
        return "reopened"  # what had met was taken apart
    return "reopened" if not same and _off_by(finding) else ""


def _off_by(told: Discrepancy | Finding) -> int:
    """What people decide about: the difference or, where sums stand beside the money (a payout), the amount."""
    return told.difference or told.amount


def _sides(told: Discrepancy | Finding) -> tuple[str, int | None, int | None]:
    """What it is about; SQLite answers ids without dashes."""
    return str(told.modification_id or "").replace("-", ""), told.movement_id, told.line_id


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
) -> dict[str, Any]:
    return {
        "merchant_id": account.merchant_id,
        "account_id": account.pk,
        "key": finding.key,
        "type": finding.type,
        "run_id": run.pk if run else None,
        "line_id": finding.line_id,
        "modification_id": _uuid(finding.modification_id),
        "movement_id": finding.movement_id,
        "transaction_id": finding.transaction_id,
        "reference": finding.reference,
        "amount": finding.amount,
        "difference": finding.difference,
        "currency": finding.currency,
        "sentence": finding.sentence,
        "occurred_on": finding.occurred_on,
        "month": month_of(finding.occurred_on),
        "opened_at": now,
    }


def _vanish(reasons: dict[int, str], hand: dict[str, Any]) -> int:
    now = database_now()
    for account_id in sorted(set(Discrepancy.objects.filter(pk__in=reasons).values_list("account_id", flat=True))):
        hold_months(account_id)
    rows = list(Discrepancy.objects.unsettled().select_for_update(no_key=True).filter(pk__in=reasons).order_by("pk"))
    for row in rows:
        row.state, row.closed_at, row.resolution = DiscrepancyState.VANISHED, now, reasons[row.pk]
        row.version += 1
    save_many(rows, ("state", "closed_at", "resolution", "version"))
    _note([_entry(row.pk, row.type, now, "vanished", reasons[row.pk]) for row in rows], hand)
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


def _entry(pk: int, type: str | None, now: datetime, verb: str, text: str, *, was: str = "") -> dict[str, Any]:
    details = {"type": type} | ({"was": was} if was else {})
    return {"discrepancy_id": pk, "at": now, "verb": verb, "text": text, "details": details}


def _note(entries: Sequence[dict[str, Any]], hand: dict[str, Any]) -> None:
    """Write the history, each line with what found it."""
    insert_many(DiscrepancyEntry, [{**entry, "details": {**entry["details"], **hand}} for entry in entries])


def _uuid(value: UUID | str | None) -> UUID | None:
    return None if value is None else as_uuid(value)
