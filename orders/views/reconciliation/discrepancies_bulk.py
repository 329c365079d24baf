"""Many discrepancies at once: the list's bar, and sheets that come back. Every row gets a verdict of its own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core import signing
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from orders.discrepancy_forms import DeskForm, chosen_rows
from orders.presenters.reconciliation.discrepancies import people_of
from orders.presenters.reconciliation.discrepancies_verdicts import summary_of, verdict_rows
from orders.reconciliation.discrepancies.instructions import ACTIONS, carried_out, tried
from orders.reconciliation.discrepancies.sheets_reading import (
    Instruction,
    SheetRefused,
    instruction_from,
    plain_of,
    read_sheet,
)
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.discrepancies import list_address, show_list
from orders.views.scope import StaffRequest, require

INVALID = 422
SEAL_SECONDS = 3_600
_SALT = "orders.discrepancy-sheet"
_DONE, _REFUSED = "Done", "Not done"


@post_from_our_pages
def bulk_create(request: StaffRequest) -> HttpResponse:
    """The bar below the list: one act for every chosen row."""
    _require_reconciling(request.user)
    back = request.POST.get("back", "")[:2_000]
    chosen = chosen_rows(request.POST.getlist("row"))
    form = DeskForm(request.POST, people=people_of(request.user))
    if form.is_valid() and not chosen:
        form.add_error(None, "Choose at least one discrepancy; nothing was changed.")
    if not form.is_valid():
        return show_list(request, QueryDict(back), bulk=form, chosen=chosen, status=INVALID)
    asked = [form.instruction(pk, version, number=place) for place, (pk, version) in enumerate(chosen.items(), 1)]
    rows = verdict_rows(request.user, asked, carried_out(asked, by=request.user), done=_DONE, refused=_REFUSED)
    context = {
        "place": "reconciliation",
        "title": dict(form.fields["act"].choices)[form.cleaned_data["act"]],  # type: ignore[attr-defined]
        "summary": summary_of(rows, done="done", refused="not done"),
        "verdicts": rows,
        "back_url": list_address(back),
    }
    return render(request, "reconciliation/discrepancy_verdicts.html", context)


@require_http_methods(["GET", "POST"])
def sheet(request: StaffRequest) -> HttpResponse:
    """GET asks for a sheet; POST shows what each of its rows would do, and changes nothing."""
    _require_reconciling(request.user)
    if request.method == "GET":
        return _sheet_page(request)
    upload = request.FILES.get("sheet")
    if upload is None:
        return _sheet_page(request, problem="Choose a sheet; nothing was changed.", status=INVALID)
    try:
        found = read_sheet(upload)
    except SheetRefused as refused:
        return _sheet_page(request, problem=str(refused), status=INVALID)
    if not found.instructions:
        problem = "No row of the sheet has an action, so there is nothing to do. Write one into the column “action”."
        return _sheet_page(request, problem=problem, status=INVALID)
    asked = found.instructions
    verdicts = tried(asked, by=request.user)
    rows = verdict_rows(request.user, asked, verdicts, done="Would be done", refused="Would be refused")
    sealed = [plain_of(one) for one, verdict in zip(asked, verdicts, strict=True) if verdict.done]
    return _sheet_page(
        request,
        verdicts=rows,
        ready=len(sealed),
        sealed=signing.dumps([request.user.pk, sealed], salt=_SALT, compress=True),
        summary=summary_of(rows, done="would be done", refused="would be refused and left out")
        + (f" {found.silent} without an action were skipped." if found.silent else ""),
    )


@post_from_our_pages
def sheet_create(request: StaffRequest) -> HttpResponse:
    """Do exactly what was shown to exactly this person within the last hour."""
    _require_reconciling(request.user)
    asked = _unsealed(request)
    if asked is None:
        problem = "What was shown is damaged or older than an hour; nothing was changed. Bring the sheet once more."
        return _sheet_page(request, problem=problem, status=INVALID)
    rows = verdict_rows(request.user, asked, carried_out(asked, by=request.user), done=_DONE, refused=_REFUSED)
    context = {
        "place": "reconciliation",
        "title": "The sheet",
        "summary": summary_of(rows, done="done", refused="not done"),
        "verdicts": rows,
        "numbered": True,
        "back_url": list_address(""),
    }
    return render(request, "reconciliation/discrepancy_verdicts.html", context)


def _unsealed(request: StaffRequest) -> list[Instruction] | None:
    try:
        person, rows = signing.loads(request.POST.get("sealed", ""), salt=_SALT, max_age=SEAL_SECONDS)
    except signing.BadSignature:
        return None
    return [instruction_from(row) for row in rows] if person == request.user.pk else None


def _sheet_page(request: StaffRequest, *, status: int = 200, **shown: Any) -> HttpResponse:
    context = {"place": "reconciliation", "actions": ACTIONS, "numbered": True, **shown}
    return render(request, "reconciliation/discrepancy_sheet.html", context, status=status)


def _require_reconciling(person: User) -> None:
    require(person, "view")
    require(person, "reconcile")
