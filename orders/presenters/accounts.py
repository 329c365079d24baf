"""The health of gateway accounts: paused or not, answering or not, and how long the oldest modification has waited."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Count, Min, Q

from orders.models import GatewayAccount, Heartbeat, Merchant, Modification, ModificationState, Proposal, ProposalState
from orders.permissions import permissions_of

STALE_AFTER = timedelta(minutes=2)
"""A part of the machine that was silent for so long is shown as not answering."""
_WAITING = (ModificationState.QUEUED, ModificationState.PENDING, ModificationState.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class AccountHealth:
    """One account as the page shows it."""

    account: GatewayAccount
    tone: str
    word: str
    sentence: str
    waiting: int
    in_doubt: int
    oldest_due_at: datetime | None
    open_proposal: Proposal | None
    may_pause: bool
    may_resume: bool
    may_configure: bool


@dataclass(frozen=True, kw_only=True)
class Beat:
    """A sign of life."""

    heartbeat: Heartbeat
    tone: str
    word: str


def account_healths(person: User, *, now: datetime) -> tuple[AccountHealth, ...]:
    """Every account of the person's merchants, in a fixed number of queries."""
    accounts = list(
        GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person))
        .select_related("merchant")
        .order_by("merchant__name", "name")
    )
    waiting = _waiting_by_account(accounts, now)
    proposals = {row.account_id: row for row in Proposal.objects.filter(account__in=accounts, state=ProposalState.OPEN)}
    return tuple(
        _health(account, waiting.get(account.pk, {}), proposals.get(account.pk), person, now) for account in accounts
    )


def beats(*, now: datetime) -> tuple[Beat, ...]:
    """The signs of life of every process, the freshest first."""
    rows = list(Heartbeat.objects.order_by("-at")[:50])
    replaced = any(_works(row) and _fresh(row, now) for row in rows)
    return tuple(_beat(row, now, replaced=replaced and _works(row)) for row in rows)


def _waiting_by_account(accounts: Iterable[GatewayAccount], now: datetime) -> dict[int, dict[str, object]]:
    waiting = [state.value for state in _WAITING]
    in_doubt = [ModificationState.UNKNOWN.value, ModificationState.REVIEW.value]
    rows = (
        Modification.objects.filter(account__in=list(accounts), finished_at__isnull=True)
        .values("account_id")
        .annotate(
            waiting=Count("pk"),
            doubtful=Count("pk", filter=Q(state__in=in_doubt)),
            oldest_due_at=Min("due_at", filter=Q(state__in=waiting, due_at__lte=now)),
        )
        .order_by()
    )
    return {row["account_id"]: dict(row) for row in rows}


def _health(
    account: GatewayAccount, figures: dict[str, object], proposal: Proposal | None, person: User, now: datetime
) -> AccountHealth:
    tone, word, sentence = _state(account, now)
    words = permissions_of(person, account.merchant_id)
    oldest = figures.get("oldest_due_at")
    return AccountHealth(
        account=account,
        tone=tone,
        word=word,
        sentence=sentence,
        waiting=int(str(figures.get("waiting", 0))),
        in_doubt=int(str(figures.get("doubtful", 0))),
        oldest_due_at=oldest if isinstance(oldest, datetime) else None,
        open_proposal=proposal,
        may_pause=not account.paused and bool(words & {"configure", "repair"}),
        may_resume=account.paused and proposal is None and bool(words & {"configure", "repair"}),
        may_configure="configure" in words,
    )


def _state(account: GatewayAccount, now: datetime) -> tuple[str, str, str]:
    if account.paused:
        return (
            "careful",
            "Paused",
            f"{account.paused_reason.rstrip('.')}. What is asked for waits in the queue; no money moves.",
        )
    if account.breaker_until is not None and account.breaker_until > now:
        return (
            "careful",
            "Not answering",
            "The gateway failed several times in a row, so it is tried with one request at a time until it answers.",
        )
    return "good", "Operational", "Requests are sent as they come."


def _beat(row: Heartbeat, now: datetime, *, replaced: bool) -> Beat:
    """A worker that ended while another one works is no alarm: each start of a worker has a name of its own."""
    if _fresh(row, now):
        return Beat(heartbeat=row, tone="good", word="Alive")
    tone, word = ("quiet", "Ended") if replaced else ("bad", "Silent")
    return Beat(heartbeat=row, tone=tone, word=word)


def _works(row: Heartbeat) -> bool:
    return row.name.startswith("worker ")


def _fresh(row: Heartbeat, now: datetime) -> bool:
    return now - row.at <= STALE_AFTER
