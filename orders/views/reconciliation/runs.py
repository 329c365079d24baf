"""Runs of the reconciliation: the list, one run with its figures, and how far it is while it works."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orders.database import database_now
from orders.models import ReconciliationRun
from orders.presenters.reconciliation.progress import run_progress
from orders.presenters.reconciliation.runs import figures_of, page_of, row_of
from orders.presenters.timeline import id_from
from orders.views.reconciliation.following import followed
from orders.views.reconciliation.scope import run_for, runs_of
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for


@require_GET
def run_list(request: StaffRequest) -> HttpResponse:
    """Every pass over an account's lines, newest first."""
    require(request.user, "view")
    accounts = {account.id: account.name for account in shell_for(request).accounts}
    account = id_from(request.GET.get("account", ""))
    page = page_of(
        runs_of(request.user),
        account=account if account in accounts else None,
        after=id_from(request.GET.get("after", "")),
    )
    context = {"place": "reconciliation", "page": page, "accounts": accounts.items()}
    return render(request, "reconciliation/run_list.html", context)


@require_GET
def run(request: StaffRequest, run_id: int) -> HttpResponse:
    """What one run came to."""
    found = run_for(request.user, run_id)
    context = {
        "place": "reconciliation",
        "row": row_of(found),
        "figures": figures_of(found),
        "zone": found.merchant.time_zone,
    }
    return render(request, "reconciliation/run.html", context | run_now(found))


@require_GET
def run_live(request: StaffRequest, run_id: int) -> HttpResponse:
    """What a page that follows a run asks for."""
    return followed(request, "reconciliation/_run_now.html", run_now(run_for(request.user, run_id)))


def run_now(run: ReconciliationRun) -> dict[str, Any]:
    """The part that moves; the run with its account and merchant."""
    return {"run": run, "progress": run_progress(run, now=database_now(), zone=run.merchant.time_zone)}
