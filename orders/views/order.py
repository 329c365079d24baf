"""The order page: money, buttons with their reasons, modifications, timeline, the raw conversation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from orders.mirror.ask import ask_refresh
from orders.models import Order, Source
from orders.permissions import remember_merchants
from orders.presenters.following import Seen
from orders.presenters.order_page import OrderNow, order_now
from orders.presenters.order_reading import Reading, read_order
from orders.presenters.reconciliation.settlement import settlement_of
from orders.presenters.timeline import conversation_of, id_from, timeline_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import answer
from orders.views.scope import StaffRequest, order_for, require, transaction_for
from orders.views.shell import shell_for


@require_GET
def order(request: StaffRequest, order_id: int) -> HttpResponse:
    """The whole page."""
    shown, reading = read(request, order_id)
    context = {
        "place": "orders",
        "order": shown,
        "zone": shown.merchant.time_zone,
        "now": now_of(request, shown, reading, Seen.beginning(now=timezone.now())),
        "timeline": timeline_of(shown),
        "lines": list(shown.lines.all()),
        "settlement": settlement_of([row.pk for row in reading.transactions if getattr(row, "settled", True)]),
    }
    return render(request, "orders/order.html", context)


@require_GET
def order_events(request: StaffRequest, order_id: int) -> HttpResponse:
    """Older events of the timeline."""
    shown = order_for(request.user, order_id)
    timeline = timeline_of(shown, before=id_from(request.GET.get("before", "")))
    context = {"place": "orders", "order": shown, "zone": shown.merchant.time_zone, "timeline": timeline}
    return answer(request, page="orders/order_events.html", fragment="orders/_timeline_moments.html", context=context)


@require_GET
def order_conversation(request: StaffRequest, order_id: int) -> HttpResponse:
    """What was said with the gateway about this order, word for word and scrubbed."""
    shown = order_for(request.user, order_id)
    conversation = conversation_of(shown, before=id_from(request.GET.get("before", "")))
    context = {"place": "orders", "order": shown, "zone": shown.merchant.time_zone, "conversation": conversation}
    return answer(request, page="orders/order_conversation.html", fragment="orders/_conversation.html", context=context)


@require_POST
def create_refresh(request: StaffRequest, transaction_id: int) -> HttpResponse:
    """Ask the gateway how the transaction stands; a worker does the asking."""
    transaction = transaction_for(request.user, transaction_id)
    with refusal_as_message(request):
        ask_refresh(transaction_id=transaction.pk, by=request.user, source=Source.PAGE)
        messages.info(request, "The gateway is being asked. Reload the page in a few seconds to see its answer.")
    return redirect("orders:order", transaction.order_id)


def read(request: StaffRequest, order_id: int) -> tuple[Order, Reading]:
    """The order and what moves on it; an order that has no transaction yet is looked for by itself."""
    reading = read_order(order_id, request.user)
    if not reading.transactions:
        return order_for(request.user, order_id), reading
    require(request.user, "view")
    return reading.transactions[0].order, reading


def now_of(request: StaffRequest, shown: Order, reading: Reading, seen: Seen) -> OrderNow:
    """The moving part; the shell has read the person's merchants already."""
    remember_merchants(request.user, (merchant.id for merchant in shell_for(request).merchants))
    return order_now(shown, reading, request.user, seen=seen, now=timezone.now())
