"""What is read: orders by any reference, lists by cursor, transactions with what may be done, capabilities."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.api.capabilities import CapabilityTold
from orders.gateways.base import Capability, Kind
from orders.models import ReferenceKind
from orders.references import note_words
from tests import factories
from tests.api.shop import Shop, a_shop
from tests.modifications.asking import ask

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return a_shop(account=factories.an_account(name="north"))


@pytest.mark.parametrize("kind", [kind for kind in ReferenceKind if kind is not ReferenceKind.NAME])
def test_an_order_is_found_by_every_kind_of_reference_in_any_case(shop: Shop, kind: ReferenceKind) -> None:
    order = factories.an_order(account=shop.account)
    factories.an_order(account=shop.account)
    theirs = factories.an_order()
    note_words(order, [(kind, "Word-7")])
    note_words(theirs, [(kind, "Word-7")])

    found = shop.get("orders", reference="wORD-7").json

    assert [one["id"] for one in found["orders"]] == [order.pk]
    assert shop.get("orders", reference="Word").json["orders"] == []


def test_a_list_is_walked_by_cursor_without_gaps_or_repeats(shop: Shop) -> None:
    placed = timezone.now() - timedelta(days=1)
    made = [factories.an_order(account=shop.account, placed_at=placed).pk for _ in range(7)]

    walked: list[int] = []
    after: dict[str, str] = {}
    while True:
        page = shop.get("orders", limit=3, **after).json
        walked += [one["id"] for one in page["orders"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}

    assert walked == sorted(made, reverse=True)


def test_modifications_are_walked_by_cursor_too(shop: Shop) -> None:
    transaction = factories.a_transaction(account=shop.account)
    person = factories.a_person(merchants=[shop.account.merchant])
    made = {str(ask(factories.a_transaction(account=shop.account), Kind.CAPTURE, 1, by=person).pk) for _ in range(5)}
    made.add(str(ask(transaction, Kind.CAPTURE, 1, by=person).pk))

    first = shop.get("modifications", limit=4).json
    second = shop.get("modifications", limit=4, after=first["next"]).json

    ids = [one["id"] for one in first["modifications"] + second["modifications"]]
    assert (len(ids), set(ids), second["next"]) == (6, made, None)
    assert len(shop.get("modifications", transaction_id=transaction.pk).json["modifications"]) == 1
    assert len(shop.get("modifications", order_id=transaction.order_id).json["modifications"]) == 1
    assert shop.get("modifications", state="succeeded").json["modifications"] == []
    assert shop.get("modifications", kind="refund").json["modifications"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"referense": "x"},
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "x"},
        {"after": "x"},
        {"after": "é\0"},
        {"after": "MjAyNi0wMS0wMVQwMDowMDowMHwx"},
        {"state": "nonsense"},
        {"placed_from": "yesterday"},
        {"placed_from": "2026-01-01T00:00:00"},
        {"reference": "a\0b"},
        {"reference": ""},
        {"reference": "x" * 201},
    ],
)
def test_a_filter_that_cannot_be_used_is_refused_and_never_ignored(shop: Shop, query: dict[str, str]) -> None:
    answer = shop.get("orders", **query)

    assert answer.status in (404, 422), answer.content
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "20260101T000000000000.zz"}, {"kind": "x"}, {"page": "2"}])
def test_the_list_of_modifications_refuses_the_same(shop: Shop, query: dict[str, str]) -> None:
    assert shop.get("modifications", **query).status == 422


def test_orders_are_narrowed_by_account_state_and_time(shop: Shop) -> None:
    other = factories.an_account(merchant=shop.account.merchant, name="south")
    old = factories.an_order(account=shop.account, placed_at=timezone.now() - timedelta(days=3))
    new = factories.a_transaction(account=other).order
    cut = (timezone.now() - timedelta(days=1)).isoformat()

    def ids(**query: str) -> list[int]:
        return [one["id"] for one in shop.get("orders", **query).json["orders"]]

    assert ids(account="north") == [old.pk]
    assert ids(account="south") == [new.pk]
    assert ids(state="authorized") == [new.pk]
    assert ids(placed_from=cut) == [new.pk]
    assert ids(placed_before=cut) == [old.pk]
    assert shop.get("orders", account="west").status == 404


def test_a_page_costs_the_same_queries_whatever_stands_on_it(shop: Shop) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert shop.get("orders").status == 200
        return len(seen)

    factories.a_captured_transaction(account=shop.account)
    shop.get("orders")
    one = queries()
    for _ in range(20):
        factories.a_captured_transaction(account=shop.account)

    assert queries() == one <= 8


def test_a_transaction_says_what_may_be_done_by_this_token(shop: Shop) -> None:
    transaction = factories.a_transaction(account=shop.account)
    reader = a_shop(account=shop.account, scopes=["orders:read"])

    may = {one["noun"]: one for one in shop.get(f"transactions/{transaction.pk}").json["actions"]}
    may_not = {one["noun"]: one for one in reader.get(f"transactions/{transaction.pk}").json["actions"]}

    assert list(may) == ["captures", "cancellations", "reversals", "voids", "refunds"]
    assert (may["captures"]["allowed"], may["captures"]["maximum"]) == (True, 10_000)
    assert (may["refunds"]["allowed"], may["refunds"]["rule"], may["refunds"]["maximum"]) == (False, "state", None)
    assert {one["rule"] for one in may_not.values()} == {"permission"}


def test_capabilities_tell_every_fact_the_rules_know() -> None:
    assert {field.name for field in fields(Capability)} == set(CapabilityTold.model_fields)


def test_capabilities_tell_the_overrides_of_the_account_and_its_pause(shop: Shop) -> None:
    factories.an_account(merchant=shop.account.merchant, name="auto", profile={"auto_capture": True})
    factories.an_account(name="theirs")

    told = {one["name"]: one for one in shop.get("capabilities").json["accounts"]}

    assert set(told) == {"north", "auto"}
    assert [told[name]["capability"]["auto_capture"] for name in ("north", "auto")] == [False, True]
    assert (told["north"]["paused"], told["north"]["gateway"]) == (False, "smartpay")
