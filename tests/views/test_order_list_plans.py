"""At a hundred thousand orders PostgreSQL answers every list and search from an index, planner settings untouched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Merchant, Order
from tests.factories import a_merchant, a_person, an_account
from tests.views.pages import href_of

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="PostgreSQL only: its planner is asked"),
]

ORDERS = 100_000
LARGE = 10_000
"""Rows from which a table must not be read whole."""

FILL = """
INSERT INTO orders_order (merchant_id, account_id, reference, currency, amount, customer_name, customer_email,
                          placed_at, state, captured, refunded, in_flight, attention, expires_at)
SELECT account.merchant_id, account.id, 'ord-' || lpad(n::text, 6, '0'),
       CASE WHEN n %% 50 = 0 THEN 'JPY' ELSE 'EUR' END, 1000 + n %% 90000, 'Customer ' || n,
       'customer' || n || '@example.com', now() - n * interval '7 minutes',
       CASE WHEN n %% 997 = 0 THEN 'chargeback' WHEN n %% 5 = 0 THEN 'authorized' ELSE 'captured' END,
       0, 0, n %% 1499 = 0, n %% 1999 = 0, CASE WHEN n %% 5 = 0 THEN now() + n * interval '5 minutes' END
  FROM generate_series(1, %s) AS n
  JOIN orders_gatewayaccount AS account
    ON account.name = CASE WHEN n %% 100 = 0 THEN 'small' WHEN n %% 10 < 3 THEN 'middle' ELSE 'large' END
"""
WORDS = """
INSERT INTO orders_reference (merchant_id, order_id, kind, value)
SELECT merchant_id, id, kind, value FROM orders_order,
       LATERAL (VALUES ('order', reference), ('email', customer_email), ('name', lower(customer_name)))
         AS word (kind, value)
"""
TRANSACTIONS = """
INSERT INTO orders_transaction (merchant_id, account_id, order_id, reference, partner_reference, payment_method,
       currency, state, raw_status, refresh_problem, reconciliation_reference, payment_reference, description, facts,
       authorized, capturing, captured, released, refunding, refunded, charged_back, capture_open, unknown_count,
       frozen_reason, version, created_at)
SELECT merchant_id, account_id, id, md5(reference), '', 'VISA', currency, state, '', '', '', '', '', '{}', amount,
       0, 0, 0, 0, 0, 0, true, 0, '', 1, now()
  FROM orders_order
"""

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
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        # Filling takes longer than a page may.
        cursor.execute("SET statement_timeout = 0")
        for name in ("large", "middle", "small"):
            an_account(merchant=a_merchant(name), name=name)
        cursor.execute(FILL, [ORDERS])
        cursor.execute(WORDS)
        cursor.execute(TRANSACTIONS)
        cursor.execute("ANALYZE")
        cursor.execute("RESET statement_timeout")
        yield
        cursor.execute("TRUNCATE orders_merchant CASCADE")
        cursor.execute("ANALYZE")


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
        assert _tables_read_whole(client, address) == [], address


def _deep_page(client: Client) -> str:
    """The third page: a cursor in the middle."""
    second = href_of(client.get("/orders/").content.decode(), "next")
    return href_of(client.get(second).content.decode(), "next")


def _order_page(person: User) -> str:
    """An order in the middle of the person's."""
    return f"/orders/{Order.objects.of(person).order_by('placed_at')[500].pk}/"


def _tables_read_whole(client: Client, address: str) -> list[str]:
    """Large tables for which a query of this page plans a sequential scan, each with the query."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code in {200, 303}
    found = []
    for query in captured.captured_queries:
        if query["sql"].startswith("SELECT"):
            found += [f"{table}: {query['sql']}" for table in _sequential_scans(query["sql"]) if _rows(table) > LARGE]
    return found


def _sequential_scans(sql: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"))
        (plan,) = cursor.fetchone()
    decoded = json.loads(plan) if isinstance(plan, str) else plan
    return [node["Relation Name"] for node in _nodes(decoded[0]["Plan"]) if node["Node Type"] == "Seq Scan"]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _rows(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples::bigint FROM pg_class WHERE relname = %s", [table])
        (count,) = cursor.fetchone()
    return int(count)
