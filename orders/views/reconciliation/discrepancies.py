"""The list of discrepancies: filters in the address, pages by keys, a bar for what is done with many at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.database import database_now
from orders.discrepancy_filters import CLOSED, EVERYTHING, UNSETTLED, DiscrepancyFilter
from orders.discrepancy_forms import DeskForm
from orders.models import Discrepancy, DiscrepancyState
from orders.permissions import permissions_anywhere
from orders.presenters.reconciliation.discrepancies import AGE, SORTS, URGENCY, page_of, people_of
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for

TABS = (
    (UNSETTLED, "Unsettled"),
    (DiscrepancyState.WAITING.value, "Wait for a second person"),
    (CLOSED, "Closed"),
    (EVERYTHING, "All"),
)
_AROUND = ("after",)


@require_GET
def discrepancy_list(request: StaffRequest) -> HttpResponse:
    """What did not meet, the most urgent first."""
    require(request.user, "view")
    return show_list(request, request.GET)


def show_list(
    request: StaffRequest,
    query: QueryDict,
    *,
    bulk: DeskForm | None = None,
    chosen: Mapping[int, int] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The list of an address; with the bar and the ticks as they were sent when that was refused."""
    people = people_of(request.user)
    filters = filter_of(request, query, people=people)
    sort = AGE if query.get("sort") == AGE else URGENCY
    page = page_of(
        found_by(request, filters),
        unsettled=filters.shows_unsettled,
        sort=sort,
        after=query.get("after", ""),
        today=filters.today,
    )
    words = permissions_anywhere(request.user)
    context = {
        "place": "reconciliation",
        "filters": filters,
        "in_words": filters.in_words(without=("state",)),
        "page": page,
        "chosen": chosen or {},
        "bulk": bulk or DeskForm(people=people),
        "may_reconcile": "reconcile" in words,
        "may_export": "export" in words,
        "order_words": _order_words(filters, sort),
        "tabs": [
            {"label": label, "href": _address(query, state=state), "current": filters.shown == state}
            for state, label in TABS
        ],
        "sorts": [
            {"label": label, "href": _address(query, sort=name), "current": sort == name} for name, label in SORTS
        ],
        "query": _without(query, *_AROUND),
        "clear_url": _address(QueryDict(), state=filters.shown),
        "first_url": _address(query),
        "next_url": _address(query, after=page.after) if page.after else "",
        "csv_url": _address(query, "orders:discrepancy_export", form="csv"),
        "xlsx_url": _address(query, "orders:discrepancy_export", form="xlsx"),
    }
    return render(request, "reconciliation/discrepancy_list.html", context, status=status)


def filter_of(
    request: StaffRequest, query: QueryDict, *, people: Sequence[tuple[int, str]] | None = None
) -> DiscrepancyFilter:
    """The filters of an address, with the choices this person has."""
    accounts = [(account.id, account.name) for account in shell_for(request).accounts]
    people = people_of(request.user) if people is None else people
    merchants = [(merchant.id, merchant.name) for merchant in shell_for(request).merchants]
    return DiscrepancyFilter(query, merchants=merchants, accounts=accounts, people=people, today=today_of(request))


def found_by(request: StaffRequest, filters: DiscrepancyFilter) -> QuerySet[Discrepancy]:
    """The rows this person may see, filtered. Plain merchant ids let the database walk the index of the list."""
    rows = Discrepancy.objects.filter(filters.conditions(mine=request.user.pk))
    merchants = _merchants(request)
    return rows if merchants is None else rows.filter(merchant_id__in=merchants)


def today_of(request: StaffRequest) -> date:
    """Today where the merchants shown are; in UTC when they do not share a zone."""
    zones = {merchant.time_zone for merchant in shell_for(request).merchants}
    return database_now().astimezone(ZoneInfo(zones.pop() if len(zones) == 1 else "UTC")).date()


def list_address(text: str) -> str:
    """The list with the filters of a query string that a page of ours carried along."""
    return _address(QueryDict(text[:2_000]))


def _merchants(request: StaffRequest) -> Collection[int] | None:
    if request.user.is_superuser and request.user.is_active:
        return None
    return [merchant.id for merchant in shell_for(request).merchants]


def _order_words(filters: DiscrepancyFilter, sort: str) -> str:
    if not filters.shows_unsettled:
        return "newest first"
    return dict(SORTS)[sort].lower()


def _address(query: QueryDict, name: str = "orders:discrepancy_list", **changes: str) -> str:
    """The list's (or the export's) address with the present filters and these changes; places never survive."""
    text = _without(query, *_AROUND, **changes)
    return f"{reverse(name)}?{text}" if text else reverse(name)


def _without(query: QueryDict, *names: str, **changes: Any) -> str:
    kept = query.copy()
    for name in names:
        kept.pop(name, None)
    for name, value in changes.items():
        kept[name] = value
    for name in [name for name, value in kept.items() if not value]:
        del kept[name]
    return kept.urlencode()
