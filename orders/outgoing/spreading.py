"""One announcement becomes one delivery for each endpoint that wants it, once."""

from __future__ import annotations

from orders.database import database_now, in_one_transaction
from orders.models import Announcement, ShopDelivery, ShopEndpoint

AT_ONCE = 500


def spread() -> int:
    """Make the deliveries of announcements that have none yet; returns how many announcements were spread."""
    return in_one_transaction(_spread)


def _spread() -> int:
    waiting = list(
        Announcement.objects.filter(spread=False)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("at")[:AT_ONCE]
    )
    if not waiting:
        return 0
    now = database_now()
    endpoints: dict[int, list[ShopEndpoint]] = {}
    for endpoint in ShopEndpoint.objects.filter(active=True, merchant__in={one.merchant_id for one in waiting}):
        endpoints.setdefault(endpoint.merchant_id, []).append(endpoint)
    deliveries = [
        ShopDelivery(announcement=one, endpoint=endpoint, due_at=now)
        for one in waiting
        for endpoint in endpoints.get(one.merchant_id, [])
        if wants(endpoint, one)
    ]
    ShopDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    Announcement.objects.filter(pk__in=[one.pk for one in waiting]).update(spread=True)
    return len(waiting)


def wants(endpoint: ShopEndpoint, announcement: Announcement) -> bool:
    """Whether this endpoint asked for this type; an empty list asks for all. A test goes to the endpoint it names."""
    named = announcement.content.get("endpoint")
    if named is not None:
        return bool(named == str(endpoint.pk))
    return not endpoint.types or announcement.type in endpoint.types
