"""Orders come in: created, brought up to date, unchanged the second time; amounts are whole minor units or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Event, Order, Reference, Source, Transaction
from tests import factories
from tests.api.shop import Shop, a_shop, an_order_body

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return a_shop(account=factories.an_account(name="north"))


def test_an_order_comes_in_once_with_its_transactions_and_words(shop: Shop) -> None:
    body = an_order_body(
        transactions=[{"reference": "tx-1", "partner_reference": "P-7", "payment_method": "CARD"}],
        placed_at="2026-01-31T12:00:00+01:00",
        lines=[{"name": "Coat", "quantity": 2, "unit_amount": 2_000}, {"name": "Voucher", "unit_amount": -1}],
    )

    first = shop.put("orders/north/A-1", body)
    second = shop.put("orders/north/A-1", body)

    assert (first.status, second.status) == (201, 200), first.content
    assert first.json == second.json
    told = first.json
    assert (told["reference"], told["account"], told["amount"], told["currency"]) == ("A-1", "north", 4_999, "EUR")
    assert told["placed_at"] == "2026-01-31T11:00:00Z"
    assert [line["unit_amount"] for line in told["lines"]] == [2_000, -1]
    assert [one["reference"] for one in told["transactions"]] == ["tx-1"]
    assert told["transactions"][0]["authorized"] == 0
    assert Order.objects.count() == Transaction.objects.count() == 1
    assert Event.objects.get(verb="order.imported").source == Source.API
    assert Event.objects.get(verb="order.imported").actor == shop.made.token.acts_as
    assert set(Reference.objects.values_list("value", flat=True)) >= {"a-1", "tx-1", "p-7", "jana@shop.example"}


def test_a_later_body_adds_a_transaction_and_corrects_the_customer(shop: Shop) -> None:
    shop.put("orders/north/A-1", an_order_body(transactions=[]))

    answer = shop.put(
        "orders/north/A-1", an_order_body(customer_name="Jana Dvořák", transactions=[{"reference": "tx-2"}])
    )

    assert answer.status == 200
    assert answer.json["customer_name"] == "Jana Dvořák"
    assert [one["reference"] for one in answer.json["transactions"]] == ["tx-2"]


@pytest.mark.parametrize("words", [{"amount": 5_000}, {"currency": "USD"}])
def test_another_amount_or_currency_is_a_contradiction_and_changes_nothing(shop: Shop, words: dict[str, Any]) -> None:
    shop.put("orders/north/A-1", an_order_body())

    answer = shop.put("orders/north/A-1", an_order_body(customer_name="Other", **words))

    assert (answer.status, answer.code) == (409, "contradiction")
    assert "49.99 EUR" in answer.detail
    assert Order.objects.get().customer_name == "Jana Novák"


def test_a_transaction_belongs_to_one_order(shop: Shop) -> None:
    body = an_order_body()
    shop.put("orders/north/A-1", body)

    answer = shop.put("orders/north/A-2", body)

    assert (answer.status, answer.code) == (409, "contradiction")
    assert not Order.objects.filter(reference="A-2").exists()


@pytest.mark.parametrize(("offset", "utc"), [("+23:59", "2026-01-30T12:01:00Z"), ("-23:59", "2026-02-01T11:59:00Z")])
def test_a_moment_far_east_or_west_is_a_moment(shop: Shop, offset: str, utc: str) -> None:
    moment = f"2026-01-31T12:00:00{offset}"

    told = shop.put("orders/north/A-1", an_order_body(placed_at=moment))

    assert (told.status, told.json["placed_at"]) == (201, utc)
    assert shop.get("orders", placed_from=moment).json["orders"] == [told.json]


@pytest.mark.parametrize("reference", ["2026/001", "A%20B", "ä-ö", "a..b", "."])
def test_a_reference_may_hold_what_shops_put_into_it(shop: Shop, reference: str) -> None:
    answer = shop.put(f"orders/north/{reference}", an_order_body())

    assert answer.status == 201, answer.content
    assert shop.get(f"orders/north/{reference}").json == answer.json
    assert shop.get(f"orders/{answer.json['id']}").json == answer.json


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        ({"amount": 49.99}, "/amount"),
        ({"amount": 4999.0}, "/amount"),
        ({"amount": "4999"}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"amount": 0}, "/amount"),
        ({"amount": -1}, "/amount"),
        ({"amount": 10**15 + 1}, "/amount"),
        ({"amount": 2**63}, "/amount"),
        ({"amount": 10**400}, "/amount"),
        ({"currency": "eur"}, "/currency"),
        ({"currency": "EURO"}, "/currency"),
        ({"currency": "EUR\n"}, "/currency"),
        ({"customer_name": "a\0b"}, "/customer_name"),
        ({"customer_name": "\ud800"}, "/customer_name"),
        ({"customer_name": "x" * 201}, "/customer_name"),
        ({"customer_name": 7}, "/customer_name"),
        ({"customer_email": "nobody"}, "/customer_email"),
        ({"placed_at": "2026-01-31"}, "/placed_at"),
        ({"placed_at": "2026-01-31T12:00:00"}, "/placed_at"),
        ({"placed_at": 1_700_000_000}, "/placed_at"),
        ({"placed_at": "0001-01-01T00:00:00+14:00"}, "/placed_at"),
        ({"placed_at": (timezone.now() + timedelta(days=1)).isoformat()}, "/placed_at"),
        ({"transactions": [{"reference": "a b"}]}, "/transactions/0/reference"),
        ({"transactions": [{"reference": "../x"}]}, "/transactions/0/reference"),
        ({"transactions": [{"reference": ".."}]}, "/transactions/0/reference"),
        ({"transactions": [{"reference": "new:1"}]}, "/transactions/0/reference"),
        ({"transactions": [{}]}, "/transactions/0/reference"),
        ({"transactions": [{"reference": "a", "authorised": 1}]}, "/transactions/0/authorised"),
        ({"transactions": [{"reference": str(number)} for number in range(51)]}, "/transactions"),
        ({"lines": [{"name": "Coat", "unit_amount": 1.5}]}, "/lines/0/unit_amount"),
        ({"lines": [{"name": "Coat", "unit_amount": 1, "quantity": 0}]}, "/lines/0/quantity"),
        ({"state": "captured"}, "/state"),
        ({"merchant_id": 1}, "/merchant_id"),
    ],
)
def test_what_is_wrong_is_pointed_at_and_nothing_is_taken_over(shop: Shop, words: dict[str, Any], pointer: str) -> None:
    answer = shop.put("orders/north/A-1", an_order_body(**words))

    assert answer.status == 422, answer.content
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]
    assert answer.detail.endswith("Nothing was done.")
    assert not Order.objects.exists()


def test_the_largest_amount_passes_and_one_more_does_not(shop: Shop) -> None:
    assert shop.put("orders/north/A-1", an_order_body(amount=10**15)).status == 201
    assert shop.put("orders/north/A-2", an_order_body(amount=10**15 + 1)).status == 422


def test_a_refusal_never_repeats_what_was_sent(shop: Shop) -> None:
    answer = shop.put("orders/north/A-1", an_order_body(customer_email="jana-at-shop", customer_name="Jana\nNovák"))

    assert answer.status == 422
    assert b"jana" not in answer.content.lower()


@pytest.mark.parametrize("account", ["south", "nowhere", "%00", "x" * 61])
def test_an_account_of_another_merchant_is_as_unknown_as_none(shop: Shop, account: str) -> None:
    factories.an_account(name="south")

    answer = shop.put(f"orders/{account}/A-1", an_order_body())

    assert answer.status in (404, 422)
    assert not Order.objects.exists()
    if account in ("south", "nowhere"):
        assert (answer.status, answer.code) == (404, "not_found")


def test_a_shops_word_about_the_authorization_counts_nothing_where_the_gateway_can_be_read(shop: Shop) -> None:
    answer = shop.put("orders/north/A-1", an_order_body(transactions=[{"reference": "a", "authorized": 4_999}]))

    assert answer.json["transactions"][0]["authorized"] == 0
