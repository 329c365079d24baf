"""At a hundred thousand orders PostgreSQL answers every list of the API from an index."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db import connection

from orders.models import GatewayAccount
from tests.api.shop import Answered, Shop, a_shop
from tests.large_books import a_hundred_thousand_orders, tables_read_whole

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only: its planner is asked"),
]
LISTS: tuple[dict[str, str], ...] = (
    {},
    {"reference": "ord-000700"},
    {"reference": "customer700@example.com"},
    {"reference": "nothing-like-this"},
    {"state": "chargeback"},
    {"state": "failed"},
    {"placed_from": "2026-01-01T00:00:00Z", "placed_before": "2026-01-02T00:00:00Z"},
    {"account": "own"},
)


@pytest.fixture(scope="module")
def shops(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock(), a_hundred_thousand_orders():
        yield


def _get(shop: Shop, path: str, **query: str) -> Answered:
    answer = shop.get(path, **query)
    assert answer.status == 200, answer.content
    return answer


@pytest.mark.parametrize("name", ["large", "small"])
def test_no_list_of_orders_reads_a_large_table_whole(shops: None, name: str) -> None:
    shop = a_shop(account=GatewayAccount.objects.get(name=name))
    first = _get(shop, "orders").json
    order = _get(shop, "orders", after=first["next"]).json["orders"][0]

    for query in (*LISTS, {"after": first["next"]}):
        named = {field: name if value == "own" else value for field, value in query.items()}
        assert tables_read_whole(partial(_get, shop, "orders", **named)) == [], query
    for path in (
        f"orders/{order['id']}",
        f"orders/{name}/{order['reference']}",
        f"transactions/{order['transactions'][0]['id']}",
    ):
        assert tables_read_whole(partial(_get, shop, path)) == [], path
