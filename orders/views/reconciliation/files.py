"""Settlement files: the list, one file with its lines, what a correction flips, and the bytes as they came."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from orders.audit import record
from orders.database import database_now
from orders.models import FileState, ReconciliationRun, RunKind, SettlementFile, Source
from orders.permissions import permissions_anywhere, permissions_of
from orders.presenters.reconciliation.changes import changes_of
from orders.presenters.reconciliation.files import bad_lines_of, chosen_from, page_of, sums_of
from orders.presenters.reconciliation.lines import lines_of
from orders.presenters.reconciliation.progress import progress_of
from orders.presenters.reconciliation.runs import row_of
from orders.presenters.reconciliation.uploads import upload_of
from orders.presenters.timeline import id_from
from orders.reconciliation.files.setting_aside import in_place_of, set_aside, set_aside_of
from orders.reconciliation.files.storing import content_of
from orders.settlement_forms import SetAsideForm
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.following import followed
from orders.views.reconciliation.scope import file_for, require_at
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for

INVALID = 422
_KEPT = frozenset({FileState.WAITING, FileState.LOADING, FileState.APPLIED, FileState.REFUSED, FileState.REPLACED})


@require_GET
def file_list(request: StaffRequest) -> HttpResponse:
    """What came, newest first, by state, account and business date."""
    require(request.user, "view")
    accounts = {account.id: account.name for account in shell_for(request).accounts}
    chosen = chosen_from(request.GET.dict(), accounts)
    context = {
        "place": "reconciliation",
        "page": page_of(request.user, chosen, after=id_from(request.GET.get("after", ""))),
        "accounts": accounts.items(),
        "may_reconcile": "reconcile" in permissions_anywhere(request.user),
    }
    return render(request, "reconciliation/file_list.html", context)


@require_GET
def file(request: StaffRequest, file_id: int) -> HttpResponse:
    """How far it came, what it holds, what its lines met, and which lines are bad."""
    return _show(request, file_for(request.user, file_id), _aside_form(None))


@post_from_our_pages
def setting_aside_create(request: StaffRequest, file_id: int) -> HttpResponse:
    """A refused file needs nothing more, and a person says why."""
    row = file_for(request.user, file_id)
    form = _aside_form(request.POST)
    if not form.is_valid():
        return _show(request, row, form, status=INVALID)
    with refusal_as_message(request):
        set_aside(row.pk, reason=form.cleaned_data["reason"], by=request.user, source=Source.PAGE)
        messages.success(request, f"{row.name} was set aside. It stays among the files and asks for nothing more.")
    return go_to(request, reverse("orders:settlement_file", args=[row.pk]))


def _show(request: StaffRequest, row: SettlementFile, form: SetAsideForm, *, status: int = 200) -> HttpResponse:
    after = id_from(request.GET.get("after", ""))
    context = _now(row) | {
        **_came_to(request, row, form),
        "page": lines_of(row, after=after) if row.lines or row.overlaps else None,
        "has_original": row.state in _KEPT,
        "replaced_by": SettlementFile.objects.filter(replaces=row).exclude(state=FileState.TRIAL).first(),
    }
    return render(request, "reconciliation/file.html", context, status=status)


def _came_to(request: StaffRequest, row: SettlementFile, form: SetAsideForm) -> dict[str, Any]:
    """What the file came to once it is at rest: its sums, or why it was refused and what to do about it."""
    bad_lines, bad_after = bad_lines_of(row, after=id_from(request.GET.get("bad_after", "")))
    refused = row.state == FileState.REFUSED
    return {
        "sums": sums_of(row),
        "bad_lines": bad_lines,
        "bad_after": bad_after,
        "may_reconcile": "reconcile" in permissions_of(request.user, row.merchant_id),
        "upload": upload_of(row, request.user, now=database_now()),
        "form": form,
        **({"later": in_place_of(row), "aside": set_aside_of(row)} if refused else {}),
    }


def _aside_form(data: Any) -> SetAsideForm:
    return SetAsideForm(data, auto_id="aside-%s", label_suffix="")


@require_GET
def file_live(request: StaffRequest, file_id: int) -> HttpResponse:
    """What the page of a file that is on its way asks for: 204 while nothing is new, and the end stops it.

    `?row=1` asks for one row of several uploads instead.
    """
    row = file_for(request.user, file_id)
    if "row" in request.GET:
        return followed(request, "reconciliation/_file_row.html", _now(row))
    context = _now(row)
    if not context["progress"].moving:
        context |= _came_to(request, row, _aside_form(None))
    return followed(request, "reconciliation/_file_now.html", context)


@require_GET
def file_changes(request: StaffRequest, file_id: int) -> HttpResponse:
    """What a corrected file flips against the one that it replaces."""
    row = file_for(request.user, file_id)
    if row.replaces is None:
        raise Http404("This file corrects no other, so there is nothing to compare.")
    after = id_from(request.GET.get("after", "")) or 0
    context = {
        "place": "reconciliation",
        "file": row,
        "old": row.replaces,
        "changes": changes_of(row, row.replaces, after=after),
        "sums": sums_of(row),
        "old_sums": sums_of(row.replaces),
    }
    return render(request, "reconciliation/file_changes.html", context)


@require_GET
def file_original(request: StaffRequest, file_id: int) -> HttpResponseBase:
    """The bytes as they came, for whoever may reconcile; the download is written down before it begins."""
    row = file_for(request.user, file_id)
    require_at(request.user, "reconcile", row.merchant_id)
    if row.state not in _KEPT:
        raise Http404("The file has not arrived whole yet, so there is nothing to download.")
    record(
        verb="settlement.download",
        sentence=f"Downloaded the settlement file {row.name}.",
        source=Source.PAGE,
        by=request.user,
        merchant=row.merchant,
        account=row.account,
        details={"file": row.pk, "sha256": row.sha256},
    )
    answer = StreamingHttpResponse(content_of(row.pk), content_type="application/octet-stream")
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=row.name) or "attachment"
    answer["Content-Length"] = str(row.size)
    return answer


def _now(row: SettlementFile) -> dict[str, Any]:
    """The part of the page that moves."""
    passes = ReconciliationRun.objects.filter(file=row).exclude(kind=RunKind.PERSON)
    runs = list(passes.select_related("file", "started_by").order_by("-pk")[:20])
    return {
        "place": "reconciliation",
        "file": row,
        "zone": row.merchant.time_zone,
        "runs": [row_of(run) for run in runs],
        "progress": progress_of(row, runs[0] if runs else None, now=database_now(), zone=row.merchant.time_zone),
    }
