"""Collecting: a gateway's list becomes orders, once, newest first, and no further than to what is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from orders.database import database_now
from orders.gateways.base import Line, Listed, Snapshot, TransactionState
from orders.mirror.collecting import Collection, NotCollected, collect_account, take_in
from orders.mirror.collecting_round import accounts_that_list, collect_all
from orders.models import Event, GatewayAccount, Order, OrderLine, Source, Transaction
from tests import factories
from tests.commands.running import run
from tests.inbox.pretend import PretendGateway, a_snapshot, moved, stands_in
from tests.proofs.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_no_transaction_but_the_tests_own")]


@pytest.fixture
def at_gateway(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> PretendGateway:
    return stands_in(monkeypatch, settings)


@pytest.fixture
def shop(at_gateway: PretendGateway, db: None) -> GatewayAccount:
    return factories.an_account(gateway="smartpay_orders")


def listed(*numbers: int, next_page: str = "", **fields: Any) -> Listed:
    snapshots = (a_snapshot(f"order_{one}", order_reference=f"SHOP-{one}", **fields) for one in numbers)
    return Listed(snapshots=tuple(snapshots), next_page=next_page)


def collected(shop: GatewayAccount) -> Collection:
    return collect_account(GatewayAccount.objects.get(pk=shop.pk), source=Source.WORKER)


def test_the_first_walk_goes_to_the_end(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    at_gateway.pages = {"": listed(3, 2, next_page="b"), "b": listed(1)}

    found = collected(shop)

    assert (found.seen, found.new, found.problem) == (3, 3, "")
    assert at_gateway.asked == ["page ", "page b"]
    assert set(Order.objects.values_list("reference", "state")) == {(f"SHOP-{n}", "authorized") for n in (1, 2, 3)}
    assert GatewayAccount.objects.get().collected_at is not None


def test_a_second_walk_changes_nothing_and_stops_at_what_is_known(
    shop: GatewayAccount, at_gateway: PretendGateway
) -> None:
    at_gateway.pages = {"": listed(3, 2, next_page="b"), "b": listed(1)}
    collected(shop)
    events, at_gateway.asked = Event.objects.count(), []

    found = collected(shop)

    assert (found.seen, found.new, found.changed) == (2, 0, 0)
    assert at_gateway.asked == ["page "]
    assert Event.objects.count() == events


def test_only_what_is_new_or_has_changed_is_written(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    first = listed(2, 1)
    at_gateway.pages = {"": first}
    collected(shop)
    later = database_now() + timedelta(seconds=1)
    captured = replace(
        first.snapshots[0],
        state=TransactionState.CAPTURED,
        status_at=later,
        movements=(moved("capture", 10_000, gateway_id="payment_1"),),
    )
    at_gateway.pages = {"": Listed(snapshots=(*listed(3).snapshots, captured, first.snapshots[1]))}

    found = collected(shop)

    assert (found.new, found.changed) == (1, 1)
    assert Transaction.objects.get(reference="order_2").captured == 10_000
    assert not [asked for asked in at_gateway.asked if not asked.startswith("page")]


def test_a_walk_that_breaks_off_keeps_what_it_brought_and_begins_anew(
    shop: GatewayAccount, at_gateway: PretendGateway
) -> None:
    at_gateway.pages = {"": listed(3, next_page="b"), "b": Listed(reason="No whole answer came.")}

    broken = collected(shop)

    assert "No whole answer came" in broken.problem
    assert (Order.objects.count(), GatewayAccount.objects.get().collected_at) == (1, None)
    at_gateway.pages["b"] = listed(2)
    assert (collected(shop).new, Order.objects.count()) == (1, 2)


def test_a_refused_key_pauses_the_account(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    at_gateway.pages = {"": Listed(reason="The key was refused.", pause_account="The key was refused (401).")}

    collected(shop)

    assert GatewayAccount.objects.get().paused
    assert accounts_that_list() == []


def test_a_list_that_leads_back_to_itself_ends(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    at_gateway.pages = {"": listed(1, next_page="b"), "b": listed(2, next_page="")}
    at_gateway.pages["b"] = replace(at_gateway.pages["b"], next_page="b")

    assert collected(shop).seen == 2


def test_what_cannot_be_an_order_is_told_and_keeps_nothing_else_out(
    shop: GatewayAccount, at_gateway: PretendGateway
) -> None:
    nameless = replace(a_snapshot("order_9"), amount=None)
    at_gateway.pages = {"": Listed(snapshots=(nameless, *listed(1).snapshots))}

    found = collected(shop)

    assert (found.new, len(found.refused)) == (1, 1)
    assert "how much" in found.refused[0]


def test_two_payments_of_one_order_stand_under_it(shop: GatewayAccount) -> None:
    for reference in ("order_1", "order_2"):
        take_in(shop, a_snapshot(reference, order_reference="SHOP-1"), source=Source.WORKER)

    order = Order.objects.get()
    assert set(order.transactions.values_list("reference", flat=True)) == {"order_1", "order_2"}


def test_a_word_that_stands_for_another_order_does_not_lose_the_payment(shop: GatewayAccount) -> None:
    take_in(shop, a_snapshot("order_1", order_reference="SHOP-1"), source=Source.WORKER)
    take_in(shop, a_snapshot("order_2", order_reference="SHOP-1", amount=500), source=Source.WORKER)

    assert set(Order.objects.values_list("reference", "amount")) == {("SHOP-1", 10_000), ("order_2", 500)}


def test_what_is_too_long_or_unprintable_is_cut_and_cleaned(shop: GatewayAccount) -> None:
    lines = (
        Line(name="Tea\npot" * 100, quantity=1, unit_amount=10_000),
        Line(name="Nothing", quantity=0, unit_amount=1),
        Line(name="Too much", quantity=1, unit_amount=10**18),
    )
    take_in(
        shop, a_snapshot("order_1", order_reference="S" * 80, customer_name="J\0ana", lines=lines), source=Source.API
    )

    order = Order.objects.get()
    assert (len(order.reference), order.customer_name) == (64, "Jana")
    assert OrderLine.objects.get().name == ("Teapot" * 100)[:200]


@pytest.mark.parametrize("reference", ["", "x" * 65])
def test_a_payment_without_a_usable_id_is_refused(shop: GatewayAccount, reference: str) -> None:
    with pytest.raises(NotCollected):
        take_in(shop, a_snapshot(reference), source=Source.WORKER)


@pytest.mark.django_db(transaction=True)
def test_two_who_take_the_same_payment_in_at_once_make_one_order(shop: GatewayAccount) -> None:
    snapshot: Snapshot = a_snapshot("order_1", order_reference="SHOP-1")

    answers = race([partial(take_in, shop, snapshot, source=Source.WORKER) for _ in range(6)])

    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert (Order.objects.count(), Transaction.objects.count()) == (1, 1)


def test_only_accounts_with_a_list_are_collected_from(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    factories.an_account()
    factories.an_account(gateway="smarterpay")
    factories.an_account(gateway="smartpay_orders", collects=False)
    factories.an_account(gateway="smartpay_orders", profile={"nonsense": 1})
    at_gateway.pages = {"": listed(1)}

    assert [found.account_id for found in collect_all(source=Source.WORKER)] == [shop.pk]


def test_the_command_says_what_came(shop: GatewayAccount, at_gateway: PretendGateway) -> None:
    at_gateway.pages = {"": listed(2, 1)}

    ended = run("collect", "--account", shop.name)

    assert ended.code == 0, ended.err
    assert "2 payments listed, 2 new" in ended.out


def test_the_command_says_why_nothing_can_come(db: None) -> None:
    account = factories.an_account(gateway="smarterpay")

    ended = run("collect", "--account", account.name)

    assert ended.code == 1
    assert "has no list of payments" in ended.out
