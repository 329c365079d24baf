"""The page about shops: their endpoints, and the log of what was sent to one of them."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count, OuterRef, Subquery

from orders.models import ShopDelivery, ShopDeliveryState, ShopEndpoint
from orders.permissions import permissions_of
from orders.presenters.paging import cut

ROWS_PER_PAGE = 50
TONES = {
    ShopDeliveryState.WAITING: "moving",
    ShopDeliveryState.DELIVERED: "good",
    ShopDeliveryState.GIVEN_UP: "bad",
}


@dataclass(frozen=True, kw_only=True)
class EndpointRow:
    """An endpoint in the list."""

    endpoint: ShopEndpoint
    waiting: int
    last_state: str
    may_change: bool

    @property
    def tone(self) -> str:
        """How the badge looks."""
        if not self.endpoint.active:
            return "quiet"
        return "bad" if self.last_state == ShopDeliveryState.GIVEN_UP else "good"

    @property
    def word(self) -> str:
        """What the badge says."""
        if not self.endpoint.active:
            return "Stopped"
        return "Last one given up" if self.last_state == ShopDeliveryState.GIVEN_UP else "Active"


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    """One delivery with its tries, oldest first."""

    delivery: ShopDelivery
    tone: str


@dataclass(frozen=True, kw_only=True)
class Log:
    """One page of deliveries, newest first; `after` leads on and is empty on the last page."""

    rows: tuple[DeliveryRow, ...]
    after: str
    first: bool


def endpoint_rows(person: User) -> tuple[EndpointRow, ...]:
    """The endpoints of the person's merchants."""
    endpoints = list(ShopEndpoint.objects.of(person).select_related("merchant").order_by("merchant__name", "url"))
    newest = ShopDelivery.objects.filter(endpoint=OuterRef("pk")).order_by("-pk")
    last = dict(
        ShopEndpoint.objects.filter(pk__in=[one.pk for one in endpoints]).values_list(
            "pk", Subquery(newest.values("state")[:1])
        )
    )
    waiting = ShopDelivery.objects.filter(endpoint__in=endpoints, state=ShopDeliveryState.WAITING)
    counts = dict(waiting.values_list("endpoint").annotate(Count("pk")).order_by())
    return tuple(
        EndpointRow(
            endpoint=one,
            waiting=counts.get(one.pk, 0),
            last_state=last.get(one.pk) or "",
            may_change="configure" in permissions_of(person, one.merchant_id),
        )
        for one in endpoints
    )


def log_of(endpoint: ShopEndpoint, *, after: str) -> Log:
    """What was sent to this endpoint, before the delivery `after`."""
    rows = ShopDelivery.objects.filter(endpoint=endpoint).select_related("announcement__order")
    if after.isascii() and after.isdecimal() and len(after) < 19:
        rows = rows.filter(pk__lt=int(after))
    shown = cut(rows.prefetch_related("tries").order_by("-pk"), ROWS_PER_PAGE)
    return Log(
        rows=tuple(DeliveryRow(delivery=row, tone=TONES[ShopDeliveryState(row.state)]) for row in shown.rows),
        after=shown.after,
        first=not after,
    )
