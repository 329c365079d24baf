"""Is work getting done? Figures from the database, for health checks, metrics and the keeper of the worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, Min, Q, QuerySet

from orders.database import database_now
from orders.models import GatewayAccount, Heartbeat, Modification, ModificationState, Switch

S = ModificationState
_WAITING = [S.QUEUED.value, S.PENDING.value, S.UNKNOWN.value, S.REVIEW.value]


def oldest_due_age_seconds() -> float | None:
    """How long the oldest modification that a worker should have taken has been waiting; None when none is.

    Rows that wait for a reason (a pause, an open breaker, their transaction's turn) do not count: a restart of the
    worker would not help them.
    """
    now = database_now()
    if settings.PAUSE_SUBMITS or Switch.objects.exclude(paused_at=None).exists():
        return _age(_takeable(now).exclude(first_sent_at=None), now)
    return _age(_takeable(now), now)


def stranded_age_seconds() -> float | None:
    """How long the oldest flight has outlived its lease; None when none has."""
    now = database_now()
    oldest = Modification.objects.filter(state=S.IN_FLIGHT, lease_until__lt=now).aggregate(at=Min("lease_until"))["at"]
    return None if oldest is None else (now - oldest).total_seconds()


def workers_alive() -> list[Heartbeat]:
    """Workers whose clock turned within the last half minute."""
    since = database_now() - timedelta(seconds=30)
    return list(Heartbeat.objects.filter(name__startswith="worker ", at__gte=since))


def _takeable(now: datetime) -> QuerySet[Modification]:
    closed = GatewayAccount.objects.filter(Q(paused_at__isnull=False) | Q(breaker_until__gt=now))
    return Modification.objects.filter(
        Q(transaction__sending_modification__isnull=True)
        | Q(transaction__sending_modification=F("id"))
        | Q(next_step="query"),
        state__in=_WAITING,
        due_at__lte=now,
        transaction__frozen_reason="",
    ).exclude(account__in=closed)


def _age(rows: QuerySet[Modification], now: datetime) -> float | None:
    oldest = rows.aggregate(at=Min("due_at"))["at"]
    return None if oldest is None else max(0.0, (now - oldest).total_seconds())
