"""A real sandbox process and an account on it, for tests that send."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orders.models import GatewayAccount, Order, Transaction
from tests import factories
from tests.sandbox_process import SandboxHandle, sandbox


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    """One sandbox for all these tests; every test uses transactions of its own."""
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def account(gateway: SandboxHandle, settings: Any) -> GatewayAccount:
    """An account whose gateway really answers; doubts are retried at once."""
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.UNDO_SECONDS = 0
    settings.BACKOFF_FIRST_SECONDS = 0.05
    key, secret = f"key-{uuid.uuid4().hex[:12]}", "secret"
    gateway.control("merchants", merchantKey=key, authenticationKey=secret)
    return factories.an_account(
        base_url=gateway.gateway_url, merchant_key=key, authentication_key=secret, profile={"deadline_seconds": 3}
    )


@pytest.fixture
def at_gateway(gateway: SandboxHandle, account: GatewayAccount) -> Callable[..., Transaction]:
    """Make an authorization both in the sandbox and in our books."""

    def make(*, authorized: int = 10_000, currency: str = "EUR", **sandbox_fields: Any) -> Transaction:
        reference = str(uuid.uuid4())
        order: Order = factories.an_order(account=account, amount=authorized, currency=currency)
        gateway.control(
            "orders",
            merchantKey=account.merchant_key,
            transactionId=reference,
            amount=authorized,
            currencyCode=currency,
            paymentStatus="AUTHORIZATION_COMPLETED",
            **sandbox_fields,
        )
        return factories.a_transaction(account=account, order=order, authorized=authorized, reference=reference)

    return make
