"""`refresh`: one order, an account, everything since; and what cannot be asked says so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import Settings

from orders.database import database_now
from orders.gateways.base import TransactionState
from orders.models import GatewayAccount, Transaction
from tests import factories
from tests.commands.running import run
from tests.inbox.pretend import PretendGateway, a_snapshot, stands_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> PretendGateway:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)
    return stands_in(monkeypatch, settings)


def at(account: GatewayAccount, gateway: PretendGateway, reference: str, state: TransactionState) -> Transaction:
    order = factories.an_order(account=account, currency="JPY")
    transaction = factories.a_transaction(order=order, reference=reference, state=state)
    Transaction.objects.filter(pk=transaction.pk).update(created_at=database_now() - timedelta(days=9))
    gateway.shown[reference] = a_snapshot(reference, state=state, status_at=database_now() - timedelta(days=9))
    return transaction


def test_an_account_a_single_order_and_everything_since(gateway: PretendGateway) -> None:
    shop, other = (factories.an_account(gateway="smartpay_orders") for _ in range(2))
    moving = at(shop, gateway, "order_1", TransactionState.AUTHORIZED)
    resting = at(shop, gateway, "order_2", TransactionState.CANCELLED)
    foreign = at(other, gateway, "order_3", TransactionState.AUTHORIZED)
    Transaction.objects.filter(pk=resting.pk).update(created_at=database_now() - timedelta(hours=1))
    since = (database_now() - timedelta(days=1)).isoformat()

    chosen = {
        "order": ("--order", foreign.order.reference),
        "account": ("--account", shop.name),
        "since": ("--all", "--since", since),
        "ended": ("--account", shop.name, "--ended"),
        "all": ("--all",),
    }
    asked = {}
    for name, words in chosen.items():
        gateway.asked = []
        assert run("refresh", *words).code == 0
        asked[name] = sorted(gateway.asked)

    assert asked == {
        "order": [foreign.reference],
        "account": [moving.reference],
        "since": [resting.reference],
        "ended": [moving.reference, resting.reference],
        "all": [moving.reference, foreign.reference],
    }


def test_a_gateway_that_cannot_be_asked_says_so_and_nothing_is_wrong(gateway: PretendGateway) -> None:
    transaction = factories.a_transaction(account=factories.an_account(gateway="smarterpay"))

    ended = run("refresh", "--order", transaction.order.reference)

    assert ended.code == 0
    assert "shows no payment when it is asked" in ended.out
    assert "0 transactions asked" in ended.out


@pytest.mark.parametrize("moment", ["yesterday", "2026-01-31", "2026-01-31T12:00:00", "2026-13-01T00:00:00Z"])
def test_a_moment_that_cannot_be_read_is_refused_before_anything_is_asked(gateway: PretendGateway, moment: str) -> None:
    ended = run("refresh", "--all", "--since", moment)

    assert ended.code == 2
    assert "no moment with its offset" in ended.err
    assert gateway.asked == []
