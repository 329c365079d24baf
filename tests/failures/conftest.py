"""A real sandbox for the failures of the outside, and a place at each gateway."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.failures.places import GATEWAYS, Place, a_place
from tests.sandbox_process import SandboxHandle, sandbox

UNHURRIED_SECONDS = 3600
"""Nothing is due again by itself: a test says when time has passed."""


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    """One sandbox for all these tests; every test has an account of its own."""
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        handle.control("dials", magicAmounts=False)
        yield handle


@pytest.fixture
def _unhurried(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most of these tests run inside a transaction that is undone afterwards; to the code it is none."""
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.UNDO_SECONDS = 0
    settings.BACKOFF_FIRST_SECONDS = UNHURRIED_SECONDS


@pytest.fixture(params=GATEWAYS)
def place(request: pytest.FixtureRequest, gateway: SandboxHandle, _unhurried: None, db: None) -> Iterator[Place]:
    """Every test that asks for it runs at each of the three gateways."""
    with a_place(request.param, gateway) as made:
        yield made
