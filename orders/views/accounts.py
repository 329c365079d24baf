"""Gateway accounts: their health, the pause of one or of everything, and the proposal to resume."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from orders.forms import EvidenceForm, PauseForm
from orders.models import GatewayAccount, Source
from orders.modifications.pause import may_switch_everything, pause_account, pause_everything, resume_everything
from orders.modifications.refusals import Refused
from orders.modifications.review import propose_resumption
from orders.presenters.accounts import account_healths, beats
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, account_for, require

INVALID = 422


@require_GET
def account_list(request: StaffRequest) -> HttpResponse:
    """Every account with its health, and the signs of life of the machine."""
    require(request.user, "view")
    now = timezone.now()
    context = {
        "place": "accounts",
        "healths": account_healths(request.user, now=now),
        "beats": beats(now=now),
        "may_pause_everything": may_switch_everything(request.user),
    }
    return render(request, "orders/account_list.html", context)


@require_http_methods(["GET", "POST"])
def account_pause(request: StaffRequest, account_id: int) -> HttpResponse:
    """Stop sending through one account, with a reason."""
    account = account_for(request.user, account_id)
    form = PauseForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, account, title=f"Pause {account.name}", template="orders/account_pause.html")
    with refusal_as_message(request):
        pause_account(account_id=account.pk, reason=form.cleaned_data["reason"], by=request.user, source=Source.PAGE)
        messages.success(request, f"{account.name} is paused: nothing more is sent through it.")
    return _back(request)


@require_http_methods(["GET", "POST"])
def account_resumption(request: StaffRequest, account_id: int) -> HttpResponse:
    """Propose to resume an account; a second person confirms."""
    account = account_for(request.user, account_id)
    form = EvidenceForm(request.POST or None)
    title = f"Propose to resume {account.name}"
    if request.method == "GET" or not form.is_valid():
        return _form(request, form, account, title=title, template="orders/account_resumption.html")
    try:
        made = propose_resumption(
            account_id=account.pk,
            evidence_text=form.cleaned_data["evidence_text"],
            by=request.user,
            source=Source.PAGE,
        )
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _form(request, form, account, title=title, template="orders/account_resumption.html")
    messages.success(request, "Proposed. The account stays paused until a second person confirms it.")
    return go_to(request, reverse("orders:proposal", args=[made.pk]))


@require_http_methods(["GET", "POST"])
def general_pause(request: StaffRequest) -> HttpResponse:
    """Stop all sending everywhere, with a reason."""
    form = PauseForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        if not may_switch_everything(request.user):
            raise PermissionDenied
        return _form(request, form, None, title="Pause all sending", template="orders/general_pause.html")
    with refusal_as_message(request):
        pause_everything(reason=form.cleaned_data["reason"], by=request.user, source=Source.PAGE)
        messages.success(request, "All sending is paused.")
    return _back(request)


@post_from_our_pages
def general_resumption(request: StaffRequest) -> HttpResponse:
    """Send again everywhere."""
    with refusal_as_message(request):
        resume_everything(by=request.user, source=Source.PAGE)
        messages.success(request, "Sending is resumed.")
    return _back(request)


def _form(
    request: StaffRequest, form: PauseForm | EvidenceForm, account: GatewayAccount | None, *, title: str, template: str
) -> HttpResponse:
    context = {"place": "accounts", "form": form, "account": account, "title": title}
    return render(request, template, context, status=INVALID if form.is_bound else 200)


def _back(request: StaffRequest) -> HttpResponse:
    return go_to(request, reverse("orders:account_list"))
