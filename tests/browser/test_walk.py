"""The whole story in a real browser: log in, search, capture part, refund part, follow to the end; with script and
without. Worker and gateway are processes of their own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Modification, Transaction
from tests.browser.conftest import LogIn
from tests.browser.walking import PATIENCE, ledger_sums, reload_until
from tests.browser.worker_process import worker
from tests.factories import a_merchant, a_person, a_transaction, an_account, an_order
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox") as handle:
        yield handle


@pytest.fixture
def payment(gateway: SandboxHandle) -> Transaction:
    """An authorization of 100.00 EUR, in the sandbox and in our books, and mia who may move it."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("mia", merchants=[merchant], groups=["agent"])
    account = an_account(
        merchant=merchant,
        base_url=gateway.gateway_url,
        merchant_key="merchant-one",
        authentication_key="secret-one",
        profile={"deadline_seconds": 3},
    )
    reference = str(uuid.uuid4())
    gateway.control(
        "orders",
        merchantKey="merchant-one",
        transactionId=reference,
        amount=10_000,
        currencyCode="EUR",
        paymentStatus="AUTHORIZATION_COMPLETED",
    )
    order = an_order(account=account, reference="ORD-20931", customer_name="Jana Novák", amount=10_000)
    return a_transaction(order=order, reference=reference)


@pytest.fixture(autouse=True)
def _worker(payment: Transaction, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "worker").mkdir()
    with worker(tmp_path / "worker"):
        yield


def test_an_agent_captures_and_refunds_part_and_follows_to_the_end(
    page: Page, log_in: LogIn, payment: Transaction, gateway: SandboxHandle
) -> None:
    troubles: list[str] = []
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    log_in(page, "mia")

    page.keyboard.press("/")
    page.keyboard.type("ORD-20931")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ORD-20931")

    page.get_by_role("link", name="Capture", exact=True).click()
    amount = page.get_by_label("Amount")
    expect(amount).to_be_focused()
    expect(amount).to_have_value("100.00")
    amount.fill("60.00")
    expect(page.locator("#what-if")).to_contain_text("40.00 EUR is not captured and goes back to the shopper")
    page.get_by_label("Description").fill("First half")
    expect(page.locator("#description-count")).to_have_text("10 of 127")
    page.get_by_role("button", name="Capture", exact=True).click()

    card = page.locator("#panel .followed")
    expect(card.get_by_role("button", name="Undo")).to_be_visible()
    expect(page.get_by_role("row", name="Captured")).to_contain_text("€60.00 pending")
    expect(card).to_contain_text("Done: €60.00 was captured.", timeout=PATIENCE)
    expect(card).to_contain_text("The end is known, so this page has stopped following.")
    expect(page.locator("#announcements")).to_contain_text("Capture of €60.00: Succeeded.")
    expect(page.get_by_role("row", name="Released")).to_contain_text("€40.00", timeout=PATIENCE)
    expect(page.get_by_text("All figures add up.")).to_be_visible()

    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount").fill("20.00")
    expect(page.locator("#what-if")).to_contain_text("€40.00")
    page.get_by_role("button", name="Refund", exact=True).click()
    expect(page.locator("#panel .followed")).to_contain_text("Done: €20.00 was refunded", timeout=PATIENCE)
    expect(page.get_by_text("Up to 40.00 EUR can be refunded.")).to_be_visible(timeout=PATIENCE)

    assert troubles == []
    assert ledger_sums(gateway, payment) == {"capture": 6_000, "refund": 2_000}
    payment.refresh_from_db()
    assert (payment.captured, payment.refunded, payment.released) == (6_000, 2_000, 4_000)


def test_undo_in_time_sends_nothing(page: Page, log_in: LogIn, payment: Transaction, gateway: SandboxHandle) -> None:
    log_in(page, "mia")
    page.goto(f"{page.url.partition('/orders')[0]}/orders/{payment.order_id}/")
    page.get_by_role("link", name="Capture", exact=True).click()
    page.get_by_role("button", name="Capture", exact=True).click()

    page.get_by_role("button", name="Undo").click()

    expect(page.locator("#panel .followed")).to_contain_text("Withdrawn before anything was sent.")
    expect(page.get_by_text("Up to 100.00 EUR can be captured.")).to_be_visible(timeout=PATIENCE)
    assert ledger_sums(gateway, payment) == {}


def test_a_colleagues_click_in_between_shows_what_changed(
    page: Page, log_in: LogIn, payment: Transaction, live_server: LiveServer
) -> None:
    log_in(page, "mia")
    page.goto(f"{live_server.url}/orders/{payment.order_id}/")
    page.get_by_role("link", name="Capture", exact=True).click()
    page.get_by_label("Amount").fill("60.00")
    Transaction.objects.filter(pk=payment.pk).update(version=99)

    page.get_by_role("button", name="Capture", exact=True).click()

    panel = page.locator("#action-panel")
    expect(panel).to_contain_text("Changed meanwhile.")
    expect(panel.get_by_label("Amount")).to_have_value("60.00")
    assert not Modification.objects.exists()
    panel.get_by_role("button", name="Capture", exact=True).click()
    expect(page.locator("#panel .followed")).to_contain_text("Done: €60.00 was captured.", timeout=PATIENCE)


def test_the_same_story_works_without_script(
    browser: Browser, live_server: LiveServer, log_in: LogIn, payment: Transaction, gateway: SandboxHandle
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, "mia")

    page.get_by_role("searchbox").fill("ORD-20931")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("ORD-20931")

    page.get_by_role("link", name="Capture", exact=True).click()
    page.get_by_label("Amount").fill("60.00")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#what-if")).to_contain_text("40.00 EUR is not captured and goes back to the shopper")
    page.get_by_role("button", name="Capture", exact=True).click()
    reload_until(page, "Done: €60.00 was captured.")

    page.get_by_role("link", name="ORD-20931").click()
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount").fill("20.00")
    page.get_by_role("button", name="Refund", exact=True).click()
    reload_until(page, "Done: €20.00 was refunded")

    assert ledger_sums(gateway, payment) == {"capture": 6_000, "refund": 2_000}
    context.close()
