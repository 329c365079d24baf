"""While all sending is paused every page says so, and no account claims that its requests are sent."""

from __future__ import annotations

import html
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import Switch
from tests.views.scenes import a_shop, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return logged_in(a_shop("supervisor")[1])


def _accounts(client: Client) -> str:
    return html.unescape(client.get(reverse("orders:account_list")).content.decode())


def test_an_account_sends_as_long_as_nothing_is_stopped(client: Client) -> None:
    page = _accounts(client)

    assert "Requests are sent as they come." in page
    assert "All sending" not in page


def test_the_switch_is_told_on_every_account(client: Client) -> None:
    Switch.objects.update_or_create(pk=1, defaults={"paused_at": timezone.now(), "paused_reason": "Drill"})

    page = _accounts(client)

    assert "All sending is paused.</b> <span>Drill. What you ask for" in page
    assert "Nothing is sent anywhere: Drill." in page
    assert "Requests are sent as they come." not in page


def test_an_installation_started_paused_says_so(client: Client, settings: Any) -> None:
    settings.PAUSE_SUBMITS = True

    page = _accounts(client)

    assert "All sending is paused.</b> <span>The installation is started with PAUSE_SUBMITS. What" in page
    assert "Requests are sent as they come." not in page
