"""The evidence board of one modification, its safe buttons, and the list of modifications that are not at rest."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from orders.forms import ResolutionForm, fresh_resolution
from orders.models import Modification, Source
from orders.modifications.hurry import ask_now, retry_now
from orders.modifications.refusals import Refused, UnknownThing
from orders.modifications.review import propose_resolution
from orders.presenters.board import board_of
from orders.presenters.following import Seen
from orders.presenters.modification_card import card_of
from orders.presenters.modification_list import Tab, page_of
from orders.presenters.reconciliation.settlement import settlement_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, modification_for, require

INVALID = 422


@require_GET
def modification(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """The evidence board."""
    row = modification_for(request.user, modification_id)
    return _board(request, row, fresh_resolution(row))


@require_GET
def modification_list(request: StaffRequest) -> HttpResponse:
    """Modifications by where they stand, newest first."""
    require(request.user, "view")
    page = page_of(request.user, tab=Tab.from_query(request.GET.get("state", "")), after=request.GET.get("after", ""))
    return render(request, "orders/modification_list.html", {"place": "modifications", "page": page})


@post_from_our_pages
def question_create(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """Ask the gateway now what became of it."""
    row = modification_for(request.user, modification_id)
    with refusal_as_message(request):
        ask_now(modification_id=row.pk, by=request.user, source=Source.PAGE)
        messages.info(request, "The gateway is being asked now; this page follows until there is an answer.")
    return _back(request, row)


@post_from_our_pages
def retry_create(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """Send the same bytes under the same id again, now."""
    row = modification_for(request.user, modification_id)
    with refusal_as_message(request):
        retry_now(modification_id=row.pk, by=request.user, source=Source.PAGE)
        messages.info(request, "The same request is sent again now; this page follows until there is an answer.")
    return _back(request, row)


@post_from_our_pages
def resolution_create(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """Propose how it ended; a second person confirms."""
    row = modification_for(request.user, modification_id)
    form = ResolutionForm(request.POST, modification=row)
    if not form.is_valid():
        return _board(request, row, form, status=INVALID)
    amount = form.cleaned_data["amount"]
    try:
        proposal = propose_resolution(
            modification_id=row.pk,
            verdict=form.cleaned_data["verdict"],
            amount=amount.amount_minor if amount else None,
            gateway_reference=form.cleaned_data["gateway_reference"],
            executed_kind=form.cleaned_data.get("executed_kind", ""),
            evidence_text=form.cleaned_data["evidence_text"],
            by=request.user,
            source=Source.PAGE,
        )
    except UnknownThing as unknown:
        raise Http404(unknown.sentence) from unknown
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _board(request, row, form, status=INVALID)
    messages.success(request, "Proposed. Nothing changed yet: a second person with the repair permission confirms it.")
    return go_to(request, reverse("orders:proposal", args=[proposal.pk]))


def _board(request: StaffRequest, row: Modification, form: ResolutionForm, *, status: int = 200) -> HttpResponse:
    now = timezone.now()
    context = {
        "place": "modifications",
        "card": card_of(row, seen=Seen.beginning(now=now), now=now),
        "board": board_of(row, request.user, now=now),
        "order": row.transaction.order,
        "zone": row.merchant.time_zone,
        "form": form,
        "settlement": settlement_of([row.transaction_id], modification=row.pk),
    }
    return render(request, "orders/modification.html", context, status=status)


def _back(request: StaffRequest, row: Modification) -> HttpResponse:
    return go_to(request, reverse("orders:modification", args=[row.pk]))
