"""Whose turn is it? What is due, oldest first, one of a transaction, and fairly between accounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from orders.database import database_now, in_one_transaction
from orders.gateways.base import CannotSay
from orders.models import GatewayAccount, Modification, ModificationState, Purpose
from orders.modifications.breaker import BREAKER_LIMIT, pause_by_machine
from orders.modifications.situation import capability_of

S = ModificationState

_WAITING = [S.QUEUED.value, S.PENDING.value, S.UNKNOWN.value, S.REVIEW.value]


def due(now: datetime) -> Q:
    """Rows whose time has come."""
    return Q(state__in=_WAITING, due_at__lte=now)


def accounts_with_due_rows() -> list[GatewayAccount]:
    """Accounts with something due, one query; the idle tick of the clock ends here."""
    now = database_now()
    rows = Modification.objects.filter(due(now), account=OuterRef("pk"))
    return [account for account in GatewayAccount.objects.filter(Exists(rows)).order_by("pk") if _usable(account, now)]


def _usable(account: GatewayAccount, now: datetime) -> bool:
    """An account whose stored profile cannot be read stops itself, and nobody else's account."""
    try:
        capability_of(account)
    except CannotSay as problem:
        reason = f"Its profile cannot be used: {problem}"
        in_one_transaction(lambda: pause_by_machine(account.pk, reason, now))
        return False
    return True


def next_in_line(accounts: list[GatewayAccount], slots: int, now: datetime, *, paused: bool) -> list[UUID]:
    """At most `slots` modifications whose turn it is; `paused` when nothing may be sent anywhere."""
    flying = _in_flight(accounts)
    lists = [
        _candidates(account, now, room=_room(account, flying.get(account.pk, 0), slots, now), paused=paused)
        for account in accounts
    ]
    return _interleave(lists, slots)


def _in_flight(accounts: Iterable[GatewayAccount]) -> dict[int, int]:
    counted = (
        Modification.objects.filter(account__in=accounts, state=S.IN_FLIGHT)
        .values("account")
        .annotate(count=models.Count("pk"))
        .order_by()
    )
    return {row["account"]: row["count"] for row in counted}


def _room(account: GatewayAccount, in_flight: int, slots: int, now: datetime) -> int:
    """Requests this account may have on top: one probe when its breaker is half open, none while open."""
    if account.breaker_until is not None and account.breaker_until > now:
        return 0
    most = 1 if account.breaker_failures >= BREAKER_LIMIT else account.concurrency
    return max(0, min(slots, most - in_flight))


def _candidates(account: GatewayAccount, now: datetime, *, room: int, paused: bool) -> list[UUID]:
    """Oldest due first, one of a transaction. A first send waits while its account or transaction is closed to sending;
    what may already have been sent can still be asked about."""
    if not room:
        return []
    sendable = Q(next_step=Purpose.SEND) & (
        Q(transaction__sending_modification__isnull=True) | Q(transaction__sending_modification=F("id"))
    )
    if paused or account.paused:
        sendable &= Q(first_sent_at__isnull=False)
    else:
        sendable &= Q(first_sent_at__isnull=False) | Q(transaction__frozen_reason="")
    rows = (
        Modification.objects.filter(due(now), account=account)
        .filter(Q(next_step=Purpose.QUERY) | sendable)
        .order_by("due_at")
        .values_list("pk", "transaction_id")[: room * 2]
    )
    first_of_transaction: dict[int, UUID] = {}
    for modification_id, transaction_id in rows:
        first_of_transaction.setdefault(transaction_id, modification_id)
    return list(first_of_transaction.values())[:room]


def _interleave(lists: list[list[UUID]], slots: int) -> list[UUID]:
    """One of each account in turn until the slots are full."""
    longest = max((len(one) for one in lists), default=0)
    turns = [one[position] for position in range(longest) for one in lists if position < len(one)]
    return turns[:slots]
