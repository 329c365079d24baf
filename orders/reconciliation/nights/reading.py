"""The night's own reading: every payment that moved lately is read from its gateway and compared with our copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Case, F, IntegerField, Q, Value, When

from orders.database import database_now, refuse_open_transaction
from orders.gateways.base import CannotSay
from orders.mirror import ladder
from orders.mirror.collecting import collect_account
from orders.mirror.collecting_round import accounts_that_list
from orders.mirror.fetching import ask_many, question_about
from orders.mirror.refresh import Reader, RefreshResult
from orders.models import NOT_YET_NAMED, GatewayAccount, Source, Transaction
from orders.modifications.situation import capability_of
from orders.reconciliation.nights.drift import read_and_compare
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.words import capitalised, counted

TOUCHED_WITHIN = timedelta(days=35)
AT_ONCE = 8
CHUNK = 24
PATIENCE = 5
"""So many readings in a row may fail before the gateway is left alone."""


def read_lately_touched(account: GatewayAccount, *, since: datetime, renew: Callable[[], None]) -> Told:
    """Read what moved in the last weeks and was not read since the night began, up to the night's budget."""
    refuse_open_transaction()
    why_not = why_not_read(account)
    if why_not:
        return Told(sentence=why_not)
    wanted = _wanted(account, since)
    results: list[RefreshResult] = []
    for result in _read(wanted[: settings.NIGHT_READS], renew):
        results.append(result)
        if len(results) >= PATIENCE and all(one.problem for one in results[-PATIENCE:]):
            break
    return _told(results, more=len(wanted) > settings.NIGHT_READS)


def collect(account: GatewayAccount) -> Told:
    """Take over what the gateway lists and we do not know."""
    if account.pk not in {one.pk for one in accounts_that_list()}:
        return Told(sentence=f"{account.name} has no list to collect from now.")
    found = collect_account(account, source=Source.WORKER)
    figures = {"seen": found.seen, "new": found.new, "changed": found.changed, "refused": len(found.refused)}
    listed = capitalised(counted(found.seen, "payment", "payments"))
    sentence = f"{listed} listed, {found.new} new, {found.changed} changed."
    if found.problem:
        return Told(sentence=f"The list was not read to its end: {found.problem}", figures=figures, ok=False)
    return Told(sentence=sentence, figures=figures)


def why_not_read(account: GatewayAccount) -> str:
    """Why nothing can be read from this account now, as a sentence; empty when it can."""
    if account.paused:
        return f"{account.name} is paused, so its gateway was not asked."
    try:
        reads = capability_of(account).reads
    except (CannotSay, LookupError):
        return f"The profile of {account.name} cannot be read, so its gateway was not asked."
    return "" if reads else f"The gateway of {account.name} shows no payment when it is asked; its webhooks tell."


def _wanted(account: GatewayAccount, since: datetime) -> list[int]:
    """One more than the budget, what still moves first and then what was read longest ago."""
    lately = database_now() - TOUCHED_WITHIN
    rows = Transaction.objects.filter(account=account).exclude(reference__startswith=NOT_YET_NAMED)
    rows = rows.filter(Q(created_at__gte=lately) | Q(status_at__gte=lately) | Q(state__in=ladder.MOVING))
    rows = rows.filter(Q(refreshed_at__isnull=True) | Q(refreshed_at__lt=since))
    moving = Case(When(state__in=ladder.MOVING, then=Value(0)), default=Value(1), output_field=IntegerField())
    order = (moving, F("refreshed_at").asc(nulls_first=True), "pk")
    return list(rows.order_by(*order).values_list("pk", flat=True)[: settings.NIGHT_READS + 1])


def _read(wanted: Sequence[int], renew: Callable[[], None]) -> Iterator[RefreshResult]:
    """In chunks, each of which renews the lease; several questions are under way, one answer is written at a time."""
    reader = Reader(by=None, source=Source.WORKER)
    for start in range(0, len(wanted), CHUNK):
        renew()
        rows = Transaction.objects.filter(pk__in=wanted[start : start + CHUNK]).select_related("account")
        questions = [question_about(row) for row in rows.order_by("pk")]
        for question, fetched in ask_many(questions, at_once=AT_ONCE):
            yield read_and_compare(question, fetched, reader)


def _told(results: Sequence[RefreshResult], *, more: bool) -> Told:
    failed = sum(bool(one.problem) for one in results)
    changed = sum(one.changed for one in results)
    figures = {"read": len(results) - failed, "changed": changed, "failed": failed}
    read = capitalised(counted(len(results) - failed, "payment", "payments"))
    sentence = f"{read} read, {changed} changed, {failed} could not be read."
    if len(results) >= PATIENCE and all(one.problem for one in results[-PATIENCE:]):
        last = results[-1].problem
        return Told(sentence=f"{sentence} The gateway was left alone then: {last}", figures=figures, ok=False)
    if more:
        sentence += f" More than {len(results)} moved lately; the rest is read by the mirror's own round."
    return Told(sentence=sentence, figures=figures)
