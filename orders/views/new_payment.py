"""New payment: the form, the click itself, and the page of one with the reference that the buyer quotes."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from orders.gateways.base import Kind
from orders.models import Modification, Source
from orders.modifications.new_payment import PaymentRefused, accounts_for_new_payments, request_payment
from orders.modifications.refusals import IdConflict, Refused
from orders.payment_forms import PaymentForm, asks_for_rows, with_more_rows
from orders.permissions import permissions_of
from orders.presenters.following import Seen
from orders.presenters.new_payment import PaymentCard, can_be_tried_again, payment_card, typed_before
from orders.presenters.panel import Notice
from orders.views.fragments import go_to
from orders.views.live import NOTHING_NEW, STOP_POLLING
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, modification_for, require

INVALID, CONFLICT = 422, 409


@require_GET
def payment_new(request: StaffRequest) -> HttpResponse:
    """A fresh form; `?again=` fills it in with what came to nothing before."""
    require(request.user, "authorize")
    return _show(request, _fresh(request, _typed_before(request, request.GET.get("again", ""))))


@post_from_our_pages
def payment_create(request: StaffRequest) -> HttpResponse:
    """The click. The same form sent twice gives the same payment."""
    require(request.user, "authorize")
    typed = request.POST.dict()
    accounts = accounts_for_new_payments(request.user)
    if asks_for_rows(typed):
        return _show(request, PaymentForm(initial=with_more_rows(typed), accounts=accounts))
    form = PaymentForm(request.POST, accounts=accounts)
    if not form.is_valid():
        return _show(request, form, status=INVALID)
    try:
        made = request_payment(
            modification_id=form.cleaned_data["modification_id"],
            account_id=int(form.cleaned_data["account"]),
            payment=form.payment,
            order_reference=form.cleaned_data["order_reference"],
            by=request.user,
            source=Source.PAGE,
        )
    except IdConflict as conflict:
        notice = Notice(tone="bad", title="Nothing was sent.", sentence=conflict.sentence)
        return _show(request, _fresh(request, typed), notice=notice, status=CONFLICT)
    except PaymentRefused as refusal:
        form.say(refusal.problems)
        return _show(request, form, status=INVALID)
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _show(request, form, status=INVALID)
    return go_to(request, reverse("orders:payment", args=[made.pk]))


@require_GET
def payment(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """One new payment: what became of the request, the reference to quote, whether the money has come."""
    row = _find(request, modification_id)
    card = _card(request, row, Seen.beginning(now=timezone.now()))
    return render(request, "orders/new_payment_page.html", _around(row) | {"card": card})


@require_GET
def payment_live(request: StaffRequest, modification_id: UUID) -> HttpResponse:
    """The poll of that page."""
    row = _find(request, modification_id)
    seen = Seen.from_query(request.GET, now=timezone.now())
    card = _card(request, row, seen)
    if card.following.polling and card.following.mark == seen.mark:
        return HttpResponse(status=NOTHING_NEW)
    status = 200 if card.following.polling else STOP_POLLING
    return render(request, "orders/_new_payment_card.html", _around(row) | {"card": card}, status=status)


def _find(request: StaffRequest, modification_id: UUID) -> Modification:
    row = modification_for(request.user, modification_id)
    if row.kind != Kind.AUTHORIZE:
        raise Http404("There is nothing here for you.")
    return row


def _card(request: StaffRequest, row: Modification, seen: Seen) -> PaymentCard:
    may_ask = "authorize" in permissions_of(request.user, row.merchant_id)
    return payment_card(row, may_ask=may_ask, seen=seen, now=timezone.now())


def _around(row: Modification) -> dict[str, Any]:
    return {"place": "orders", "order": row.transaction.order, "zone": row.merchant.time_zone}


def _typed_before(request: StaffRequest, again: str) -> dict[str, Any]:
    """What an earlier request said; nothing when there is none that this person may ask for anew."""
    try:
        row = modification_for(request.user, UUID(again))
    except (ValueError, Http404):
        return {}
    may_ask = "authorize" in permissions_of(request.user, row.merchant_id)
    return typed_before(row) if may_ask and can_be_tried_again(row) else {}


def _fresh(request: StaffRequest, typed: dict[str, Any]) -> PaymentForm:
    return PaymentForm(
        initial=typed | {"modification_id": str(uuid4())}, accounts=accounts_for_new_payments(request.user)
    )


def _show(request: StaffRequest, form: PaymentForm, *, notice: Notice | None = None, status: int = 200) -> HttpResponse:
    context = {"place": "new_payment", "form": form, "notice": notice, "undo_seconds": settings.UNDO_SECONDS}
    return render(request, "orders/new_payment.html", context, status=status)
