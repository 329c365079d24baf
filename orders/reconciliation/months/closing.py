"""Signing a month: one person proposes, another confirms exactly the same report, and from then on it is locked."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.models import Count, Max, Q

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    DiscrepancyEntry,
    GatewayAccount,
    Match,
    MonthClose,
    MonthState,
    ReconciliationRun,
    RunState,
    SettlementFile,
    Source,
)
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.permissions import permissions_of
from orders.reconciliation.closed import hold_months
from orders.reconciliation.months.checklist import checklist, stops
from orders.reconciliation.months.period import Month
from orders.reconciliation.months.report import digest, report_of, sign

if TYPE_CHECKING:
    from django.contrib.auth.models import User

TEXT_MAXIMUM = 500


def why_not(person: User, merchant_id: int, *, row: MonthClose | None = None) -> str:
    """Why this person may not sign here; empty when they may. With `row`, why they may not be its second person."""
    if "close_month" not in permissions_of(person, merchant_id):
        return "Only people with the “close_month” permission at this merchant sign months."
    if row is not None and row.proposed_by_id == person.pk:
        return "You signed this yourself, so somebody else must sign as the second person."
    return ""


def propose(*, account: GatewayAccount, month: Month, by: User, source: Source = Source.PAGE) -> MonthClose:
    """The first signature. Raises NotAllowed while a needed point of the checklist is open."""
    _check(why_not(by, account.merchant_id))
    items = checklist(account, month)
    _check(" ".join(item.sentence for item in stops(items)), prefix="The month cannot be signed yet; nothing changed.")
    report = report_of(account, month, items)
    try:
        return in_one_transaction(lambda: _propose(account, month, report, by, source))
    except IntegrityError as problem:
        raise NotAllowed(
            f"{month.label} is already signed or closed; nothing changed. Look at the month again.", code="month_taken"
        ) from problem


def confirm(*, month_close_id: int, report_sha256: str, by: User, source: Source = Source.PAGE) -> MonthClose:
    """The second signature, by another person, on exactly the report that the page showed. The month is locked then.

    Raises NotAllowed, also when anything in the books changed since the first signature.
    """
    row = _find(month_close_id)
    _check(why_not(by, row.merchant_id, row=row))
    month = Month(row.month)
    seen = _stamp(row.account_id)
    items = checklist(row.account, month)
    now_there = digest(report_of(row.account, month, items))
    same = hmac.compare_digest(row.report_sha256, report_sha256) and row.report_sha256 == now_there
    if stops(items) or not same:
        raise NotAllowed(
            "The figures are not the ones that were signed any more; nothing was closed. Withdraw this signature, look "
            "at what changed, and sign anew.",
            code="month_changed",
        )
    return in_one_transaction(lambda: _close(row, seen, by, source))


def withdraw(*, month_close_id: int, reason: str, by: User, source: Source = Source.PAGE) -> MonthClose:
    """Either person takes the first signature back: the month stays open. Raises NotAllowed."""
    row = _find(month_close_id)
    _check(why_not(by, row.merchant_id))
    _check("" if reason.strip() else "Say why the month is not closed; nothing changed.")
    return in_one_transaction(lambda: _decide(row.pk, MonthState.WITHDRAWN, reason.strip(), by, source))


def reopen(*, month_close_id: int, reason: str, by: User, source: Source = Source.PAGE) -> MonthClose:
    """Unlock a closed month for a reason that stays in the books; two people sign it again. Raises NotAllowed."""
    row = _find(month_close_id)
    _check(why_not(by, row.merchant_id))
    _check("" if reason.strip() else "Say why the month is reopened; nothing changed.")
    return in_one_transaction(lambda: _reopen(row.pk, reason.strip(), by, source))


def _propose(account: GatewayAccount, month: Month, report: dict[str, object], by: User, source: Source) -> MonthClose:
    rounds = MonthClose.objects.filter(account=account, month=month.first).aggregate(last=Max("round"))["last"] or 0
    row = MonthClose.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        month=month.first,
        until=month.until,
        round=rounds + 1,
        state=MonthState.PROPOSED,
        report=report,
        report_sha256=digest(report),
        signature=sign(report),
        proposed_by=by,
        proposed_at=database_now(),
    )
    _tell(row, "signed", f"{month.label} of {account} was signed by the first person; a second must sign.", by, source)
    return row


def _close(row: MonthClose, seen: tuple[object, ...], by: User, source: Source) -> MonthClose:
    """The figures were read without a lock; what decides is whether anything ended since, asked under the lock that
    every file's flip takes too."""
    hold_months(row.account_id)
    if _stamp(row.account_id) != seen:
        raise NotAllowed("Something changed at this very moment; nothing was closed. Try again.", code="month_changed")
    return _decide(row.pk, MonthState.CLOSED, "", by, source)


def _stamp(account_id: int) -> tuple[object, ...]:
    """Changes with every file, run, parting of a match and step on a discrepancy of the account.

    Matches begin to count with their run: a night's does so before it ends, and says it by its state alone.
    """
    files = SettlementFile.objects.filter(account=account_id).aggregate(last=Max("pk"), at=Max("applied_at"))
    runs = ReconciliationRun.objects.filter(account=account_id).aggregate(
        last=Max("pk"), at=Max("finished_at"), applied=Count("pk", filter=Q(state=RunState.APPLIED))
    )
    parted = Match.objects.filter(run__account=account_id, ended_at__isnull=False).aggregate(at=Max("ended_at"))
    entries = DiscrepancyEntry.objects.filter(discrepancy__account=account_id).aggregate(last=Max("pk"))
    return (*files.values(), *runs.values(), *parted.values(), *entries.values())


def _decide(pk: int, state: MonthState, text: str, by: User, source: Source) -> MonthClose:
    row = MonthClose.objects.select_for_update(no_key=True).select_related("account").get(pk=pk)
    if row.state != MonthState.PROPOSED:
        raise NotAllowed("Somebody else decided on it meanwhile; nothing changed.", code="month_decided")
    row.state, row.decision_text = state.value, text[:TEXT_MAXIMUM]
    row.decided_by, row.decided_at = by, database_now()
    row.save(update_fields=["state", "decision_text", "decided_by", "decided_at"])
    label = Month(row.month).label
    said = (
        f"{label} of {row.account} is closed and locked: two people signed."
        if state is MonthState.CLOSED
        else f"{label} of {row.account} stays open: {text}"
    )
    _tell(row, state.value, said, by, source)
    return row


def _reopen(pk: int, reason: str, by: User, source: Source) -> MonthClose:
    row = MonthClose.objects.select_for_update(no_key=True).select_related("account").get(pk=pk)
    if row.state != MonthState.CLOSED:
        raise NotAllowed("This month is not closed, so there is nothing to reopen.", code="month_not_closed")
    row.state, row.reopened_by, row.reopened_at = MonthState.REOPENED.value, by, database_now()
    row.reopened_reason = reason[:TEXT_MAXIMUM]
    row.save(update_fields=["state", "reopened_by", "reopened_at", "reopened_reason"])
    _tell(row, "reopened", f"{Month(row.month).label} of {row.account} was reopened: {reason}", by, source)
    return row


def _tell(row: MonthClose, verb: str, sentence: str, by: User, source: Source) -> None:
    audit.record(
        verb=f"month.{verb}",
        sentence=sentence,
        source=source,
        by=by,
        account=row.account,
        details={"month": f"{row.month:%Y-%m}", "round": row.round, "report_sha256": row.report_sha256},
    )


def _find(pk: int) -> MonthClose:
    row = MonthClose.objects.select_related("account__merchant").filter(pk=pk).first()
    if row is None:
        raise UnknownThing("There is no such month.", code="unknown")
    return row


def _check(sentence: str, *, prefix: str = "") -> None:
    if sentence:
        raise NotAllowed(f"{prefix} {sentence}".strip(), code="month_not_allowed")
