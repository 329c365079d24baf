"""A pretended gateway B for tests whose webhooks make us read."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from orders.models import GatewayAccount
from tests.inbox.letters import an_account_at_b, an_account_at_c
from tests.inbox.pretend import PretendGateway, stands_in


@pytest.fixture(autouse=True)
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test runs inside a transaction that is undone afterwards; to the code it is none."""
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> PretendGateway:
    return stands_in(monkeypatch, settings)


@pytest.fixture
def account_b(gateway: PretendGateway, db: None) -> GatewayAccount:
    return an_account_at_b()


@pytest.fixture
def account_c(db: None) -> GatewayAccount:
    return an_account_at_c()
