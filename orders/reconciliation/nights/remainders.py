"""The remainder watch: what an ended authorization still holds, and split legs that failed, become discrepancies."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from orders.models import DiscrepancyType, GatewayAccount, Modification, ModificationState, Transaction
from orders.money import Money
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.grounds import Ground, Stood, stand_by

PATIENCE = timedelta(days=1)
"""After the end of an authorization, and after a failed leg, before it is a discrepancy."""
LEGS_WITHIN = timedelta(days=90)
AT_MOST = 2_000
"""So many rests of an account a night looks at; the others follow when these are gone."""
_NEVER_HELD = ("pending_authorization", "failed")
_WENT = "The rest was captured or released meanwhile, so nothing is held any more."


def watch_remainders(due: Due, now: datetime) -> Told:
    """Open a discrepancy for each rest that should have gone back to the shopper, and end those that went."""
    rests = list(held_too_long(due.account, now)[: AT_MOST + 1])
    whole = len(rests) <= AT_MOST
    grounds = [_of_rest(due.terms, row) for row in rests[:AT_MOST]]
    stood = stand_by(due.account, DiscrepancyType.REMAINDER, grounds, day=due.day, gone=_WENT if whole else "")
    legs = [_of_legs(due.terms, row) for row in legs_failed(due.account, now)]
    split = stand_by(due.account, DiscrepancyType.SPLIT_LEG_FAILED, legs, day=due.day)
    figures = {"remainders": stood.standing, "legs": split.standing, "ended": stood.ended}
    return Told(sentence=_sentence(stood, split), figures=figures)


def release_expected_by(transaction: Transaction) -> datetime | None:
    """When what is not captured should be back with the shopper; None where nothing is held or nobody knows."""
    if transaction.expires_at is None or transaction.open_to_capture <= 0:
        return None
    return transaction.expires_at + PATIENCE


def held_too_long(account: GatewayAccount, now: datetime) -> QuerySet[Transaction]:
    """Authorizations that ended more than a day ago and still hold something, the oldest first.

    While a capture or cancellation is under way, its end decides what is held.
    """
    rows = Transaction.objects.filter(account=account, expires_at__lt=now - PATIENCE, capturing=0)
    rows = rows.filter(authorized__gt=F("captured") + F("released"), exclusive_modification__isnull=True)
    return rows.exclude(state__in=_NEVER_HELD).order_by("expires_at", "pk")


def legs_failed(account: GatewayAccount, now: datetime) -> list[Modification]:
    """What succeeded although one of its legs failed, more than a day ago."""
    rows = Modification.objects.filter(
        merchant_id=account.merchant_id,
        account=account,
        state=ModificationState.SUCCEEDED,
        requested_at__gte=now - LEGS_WITHIN,
        finished_at__lt=now - PATIENCE,
    ).exclude(legs=[])
    found = rows.select_related("transaction").defer("body", "headers").order_by("finished_at", "pk")
    return [row for row in found if any(leg.get("failed") for leg in row.legs)]


def _of_rest(terms: Terms, row: Transaction) -> Ground:
    assert row.expires_at is not None
    rest = Money(row.open_to_capture, row.currency)
    ended = row.expires_at.astimezone(terms.zone).date()
    return Ground(
        key=f"rest:{row.pk}",
        transaction=row,
        amount=row.open_to_capture,
        sentence=f"The authorization of {row.reference} ended on {ended:%-d %B %Y}, and {rest} of it was neither "
        "captured nor released: the shopper's money may still be held. Ask the gateway, or release it there.",
        occurred_on=ended,
        reference=row.reconciliation_reference,
    )


def _of_legs(terms: Terms, row: Modification) -> Ground:
    assert row.finished_at is not None
    failed = [leg for leg in row.legs if leg.get("failed")]
    named = ", ".join(_leg(leg) for leg in failed[:3])
    many = "one of its legs" if len(failed) == 1 else f"{len(failed)} of its legs"
    return Ground(
        key=f"legs:{row.pk}",
        transaction=row.transaction,
        modification=row,
        amount=row.executed_amount or row.amount,
        sentence=f"The {row.kind} of {Money(row.amount, row.currency)} succeeded, but {many} failed: {named}. The part "
        "did not reach its destination; settle it with the gateway.",
        occurred_on=row.finished_at.astimezone(terms.zone).date(),
        reference=row.gateway_reference,
    )


def _leg(leg: dict[str, str]) -> str:
    return f"{leg.get('destination') or 'unnamed'} ({leg.get('error') or leg.get('status') or 'no reason given'})"


def _sentence(rests: Stood, legs: Stood) -> str:
    if not (rests.standing or legs.standing or rests.ended):
        return "No ended authorization holds anything, and no leg failed."
    told = f"{rests.standing} ended authorizations still hold something ({rests.opened + rests.reopened} new"
    return f"{told}, {rests.ended} gone), {legs.standing} modifications have failed legs ({legs.opened} new)."
