"""The likely cause of each discrepancy: hypotheses tested in order over facts gathered in bulk, all of them kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, TypeVar

from django.db.models import Exists, OuterRef, QuerySet

from orders.database import Among, database_now, in_one_transaction, in_short_turns, insert_many, update_many
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyType,
    GatewayAccount,
    MonthClose,
    MonthState,
    ReconciliationRun,
)
from orders.reconciliation.discrepancies.case_gathering import cases_of
from orders.reconciliation.discrepancies.hypotheses import Finding, every_finding, likeliest
from orders.reconciliation.matching.candidates import nothing_to_renew

Item = TypeVar("Item")
_Asked = tuple[int, str, int]
"""Account, type and id of a discrepancy."""
BATCH = 1_000
_IDS_AT_ONCE = 10_000
_ASKED_AGAIN = (DiscrepancyType.THEIRS_NOT_OURS, DiscrepancyType.OURS_NOT_THEIRS, DiscrepancyType.AMBIGUOUS)
"""Types whose cause changes with what else comes in: each run of the account asks again while they are open."""
_ASKED_AGAIN_DAYS = 45
_ASKED_AGAIN_MAXIMUM = 5_000


def explain(
    discrepancy_ids: Iterable[int] = (),
    *,
    run: ReconciliationRun | None = None,
    today: date | None = None,
    by: str = "",
    renew: Callable[[], None] = nothing_to_renew,
) -> int:
    """Find and store the likely cause of unsettled discrepancies; returns how many causes are new or changed.

    With a run: all of it, and what is open on its account and may look different now. Batches of 1,000, each with a
    bounded number of queries. Repeating it changes nothing. `today` is the database's date unless told otherwise. The
    history says `by` what it was found, in words, or by which run. `renew` keeps the run's turn from batch to batch, or
    raises when it was lost.
    """
    wanted = {row for some in _pieces(sorted(set(discrepancy_ids)), _IDS_AT_ONCE) for row in _asked(pk__in=some)}
    if run is not None:
        wanted |= _of_run(run)
    day = today or database_now().date()
    hand: dict[str, Any] = {"by": by} if by else {"run": run.pk} if run is not None else {}
    found = 0
    for account_id, ids in _batches(wanted):
        renew()
        found += _explain_batch(account_id, ids, day, hand)
    return found


def _asked(**conditions: Any) -> QuerySet[Discrepancy, _Asked]:
    return Discrepancy.objects.unsettled().filter(**conditions).values_list("account_id", "type", "pk")


def _of_run(run: ReconciliationRun) -> set[_Asked]:
    since = run.business_date - timedelta(days=_ASKED_AGAIN_DAYS)
    again = _asked(account=run.account_id, type__in=_ASKED_AGAIN, occurred_on__gte=since)
    return {*_asked(run=run), *again.order_by("-pk")[:_ASKED_AGAIN_MAXIMUM]}


def _batches(asked: Iterable[_Asked]) -> Iterator[tuple[int, Sequence[int]]]:
    """By account and type, because each type looks at other surroundings: the account, and so many of its ids."""
    for account_id, of_account in groupby(sorted(asked), key=itemgetter(0)):
        for batch in _pieces(list(of_account), BATCH):
            yield account_id, [pk for _, _, pk in batch]


def _pieces(whole: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    return (whole[start : start + size] for start in range(0, len(whole), size))


def _explain_batch(account_id: int, ids: Sequence[int], today: date, hand: dict[str, Any]) -> int:
    account = GatewayAccount.objects.get(pk=account_id)
    told = {case.id: every_finding(case) for case in cases_of(account, ids, today=today)}
    return sum(in_one_transaction(partial(_write, dict(some), hand)) for some in in_short_turns(told.items()))


def _write(told: dict[int, list[Finding]], hand: dict[str, Any]) -> int:
    """Only what changed, and only what is still open; a new cause is a line of the history."""
    rows = _open_months(Discrepancy.objects.unsettled().filter(Among("pk", told))).order_by("pk")
    held = rows.select_for_update(no_key=True).values_list("pk", "cause", "confidence", "evidence")
    changed, entries, now = list[dict[str, Any]](), list[dict[str, Any]](), database_now()
    for pk, cause, confidence, evidence in held:
        findings = told[pk]
        top = likeliest(findings)
        tested = [_plain(finding) for finding in findings]
        if (cause, confidence, evidence.get("tested")) == (top.cause, top.confidence, tested):
            continue
        if cause != top.cause:
            text = f"{top.cause.label} ({top.confidence} %). {top.sentence}"
            entries.append({"discrepancy_id": pk, "at": now, "verb": "explained", "text": text, "details": hand})
        evidence["tested"] = tested
        changed.append({"id": pk, "cause": top.cause.value, "confidence": top.confidence, "evidence": evidence})
    update_many(Discrepancy, changed)
    insert_many(DiscrepancyEntry, entries)
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
