"""One line of a settlement file and one match: what the file says, what it met and why, and links made by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.database import database_now
from orders.models import Discrepancy, Match, SettlementLine
from orders.modifications.refusals import Refused, UnknownThing
from orders.permissions import permissions_of
from orders.presenters.reconciliation.line_page import line_page_of, match_page_of
from orders.reconciliation.discrepancies.typing import look_again
from orders.reconciliation.matching.linking import link, unlink
from orders.settlement_forms import LinkForm, UnlinkForm
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.scope import line_for, match_for, require_at
from orders.views.scope import StaffRequest

INVALID = 422


@require_GET
def line(request: StaffRequest, line_id: int) -> HttpResponse:
    """The line, what it met, what does not fit, and its whole history."""
    return _line(request, line_for(request.user, line_id), LinkForm(auto_id="link-%s", label_suffix=""))


@require_GET
def match(request: StaffRequest, match_id: int) -> HttpResponse:
    """Why a line and a movement are the same money."""
    return _match(request, match_for(request.user, match_id), UnlinkForm(auto_id="unlink-%s", label_suffix=""))


@post_from_our_pages
def link_create(request: StaffRequest, line_id: int) -> HttpResponse:
    """A person says which movement the line belongs to."""
    row = line_for(request.user, line_id)
    require_at(request.user, "reconcile", row.file.merchant_id)
    form = LinkForm(request.POST, auto_id="link-%s", label_suffix="")
    if not form.is_valid():
        return _line(request, row, form, status=INVALID)
    item, reason = form.cleaned_data["item"], form.cleaned_data["reason"]
    try:
        if isinstance(item, UUID):
            linked = link(row.pk, modification_id=item, by=request.user, reason=reason)
        else:
            linked = link(row.pk, movement_id=item, by=request.user, reason=reason)
    except UnknownThing as unknown:
        form.add_error("item", unknown.sentence)
        return _line(request, row, form, status=INVALID)
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _line(request, row, form, status=INVALID)
    look_again(linked)
    messages.success(request, "Linked. The line and the movement count as the same money from now on.")
    return go_to(request, reverse("orders:settlement_line", args=[row.pk]))


@post_from_our_pages
def match_end(request: StaffRequest, match_id: int) -> HttpResponse:
    """A person says that they do not belong together; the match stays in the history."""
    row = match_for(request.user, match_id)
    require_at(request.user, "reconcile", row.line.file.merchant_id)
    form = UnlinkForm(request.POST, auto_id="unlink-%s", label_suffix="")
    if not form.is_valid():
        return _match(request, row, form, status=INVALID)
    try:
        ended = unlink(row.pk, by=request.user, reason=form.cleaned_data["reason"])
    except UnknownThing as unknown:
        raise Http404(unknown.sentence) from unknown
    except Refused as refusal:
        form.add_error(None, refusal.sentence)
        return _match(request, row, form, status=INVALID)
    look_again(ended)
    messages.success(request, "Taken apart. No run puts these two together again; you may link them by hand.")
    return go_to(request, reverse("orders:settlement_line", args=[row.line_id]))


def _line(request: StaffRequest, row: SettlementLine, form: LinkForm, *, status: int = 200) -> HttpResponse:
    discrepancies = Discrepancy.objects.filter(line=row).select_related("account").order_by("-pk")
    context: dict[str, Any] = {
        "place": "reconciliation",
        "line": row,
        "file": row.file,
        "zone": row.file.merchant.time_zone,
        "page": line_page_of(row, today=database_now().date()),
        "discrepancies": list(discrepancies),
        "form": form,
        "may_reconcile": "reconcile" in permissions_of(request.user, row.file.merchant_id),
    }
    return render(request, "reconciliation/line.html", context, status=status)


def _match(request: StaffRequest, row: Match, form: UnlinkForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "place": "reconciliation",
        "match": row,
        "line": row.line,
        "zone": row.line.file.merchant.time_zone,
        "page": match_page_of(row),
        "form": form,
        "may_reconcile": "reconcile" in permissions_of(request.user, row.line.file.merchant_id),
    }
    return render(request, "reconciliation/match.html", context, status=status)
