"""The remainder watch: what an ended authorization still holds, and split legs that failed, become discrepancies."""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from orders.models import (
    Discrepancy,
    DiscrepancyType,
    GatewayAccount,
    Modification,
    ModificationState,
    Transaction,
)
from orders.models.transaction import REST_PATIENCE
from orders.money import Money
from orders.reconciliation.calendar import Terms
from orders.reconciliation.discrepancies.typing_rows import Finding, keep, open_months, vanish
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.words import capitalised, counted, night_of

LEGS_WITHIN = timedelta(days=90)
AT_MOST = 2_000
"""So many rests of an account a night looks at; the others follow when these are gone."""
_SENTENCE_MAXIMUM = 400
_NEVER_HELD = ("pending_authorization", "failed")
_WENT = "The rest was captured or released meanwhile, so nothing is held any more."


def watch_remainders(due: Due, now: datetime) -> Told:
    """Open a discrepancy for each rest that should have gone back to the shopper, and end those that went."""
    rests = list(held_too_long(due.account, now)[: AT_MOST + 1])
    found = [_of_rest(due.terms, row) for row in rests[:AT_MOST]]
    by = night_of(due.day)
    opened = keep(due.account, None, found, by=by)
    ended = vanish(_gone(due.account, {one.key for one in found}), by=by) if len(rests) <= AT_MOST else 0
    failures = [_of_legs(due.terms, row) for row in legs_failed(due, now)]
    legs = keep(due.account, None, _unknown(due.account, failures), by=by)
    unsettled = Discrepancy.objects.filter(account=due.account).unsettled()
    standing = unsettled.filter(type=DiscrepancyType.REMAINDER).count()
    failed = unsettled.filter(type=DiscrepancyType.SPLIT_LEG_FAILED).count()
    figures = {"remainders": standing, "legs": failed, "opened": opened + legs, "ended": ended}
    if not any(figures.values()):
        return Told(sentence="No ended authorization holds anything, and no leg failed.", figures=figures)
    hold = capitalised(counted(standing, "ended authorization holds", "ended authorizations hold"))
    have = counted(failed, "modification has", "modifications have")
    sentence = f"{hold} something still ({opened} new, {ended} gone); {have} failed legs ({legs} new)."
    return Told(sentence=sentence, figures=figures)


def held_too_long(account: GatewayAccount, now: datetime) -> QuerySet[Transaction]:
    """Authorizations that ended more than a day ago and still hold something, the oldest first.

    While a capture or cancellation is under way, its end decides what is held.
    """
    rows = Transaction.objects.filter(account=account, expires_at__lt=now - REST_PATIENCE, capturing=0)
    rows = rows.filter(authorized__gt=F("captured") + F("released"), exclusive_modification__isnull=True)
    return rows.exclude(state__in=_NEVER_HELD).order_by("expires_at", "pk")


def legs_failed(due: Due, now: datetime) -> list[Modification]:
    """What succeeded although one of its legs failed, more than a day ago."""
    rows = Modification.objects.filter(
        merchant_id=due.account.merchant_id,
        account=due.account,
        state=ModificationState.SUCCEEDED,
        requested_at__gte=now - LEGS_WITHIN,
        finished_at__lt=now - REST_PATIENCE,
    ).exclude(legs=[])
    found = rows.select_related("transaction").defer("body", "headers").order_by("finished_at", "pk")
    return [row for row in found if any(leg.get("failed") for leg in row.legs)]


def _gone(account: GatewayAccount, held: Container[str]) -> list[tuple[int, str]]:
    """Unsettled ones whose rest went; a closed month keeps its own."""
    month_of = open_months(account.pk)
    rows = Discrepancy.objects.filter(account=account, type=DiscrepancyType.REMAINDER).unsettled()
    return [
        (pk, _WENT)
        for pk, key, month in rows.values_list("pk", "key", "month")
        if key not in held and month_of(month) == month
    ]


def _unknown(account: GatewayAccount, found: Sequence[Finding]) -> list[Finding]:
    """A failed leg is told once: whether a line has shown it since, or a person has ended it, stands there already."""
    keys = [one.key for one in found]
    known = set(Discrepancy.objects.filter(account=account, key__in=keys).values_list("key", flat=True))
    return [one for one in found if one.key not in known]


def _of_rest(terms: Terms, row: Transaction) -> Finding:
    assert row.expires_at is not None
    rest = Money(row.open_to_capture, row.currency)
    ended = row.expires_at.astimezone(terms.zone).date()
    return Finding(
        key=f"rest:{row.pk}",
        type=DiscrepancyType.REMAINDER,
        transaction_id=row.pk,
        reference=row.reconciliation_reference,
        amount=row.open_to_capture,
        difference=0,
        currency=row.currency,
        sentence=f"The authorization of {row.reference} ended on {ended:%-d %B %Y}, and {rest} of it was neither "
        "captured nor released: the shopper's money may still be held. Ask the gateway, or release it there.",
        occurred_on=ended,
    )


def _of_legs(terms: Terms, row: Modification) -> Finding:
    assert row.finished_at is not None
    failed = [leg for leg in row.legs if leg.get("failed")]
    named = ", ".join(_leg(leg) for leg in failed[:3])
    many = "one of its legs" if len(failed) == 1 else f"{len(failed)} of its legs"
    sentence = (
        f"The {row.kind} of {Money(row.amount, row.currency)} succeeded, but {many} failed: {named}. The part did not "
        "reach its destination; settle it with the gateway."
    )
    return Finding(
        key=f"legs:{row.pk}",
        type=DiscrepancyType.SPLIT_LEG_FAILED,
        modification_id=row.pk,
        transaction_id=row.transaction_id,
        reference=row.gateway_reference,
        amount=row.executed_amount or row.amount,
        difference=0,
        currency=row.currency,
        sentence=sentence[:_SENTENCE_MAXIMUM],
        occurred_on=row.finished_at.astimezone(terms.zone).date(),
    )


def _leg(leg: dict[str, str]) -> str:
    return f"{leg.get('destination') or 'unnamed'} ({leg.get('error') or leg.get('status') or 'no reason given'})"
