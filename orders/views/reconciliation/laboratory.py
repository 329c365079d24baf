"""The rule laboratory: try a profile on the last ninety days, and look at what it would change."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.models import Merchant, ReconciliationRun, RunKind, SettlementProfile
from orders.modifications.bell import ring_experiment
from orders.presenters.reconciliation.laboratory import experiment_of, profiles_of
from orders.reconciliation.laboratory.experiment import begin
from orders.views.answers import refusal_as_message
from orders.views.fragments import answer, go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, require


@require_GET
def laboratory(request: StaffRequest) -> HttpResponse:
    """What can be tried, and what was."""
    require(request.user, "view")
    context = {"place": "reconciliation", "rows": profiles_of(request.user)}
    return render(request, "reconciliation/laboratory.html", context)


@require_GET
def experiment(request: StaffRequest, run_id: int) -> HttpResponse:
    """One experiment; its middle asks for itself while it is under way."""
    context = {"place": "reconciliation", "experiment": experiment_of(_run(request, run_id), request.user)}
    page, fragment = "reconciliation/experiment.html", "reconciliation/_experiment.html"
    return answer(request, page=page, fragment=fragment, context=context)


@post_from_our_pages
def experiment_create(request: StaffRequest, profile_id: int) -> HttpResponse:
    """Ask a worker to try it."""
    profiles = SettlementProfile.objects.filter(account__merchant__in=Merchant.objects.of(request.user))
    profile = profiles.select_related("account").filter(pk=profile_id).first()
    if profile is None:
        raise Http404("There is no such profile.")
    address = reverse("orders:laboratory")
    with refusal_as_message(request):
        run = begin(profile, by=request.user)
        ring_experiment(run.pk)
        messages.success(request, f"{profile} is being tried on the last ninety days. Nothing that counts changes.")
        address = reverse("orders:experiment", args=[run.pk])
    return go_to(request, address)


def _run(request: StaffRequest, run_id: int) -> ReconciliationRun:
    require(request.user, "view")
    trials = ReconciliationRun.objects.filter(kind=RunKind.TRIAL, file__isnull=True)
    mine = trials.filter(merchant__in=Merchant.objects.of(request.user))
    run = mine.select_related("account__merchant", "profile", "started_by").filter(pk=run_id).first()
    if run is None:
        raise Http404("There is no such experiment.")
    return run
