"""A real sandbox for the mirror: one process for the folder, emptied before every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from orders.models import GatewayAccount
from tests.factories import an_account
from tests.sandbox_process import SandboxHandle, sandbox


@pytest.fixture
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that runs inside a transaction of its own, undone afterwards; to the code it is none."""
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def gateway(sandbox_process: SandboxHandle, settings: Settings) -> SandboxHandle:
    settings.ALLOW_INSECURE_GATEWAYS = True
    sandbox_process.control("reset")
    return sandbox_process


@pytest.fixture
def account(gateway: SandboxHandle, db: None) -> GatewayAccount:
    return an_account(base_url=gateway.gateway_url, merchant_key="merchant-one", authentication_key="secret-one")
