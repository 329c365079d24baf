"""Filling in the action panel as a browser does: draw the form, change some fields, send it."""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from orders.gateways.base import Kind
from orders.models import Transaction
from orders.presenters.actions import LABELS

AS_HTMX = {"HX-Request": "true"}
_INPUT = re.compile(r'<input[^>]*name="(?P<name>[a-z_0-9]+)"[^>]*value="(?P<value>[^"]*)"')


def draw(client: Client, transaction: Transaction, kind: Kind = Kind.REFUND) -> dict[str, Any]:
    """The fields of a fresh form with the values it was drawn with."""
    html = client.get(reverse("orders:modification_new", args=[transaction.pk, kind])).content.decode()
    return fields_of(html)


def fields_of(html: str) -> dict[str, Any]:
    """Names and values of the inputs of the panel's form."""
    wanted = ("amount", "modification_id", "version", "description")
    return {found["name"]: found["value"] for found in _INPUT.finditer(html) if found["name"] in wanted}


def send(
    client: Client, transaction: Transaction, kind: Kind, form: dict[str, Any], *, htmx: bool = False
) -> HttpResponse:
    """Press the button."""
    url = reverse("orders:modification_create", args=[transaction.pk, kind])
    answer: HttpResponse = client.post(url, form, headers=AS_HTMX if htmx else {})  # type: ignore[assignment]
    return answer


def button_is_open(page: str, transaction: Transaction, kind: Kind) -> bool:
    """Whether the button on an order page leads anywhere; an account that knows no void has no button for it."""
    tag, _, rest = page.partition(f'id="transaction-{transaction.pk}-{kind}"')[2].partition(">")
    if kind is Kind.VOID and not tag:
        return False
    assert LABELS[kind] in rest.partition("</a>")[0]
    return "aria-disabled" not in tag and 'href="' in tag


def panel_has_a_form(client: Client, transaction: Transaction, kind: Kind) -> bool:
    """Whether the panel lets somebody ask, or only says why not."""
    page = client.get(reverse("orders:modification_new", args=[transaction.pk, kind])).content.decode()
    return 'name="modification_id"' in page
