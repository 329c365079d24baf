"""The nights: the list, a merchant's morning, and where our copy drifted from the gateway's."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.models import Merchant, Source
from orders.presenters.reconciliation import drifts, nights
from orders.presenters.reconciliation.nights_report import report_of
from orders.presenters.timeline import id_from
from orders.reconciliation.nights import drift_decisions
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, require

_NOTHING = "There is nothing here for you."


@require_GET
def night_list(request: StaffRequest) -> HttpResponse:
    """Which nights ran, newest first."""
    require(request.user, "view")
    page = nights.nights_of(request.user, after=nights.place_from(request.GET.get("after", "")))
    return render(request, "reconciliation/night_list.html", {"place": "reconciliation", "page": page})


@require_GET
def night(request: StaffRequest, merchant_id: int, day_text: str) -> HttpResponse:
    """One merchant's morning."""
    merchant = Merchant.objects.of(request.user).filter(pk=merchant_id).first()
    report = report_of(merchant, _day(day_text)) if merchant is not None else None
    if report is None:
        raise Http404(_NOTHING)
    require(request.user, "view")
    return render(request, "reconciliation/night.html", {"place": "reconciliation", "report": report})


@require_GET
def drift_list(request: StaffRequest) -> HttpResponse:
    """Fields in which our copy differs."""
    require(request.user, "view")
    page = drifts.page_of(
        request.user,
        tab=drifts.Tab.from_query(request.GET.get("state", "")),
        after=id_from(request.GET.get("after", "")),
    )
    return render(request, "reconciliation/drift_list.html", {"place": "reconciliation", "page": page})


@post_from_our_pages
def drift_decision_create(request: StaffRequest, drift_id: int) -> HttpResponse:
    """Take theirs, keep ours, or ask again."""
    decision, by = request.POST.get("decision", ""), request.user
    with refusal_as_message(request):
        if decision == drift_decisions.ADOPT:
            said = drift_decisions.adopt_theirs(drift_id=drift_id, by=by, source=Source.PAGE)
        elif decision == drift_decisions.KEEP:
            reason = request.POST.get("reason", "")
            said = drift_decisions.keep_ours(drift_id=drift_id, reason=reason, by=by, source=Source.PAGE)
        elif decision == drift_decisions.ASK:
            said = drift_decisions.ask_again(drift_id=drift_id, by=by, source=Source.PAGE)
        else:
            raise Http404("There is no such decision.")
        messages.success(request, said)
    return go_to(request, reverse("orders:drift_list"))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Http404(_NOTHING) from error
