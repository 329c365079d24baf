"""Northwind’s account and who works on it: Finn and Olga of finance, Finn’s browser, and something small
that they found."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import Discrepancy, GatewayAccount
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views.scenes import logged_in


@pytest.fixture
def account() -> GatewayAccount:
    return an_account(name="northwind")


@pytest.fixture
def finn(account: GatewayAccount) -> User:
    return a_person("finn", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def olga(account: GatewayAccount) -> User:
    return a_person("olga", merchants=[account.merchant], groups=["finance"])


@pytest.fixture
def client(finn: User) -> Client:
    return logged_in(finn)


@pytest.fixture
def shop(account: GatewayAccount, finn: User) -> tuple[GatewayAccount, User]:
    return account, finn


@pytest.fixture
def small(account: GatewayAccount) -> Discrepancy:
    """Of 50.00, which one person may accept."""
    return a_discrepancy(account, amount=5_000, difference=5_000)
