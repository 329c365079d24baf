"""The shell in a real browser: its pages at three widths and in two themes, the keyboard, the theme, no script."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.gateways.base import TransactionState
from orders.models import GatewayAccount
from tests.browser.conftest import LogIn, Look
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_account, an_order

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = (
    ("Amelia Wright", "amelia@example.com"),
    ("Northwind GmbH", "orders@northwind.example"),
    ("Jana Novák", "jana.novak@example.com"),
    ("鈴木 花", "hana@example.jp"),
    ("Maximiliane Freifrau von Hohenstein-Rosenberg", "maximiliane.von.hohenstein-rosenberg@example.museum"),
)


@pytest.fixture
def shop() -> GatewayAccount:
    """A merchant with orders in every state, and somebody who works there."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    account = an_account(merchant=merchant, name="SmartPay EU")
    a_person("mia", merchants=[merchant, a_merchant("Sakura Parts", time_zone="Asia/Tokyo")], groups=["supervisor"])
    now = timezone.now()
    for number in range(60):
        name, email = PEOPLE[number % len(PEOPLE)]
        order = an_order(
            account=account,
            reference=f"ORD-{20900 + number}",
            customer_name=name,
            customer_email=email,
            amount=4_999 + number * 777,
            placed_at=now - timedelta(hours=3 * number),
        )
        _pay(order, number)
    return account


def _pay(order, number):  # type: ignore[no-untyped-def]
    full = order.amount
    match number % 6:
        case 0:
            a_transaction(
                order=order, authorized=full, payment_method="VISA", expires_at=timezone.now() + timedelta(hours=5)
            )
        case 1:
            a_captured_transaction(order=order, captured=full, payment_method="PAYINVC")
        case 2:
            a_captured_transaction(order=order, captured=full, refunded=full // 4, payment_method="MASTERCARD")
        case 3:
            a_transaction(order=order, authorized=full, released=full, state=TransactionState.CANCELLED)
        case 4:
            a_transaction(order=order, authorized=full, capturing=full // 2, payment_method="PREPMNT")
        case _:
            a_transaction(order=order, authorized=full, unknown_count=1, capturing=full, payment_method="VISA")


def test_every_page_of_the_shell_is_clean_at_every_width_and_theme(
    page: Page, shop: GatewayAccount, log_in: LogIn, look: Look
) -> None:
    look(page, "/login/", "login")
    log_in(page, "mia")

    look(page, "/orders/", "orders")
    look(page, "/orders/?state=authorized&currency=EUR&amount_from=ten", "orders-filtered")
    look(page, "/orders/?state=chargeback&currency=EUR", "orders-empty")
    look(page, "/search/?q=ord-2095", "search")
    look(page, "/search/?q=nobody", "search-empty")
    look(page, "/shortcuts/", "shortcuts")
    look(page, "/nowhere/", "not-found")
