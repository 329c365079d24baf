"""The back office's buttons: each asks on a page of its own for what is missing, then calls the same verb as a page."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from orders.admin.scope import person_of
from orders.forms import EvidenceForm, ModificationForm, PauseForm, amount_text
from orders.gateways.base import Kind
from orders.mirror.ask import ask_refresh
from orders.models import GatewayAccount, Modification, RefundPlan, Source, Transaction
from orders.modifications.ask import ask
from orders.modifications.hurry import ask_now
from orders.modifications.pause import pause_account
from orders.modifications.refusals import Refused
from orders.modifications.review import propose_resumption, propose_unfreezing
from orders.modifications.rules import Decision, may
from orders.modifications.situation import situation_of
from orders.modifications.withdraw import withdraw

Answer = HttpResponse | None
TEMPLATE = "admin/orders/action.html"


@admin.action(description="Capture …")
def capture_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    return _modify(page, request, chosen, Kind.CAPTURE, "capture_transaction")


@admin.action(description="Cancel …")
def cancel_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    return _modify(page, request, chosen, Kind.CANCEL, "cancel_transaction")


@admin.action(description="Cancel or refund …")
def reverse_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    return _modify(page, request, chosen, Kind.CANCEL_OR_REFUND, "reverse_transaction")


@admin.action(description="Void …")
def void_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    return _modify(page, request, chosen, Kind.VOID, "void_transaction")


@admin.action(description="Refund …")
def refund_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    return _modify(page, request, chosen, Kind.REFUND, "refund_transaction")


@admin.action(description="Ask the gateway for its state")
def refresh_transactions(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
    def ask(row: Transaction) -> str:
        ask_refresh(transaction_id=row.pk, by=person_of(request), source=Source.ADMIN)
        return f"{row.reference}: a worker asks the gateway."

    _each(request, chosen, ask)


@admin.action(description="Propose to unfreeze …")
def propose_unfreezing_transaction(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    def propose(row: Transaction, typed: dict[str, Any]) -> str:
        evidence = typed["evidence_text"]
        propose_unfreezing(transaction_id=row.pk, evidence_text=evidence, by=person_of(request), source=Source.ADMIN)
        return f"{row.reference}: proposed; a second person confirms it on the page Approvals."

    return _with_words(page, request, chosen, EvidenceForm, propose, "propose_unfreezing_transaction")


@admin.action(description="Withdraw (only what was never sent)")
def withdraw_modifications(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
    def take_back(row: Modification) -> str:
        withdraw(modification_id=row.pk, by=person_of(request), source=Source.ADMIN)
        return f"{row.pk}: withdrawn; nothing was sent."

    _each(request, chosen, take_back)


@admin.action(description="Ask the gateway now")
def ask_about_modifications(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> None:
    def ask(row: Modification) -> str:
        ask_now(modification_id=row.pk, by=person_of(request), source=Source.ADMIN)
        return f"{row.pk}: a worker asks the gateway."

    _each(request, chosen, ask)


@admin.action(description="Pause: send nothing more …")
def pause_accounts(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    def pause(row: GatewayAccount, typed: dict[str, Any]) -> str:
        pause_account(account_id=row.pk, reason=typed["reason"], by=person_of(request), source=Source.ADMIN)
        return f"{row.name} sends nothing more."

    return _with_words(page, request, chosen, PauseForm, pause, "pause_accounts")


@admin.action(description="Propose to resume …")
def propose_resuming_accounts(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> Answer:
    def propose(row: GatewayAccount, typed: dict[str, Any]) -> str:
        evidence = typed["evidence_text"]
        propose_resumption(account_id=row.pk, evidence_text=evidence, by=person_of(request), source=Source.ADMIN)
        return f"{row.name}: proposed; a second person confirms it on the page Approvals."

    return _with_words(page, request, chosen, EvidenceForm, propose, "propose_resuming_accounts")


# The three ways an action goes.


def _each(request: HttpRequest, chosen: QuerySet[Any], act: Callable[[Any], str]) -> None:
    """Nothing to ask: do it for each, and say for each what came of it."""
    for row in chosen:
        try:
            messages.success(request, act(row))
        except Refused as refusal:
            messages.error(request, f"{row}: {refusal.sentence}")


def _with_words(
    page: Any,
    request: HttpRequest,
    chosen: QuerySet[Any],
    form_class: type[forms.Form],
    act: Callable[[Any, dict[str, Any]], str],
    action: str,
) -> Answer:
    """Ask for the words first; then do it for each."""
    form = form_class(request.POST if "confirmed" in request.POST else None)
    if not form.is_valid():
        return _page(page, request, chosen, form, action)
    _each(request, chosen, lambda row: act(row, form.cleaned_data))
    return None


def _modify(page: Any, request: HttpRequest, chosen: QuerySet[Any], kind: Kind, action: str) -> Answer:
    """Money moves for one transaction at a time, on a page that shows the rule's own sentence."""
    rows = list(chosen.select_related("account", "order")[:2])
    if len(rows) != 1:
        messages.error(request, "Choose one transaction; nothing was sent.")
        return None
    row = rows[0]
    situation = situation_of(row, person_of(request))
    decision = may(kind, situation)
    confirmed = "confirmed" in request.POST
    form = ModificationForm(request.POST if confirmed else None, currency=row.currency, initial=_initial(row, decision))
    form.suit(situation.capability)
    form.leave_out(kind, situation.capability)
    if not form.is_valid():
        return _page(page, request, chosen, form, action, decision=decision)
    try:
        made = ask(form.wish(kind, transaction_id=row.pk, by=person_of(request), source=Source.ADMIN))
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _page(page, request, chosen, form, action, decision=decision)
    what = "is queued as one refund for each capture" if isinstance(made, RefundPlan) else "is queued"
    messages.success(request, f"{made.pk} {what}; follow it on the order’s page.")
    return None


def _initial(row: Transaction, decision: Decision) -> dict[str, Any]:
    most = amount_text(decision.maximum.amount_minor, row.currency) if decision.maximum else ""
    return {"modification_id": str(uuid.uuid4()), "version": row.version, "amount": most}


def _page(
    page: Any,
    request: HttpRequest,
    chosen: QuerySet[Any],
    form: forms.Form,
    action: str,
    *,
    decision: Decision | None = None,
) -> HttpResponse:
    title = str(getattr(globals()[action], "short_description", action)).removesuffix(" …")
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "opts": page.model._meta,
        "rows": chosen,
        "form": form,
        "action": action,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "decision": decision,
    }
    return TemplateResponse(request, TEMPLATE, context, status=422 if form.is_bound else 200)
