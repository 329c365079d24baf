"""At a hundred thousand orders PostgreSQL answers every list and search from an index, planner settings untouched."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from orders.models import Merchant, Order
from tests.factories import a_person
from tests.large_books import a_hundred_thousand_orders, tables_read_whole
from tests.views.pages import href_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only: its planner is asked"),
]

LISTS = (
    "/orders/",
    "/orders/?state=chargeback",
    "/orders/?state=captured",
    "/orders/?state=failed",
    "/orders/?flag=attention",
    "/orders/?flag=in_flight",
    "/orders/?flag=expiring",
    "/orders/?flag=partly_refunded",
    "/orders/?currency=JPY",
    "/orders/?currency=EUR&amount_from=900.00&amount_to=901.00",
    "/orders/?placed_from=2026-01-01&placed_to=2026-01-02",
)
SEARCHES = (
    "/search/?q=ord-054321",
    "/search/?q=ord-0543",
    "/search/?q=o",
    "/search/?q=customer5",
    "/search/?q=customer777@example.com",
    "/search/?q=nothing-like-this",
)


@pytest.fixture(scope="module")
def shops(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A hundred thousand orders of three merchants: seventy thousand, twenty-nine thousand, a thousand."""
    with django_db_blocker.unblock(), a_hundred_thousand_orders():
        yield


@pytest.fixture(params=["large", "small", "large and small", "superuser"])
def person(request: pytest.FixtureRequest, shops: None) -> User:
    if request.param == "superuser":
        return a_person(groups=[], is_superuser=True)
    merchants = list(Merchant.objects.filter(name__in=request.param.split(" and ")))
    assert merchants
    return a_person(merchants=merchants, groups=["viewer"])


def test_no_list_no_search_and_no_order_page_reads_a_large_table_whole(client: Client, person: User) -> None:
    client.force_login(person)

    for address in (*LISTS, *SEARCHES, _deep_page(client), _order_page(person)):
        assert tables_read_whole(partial(_read, client, address)) == [], address


def _deep_page(client: Client) -> str:
    """The third page: a cursor in the middle."""
    second = href_of(client.get("/orders/").content.decode(), "next")
    return href_of(client.get(second).content.decode(), "next")


def _order_page(person: User) -> str:
    """An order in the middle of the person's."""
    return f"/orders/{Order.objects.of(person).order_by('placed_at')[500].pk}/"


def _read(client: Client, address: str) -> None:
    assert client.get(address).status_code in {200, 303}
