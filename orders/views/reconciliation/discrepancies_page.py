"""One discrepancy: both sides, why, what can be done; its fixes and what happens at the desk."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.discrepancy_forms import DeskForm
from orders.models import Discrepancy, ReconciliationRun, Source
from orders.modifications.refusals import ChangedSince, Refused
from orders.permissions import permissions_of
from orders.presenters.reconciliation.discrepancies import people_of
from orders.presenters.reconciliation.discrepancies_fixes import Typed, fixes_of
from orders.presenters.reconciliation.discrepancies_page import WITH_SIDES, discrepancy_page
from orders.presenters.timeline import id_from
from orders.reconciliation.again import match_again
from orders.reconciliation.discrepancies.fix_facts import Fix
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.discrepancies.instructions import carried_out
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.reconciliation.discrepancies import today_of
from orders.views.reconciliation.runs import run_now
from orders.views.reconciliation.scope import runs_of
from orders.views.scope import StaffRequest, require

INVALID, CONFLICT = 422, 409
_VERSION_MAXIMUM = 2**31 - 1
_TYPED_MAXIMUM = 100_000
"""Characters of a reason that is looked at and given back; how long it may be says the verb."""
_DAMAGED = "This form is damaged; nothing was changed. The page shows how it stands now."


@require_GET
def discrepancy(request: StaffRequest, discrepancy_id: int) -> HttpResponse:
    """The whole page."""
    return _show(request, discrepancy_for(request, discrepancy_id))


@post_from_our_pages
def fix_create(request: StaffRequest, discrepancy_id: int, code: str) -> HttpResponse:
    """Do one prepared fix, on exactly what the page showed."""
    row = discrepancy_for(request, discrepancy_id)
    version = _version(request)
    typed = Typed(
        code=code,
        reason=request.POST.get("reason", "")[:_TYPED_MAXIMUM],
        other=request.POST.get("other", "")[:100],
        other_id=request.POST.get("other_id", "")[:100],
    )
    if version is None:
        return _show(request, row, notice=_DAMAGED, status=INVALID)
    try:
        details = _other_side(row, typed) if code == "link" else {}
        said = apply_fix(
            row.pk, code, by=request.user, version=version, reason=typed.reason, details=details, source=Source.PAGE
        )
    except ChangedSince as changed:
        return _changed(request, row.pk, changed.sentence, changed.changes)
    except Refused as refusal:
        return _refused(request, row.pk, typed, refusal.sentence)
    messages.success(request, said)
    return _back(request, row, following=_match_again(request, row) if code == Fix.ASK else None)


@post_from_our_pages
def matching_create(request: StaffRequest, discrepancy_id: int) -> HttpResponse:
    """Have a worker match again what has not met, at the discrepancy's account; the page follows it."""
    row = discrepancy_for(request, discrepancy_id)
    return _back(request, row, following=_match_again(request, row))


@post_from_our_pages
def desk_create(request: StaffRequest, discrepancy_id: int) -> HttpResponse:
    """Owner, due date, comment, or another month."""
    row = discrepancy_for(request, discrepancy_id)
    version = _version(request)
    form = _desk_form(request, request.POST)
    if version is None:
        return _show(request, row, notice=_DAMAGED, status=INVALID)
    if not form.is_valid():
        return _show(request, row, desk=form, status=INVALID)
    (verdict,) = carried_out([form.instruction(row.pk, version)], by=request.user)
    if verdict.code == "changed_since":
        return _changed(request, row.pk, verdict.sentence, [])
    if not verdict.done:
        form.add_error(None, verdict.sentence)
        return _show(request, discrepancy_for(request, row.pk), desk=form, status=INVALID)
    messages.success(request, verdict.sentence)
    return _back(request, row)


def discrepancy_for(request: StaffRequest, discrepancy_id: int) -> Discrepancy:
    """A discrepancy of one of the person's merchants, with everything its page points at."""
    require(request.user, "view")
    row = Discrepancy.objects.of(request.user).select_related(*WITH_SIDES).filter(pk=discrepancy_id).first()
    if row is None:
        raise Http404("There is nothing here for you.")
    return row


def _show(
    request: StaffRequest,
    row: Discrepancy,
    *,
    typed: Typed | None = None,
    desk: DeskForm | None = None,
    notice: str = "",
    changes: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    may_reconcile = "reconcile" in permissions_of(request.user, row.merchant_id)
    context: dict[str, Any] = {
        "place": "reconciliation",
        "page": discrepancy_page(row, today=today_of(request)),
        "fixes": fixes_of(row, request.user, typed),
        "desk": desk or _desk_form(request, settled=not row.unsettled),
        "may_reconcile": may_reconcile,
        "notice": notice,
        "changes": changes or [],
        **_matching(request, row),
    }
    return render(request, "reconciliation/discrepancy.html", context, status=status)


def _changed(request: StaffRequest, pk: int, sentence: str, changes: list[str]) -> HttpResponse:
    """The page as it stands now, saying what changed."""
    return _show(request, discrepancy_for(request, pk), notice=sentence, changes=changes, status=CONFLICT)


def _refused(request: StaffRequest, pk: int, typed: Typed, sentence: str) -> HttpResponse:
    """Beside the form where it is still there; above everything where it is not."""
    row = discrepancy_for(request, pk)
    sent = Typed(code=typed.code, reason=typed.reason, other=typed.other, other_id=typed.other_id, problem=sentence)
    is_open = any(fix.code == typed.code and fix.allowed for fix in fixes_of(row, request.user, sent))
    return _show(request, row, typed=sent, notice="" if is_open else sentence, status=INVALID)


def _other_side(row: Discrepancy, typed: Typed) -> dict[str, str]:
    """What a link names: one of the choices (`movement:7`), or an id that somebody typed."""
    if text := typed.other_id.strip():
        return {"line" if row.line_id is None else "movement" if text.isdigit() else "modification": text}
    kind, _, text = typed.other.partition(":")
    return {kind: text}


def _match_again(request: StaffRequest, row: Discrepancy) -> ReconciliationRun | None:
    """The run to follow; None where it was refused, which is said."""
    try:
        return match_again(row.account, by=request.user, source=Source.PAGE)
    except Refused as refusal:
        messages.warning(request, refusal.sentence)
        return None


def _matching(request: StaffRequest, row: Discrepancy) -> dict[str, Any]:
    """What `?matching=` follows, if it is a run of the discrepancy's account."""
    run_id = id_from(request.GET.get("matching", ""))
    run = None if run_id is None else runs_of(request.user).filter(pk=run_id, account=row.account_id).first()
    return {} if run is None else run_now(run)


def _desk_form(request: StaffRequest, data: Any = None, *, settled: bool = False) -> DeskForm:
    """Accepting is a fix here; no later month is offered to what is settled."""
    return DeskForm(data, people=people_of(request.user), without=("accept", "carry") if settled else ("accept",))


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 and int(text) <= _VERSION_MAXIMUM else None


def _back(request: StaffRequest, row: Discrepancy, *, following: ReconciliationRun | None = None) -> HttpResponse:
    address = reverse("orders:discrepancy", args=[row.pk])
    return go_to(request, address if following is None else f"{address}?matching={following.pk}")
