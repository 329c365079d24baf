"""What gateways B and C bring: refunds over several captures, what becomes of the rest, voids, the shop's own word."""

from __future__ import annotations

import uuid
from functools import partial

import pytest

from orders.models import Modification, ModificationState, RefundPlan, Source, Transaction
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.api.shop import Shop, a_shop, an_order_body
from tests.modifications.other_accounts import a_card_account, in_yen, on_card
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db
MOST = {"amount": 7_000, "currency": "JPY"}


def test_more_than_one_capture_holds_becomes_a_plan_once() -> None:
    transaction = in_yen(6_000, 4_000)
    shop = a_shop(account=transaction.account)

    first = shop.ask(transaction.pk, "refunds", MOST, key="k")
    second = shop.ask(transaction.pk, "refunds", MOST, key="k")
    other = shop.ask(transaction.pk, "refunds", MOST | {"amount": 7_001}, key="k")

    assert (first.status, second.status, other.status) == (201, 200, 409), first.content
    assert first.json == second.json
    told = first.json
    assert (told["object"], told["amount"], told["open"], told["done"]) == ("refund_plan", 7_000, 7_000, 0)
    assert [one["amount"] for one in told["modifications"]] == [4_000, 3_000]
    assert {one["plan_id"] for one in told["modifications"]} == {told["id"]}
    assert first.headers["location"] == f"/api/v1/plans/{told['id']}"
    assert shop.get(f"plans/{told['id']}").json == told
    assert (RefundPlan.objects.count(), Modification.objects.count()) == (1, 2)


def test_what_one_capture_holds_stays_one_modification() -> None:
    transaction = in_yen(6_000, 4_000)

    answer = a_shop(account=transaction.account).ask(transaction.pk, "refunds", {"amount": 6_000, "currency": "JPY"})

    assert (answer.status, answer.json["object"]) == (201, "modification")
    assert not RefundPlan.objects.exists()


def test_what_is_missing_of_a_plan_is_asked_for_again_once() -> None:
    transaction = in_yen(6_000, 4_000)
    shop = a_shop(account=transaction.account)
    plan = shop.ask(transaction.pk, "refunds", MOST).json
    leg = plan["modifications"][0]["id"]
    withdraw(modification_id=uuid.UUID(leg), by=shop.made.token.acts_as, source=Source.API)
    version = shop.get(f"transactions/{transaction.pk}").json["version"]
    assert shop.get(f"plans/{plan['id']}").json["missing"] == 4_000

    first = shop.post(f"plans/{plan['id']}/rest", {"expected_version": version})
    again = shop.post(f"plans/{plan['id']}/rest", {"expected_version": version})

    assert (first.status, first.json["missing"], first.json["open"]) == (200, 0, 7_000)
    assert (again.status, len(again.json["modifications"])) == (200, 3)
    assert shop.post(f"plans/{plan['id']}/rest", {}).status == 422
    assert shop.post(f"plans/{uuid.uuid4()}/rest", {"expected_version": 1}).status == 404


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_with_one_key_are_one_plan() -> None:
    transaction = in_yen(6_000, 4_000)
    made = a_shop(account=transaction.account)
    shops = [Shop(made=made.made, account=made.account) for _ in range(20)]

    answers = race([partial(shop.ask, transaction.pk, "refunds", MOST, key="k") for shop in shops])

    assert {getattr(answer, "status", answer) for answer in answers} <= {200, 201}
    assert (RefundPlan.objects.count(), Modification.objects.count()) == (1, 2)
    assert Transaction.objects.get(pk=transaction.pk).refunding == 7_000


@pytest.mark.parametrize("release", [True, False])
def test_a_capture_says_what_becomes_of_the_rest_where_that_is_a_choice(release: bool) -> None:
    transaction = in_yen()
    body = {"amount": 1_000, "currency": "JPY", "release_rest": release}

    answer = a_shop(account=transaction.account).ask(transaction.pk, "captures", body)

    assert (answer.status, answer.json["release_rest"]) == (201, release), answer.content


def test_releasing_the_rest_is_refused_where_it_is_no_choice() -> None:
    transaction = factories.a_transaction()
    body = {"amount": 1_000, "currency": "EUR", "release_rest": True}

    answer = a_shop(account=transaction.account).ask(transaction.pk, "captures", body)

    assert answer.status == 422, answer.content
    assert not Modification.objects.exists()


def test_a_reversal_where_there_is_none_says_what_fits() -> None:
    transaction = in_yen()

    answer = a_shop(account=transaction.account).ask(transaction.pk, "reversals", {})

    assert (answer.status, answer.code) == (422, "capability")
    assert "cancel" in answer.json["unlock"]


def test_a_capture_that_has_not_cleared_is_voided_whole_and_not_refunded() -> None:
    transaction = on_card(captured=10_000)
    shop = a_shop(account=transaction.account)

    refund = shop.ask(transaction.pk, "refunds", {"amount": 10_000, "currency": "GBP"})
    void = shop.ask(transaction.pk, "voids", {}, key="v")
    again = shop.ask(transaction.pk, "voids", {}, key="v")

    assert (refund.status, refund.code) == (422, "not_cleared")
    assert (void.status, void.json["amount"], again.status) == (201, 10_000, 200)
    assert Modification.objects.get().state == ModificationState.QUEUED


def test_the_shop_is_believed_about_an_authorization_that_nobody_else_can_tell() -> None:
    shop = a_shop(account=a_card_account(name="cards"))
    payment = {"reference": "P0123", "card_reference": "CD0123", "authorized": 4_999}

    put = shop.put("orders/cards/A-1", an_order_body(currency="GBP", transactions=[payment]))
    other = shop.put("orders/cards/A-1", an_order_body(currency="GBP", transactions=[payment | {"authorized": 5_000}]))
    captured = shop.ask(put.json["transactions"][0]["id"], "captures", {"amount": 4_999, "currency": "GBP"})

    assert put.json["transactions"][0]["authorized"] == 4_999
    assert put.json["state"] == "authorized"
    assert (other.status, other.code) == (409, "contradiction")
    assert captured.status == 201, captured.content
