"""The orders list and the search box: filters in the address, pages by cursor, never a count."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.keyset import Cursor, CursorRefused, page_of, read_cursor
from orders.models import Order, SettlementLine
from orders.order_filters import FLAGS, OrderFilter
from orders.presenters.order_rows import OrderRow, order_rows, with_method
from orders.presenters.reconciliation.found_lines import rows_of_lines
from orders.reconciliation.lookup import LOOKED_AT, SHOWN, lines_named
from orders.search import WORDS_LOOKED_AT, exact_order, orders_beginning, read_search
from orders.views.fragments import answer, go_to
from orders.views.scope import StaffRequest, require
from orders.views.shell import Shell, shell_for

PAGE_SIZE = 50
_BAD_CURSOR = "This page address is not one of ours, so the list starts from the newest order."


@require_GET
def order_list(request: StaffRequest) -> HttpResponse:
    """The orders a person may see, newest first, fifty at a time."""
    require(request.user, "view")
    shell = shell_for(request)
    filters = OrderFilter(request.GET, merchants=shell.merchants, accounts=shell.accounts, zone=_zone(request, shell))
    filters.is_valid()
    after, before, problem = _cursors(request)
    orders = with_method(_visible(request, shell).filter(filters.conditions()))
    page = page_of(orders, by="placed_at", size=PAGE_SIZE, after=after, before=before)
    context = _around(request, filters, shell) | {
        "filters": filters,
        "rows": _rows(page.rows, shell),
        "first_url": _address(request) if page.before else "",
        "previous_url": _address(request, before=page.before) if page.before else "",
        "next_url": _address(request, after=page.after) if page.after else "",
        "problem": problem,
    }
    return answer(request, page="orders/order_list.html", fragment="orders/_order_list.html", context=context)


@require_GET
def search(request: StaffRequest) -> HttpResponse:
    """One box for everything: an exact word opens its order, or the settlement line that no order knows; a beginning
    lists the newest orders it leads to."""
    require(request.user, "view")
    wanted = read_search(request.GET.get("q", ""))
    if not wanted.text and not wanted.problem:
        return go_to(request, reverse("orders:order_list"))
    shell = shell_for(request)
    merchants = _merchants(request, shell)
    found: list[Order] = []
    lines: list[SettlementLine] = []
    if wanted.text:
        if order_id := exact_order(wanted.text, merchants=merchants):
            return go_to(request, _order_url(order_id))
        lines = lines_named(wanted.text, merchants=merchants)
        if len(lines) == 1:
            return go_to(request, reverse("orders:settlement_line", args=[lines[0].pk]))
        beginning = with_method(orders_beginning(wanted.text, merchants=merchants))
        found = list(beginning.order_by("-placed_at", "-pk")[: PAGE_SIZE + 1])
    context = {
        "search": wanted,
        "search_text": wanted.typed,
        "rows": _rows(found[:PAGE_SIZE], shell),
        "more": len(found) > PAGE_SIZE,
        "lines": rows_of_lines(lines[:SHOWN]),
        "more_lines": len(lines) > SHOWN,
        "discrepancies_looked_at": LOOKED_AT,
        "page_size": PAGE_SIZE,
        "words_looked_at": WORDS_LOOKED_AT,
        "place": "orders",
    }
    return answer(request, page="orders/search.html", fragment="orders/_search.html", context=context)


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The front door leads to the orders."""
    return redirect("orders:order_list")


def _merchants(request: StaffRequest, shell: Shell) -> Collection[int] | None:
    """The ids of the person's merchants; None for a superuser, who sees everything.

    Plain ids from the shell rather than the subquery of `Order.objects.of`, because only they let PostgreSQL walk the
    index in the order of the list.
    """
    if request.user.is_superuser and request.user.is_active:
        return None
    return [merchant.id for merchant in shell.merchants]


def _visible(request: StaffRequest, shell: Shell) -> QuerySet[Order]:
    merchants = _merchants(request, shell)
    if merchants is None:
        return Order.objects.all()
    if len(merchants) == 1:
        return Order.objects.filter(merchant_id=next(iter(merchants)))
    return Order.objects.filter(merchant_id__in=merchants)


def _rows(orders: Collection[Order], shell: Shell) -> list[OrderRow]:
    zones = {merchant.id: merchant.time_zone for merchant in shell.merchants}
    accounts = {account.id: account.name for account in shell.accounts}
    return order_rows(orders, base=reverse("orders:order_list"), zones=zones, accounts=accounts)


def _around(request: HttpRequest, filters: OrderFilter, shell: Shell) -> dict[str, Any]:
    """What stands around the table: the quick views, the words of the filters, the merchant, the zone."""
    merchant_id, flag = filters.value("merchant"), filters.value("flag") or ""
    keeps = {name: request.GET[name] for name in ("merchant",) if request.GET.get(name)}
    return {
        "place": "attention" if flag == "attention" else "orders",
        "merchant": next((choice for choice in shell.merchants if choice.id == merchant_id), None),
        "zone": _zone(request, shell),
        "several_zones": len(_zones(request, shell)) > 1,
        "in_words": filters.in_words(),
        "folded_words": filters.in_words(without=("merchant", "flag")),
        "views": [
            {"label": label, "href": _address(request, only=keeps, flag=name), "current": flag == name}
            for name, label in (("", "All orders"), *FLAGS)
        ],
        "clear_url": _address(request, only=keeps),
    }


def _zone(request: HttpRequest, shell: Shell) -> str:
    """The zone in which days begin: that of the merchants shown when they share one; otherwise UTC."""
    zones = _zones(request, shell)
    return next(iter(zones)) if len(zones) == 1 else "UTC"


def _zones(request: HttpRequest, shell: Shell) -> set[str]:
    """Of the chosen merchant; of all the person's merchants when none of them is chosen."""
    chosen = request.GET.get("merchant")
    zones = {merchant.id: merchant.time_zone for merchant in shell.merchants}
    only = {zone for number, zone in zones.items() if str(number) == chosen}
    return only or set(zones.values())


def _cursors(request: HttpRequest) -> tuple[Cursor | None, Cursor | None, str]:
    try:
        return _cursor(request, "after"), _cursor(request, "before"), ""
    except CursorRefused:
        return None, None, _BAD_CURSOR


def _cursor(request: HttpRequest, name: str) -> Cursor | None:
    text = request.GET.get(name, "")
    return read_cursor(text) if text else None


def _address(request: HttpRequest, *, only: dict[str, str] | None = None, **changes: str) -> str:
    """The list's address with the present filters (or `only` those) and these changes; cursors never survive."""
    query = request.GET.copy()
    if only is not None:
        query.clear()
        query.update(only)
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    for name in [name for name, value in query.items() if not value]:
        del query[name]
    text = query.urlencode()
    return f"{reverse('orders:order_list')}?{text}" if text else reverse("orders:order_list")


def _order_url(order_id: int) -> str:
    return f"{reverse('orders:order_list')}{order_id}/"
