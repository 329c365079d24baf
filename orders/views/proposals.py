"""What waits for a second person: the list, one proposal, its confirmation and its rejection."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods

from orders.forms import ConfirmationForm, EvidenceForm, RejectionForm
from orders.models import Proposal, Source, Transaction
from orders.modifications.refusals import Refused, UnknownThing
from orders.modifications.review import confirm, propose_unfreezing, reject
from orders.presenters.proposals import Tab, page_of, seal_of
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, proposals_for, transaction_for

INVALID = 422


@require_GET
def proposal_list(request: StaffRequest) -> HttpResponse:
    """Open proposals, or decided ones."""
    tab = Tab.from_query(request.GET.get("state", ""))
    page = page_of(proposals_for(request.user), request.user, tab=tab, after=request.GET.get("after", ""))
    return render(request, "orders/proposal_list.html", {"place": "proposals", "page": page})


@require_GET
def proposal(request: StaffRequest, proposal_id: UUID) -> HttpResponse:
    """One proposal with what it would do."""
    return _show(request, _find(request, proposal_id), RejectionForm())


@post_from_our_pages
def confirmation_create(request: StaffRequest, proposal_id: UUID) -> HttpResponse:
    """The second person says yes to exactly what the page showed."""
    row = _find(request, proposal_id)
    form = ConfirmationForm(request.POST)
    if not form.is_valid():
        messages.warning(request, " ".join(str(error) for error in form.errors["fingerprint"]))
        return _back(request, row)
    with refusal_as_message(request):
        confirm(proposal_id=row.pk, fingerprint=form.cleaned_data["fingerprint"], by=request.user, source=Source.PAGE)
        messages.success(request, "Confirmed.")
    return _back(request, row)


@post_from_our_pages
def rejection_create(request: StaffRequest, proposal_id: UUID) -> HttpResponse:
    """The second person says no, and why."""
    row = _find(request, proposal_id)
    form = RejectionForm(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=INVALID)
    with refusal_as_message(request):
        reject(
            proposal_id=row.pk, decision_text=form.cleaned_data["decision_text"], by=request.user, source=Source.PAGE
        )
        messages.success(request, "Rejected; nothing changed.")
    return _back(request, row)


@require_http_methods(["GET", "POST"])
def unfreezing(request: StaffRequest, transaction_id: int) -> HttpResponse:
    """Propose to unfreeze a transaction: GET draws the form, POST makes the proposal."""
    transaction = transaction_for(request.user, transaction_id)
    form = EvidenceForm(request.POST or None)
    if request.method == "GET" or not form.is_valid():
        return _unfreezing_form(request, transaction, form)
    try:
        made = propose_unfreezing(
            transaction_id=transaction.pk,
            evidence_text=form.cleaned_data["evidence_text"],
            by=request.user,
            source=Source.PAGE,
        )
    except UnknownThing as unknown:
        raise Http404(unknown.sentence) from unknown
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _unfreezing_form(request, transaction, form)
    messages.success(request, "Proposed. The transaction stays frozen until a second person confirms it.")
    return _back(request, made)


def _unfreezing_form(request: StaffRequest, transaction: Transaction, form: EvidenceForm) -> HttpResponse:
    context = {"place": "orders", "transaction": transaction, "order": transaction.order, "form": form}
    return render(request, "orders/unfreezing.html", context, status=INVALID if form.is_bound else 200)


def _find(request: StaffRequest, proposal_id: UUID) -> Proposal:
    found = proposals_for(request.user).filter(pk=proposal_id).first()
    if found is None:
        raise Http404("There is no such proposal.")
    return found


def _show(request: StaffRequest, row: Proposal, form: RejectionForm, *, status: int = 200) -> HttpResponse:
    context = {"place": "proposals", "seal": seal_of(row, request.user), "form": form, "zone": row.merchant.time_zone}
    return render(request, "orders/proposal.html", context, status=status)


def _back(request: StaffRequest, row: Proposal) -> HttpResponse:
    return go_to(request, reverse("orders:proposal", args=[row.pk]))
