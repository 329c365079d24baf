"""Warning ahead of the end of an authorization: 48, 24 and 4 hours before, each once."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

from django.db.models import F, Q

from orders import announce
from orders.database import database_now, in_one_transaction
from orders.gateways.base import TransactionState
from orders.models import Announcement, Transaction

HOURS_AHEAD = (48, 24, 4)
AT_ONCE = 500


def warn() -> int:
    """Announce authorizations that came within one of the distances since they were last announced."""
    return sum(in_one_transaction(partial(_warn, hours)) for hours in HOURS_AHEAD)


def _warn(hours: int) -> int:
    """Only the narrowest distance that applies: what is found four hours ahead is not announced as two days ahead."""
    now = database_now()
    ahead = timedelta(hours=hours)
    rows = list(
        Transaction.objects.filter(
            state=TransactionState.AUTHORIZED.value,
            expires_at__gt=now + _next_narrower(hours),
            expires_at__lte=now + ahead,
        )
        .filter(Q(expiry_announced_at__isnull=True) | Q(expiry_announced_at__lt=F("expires_at") - ahead))
        .filter(authorized__gt=F("captured") + F("released"))
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("pk")[:AT_ONCE]
    )
    announce.announce([_announcement(row, hours, now) for row in rows])
    Transaction.objects.filter(pk__in=[row.pk for row in rows]).update(expiry_announced_at=now)
    return len(rows)


def _next_narrower(hours: int) -> timedelta:
    return timedelta(hours=max((other for other in HOURS_AHEAD if other < hours), default=0))


def _announcement(row: Transaction, hours: int, now: datetime) -> Announcement:
    assert row.expires_at is not None
    return announce.about_transaction(
        row,
        "expiring",
        key=f"{hours}:{row.expires_at.isoformat()}",
        at=now,
        more={
            "open_to_capture": row.open_to_capture,
            "hours_left": int((row.expires_at - now).total_seconds() // 3600),
        },
    )
