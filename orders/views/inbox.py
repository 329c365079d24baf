"""The inbox: what gateways told us, what it matched and changed; and where an account's webhooks come in."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from orders.accounts import AccountRefused, set_webhook_secret
from orders.inbox.again import process_again
from orders.models import GatewayAccount, InboxDelivery, Source
from orders.modifications.situation import capability_of
from orders.permissions import permissions_of
from orders.presenters.inbox import Tab, letter_of, page_of, rejections_of
from orders.presenters.timeline import id_from
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, account_for, require
from orders.webhook_secret_form import WebhookSecretForm

INVALID = 422


@require_GET
def delivery_list(request: StaffRequest) -> HttpResponse:
    """What came, newest first, by state and account."""
    require(request.user, "view")
    page = page_of(
        request.user,
        tab=Tab.from_query(request.GET.get("state", "")),
        account=id_from(request.GET.get("account", "")),
        after=id_from(request.GET.get("after", "")),
    )
    return render(request, "orders/inbox.html", {"place": "inbox", "page": page})


@require_GET
def delivery(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """One delivery: headers, body, and what became of each of its events."""
    row = _delivery_for(request, delivery_id)
    context = {
        "place": "inbox",
        "letter": letter_of(row, request.user),
        "delivery": row,
        "zone": row.merchant.time_zone,
    }
    return render(request, "orders/inbox_delivery.html", context)


@post_from_our_pages
def repetition_create(request: StaffRequest, delivery_id: int) -> HttpResponse:
    """Process it again."""
    row = _delivery_for(request, delivery_id)
    with refusal_as_message(request):
        process_again(delivery_id=row.pk, by=request.user, source=Source.PAGE)
        messages.success(request, "It is processed again now; reload the page in a few seconds.")
    return go_to(request, reverse("orders:inbox_delivery", args=[row.pk]))


@require_GET
def rejection_list(request: StaffRequest) -> HttpResponse:
    """What was not believed: when, for which account, and why."""
    require(request.user, "view")
    after = id_from(request.GET.get("after", ""))
    context = {"place": "inbox", "page": rejections_of(request.user, after=after)}
    return render(request, "orders/inbox_rejections.html", context)


@require_http_methods(["GET", "POST"])
def account_webhooks(request: StaffRequest, account_id: int) -> HttpResponse:
    """Where the account's webhooks come in, and a new secret for them. The address is for those who configure."""
    account = account_for(request.user, account_id)
    if "configure" not in permissions_of(request.user, account.merchant_id):
        raise PermissionDenied(
            "You do not have the “configure” permission. Ask an administrator of your merchant for it."
        )
    form = WebhookSecretForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _put_secret(request, account, form):
        return go_to(request, reverse("orders:account_webhooks", args=[account.pk]))
    now = timezone.now()
    until = account.webhook_secret_before_until
    context = {
        "place": "accounts",
        "account": account,
        "form": form,
        "address": settings.PUBLIC_URL.rstrip("/") + reverse("orders:webhook", args=[account.webhook_token]),
        "signs": capability_of(account).webhook_trust == "signed",
        "reads": capability_of(account).reads,
        "has_secret": bool(account.webhook_secret_sealed),
        "before_until": until if until and until > now else None,
    }
    return render(request, "orders/inbox_account.html", context, status=INVALID if form.is_bound else 200)


def _put_secret(request: StaffRequest, account: GatewayAccount, form: WebhookSecretForm) -> bool:
    try:
        set_webhook_secret(
            account_id=account.pk,
            secret="" if form.cleaned_data["remove"] else form.cleaned_data["secret"],
            overlaps=not form.cleaned_data["exposed"],
            by=request.user,
            source=Source.PAGE,
        )
    except AccountRefused as refusal:
        form.add_error("secret", str(refusal))
        return False
    messages.success(request, "The secret is in place; webhooks are checked with it from now on.")
    return True


def _delivery_for(request: StaffRequest, delivery_id: int) -> InboxDelivery:
    rows = InboxDelivery.objects.of(request.user).select_related("account", "merchant")
    row = rows.filter(pk=delivery_id).first()
    if row is None:
        raise Http404("There is nothing here for you.")
    require(request.user, "view")
    return row
