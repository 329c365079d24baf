"""Somebody of each kind at the door of the back office, and one row of everything behind it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import GatewayAccount
from tests.commands.running import run
from tests.factories import a_person


@pytest.fixture
def administrator(db: None) -> User:
    return a_person("root", groups=[], is_staff=True, is_superuser=True)


@pytest.fixture
def office(administrator: User) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def demo(db: None) -> None:
    """Every table has rows: proposals come from a pause."""
    run("demo_data", "--orders", "23", "--without-sandbox")
    account = GatewayAccount.objects.order_by("pk")[0].name
    run("account", "pause", account, "--reason", "A trial", "--by", "ines")
    run("account", "resume", account, "--evidence", "It was one", "--by", "ines")
    run("recover")
