"""The filters of the orders list: each leaves what it names, a bad one is told and left out."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from orders.gateways.base import TransactionState
from orders.models import GatewayAccount
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_order
from tests.views.pages import orders_shown, references_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def assorted(account: GatewayAccount) -> None:
    """One order for each filter."""
    now = timezone.now()
    a_transaction(order=an_order(account=account, reference="authorized"), expires_at=now + timedelta(days=4))
    a_transaction(order=an_order(account=account, reference="expiring"), expires_at=now + timedelta(hours=47))
    a_transaction(order=an_order(account=account, reference="in-flight"), capturing=100)
    a_transaction(order=an_order(account=account, reference="unknown"), capturing=100, unknown_count=1)
    a_captured_transaction(order=an_order(account=account, reference="captured", amount=20_000))
    part = an_order(account=account, reference="part-captured")
    a_transaction(order=part, captured=4_000, released=6_000, state=TransactionState.CAPTURED)
    a_captured_transaction(order=an_order(account=account, reference="part-refunded"), refunded=1)
    an_order(account=account, reference="old", currency="JPY", amount=5_000, placed_at=now - timedelta(days=400))


@pytest.mark.usefixtures("assorted")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?state=captured", {"captured"}),
        ("?flag=attention", {"unknown"}),
        ("?flag=in_flight", {"in-flight", "unknown"}),
        ("?flag=expiring", {"expiring"}),
        ("?flag=partly_captured", {"part-captured"}),
        ("?flag=partly_refunded", {"part-refunded"}),
        ("?currency=jpy", {"old"}),
        ("?currency=EUR&amount_from=150.00", {"captured"}),
        ("?currency=EUR&amount_from=200&amount_to=200.00", {"captured"}),
        ("?currency=JPY&amount_to=5000", {"old"}),
        ("?currency=JPY&amount_to=4999", set()),
        ("?placed_to=2025-12-31", {"old"}),
        ("?state=captured&currency=JPY", set()),
    ],
)
def test_a_filter_leaves_what_it_names(mia: Client, query: str, expected: set[str]) -> None:
    with_filter = set(orders_shown(mia, query))

    assert with_filter == expected


def test_days_begin_at_midnight_of_the_merchant(mia: Client, account: GatewayAccount) -> None:
    # 23:30 UTC on the 14th is already the 15th in Berlin.
    an_order(account=account, reference="late", placed_at=timezone.now().replace(2026, 1, 14, 23, 30))

    assert orders_shown(mia, "?placed_from=2026-01-15&placed_to=2026-01-15") == ["late"]
    assert orders_shown(mia, "?placed_from=2026-01-14&placed_to=2026-01-14") == []


def test_days_follow_the_chosen_merchant_where_zones_differ(client: Client, account: GatewayAccount) -> None:
    tokyo = a_merchant("Sakura", time_zone="Asia/Tokyo")
    client.force_login(a_person(merchants=[account.merchant, tokyo], groups=["viewer"]))

    assert "Days begin at midnight in UTC" in client.get("/orders/").content.decode()
    assert "Days begin at midnight in Asia/Tokyo" in client.get(f"/orders/?merchant={tokyo.pk}").content.decode()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("?state=nonsense", "“nonsense” is not one of the choices"),
        ("?account=abc", "“abc” is not one of the choices"),
        ("?merchant=99999", "“99999” is not one of the choices"),
        ("?flag='--", "is not one of the choices"),
        ("?currency=€", "three letters"),
        ("?amount_from=10", "Choose a currency too"),
        ("?currency=EUR&amount_from=1e2", "“1e2” is not an amount"),
        ("?currency=EUR&amount_to=-1", "“-1” is not an amount"),
        ("?currency=JPY&amount_to=10.5", "JPY has no decimals"),
        ("?currency=EUR&amount_to=１２", "is not an amount"),
        ("?placed_from=tomorrow", "Write the day as 2026-11-20"),
        ("?placed_to=2026-02-30", "Write the day as 2026-11-20"),
        ("?state=%00", "is not one of the choices"),
        ("?after=rubbish", "not one of ours"),
        ("?before=%F0%9F%92%B8", "not one of ours"),
        ("?after=" + "A" * 9000, "not one of ours"),
    ],
)
def test_a_bad_filter_is_told_and_left_out(mia: Client, account: GatewayAccount, query: str, sentence: str) -> None:
    an_order(account=account, reference="still-here", currency="JPY" if "JPY" in query else "EUR")

    response = mia.get(f"/orders/{query}")

    assert response.status_code == 200
    assert sentence in unescape(response.content.decode())
    assert references_of(response.content.decode()) == ["still-here"]


@pytest.mark.parametrize("query", ["?placed_to=9999-12-31", "?placed_from=0001-01-01", "?currency=E%00R"])
def test_extreme_filter_values_break_nothing(mia: Client, query: str) -> None:
    assert mia.get(f"/orders/{query}").status_code == 200
