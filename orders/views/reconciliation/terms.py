"""An account's settlement terms: when its gateway pays, at what price, and what one person may accept alone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from orders.models import Source
from orders.modifications.refusals import Refused
from orders.permissions import permissions_of
from orders.presenters.reconciliation.terms import initial_of
from orders.reconciliation.terms_desk import save_terms
from orders.terms_form import TermsForm
from orders.views.fragments import go_to
from orders.views.reconciliation.scope import require_at
from orders.views.scope import StaffRequest, account_for

INVALID = 422


@require_http_methods(["GET", "POST"])
def settlement_terms(request: StaffRequest, account_id: int) -> HttpResponse:
    """See them, or change them with the “reconcile” permission."""
    account = account_for(request.user, account_id)
    form = TermsForm(request.POST or None, initial=initial_of(account), auto_id="terms-%s", label_suffix="")
    if request.method == "POST":
        require_at(request.user, "reconcile", account.merchant_id)
        if form.is_valid():
            try:
                sentence = save_terms(account, form.terms, by=request.user, source=Source.PAGE)
            except Refused as refusal:
                form.add_error(refusal.code if refusal.code in form.fields else None, refusal.sentence)
            else:
                messages.success(request, sentence)
                return go_to(request, reverse("orders:settlement_terms", args=[account.pk]))
    context = {
        "place": "reconciliation",
        "account": account,
        "form": form,
        "may_change": "reconcile" in permissions_of(request.user, account.merchant_id),
    }
    return render(request, "reconciliation/terms.html", context, status=INVALID if form.is_bound else 200)
