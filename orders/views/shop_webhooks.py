"""What shops are told: their endpoints, a new one, and the log of one with sending again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from orders.announce import TYPES
from orders.forms import EndpointForm
from orders.models import Merchant, ShopEndpoint, Source
from orders.modifications.refusals import Refused
from orders.outgoing.endpoints import (
    TEST,
    add_endpoint,
    renew_secret,
    send_again,
    send_test,
    start_endpoint,
    stop_endpoint,
)
from orders.permissions import permissions_anywhere
from orders.presenters.shop_webhooks import endpoint_rows, log_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, require

INVALID = 422
ACTS = {
    "stop": "Announcements to this endpoint are stopped.",
    "start": "Announcements to this endpoint are sent again.",
    "test": "A test is on its way; its answer will stand in the log.",
}


@require_GET
def endpoint_list(request: StaffRequest) -> HttpResponse:
    """Every endpoint, and what can be announced."""
    require(request.user, "view")
    types = {name: meaning for name, meaning in TYPES.items() if name != TEST}
    context = {
        "place": "shop_webhooks",
        "rows": endpoint_rows(request.user),
        "types": types,
        "may_add": "configure" in permissions_anywhere(request.user),
    }
    return render(request, "orders/shop_webhook_list.html", context)


@require_http_methods(["GET", "POST"])
def endpoint_new(request: StaffRequest) -> HttpResponse:
    """Add an endpoint; its secret is shown once, on the page that answers."""
    require(request.user, "configure")
    form = EndpointForm(request.POST or None, merchants=Merchant.objects.of(request.user))
    if request.method == "GET" or not form.is_valid():
        return _form(request, form)
    try:
        endpoint, secret = add_endpoint(
            merchant_id=form.cleaned_data["merchant"].pk,
            url=form.cleaned_data["url"],
            types=form.cleaned_data["types"],
            description=form.cleaned_data["description"],
            by=request.user,
            source=Source.PAGE,
        )
    except Refused as refusal:
        form.add_error("url", refusal.sentence)
        return _form(request, form)
    return _secret(request, endpoint, secret)


@require_GET
def endpoint(request: StaffRequest, endpoint_id: UUID) -> HttpResponse:
    """One endpoint with its log."""
    found = _find(request, endpoint_id)
    context = {
        "place": "shop_webhooks",
        "endpoint": found,
        "row": next(row for row in endpoint_rows(request.user) if row.endpoint.pk == found.pk),
        "log": log_of(found, after=request.GET.get("after", "")),
    }
    return render(request, "orders/shop_webhook.html", context)


@post_from_our_pages
def endpoint_act(request: StaffRequest, endpoint_id: UUID, act: str) -> HttpResponse:
    """Stop, start or test an endpoint."""
    if act not in ACTS:
        raise Http404("There is no such act.")
    found = _find(request, endpoint_id)
    with refusal_as_message(request):
        if act == "stop":
            stop_endpoint(endpoint_id=found.pk, reason="", by=request.user, source=Source.PAGE)
        elif act == "start":
            start_endpoint(endpoint_id=found.pk, by=request.user, source=Source.PAGE)
        else:
            send_test(endpoint_id=found.pk, by=request.user, source=Source.PAGE)
        messages.success(request, ACTS[act])
    return go_to(request, reverse("orders:shop_webhook", args=[found.pk]))


@post_from_our_pages
def secret_create(request: StaffRequest, endpoint_id: UUID) -> HttpResponse:
    """A new secret, shown once."""
    found = _find(request, endpoint_id)
    try:
        secret = renew_secret(endpoint_id=found.pk, by=request.user, source=Source.PAGE)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
        return go_to(request, reverse("orders:shop_webhook", args=[found.pk]))
    return _secret(request, found, secret)


@post_from_our_pages
def redelivery_create(request: StaffRequest, endpoint_id: UUID, delivery_id: int) -> HttpResponse:
    """Send one delivery again."""
    found = _find(request, endpoint_id)
    with refusal_as_message(request):
        send_again(delivery_id=delivery_id, by=request.user, source=Source.PAGE)
        messages.success(request, "It is sent again; the shop sees the same id.")
    return go_to(request, reverse("orders:shop_webhook", args=[found.pk]))


def _find(request: StaffRequest, endpoint_id: UUID) -> ShopEndpoint:
    require(request.user, "view")
    found = ShopEndpoint.objects.of(request.user).select_related("merchant").filter(pk=endpoint_id).first()
    if found is None:
        raise Http404("There is nothing here for you.")
    return found


def _form(request: StaffRequest, form: EndpointForm) -> HttpResponse:
    context = {"place": "shop_webhooks", "form": form, "title": "Add an endpoint"}
    return render(request, "orders/shop_webhook_new.html", context, status=INVALID if form.is_bound else 200)


def _secret(request: StaffRequest, endpoint: ShopEndpoint, secret: str) -> HttpResponse:
    context = {"place": "shop_webhooks", "endpoint": endpoint, "secret": secret}
    return render(request, "orders/shop_webhook_secret.html", context)
