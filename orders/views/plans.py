"""A refund over several captures: its page, and the button that asks again for what is missing."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from orders.forms import VersionForm
from orders.models import Source
from orders.modifications.plans import finish_plan
from orders.presenters.following import Seen
from orders.presenters.plans import plan_card_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, plan_for


@require_GET
def plan(request: StaffRequest, plan_id: UUID) -> HttpResponse:
    """Every leg with its story, and what is missing."""
    row = plan_for(request.user, plan_id)
    now = timezone.now()
    context = {
        "place": "modifications",
        "plan_card": plan_card_of(row, request.user, seen=Seen.beginning(now=now), now=now),
        "order": row.transaction.order,
        "zone": row.merchant.time_zone,
        "on_page": True,
    }
    return render(request, "orders/plan.html", context)


@post_from_our_pages
def plan_rest_create(request: StaffRequest, plan_id: UUID) -> HttpResponse:
    """Ask again for what failed or was withdrawn."""
    row = plan_for(request.user, plan_id)
    form = VersionForm(request.POST)
    with refusal_as_message(request):
        if form.is_valid():
            version = form.cleaned_data["version"]
            finish_plan(plan_id=row.pk, by=request.user, source=Source.PAGE, expected_version=version)
            messages.success(request, "What was missing is asked for again; this page follows until the end is known.")
        else:
            messages.error(request, "This form is damaged; nothing was sent. Reload the page.")
    return go_to(request, reverse("orders:plan", args=[row.pk]))
