"""The page of one discrepancy in a test: reading it, pressing the button of a fix, and what is done at the desk."""

from __future__ import annotations

import html
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.models import Discrepancy
from tests.views.pages import text_of
from tests.views.scenes import logged_in


def page_of(client: Client, row: Discrepancy) -> str:
    return text_of(client, reverse("orders:discrepancy", args=[row.pk]))


def fix(person: User, row: Discrepancy, code: str, *, version: Any = None, **fields: Any) -> tuple[int, str]:
    """Press the button of one fix; follow to the page that comes."""
    data = {"version": row.version if version is None else version, "reason": "Looked into it.", **fields}
    url = reverse("orders:discrepancy_fix_create", args=[row.pk, code])
    answer = logged_in(person).post(url, data, follow=True)
    row.refresh_from_db()
    return answer.status_code, html.unescape(answer.content.decode())


def at_desk(person: User, row: Discrepancy, **fields: Any) -> tuple[int, str]:
    data = {"version": row.version, **fields}
    answer = logged_in(person).post(reverse("orders:discrepancy_desk_create", args=[row.pk]), data, follow=True)
    row.refresh_from_db()
    return answer.status_code, html.unescape(answer.content.decode())
