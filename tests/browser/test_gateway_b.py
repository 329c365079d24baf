"""Gateway B in a real browser: captured in parts, the rest given up, refunded across payments, moved in its portal.

Worker and gateway are processes of their own, and the gateway's webhooks reach us.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import InboxDelivery, Transaction
from tests.browser.conftest import LogIn
from tests.browser.walking import PATIENCE, ask_for, lead_webhooks_here, ledger_sums, open_order, reload_until
from tests.browser.worker_process import worker
from tests.factories import a_merchant, a_person, a_transaction, an_order
from tests.modifications.other_accounts import an_orders_account
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

KEY = "sk_test_BrowserWalk1"
SECRET = "browserWalkSecretOfGatewayBAbcdefghijklm"  # 40 characters of base 62


@pytest.fixture(autouse=True)
def _short_undo(settings: Any) -> None:
    settings.UNDO_SECONDS = 1


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox", merchants={"shop": KEY}) as handle:
        yield handle


@pytest.fixture
def payment(gateway: SandboxHandle, live_server: LiveServer) -> Transaction:
    """An order of 10,000 yen, authorized in the sandbox and in our books, and mia who may move it."""
    merchant = a_merchant("Northwind Bikes", time_zone="Asia/Tokyo")
    a_person("mia", merchants=[merchant], groups=["agent"])
    account = an_orders_account(
        merchant=merchant,
        base_url=f"{gateway.url}/smartpay-orders/v1",
        authentication_key=KEY,
        profile={"deadline_seconds": 3},
    )
    lead_webhooks_here(gateway, live_server, account, merchant_key=KEY, secret=SECRET)
    made = gateway.control("smartpay-orders/orders", merchantKey=KEY, amount=10_000, reference="JP-5001")
    order = an_order(account=account, reference="JP-5001", customer_name="鈴木 花", currency="JPY", amount=10_000)
    reference = made["transactions"][0]["transactionId"]
    return a_transaction(order=order, reference=reference, raw_status="requires_capture")


@pytest.fixture(autouse=True)
def _worker(payment: Transaction, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "worker").mkdir()
    with worker(tmp_path / "worker"):
        yield


def test_capture_in_parts_give_up_the_rest_and_refund_across_the_payments(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle
) -> None:
    log_in(page, "mia")
    open_order(page, live_server, payment)
    followed = page.locator("#panel .followed")

    ask_for(page, "Capture", "6000")
    expect(followed).to_contain_text("Done: ¥6,000 was captured.", timeout=PATIENCE)
    expect(page.get_by_text("Up to 4000 JPY can be captured.")).to_be_visible(timeout=PATIENCE)
    ask_for(page, "Capture", "3000")
    expect(followed).to_contain_text("Done: ¥3,000 was captured.", timeout=PATIENCE)
    expect(page.get_by_text("Up to 1000 JPY can be captured.")).to_be_visible(timeout=PATIENCE)

    ask_for(page, "Cancel")
    expect(followed).to_contain_text("Done: ¥1,000 was released to the shopper.", timeout=PATIENCE)
    money = page.get_by_role("region", name="Money")
    expect(money).to_contain_text("Captured", timeout=PATIENCE)
    expect(page.get_by_role("row", name="Released")).to_contain_text("¥1,000")
    expect(page.get_by_text("Up to 9000 JPY can be refunded.")).to_be_visible()

    page.get_by_role("link", name="Refund", exact=True).click()
    panel = page.locator("#action-panel")
    expect(panel).to_contain_text("Give this money back only here")
    page.get_by_label("Amount").fill("8000")
    what_if = page.locator("#what-if")
    expect(what_if).to_contain_text("it becomes 2 refunds, the newest capture first")
    expect(what_if).to_contain_text("Estimate; Smartpay keeps the schedule")
    page.get_by_role("button", name="Refund", exact=True).click()

    legs = followed.locator(".ledger > li")
    expect(legs).to_have_count(2)
    expect(followed).to_contain_text("Done: all of ¥8,000 was refunded to the shopper.", timeout=PATIENCE)
    expect(legs.nth(0)).to_contain_text("Refund of ¥3,000")
    expect(legs.nth(1)).to_contain_text("Refund of ¥5,000")
    expect(legs.filter(has_text="Succeeded")).to_have_count(2)
    expect(page.get_by_text("Up to 1000 JPY can be refunded.")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_text("All figures add up.")).to_be_visible()

    assert ledger_sums(gateway, payment) == {"capture": 9_000, "cancel": 1_000, "refund": 8_000}
    payment.refresh_from_db()
    assert (payment.captured, payment.released, payment.refunded) == (9_000, 1_000, 8_000)
    assert not payment.external_movements.exists()


def test_a_refund_in_the_portal_appears_on_the_page_that_follows_something_else(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle, settings: Any
) -> None:
    log_in(page, "mia")
    open_order(page, live_server, payment)
    ask_for(page, "Capture", "6000")
    expect(page.locator("#panel .followed")).to_contain_text("Done: ¥6,000 was captured.", timeout=PATIENCE)
    settings.UNDO_SECONDS = 25
    ask_for(page, "Capture", "1000")
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_visible()

    gateway.control("smartpay-orders/portal", transactionId=payment.reference, action="refund", amount=2_500)

    moved = page.locator(".notice", has_text="Moved at the gateway without our asking")
    expect(moved).to_contain_text("Refund of ¥2,500", timeout=PATIENCE)
    # The webhook or the ladder's own reading, whichever is first.
    expect(moved).to_contain_text(
        re.compile(r"(in a webhook of the gateway|when the gateway was read): in our books\.")
    )
    expect(page.get_by_role("row", name="Refunded")).to_contain_text("¥2,500")
    undo.click()
    expect(page.get_by_text("Up to 3500 JPY can be refunded.")).to_be_visible(timeout=PATIENCE)
    assert set(InboxDelivery.objects.values_list("signed", "state")) == {(True, "done")}


def test_the_single_actions_work_without_script(
    browser: Browser, live_server: LiveServer, log_in: LogIn, payment: Transaction, gateway: SandboxHandle
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, "mia")

    open_order(page, live_server, payment)
    ask_for(page, "Capture", "6000")
    reload_until(page, "Done: ¥6,000 was captured.")
    open_order(page, live_server, payment)
    ask_for(page, "Capture", "1000")
    reload_until(page, "Done: ¥1,000 was captured.")
    open_order(page, live_server, payment)
    ask_for(page, "Cancel")
    reload_until(page, "Done: ¥3,000 was released to the shopper.")
    open_order(page, live_server, payment)
    ask_for(page, "Refund", "6500")
    reload_until(page, "Done: all of ¥6,500 was refunded to the shopper.")

    assert ledger_sums(gateway, payment) == {"capture": 7_000, "cancel": 3_000, "refund": 6_500}
    context.close()
