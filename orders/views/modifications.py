"""The action panel: a fresh form, its preview, the click itself, and the undo."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from orders.forms import ModificationForm
from orders.gateways.base import Kind
from orders.models import Modification, RefundPlan, Source
from orders.modifications.ask import ask
from orders.modifications.refusals import ChangedSince, IdConflict, Refused, Suspicious, UnknownThing
from orders.modifications.situation import situation_of
from orders.modifications.withdraw import withdraw
from orders.presenters.following import Seen
from orders.presenters.modification_card import card_of
from orders.presenters.panel import Asked, Notice, Panel, fresh_panel, returned_panel, twins_notice, what_if_of
from orders.presenters.plans import plan_card_of
from orders.presenters.timeline import timeline_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import answer, asks_for_fragment, go_to
from orders.views.order import now_of, read
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, modification_for, plan_for, transaction_for

INVALID = 422
CONFLICT = 409


@require_GET
def modification_new(request: StaffRequest, transaction_id: int, kind: Kind) -> HttpResponse:
    """A fresh form with the most that is allowed filled in."""
    transaction = transaction_for(request.user, transaction_id)
    return _show(request, fresh_panel(transaction, request.user, kind))


@require_http_methods(["GET", "POST"])
def modification_preview(request: StaffRequest, transaction_id: int, kind: Kind) -> HttpResponse:
    """What the typed amount would do. GET follows the typing; POST is the Preview button where no script runs."""
    transaction = transaction_for(request.user, transaction_id)
    if request.method == "POST":
        form = ModificationForm(request.POST, currency=transaction.currency)
        return _show(request, returned_panel(transaction, request.user, kind, form))
    asked = Asked(amount=request.GET.get("amount", "")[:60], release_rest="release_rest" in request.GET)
    if not asks_for_fragment(request):
        panel = fresh_panel(transaction, request.user, kind, amount=asked.amount, release_rest=asked.release_rest)
        return _show(request, panel)
    what_if = what_if_of(transaction, kind, situation_of(transaction, request.user), asked)
    return render(request, "orders/_what_if.html", {"what_if": what_if})


@post_from_our_pages
def modification_create(request: StaffRequest, transaction_id: int, kind: Kind) -> HttpResponse:
    """The click. The same form sent twice gives the same modification."""
    transaction = transaction_for(request.user, transaction_id)
    form = ModificationForm(request.POST, currency=transaction.currency)
    if not form.is_valid():
        return _show(request, returned_panel(transaction, request.user, kind, form), status=INVALID)
    try:
        made = ask(form.wish(kind, transaction_id=transaction.pk, by=request.user, source=Source.PAGE))
    except UnknownThing as unknown:
        raise Http404(unknown.sentence) from unknown
    except Refused as refusal:
        return _refused(request, form, transaction.pk, kind, refusal)
    if isinstance(made, RefundPlan):
        return _planned(request, made)
    if asks_for_fragment(request):
        return _made(request, made)
    return go_to(request, reverse("orders:modification", args=[made.pk]))


@post_from_our_pages
def withdrawal_create(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """The undo: withdraw what was never sent."""
    modification = modification_for(request.user, modification_id)
    with refusal_as_message(request):
        withdraw(modification_id=modification.pk, by=request.user, source=Source.PAGE)
    if asks_for_fragment(request):
        return _card(request, modification)
    return go_to(request, reverse("orders:modification", args=[modification.pk]))


def _refused(
    request: StaffRequest, form: ModificationForm, transaction_id: int, kind: Kind, refusal: Refused
) -> HttpResponse:
    """The panel again, saying why; drawn from the transaction as it stands now, and the order page with it."""
    person = request.user
    transaction = transaction_for(person, transaction_id)
    if refusal.code == "invalid_id":
        # An id that another merchant used is answered exactly like one that is none.
        form.add_error("modification_id", refusal.sentence)
        return _show(request, returned_panel(transaction, person, kind, form), status=INVALID)
    notice, starts_anew = _notice(refusal)
    if starts_anew:
        panel = fresh_panel(transaction, person, kind, typed=form, notice=notice)
    else:
        panel = returned_panel(transaction, person, kind, form, notice=notice)
    status = CONFLICT if starts_anew else INVALID
    if not asks_for_fragment(request):
        return _show(request, panel, status=status)
    context = _panel_context(request, panel) | _order_parts(request, transaction.order_id)
    return render(request, "orders/_panel_refused.html", context, status=status)


def _notice(refusal: Refused) -> tuple[Notice, bool]:
    """What to say, and whether the form must start anew with another id and the present version."""
    if isinstance(refusal, ChangedSince):
        changes = tuple(refusal.changes)
        return Notice(tone="careful", title="Changed meanwhile.", sentence=refusal.sentence, lines=changes), True
    if isinstance(refusal, IdConflict):
        return Notice(tone="bad", title="Nothing was sent.", sentence=refusal.sentence), True
    if isinstance(refusal, Suspicious):
        return twins_notice(refusal.sentence, refusal.twins), False
    return Notice(tone="bad", title="Not done.", sentence=refusal.sentence), False


def _show(request: StaffRequest, panel: Panel, *, status: int = 200) -> HttpResponse:
    context = _panel_context(request, panel)
    return answer(request, page="orders/panel.html", fragment="orders/_panel.html", context=context, status=status)


def _panel_context(request: StaffRequest, panel: Panel) -> dict[str, Any]:
    return {
        "place": "orders",
        "panel": panel,
        "order": panel.transaction.order,
        "zone": panel.transaction.merchant.time_zone,
        "embedded": asks_for_fragment(request),
        "undo_seconds": settings.UNDO_SECONDS,
    }


def _order_parts(request: StaffRequest, order_id: int) -> dict[str, Any]:
    """The parts of the order page beside the panel, as they stand now."""
    order, reading = read(request, order_id)
    seen = Seen.beginning(now=timezone.now())
    return {
        "order": order,
        "zone": order.merchant.time_zone,
        "now": now_of(request, order, reading, seen),
        "timeline": timeline_of(order),
    }


def _made(request: StaffRequest, made: Modification) -> HttpResponse:
    """The card of the modification, and the parts of the order page that it changed."""
    modification = modification_for(request.user, made.pk)
    now = timezone.now()
    card = card_of(modification, seen=Seen.beginning(now=now), now=now)
    context = {"card": card} | _order_parts(request, modification.transaction.order_id)
    return render(request, "orders/_modification_made.html", context)


def _planned(request: StaffRequest, made: RefundPlan) -> HttpResponse:
    """The card of the plan with every leg, and the parts of the order page that it changed."""
    if not asks_for_fragment(request):
        return go_to(request, reverse("orders:plan", args=[made.pk]))
    plan = plan_for(request.user, made.pk)
    now = timezone.now()
    card = plan_card_of(plan, request.user, seen=Seen.beginning(now=now), now=now)
    context = {"plan_card": card} | _order_parts(request, plan.transaction.order_id)
    return render(request, "orders/_plan_made.html", context)


def _card(request: StaffRequest, withdrawn: Modification) -> HttpResponse:
    """The card alone: the rest of the order page follows by itself."""
    modification = modification_for(request.user, withdrawn.pk)
    now = timezone.now()
    context = {
        "card": card_of(modification, seen=Seen.beginning(now=now), now=now),
        "zone": modification.merchant.time_zone,
        "notices": [str(message) for message in messages.get_messages(request)],
    }
    return render(request, "orders/_modification_card.html", context)
