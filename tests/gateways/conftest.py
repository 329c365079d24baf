"""A running sandbox and the door of an account at its gateway A, for tests of the client against it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orders.gateways.base import Door
from tests.sandbox_process import SandboxHandle, sandbox

MERCHANT, SECRET = "merchant-one", "secret-one"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture
def door(gateway: SandboxHandle) -> Door:
    return Door(
        base_url=gateway.gateway_url,
        merchant_key=MERCHANT,
        authentication_key=SECRET,
        origin="https://dashboard.example",
        deadline_seconds=5,
        address="127.0.0.1",
    )
