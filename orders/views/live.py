"""Polls of pages that follow something: 204 while nothing changed, else the fragment drawn anew from the books."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from orders.forms import fresh_resolution
from orders.presenters.board import board_of
from orders.presenters.following import Following, Seen
from orders.presenters.modification_card import card_of
from orders.presenters.order_page import order_following
from orders.presenters.order_reading import marks_of, transactions_of
from orders.presenters.plans import plan_card_of
from orders.presenters.timeline import timeline_of
from orders.views.order import now_of, read
from orders.views.scope import StaffRequest, modification_for, plan_for, require

NOTHING_NEW = 204
OPEN, CLOSED = "open", "closed"
"""How the form that resolves by hand stands on the page that polls."""
STOP_POLLING = 286
"""htmx: swap this answer in and stop polling."""


@require_GET
def modification_live(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """The card of one modification, on its own page together with the evidence around it."""
    modification = modification_for(request.user, modification_id)
    now = timezone.now()
    seen = Seen.from_query(request.GET, now=now)
    card = card_of(modification, seen=seen, now=now)
    if _unchanged(card.following, seen):
        return HttpResponse(status=NOTHING_NEW)
    context: dict[str, Any] = {"card": card, "zone": modification.merchant.time_zone}
    shown = request.GET.get("board", "")
    if shown not in (OPEN, CLOSED):
        return render(request, "orders/_modification_card.html", context, status=_status(card.following))
    board = context["board"] = board_of(modification, request.user, now=now)
    # A form in which somebody may be typing is left alone while it is of use.
    if shown == CLOSED or not board.may_propose:
        context["form"] = fresh_resolution(modification)
    return render(request, "orders/_board_live.html", context, status=_status(card.following))


@require_GET
def plan_live(request: StaffRequest, plan_id: UUID) -> HttpResponse:
    """The card of a refund plan while its legs are under way."""
    plan = plan_for(request.user, plan_id)
    now = timezone.now()
    seen = Seen.from_query(request.GET, now=now)
    card = plan_card_of(plan, request.user, seen=seen, now=now)
    if _unchanged(card.following, seen):
        return HttpResponse(status=NOTHING_NEW)
    context = {"plan_card": card, "zone": plan.merchant.time_zone, "on_page": request.GET.get("on_page") == "yes"}
    return render(request, "orders/_plan_card.html", context, status=_status(card.following))


@require_GET
def order_live(request: StaffRequest, order_id: int) -> HttpResponse:
    """Everything of an order page that moves."""
    seen = Seen.from_query(request.GET, now=timezone.now())
    if _order_unchanged(request, order_id, seen):
        return HttpResponse(status=NOTHING_NEW)
    order, reading = read(request, order_id)
    now = now_of(request, order, reading, seen)
    context = {"order": order, "zone": order.merchant.time_zone, "now": now, "timeline": timeline_of(order)}
    return render(request, "orders/_order_live.html", context, status=_status(now.following))


def _order_unchanged(request: StaffRequest, order_id: int, seen: Seen) -> bool:
    """The light look; whoever may not see the order goes on to be refused by the full one."""
    marks = marks_of(order_id)
    transactions = transactions_of(order_id, request.user)
    if not transactions or not seen.mark:
        return False
    require(request.user, "view")
    return _unchanged(order_following(marks, transactions, seen, now=timezone.now()), seen)


def _unchanged(following: Following, seen: Seen) -> bool:
    return following.polling and following.mark == seen.mark


def _status(following: Following) -> int:
    return 200 if following.polling else STOP_POLLING
