"""A hundred thousand orders, and which tables an answer reads whole: the planner is asked, its settings untouched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import a_merchant, an_account

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
       frozen_reason, version, created_at, card_reference, deal_reference, deal_type, refresh_step)
SELECT merchant_id, account_id, id, md5(reference), '', 'VISA', currency, state, '', '', '', '', '', '{}', amount,
       0, 0, 0, 0, 0, 0, true, 0, '', 1, now(), '', '', '', 0
  FROM orders_order
"""


@contextmanager
def a_hundred_thousand_orders() -> Iterator[None]:
    """Of three merchants named like their accounts: large 70,000, middle 29,000, small 1,000."""
    with connection.cursor() as cursor:
        # Filling takes longer than a page may.
        cursor.execute("SET statement_timeout = 0")
        for name in ("large", "middle", "small"):
            an_account(merchant=a_merchant(name), name=name)
        cursor.execute(FILL, [ORDERS])
        # The connection may have planned its look-ups of parents while these tables were empty.
        cursor.execute("ANALYZE")
        cursor.execute(WORDS)
        cursor.execute(TRANSACTIONS)
        cursor.execute("ANALYZE")
        cursor.execute("RESET statement_timeout")
        yield
        cursor.execute("TRUNCATE orders_merchant CASCADE")
        cursor.execute("ANALYZE")


def tables_read_whole(answer: Callable[[], object]) -> list[str]:
    """Large tables for which a query of this answer plans a sequential scan, each with the query."""
    with CaptureQueriesContext(connection) as captured:
        answer()
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
