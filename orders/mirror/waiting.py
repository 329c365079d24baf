"""Webhooks that matched nothing yet: when something new is known of their account, they are looked at again."""

from __future__ import annotations

from django.db.models import Q

from orders.database import database_now
from orders.models import GatewayAccount, InboxDelivery, InboxState


class NotYet(Exception):
    """It fits nothing yet and nothing was written; the message is a sentence that says what it waits for."""


def look_again(account_id: int) -> int:
    """Make what waits for a match due now, in the caller's database transaction; returns how many."""
    merchant_id = GatewayAccount.objects.values_list("merchant_id", flat=True).get(pk=account_id)
    waiting = InboxDelivery.objects.filter(merchant_id=merchant_id, state=InboxState.UNMATCHED, account_id=account_id)
    now = database_now()
    return waiting.filter(Q(due_at__isnull=True) | Q(due_at__gt=now)).update(due_at=now)
