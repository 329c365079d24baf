"""Closing months: the list, one month with its checklist, two signatures, reopening, and the report."""

from __future__ import annotations

import csv
import io
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from orders.formulas import cell_text
from orders.models import GatewayAccount, MonthClose
from orders.permissions import permissions_of
from orders.presenters.reconciliation.months import figures_of, months_of, page_of
from orders.presenters.reconciliation.months_report import endings_of, sheet_rows
from orders.reconciliation.discrepancies.desk import carry
from orders.reconciliation.months import closing
from orders.reconciliation.months.period import Month
from orders.reconciliation.months.report import seal
from orders.views.answers import refusal_as_message
from orders.views.fragments import go_to
from orders.views.origin import post_from_our_pages
from orders.views.scope import StaffRequest, account_for, require


class ReasonForm(forms.Form):
    """A reason that stays in the books."""

    reason = forms.CharField(max_length=closing.TEXT_MAXIMUM, strip=True)


@require_GET
def month_list(request: StaffRequest) -> HttpResponse:
    """Every account's months."""
    require(request.user, "view")
    return render(
        request, "reconciliation/month_list.html", {"place": "reconciliation", "accounts": months_of(request.user)}
    )


@require_GET
def month(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """One month: what stops it, its figures, and who signed."""
    account = account_for(request.user, account_id)
    context = {"place": "reconciliation", "page": page_of(account, _month(month_text), request.user)}
    return render(request, "reconciliation/month.html", context)


@post_from_our_pages
def signature_create(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """The first person signs."""
    account, wanted = account_for(request.user, account_id), _month(month_text)
    with refusal_as_message(request):
        closing.propose(account=account, month=wanted, by=request.user)
        messages.success(request, f"You signed {wanted.label}. It is closed once a second person signs the same.")
    return _back(request, account, wanted)


@post_from_our_pages
def confirmation_create(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """The second person signs exactly what the page showed."""
    account, wanted = account_for(request.user, account_id), _month(month_text)
    row = _live(account, wanted)
    with refusal_as_message(request):
        closing.confirm(month_close_id=row.pk, report_sha256=request.POST.get("report_sha256", ""), by=request.user)
        messages.success(request, f"{wanted.label} is closed and locked.")
    return _back(request, account, wanted)


@post_from_our_pages
def withdrawal_create(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """Take the first signature back."""
    return _with_reason(request, account_id, month_text, closing.withdraw, "The signature is taken back.")


@post_from_our_pages
def reopening_create(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """Unlock a closed month."""
    return _with_reason(request, account_id, month_text, closing.reopen, "The month is open again.")


@post_from_our_pages
def carrying_create(request: StaffRequest, account_id: int, month_text: str) -> HttpResponse:
    """Carry every unsettled discrepancy that was chosen into the next month, with a reason."""
    account, wanted = account_for(request.user, account_id), _month(month_text)
    chosen = [int(text) for text in request.POST.getlist("discrepancy") if text.isascii() and text.isdigit()]
    form = ReasonForm(request.POST)
    if not form.is_valid() or not chosen:
        messages.warning(request, "Choose what is carried and say why; nothing was carried.")
        return _back(request, account, wanted)
    verdicts = carry(
        [number for number in chosen if len(str(number)) < 19],
        account_id=account.pk,
        to_month=wanted.next.first,
        reason=form.cleaned_data["reason"],
        by=request.user,
    )
    for verdict in verdicts:
        (messages.success if verdict.done else messages.warning)(request, verdict.sentence)
    return _back(request, account, wanted)


@require_GET
def report(request: StaffRequest, account_id: int, month_text: str, form: str) -> HttpResponse:
    """The signed report: to print, as CSV, or as JSON with its hash and signature."""
    account, wanted = account_for(request.user, account_id), _month(month_text)
    if "export" not in permissions_of(request.user, account.merchant_id):
        raise PermissionDenied("You do not have the “export” permission. Ask an administrator of your merchant for it.")
    if form not in ("print", "csv", "json"):
        raise Http404("There is no such form of the report.")
    row = _live(account, wanted)
    if form == "json":
        signed = _signed(row)
        content = {
            "report": row.report,
            "sha256": row.report_sha256,
            "signed": signed,
            # The seal proves that these two people signed, so nobody gets it before.
            "signature": seal(row.report, signed) if row.has_two_signatures else "",
        }
        return _download(JsonResponse(content), account, wanted, "json")
    if form == "csv":
        return _download(HttpResponse(_as_csv(row), content_type="text/csv; charset=utf-8"), account, wanted, "csv")
    context = {
        "place": "reconciliation",
        "row": row,
        "account": account,
        "month": wanted,
        "figures": figures_of(row.report),
        "endings": endings_of(row.report),
        "signed": _signed(row),
    }
    return render(request, "reconciliation/month_report.html", context)


def _with_reason(request: StaffRequest, account_id: int, month_text: str, verb: Any, done: str) -> HttpResponse:
    account, wanted = account_for(request.user, account_id), _month(month_text)
    row = _live(account, wanted)
    with refusal_as_message(request):
        verb(month_close_id=row.pk, reason=request.POST.get("reason", "")[: closing.TEXT_MAXIMUM], by=request.user)
        messages.success(request, done)
    return _back(request, account, wanted)


def _month(text: str) -> Month:
    try:
        return Month.from_text(text)
    except ValueError as error:
        raise Http404("There is no such month.") from error


def _live(account: GatewayAccount, month: Month) -> MonthClose:
    """The latest round."""
    row = (
        MonthClose.objects.filter(account=account, month=month.first)
        .select_related("proposed_by", "decided_by")
        .order_by("-round")
        .first()
    )
    if row is None:
        raise Http404("Nobody has signed this month.")
    return row


def _signed(row: MonthClose) -> list[dict[str, str]]:
    people = [(row.proposed_by, row.proposed_at), (row.decided_by, row.decided_at)]
    return [
        {"by": person.get_full_name() or person.username, "at": at.isoformat()}
        for person, at in people
        if person is not None and at is not None and (person is row.proposed_by or row.has_two_signatures)
    ]


def _as_csv(row: MonthClose) -> str:
    """Everything in one table; amounts are minor units."""
    out = io.StringIO()
    writer = csv.writer(out)
    for cells in sheet_rows(row):
        writer.writerow(map(cell_text, cells))
    return out.getvalue()


def _download(response: HttpResponse, account: GatewayAccount, month: Month, ending: str) -> HttpResponse:
    response["Content-Disposition"] = f'attachment; filename="month-{account.pk}-{month}.{ending}"'
    return response


def _back(request: StaffRequest, account: GatewayAccount, month: Month) -> HttpResponse:
    return go_to(request, reverse("orders:month", args=[account.pk, str(month)]))
