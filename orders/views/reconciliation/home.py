"""The reconciliation's home: today's answer, for all accounts or for one."""

from __future__ import annotations

from dataclasses import replace

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orders.database import database_now
from orders.permissions import permissions_anywhere
from orders.presenters.reconciliation.home import AccountChoice, home_of
from orders.presenters.reconciliation.home_reading import read_home
from orders.presenters.timeline import id_from
from orders.reconciliation.nights.watch import missed
from orders.views.reconciliation.scope import today_of
from orders.views.scope import StaffRequest, require
from orders.views.shell import shell_for


@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """One sentence, what to do next, and the figures with their lists."""
    require(request.user, "view")
    shell = shell_for(request)
    accounts = [AccountChoice(id=account.id, name=account.name) for account in shell.accounts]
    account = id_from(request.GET.get("account", ""))
    chosen = next((one for one in accounts if one.id == account), None)
    today = today_of(request)
    reading = read_home(request.user, today=today, now=database_now(), account=None if chosen is None else chosen.id)
    reading = replace(reading, missed=tuple(missed([merchant.id for merchant in shell.merchants])))
    context = {
        "place": "reconciliation",
        "home": home_of(reading, accounts, chosen=None if chosen is None else chosen.id, today=today),
        "accounts": accounts,
        "chosen": chosen,
        "may_reconcile": "reconcile" in permissions_anywhere(request.user),
    }
    return render(request, "reconciliation/home.html", context)
