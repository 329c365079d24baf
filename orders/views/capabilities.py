"""What every gateway can do, and where an account says otherwise."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from orders.presenters.capabilities import gateway_tables
from orders.views.scope import StaffRequest, require


@require_GET
def capabilities(request: StaffRequest) -> HttpResponse:
    """One table for each gateway, generated from what its module declares."""
    require(request.user, "view")
    return render(request, "orders/capabilities.html", {"place": "accounts", "tables": gateway_tables(request.user)})
