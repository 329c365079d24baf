"""The shell in a real browser: its pages at three widths and in two themes, the keyboard, the theme, no script."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.gateways.base import TransactionState
from orders.models import GatewayAccount, Order
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


def _pay(order: Order, number: int) -> None:
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


@pytest.mark.pictures
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


def test_the_list_is_walked_with_the_keyboard_alone(page: Page, shop: GatewayAccount, log_in: LogIn) -> None:
    log_in(page, "mia")
    references = page.locator("a[data-row]").all_inner_texts()

    page.keyboard.press("j")
    expect(page.locator("a[data-row]").nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(page.locator("a[data-row]").nth(1)).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.type("j/k?")
    expect(page.locator("#search")).to_have_value("j/k?")
    page.keyboard.press("Escape")
    expect(page.locator("#search")).not_to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_contain_text(references[0])


def test_paging_by_htmx_changes_the_rows_and_the_address_and_back_returns(
    page: Page, shop: GatewayAccount, log_in: LogIn
) -> None:
    log_in(page, "mia")
    first = page.locator("a[data-row]").all_inner_texts()

    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**/orders/?after=*")
    second = page.locator("a[data-row]").all_inner_texts()
    page.go_back()
    page.wait_for_url("**/orders/")

    assert (len(first), len(second)) == (50, 10)
    assert not set(first) & set(second)
    expect(page.locator("a[data-row]").first).to_have_text(first[0])
    assert page.evaluate("localStorage.length") == 0
    assert "ORD-" not in page.evaluate("JSON.stringify(sessionStorage)")


def test_the_theme_changes_at_once_and_stays(page: Page, shop: GatewayAccount, log_in: LogIn) -> None:
    log_in(page, "mia")
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")

    page.locator("summary", has_text="account menu").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark theme").click()
    page.reload()

    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_an_ended_session_sends_a_piece_to_the_log_in_page(page: Page, shop: GatewayAccount, log_in: LogIn) -> None:
    log_in(page, "mia")
    page.context.clear_cookies()

    page.get_by_role("link", name="Next").click()

    page.wait_for_url("**/login/?next=*")
    expect(page.get_by_label("Password")).to_be_visible()


def test_everything_can_be_read_without_script(
    browser: Browser, live_server: LiveServer, shop: GatewayAccount, log_in: LogIn
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 780})
    page = context.new_page()
    log_in(page, "mia")

    page.locator("summary", has_text="Menu").first.click()
    page.get_by_role("navigation", name="Menu").get_by_role("link", name="Needs attention").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Orders that need attention")
    page.locator("summary", has_text="account menu").click()
    page.get_by_role("link", name="Keyboard shortcuts").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keyboard shortcuts")
    page.get_by_role("searchbox").fill("ord-20931")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ORD-20931")
    page.locator("summary", has_text="account menu").click()
    page.get_by_role("button", name="Dark theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator("summary", has_text="account menu").click()
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_label("User name")).to_be_visible()
    context.close()
