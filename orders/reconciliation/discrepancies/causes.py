"""The likely cause of each discrepancy: hypotheses tested in order over facts gathered in bulk, all of them kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from orders.database import database_now, in_one_transaction, rows_at_once, save_many
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyType,
    GatewayAccount,
    MonthClose,
    MonthState,
    ReconciliationRun,
)
from orders.reconciliation.discrepancies.case_gathering import NOT_LOOKED_AT, RELATED, cases_of
from orders.reconciliation.discrepancies.hypotheses import Finding, every_finding, likeliest

Item = TypeVar("Item")
BATCH = 500
_IDS_AT_ONCE = 10_000
_ASKED_AGAIN = (DiscrepancyType.THEIRS_NOT_OURS, DiscrepancyType.OURS_NOT_THEIRS, DiscrepancyType.AMBIGUOUS)
"""Types whose cause changes with what else comes in: each run of the account asks again while they are open."""
_ASKED_AGAIN_DAYS = 45
_ASKED_AGAIN_MAXIMUM = 5_000


def explain(
    discrepancy_ids: Iterable[int] = (), *, run: ReconciliationRun | None = None, today: date | None = None
) -> int:
    """Find and store the likely cause of unsettled discrepancies; returns how many causes are new or changed.

    With a run: all of it, and what is open on its account and may look different now. Batches of 500, each with a
    bounded number of queries. Repeating it changes nothing. `today` is the database's date unless told otherwise.
    """
    wanted = set(discrepancy_ids)
    if run is not None:
        wanted |= set(_of_run(run))
    day = today or database_now().date()
    return sum(_explain_batch(batch, day) for batch in _batches(wanted))


def _of_run(run: ReconciliationRun) -> list[int]:
    unsettled = Discrepancy.objects.unsettled()
    since = run.business_date - timedelta(days=_ASKED_AGAIN_DAYS)
    again = unsettled.filter(account=run.account_id, type__in=_ASKED_AGAIN, occurred_on__gte=since)
    newest = again.order_by("-pk").values_list("pk", flat=True)[:_ASKED_AGAIN_MAXIMUM]
    return [*unsettled.filter(run=run).values_list("pk", flat=True), *newest]


def _batches(ids: Iterable[int]) -> Iterable[Sequence[int]]:
    """By account and type, because each type looks at other surroundings."""
    found: list[tuple[int, str, int]] = []
    for some in _pieces(sorted(ids), _IDS_AT_ONCE):
        rows = Discrepancy.objects.unsettled().filter(pk__in=some)
        found += rows.values_list("account_id", "type", "pk")
    for _, of_account in groupby(sorted(found), key=lambda row: row[0]):
        for batch in _pieces(list(of_account), BATCH):
            yield [pk for _, _, pk in batch]


def _pieces(whole: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _explain_batch(ids: Sequence[int], today: date) -> int:
    found = Discrepancy.objects.filter(pk__in=ids).select_related(*RELATED).defer(*NOT_LOOKED_AT)
    rows = list(found.order_by("pk"))
    if not rows:
        return 0
    account = GatewayAccount.objects.get(pk=rows[0].account_id)
    told = {case.id: every_finding(case) for case in cases_of(account, rows, today=today)}
    pieces = _pieces(list(told.items()), rows_at_once())
    return sum(in_one_transaction(partial(_write, dict(piece))) for piece in pieces)


def _write(told: dict[int, list[Finding]]) -> int:
    """Only what changed, and only what is still open; a new cause is a line of the history."""
    rows = _open_months(Discrepancy.objects.unsettled().filter(pk__in=told)).order_by("pk")
    changed, entries, now = [], list[DiscrepancyEntry](), database_now()
    for row in rows.select_for_update(no_key=True, of=("self",)).only("cause", "confidence", "evidence"):
        findings = told[row.pk]
        top = likeliest(findings)
        tested = [_plain(finding) for finding in findings]
        if (row.cause, row.confidence, row.evidence.get("tested")) == (top.cause, top.confidence, tested):
            continue
        if row.cause != top.cause:
            text = f"{top.cause.label} ({top.confidence} %). {top.sentence}"
            entries.append(DiscrepancyEntry(discrepancy=row, at=now, verb="explained", text=text))
        row.cause, row.confidence = top.cause.value, top.confidence
        row.evidence = {**row.evidence, "tested": tested}
        changed.append(row)
    save_many(changed, ["cause", "confidence", "evidence"])
    DiscrepancyEntry.objects.bulk_create(entries)
    return len(entries)


def _open_months(rows: QuerySet[Discrepancy]) -> QuerySet[Discrepancy]:
    closed = MonthClose.objects.filter(
        account=OuterRef("account"), state=MonthState.CLOSED, month__lte=OuterRef("month"), until__gt=OuterRef("month")
    )
    return rows.filter(~Exists(closed))


def _plain(finding: Finding) -> dict[str, Any]:
    return {
        "cause": finding.cause.value,
        "holds": finding.holds,
        "confidence": finding.confidence,
        "sentence": finding.sentence,
    }
