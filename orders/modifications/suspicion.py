"""Does this look like a repeat? The same movement on the same order, recently or still on its way."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Q

from orders.gateways.base import Kind
from orders.models import Modification, ModificationState

if TYPE_CHECKING:
    from orders.models import Transaction

_ENDED_WITHOUT_MOVING = [ModificationState.FAILED.value, ModificationState.WITHDRAWN.value]
_GIVES_BACK = [Kind.REFUND.value, Kind.VOID.value, Kind.CANCEL_OR_REFUND.value]


def twins_of(transaction: Transaction, kind: Kind, amount: int, *, now: datetime) -> list[Modification]:
    """Modifications of the same order that this one may be repeating, newest first, at most five.

    Only refunds can be repeated by mistake: everything else is stopped by what is left of the authorization.
    """
    if kind.value not in _GIVES_BACK:
        return []
    since = now - timedelta(hours=settings.DUPLICATE_HOURS)
    recent = (
        Modification.objects.filter(
            Q(amount=amount) | Q(plan__amount=amount),
            transaction__order_id=transaction.order_id,
            kind__in=_GIVES_BACK,
            requested_at__gte=since,
        )
        .exclude(state__in=_ENDED_WITHOUT_MOVING)
        .select_related("requested_by")
        .order_by("-requested_at")
    )
    return list(recent[:5])
