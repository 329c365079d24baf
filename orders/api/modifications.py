"""GET /modifications and /modifications/{id}: following what was asked for to its end."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router

from orders.api.entrance import for_scopes, token_in
from orders.api.finding import modification_of, modifications_of
from orders.api.modification_words import ModificationList, ModificationQuery, ModificationTold
from orders.api.problems import Problem
from orders.api.queries import refuse_other_names
from orders.api.telling import modification_told
from orders.presenters.places import place_of, read_place

router = Router(tags=["Modifications"])


@router.get("", **for_scopes("orders:read"), response=ModificationList, summary="List modifications")
def list_modifications(request: HttpRequest, query: Query[ModificationQuery]) -> ModificationList:
    """Newest first, also those that people asked for on the pages."""
    refuse_other_names(request, ModificationQuery)
    rows = modifications_of(token_in(request)).filter(_conditions(query)).order_by("-requested_at", "-id")
    found = list(rows[: query.limit + 1])
    shown = found[: query.limit]
    now = timezone.now()
    last = shown[-1] if len(found) > query.limit else None
    return ModificationList(
        modifications=[modification_told(row, now=now) for row in shown],
        next=place_of(last.requested_at, last.pk) if last else None,
    )


@router.get(
    "/{uuid:modification_id}", **for_scopes("orders:read"), response=ModificationTold, summary="Read a modification"
)
def read_modification(request: HttpRequest, modification_id: UUID) -> ModificationTold:
    """Where it stands now. It is at its end when `finished` is true; a timeout is “unknown”, never “failed”."""
    return modification_told(modification_of(token_in(request), modification_id), now=timezone.now())


def _conditions(query: ModificationQuery) -> Q:
    found = Q()
    if query.order_id is not None:
        found &= Q(transaction__order=query.order_id)
    if query.transaction_id is not None:
        found &= Q(transaction=query.transaction_id)
    if query.kind is not None:
        found &= Q(kind=query.kind.value)
    if query.state is not None:
        found &= Q(state=query.state.value)
    if query.after is not None:
        at, last_id = _place(query.after)
        found &= Q(requested_at__lt=at) | Q(requested_at=at, id__lt=last_id)
    return found


def _place(after: str) -> tuple[datetime, UUID]:
    place = read_place(after)
    if place is None:
        raise Problem(422, "cursor", "`after` takes what `next` said on the page before. Nothing was read.")
    return place
