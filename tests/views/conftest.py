"""Who looks at the orders list: Mia, who may view the orders of Northwind, whose days are Berlin’s."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from orders.models import GatewayAccount
from tests.factories import a_merchant, a_person, an_account


@pytest.fixture
def account() -> GatewayAccount:
    return an_account(merchant=a_merchant("Northwind", time_zone="Europe/Berlin"), name="north")


@pytest.fixture
def person(account: GatewayAccount) -> User:
    return a_person("mia", merchants=[account.merchant], groups=["viewer"])


@pytest.fixture
def mia(client: Client, person: User) -> Client:
    client.force_login(person)
    return client
