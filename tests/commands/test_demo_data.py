"""`demo_data`: every state, the same for the same seed, green under the auditors, and known to the sandbox."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import authenticate
from pytest_django import Settings

from orders.database import database_now
from orders.demo.cast import PASSWORD, PEOPLE
from orders.demo.sandbox_orders import forget_earlier_demo
from orders.demo.stories import STORIES, plan_order
from orders.models import GatewayAccount, Merchant, Modification, Order, SettlementFile, Transaction
from orders.permissions import permissions_of
from orders.reconciliation.nights.due import nights_due
from tests.commands.running import run
from tests.sandbox_process import SandboxHandle

pytestmark = pytest.mark.django_db
EVERY_STORY = str(len(STORIES))


def books() -> list[tuple[Any, ...]]:
    columns = ("reference", "state", "authorized", "captured", "released", "refunded", "charged_back", "frozen_reason")
    return list(Transaction.objects.order_by("order__reference").values_list("order__reference", *columns))


def test_every_story_is_told_once_and_the_auditors_are_content() -> None:
    ended = run("demo_data", "--orders", EVERY_STORY, "--seed", "3", "--without-sandbox")

    assert ended.code == 0, ended.err
    states = set(Modification.objects.values_list("state", flat=True))
    assert states == {"succeeded", "failed", "withdrawn", "pending", "unknown", "review"}
    assert len(set(Order.objects.values_list("state", flat=True))) >= 11
    assert run("invariants").code == 0
    verified = run("audit", "verify", "--json").facts
    assert (verified["ok"], verified["unsealed"]) == (True, 0)


def test_the_same_seed_makes_the_same_orders_whatever_their_number() -> None:
    now = database_now()
    first = [plan_order(number, seed=5, now=now, spread_days=30) for number in range(40)]
    again = [plan_order(number, seed=5, now=now, spread_days=30) for number in range(60)][:40]
    other = [plan_order(number, seed=6, now=now, spread_days=30) for number in range(40)]

    assert first == again
    assert {plan.transaction_id for plan in first}.isdisjoint(plan.transaction_id for plan in other)


def test_there_is_a_log_in_for_every_group_and_it_is_printed() -> None:
    ended = run("demo_data", "--orders", "1", "--without-sandbox")

    assert PASSWORD in ended.out
    for role in PEOPLE:
        assert role.username in ended.out
        person = authenticate(username=role.username, password=PASSWORD)
        assert person is not None
        for merchant in Merchant.objects.all():
            assert bool(permissions_of(person, merchant.pk)) == (merchant.name in role.merchants)


def test_it_is_made_once(settings: Settings) -> None:
    run("demo_data", "--orders", "3", "--without-sandbox")
    before = books()

    refused = run("demo_data", "--orders", "3", "--without-sandbox")
    kept = run("demo_data", "--orders", "3", "--without-sandbox", "--if-empty")

    assert (refused.code, kept.code) == (1, 0)
    assert PASSWORD in kept.out
    assert books() == before


def test_production_refuses_it(settings: Settings) -> None:
    settings.PRODUCTION = True

    ended = run("demo_data", "--orders", "3", "--without-sandbox")

    assert ended.code == 1
    assert not Order.objects.exists()


def test_without_a_sandbox_it_says_what_to_do_and_makes_nothing(settings: Settings) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True

    ended = run("demo_data", "--orders", "3", "--sandbox-url", "http://127.0.0.1:9")

    assert ended.code == 1
    assert "--without-sandbox" in ended.err
    assert not Order.objects.exists()


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_the_sandbox_tells_the_same_story_so_a_refresh_finds_nothing_new(gateway: SandboxHandle) -> None:
    made = run("demo_data", "--orders", "60", "--sandbox-url", gateway.url)
    before = books()
    accounts = list(GatewayAccount.objects.all())

    assert not list(nights_due(accounts, database_now()))
    assert all(SettlementFile.objects.filter(account=account, state="applied").exists() for account in accounts)

    refreshed = run("refresh", "--all", "--ended", "--json")

    assert made.code == 0, made.err
    assert refreshed.code == 0
    readable = Transaction.objects.exclude(account__gateway="smarterpay")
    assert (refreshed.facts["asked"], Transaction.objects.count()) == (readable.count(), 79)
    # What put the one in review there was read again by the newest night already.
    assert refreshed.facts["changed"] == []
    assert books() == before
    assert run("invariants").code == 0
    ledger = {one["transactionId"]: one for one in gateway.ledger()["transactions"]}
    for row in readable.exclude(modifications__state="review"):
        there = ledger[row.reference]
        ours = (row.captured, row.refunded, row.charged_back)
        assert (there["captured"], there["refunded"], there["chargedBack"]) == ours, row.order.reference


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_fresh_database_meets_a_sandbox_that_still_knows_the_demo(gateway: SandboxHandle) -> None:
    run("demo_data", "--orders", "5", "--sandbox-url", gateway.url)
    plan = plan_order(0, seed=7, now=database_now(), spread_days=20)

    assert forget_earlier_demo(gateway.url, plan)
    assert gateway.ledger()["transactions"] == []
    assert not forget_earlier_demo(gateway.url, plan)
