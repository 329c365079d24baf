"""Lists of modifications by where they stand, in keyset pages."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q

from orders.models import Modification, ModificationState
from orders.presenters.paging import Lists, cut
from orders.presenters.places import place_of, read_place

ROWS_PER_PAGE = 50


class Tab(Lists):
    """The lists people ask for."""

    IN_FLIGHT = "in_flight"
    UNKNOWN = "unknown"
    REVIEW = "review"
    FAILED = "failed"
    ALL = "all"

    @property
    def label(self) -> str:
        """The word on the tab."""
        return {
            Tab.IN_FLIGHT: "In flight",
            Tab.UNKNOWN: "Outcome unknown",
            Tab.REVIEW: "In review",
            Tab.FAILED: "Failed",
            Tab.ALL: "All",
        }[self]

    @property
    def empty(self) -> str:
        """What an empty list says: what was looked for."""
        return {
            Tab.IN_FLIGHT: "Nothing is queued, being sent or pending at a gateway.",
            Tab.UNKNOWN: "Every outcome is known.",
            Tab.REVIEW: "Nothing waits for a person.",
            Tab.FAILED: "No modification was refused by a gateway.",
            Tab.ALL: "Nobody has captured, cancelled or refunded anything yet.",
        }[self]


STATES = {
    Tab.IN_FLIGHT: (ModificationState.QUEUED, ModificationState.IN_FLIGHT, ModificationState.PENDING),
    Tab.UNKNOWN: (ModificationState.UNKNOWN,),
    Tab.REVIEW: (ModificationState.REVIEW,),
    Tab.FAILED: (ModificationState.FAILED,),
    Tab.ALL: tuple(ModificationState),
}


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a list; `after` leads to the next one and is empty on the last."""

    tab: Tab
    rows: tuple[Modification, ...]
    after: str
    first: bool


def page_of(person: User, *, tab: Tab, after: str) -> Page:
    """Rows asked for before the place `after`, newest first."""
    rows = Modification.objects.of(person).filter(state__in=[state.value for state in STATES[tab]])
    place = read_place(after)
    if place is not None:
        at, last_id = place
        rows = rows.filter(Q(requested_at__lt=at) | Q(requested_at=at, id__lt=last_id))
    related = rows.select_related("account", "merchant", "requested_by", "transaction__order")
    ordered = related.defer("body", "headers").order_by("-requested_at", "-id")
    shown = cut(ordered, ROWS_PER_PAGE, place=lambda row: place_of(row.requested_at, row.pk))
    return Page(
        tab=tab,
        rows=shown.rows,
        after=shown.after,
        first=place is None,
    )
