"""The form for settlement files, with the choices that this person has. What is done with it stands in `arrivals`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orders.models import FileState, ProfileState, SettlementFile, SettlementProfile
from orders.modifications.refusals import Refused
from orders.permissions import permissions_of
from orders.presenters.timeline import id_from
from orders.reconciliation.files.admitting import refuse_replacing
from orders.reconciliation.files.uploads import UploadUnderWay
from orders.settlement_forms import FileForm
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for

Given = TypeVar("Given", bound=FileForm)
FILES_MAXIMUM = 31
_CORRECTABLE = 100


@require_GET
def file_new(request: StaffRequest) -> HttpResponse:
    """Choose an account and files; `?replaces=` names the file that they correct."""
    require(request.user, "reconcile")
    corrected = _corrected(request, id_from(request.GET.get("replaces", "")))
    initial: dict[str, Any] = {}
    if corrected is not None:
        day = corrected.business_date
        initial = {"replaces": corrected.pk, "account": corrected.account_id, "business_date": day}
    form = form_of(request, FileForm, None, initial=initial)
    return page(request, form, under_way=_under_way(corrected))


def page(
    request: StaffRequest,
    form: FileForm,
    *,
    problem: str = "",
    under_way: UploadUnderWay | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form's page; `problem` is what was wrong with the files, `under_way` the correction that is on its way."""
    context = {
        "place": "reconciliation",
        "form": form,
        "problem": problem,
        "under_way": under_way,
        "files_maximum": FILES_MAXIMUM,
    }
    return render(request, "reconciliation/file_new.html", context, status=status)


def form_of(
    request: StaffRequest, shape: type[Given], given: Mapping[str, Any] | None, *, initial: dict[str, Any] | None = None
) -> Given:
    """The form with the accounts that this person may reconcile, the profiles in use, and what can be corrected."""
    accounts = {
        account.id: account.name
        for account in shell_for(request).accounts
        if "reconcile" in permissions_of(request.user, account.merchant_id)
    }
    return shape(
        given,
        accounts=accounts.items(),
        profiles=_profiles(accounts),
        files=_files(accounts, initial or {}),
        initial=initial,
    )


def _profiles(accounts: Mapping[int, str]) -> list[tuple[int, str]]:
    rows = SettlementProfile.objects.filter(account__in=list(accounts), state=ProfileState.ACTIVE)
    found = rows.order_by("account_id", "name").values_list("pk", "account_id", "name")
    return [(pk, f"{accounts[account]}: {name}") for pk, account, name in found]


def _files(accounts: Mapping[int, str], initial: Mapping[str, Any]) -> list[tuple[int, str]]:
    """The newest files that count; the one that is asked for stands among them however old it is."""
    rows = SettlementFile.objects.filter(account__in=list(accounts), state=FileState.APPLIED)
    columns = ("pk", "account_id", "name", "business_date")
    found = list(rows.order_by("-pk").values_list(*columns)[:_CORRECTABLE])
    wanted = initial.get("replaces")
    if wanted and wanted not in {row[0] for row in found}:
        found += rows.filter(pk=wanted).values_list(*columns)
    return [(pk, f"{accounts[account]}, {day or ''}: {name}") for pk, account, name, day in found]


def _under_way(corrected: SettlementFile | None) -> UploadUnderWay | None:
    """Told before anybody chooses a file."""
    if corrected is None:
        return None
    try:
        refuse_replacing(corrected.account, corrected)
    except UploadUnderWay as other:
        return other
    except Refused:  # said when the file comes
        return None
    return None


def _corrected(request: StaffRequest, file_id: int | None) -> SettlementFile | None:
    if file_id is None:
        return None
    return SettlementFile.objects.of(request.user).filter(pk=file_id, state=FileState.APPLIED).first()
