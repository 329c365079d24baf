"""Gateway C in a real browser: an answer that comes by webhook alone, a void, and a refund made in its portal.

Worker and gateway are processes of their own, and the gateway's webhooks reach us.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import InboxDelivery, Purpose, Transaction
from tests.browser.conftest import LogIn
from tests.browser.walking import PATIENCE, ask_for, lead_webhooks_here, ledger_sums, open_order, reload_until
from tests.browser.worker_process import worker
from tests.factories import a_merchant, a_person, a_transaction, an_order
from tests.modifications.other_accounts import a_card_account
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

MERCHANT, TOKEN, SECRET = "shop", "token-of-the-shop", "webhook-secret-of-the-shop"
TWO_DAYS = 2 * 86_400


@pytest.fixture(autouse=True)
def _short_undo(settings: Any) -> None:
    settings.UNDO_SECONDS = 1


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox", merchants={MERCHANT: TOKEN}) as handle:
        yield handle


@pytest.fixture
def payment(gateway: SandboxHandle, live_server: LiveServer) -> Transaction:
    """A deferred card payment of 100.00 GBP in the sandbox and in our books, and mia who may move it."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/London")
    a_person("mia", merchants=[merchant], groups=["agent"])
    account = a_card_account(
        merchant=merchant,
        base_url=f"{gateway.url}/smarterpay",
        merchant_key=MERCHANT,
        authentication_key=TOKEN,
        profile={"deadline_seconds": 3},
    )
    lead_webhooks_here(gateway, live_server, account, merchant_key=MERCHANT, secret=SECRET)
    card, reference = "CD01BROWSERWALK", "P01BROWSERWALK"
    gateway.control(
        "smarterpay/payments",
        merchantKey=MERCHANT,
        cardId=card,
        paymentId=reference,
        amount=10_000,
        currencyCode="GBP",
        customReference="UK-5001",
        createdSecondsAgo=TWO_DAYS,
    )
    order = an_order(account=account, reference="UK-5001", customer_name="Ada Thorne", currency="GBP", amount=10_000)
    return a_transaction(order=order, reference=reference, card_reference=card)


@pytest.fixture(autouse=True)
def _worker(payment: Transaction, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "worker").mkdir()
    with worker(tmp_path / "worker"):
        yield


def _answers_later(payment: Transaction, gateway: SandboxHandle, *, seconds: float) -> None:
    """The account asks for answers by webhook, and the gateway takes its time."""
    payment.account.profile |= {"asynchronous": True}
    payment.account.save()
    gateway.control("mode", asyncDelaySeconds=seconds)


def test_a_cancellation_that_is_answered_later_ends_by_webhook_while_the_open_page_follows(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle
) -> None:
    _answers_later(payment, gateway, seconds=6)
    log_in(page, "mia")
    open_order(page, live_server, payment)

    ask_for(page, "Cancel")

    followed = page.locator("#panel .followed")
    expect(followed).to_contain_text("The gateway accepted it and is working on it.", timeout=PATIENCE)
    expect(followed).to_contain_text("Done: £100.00 was released to the shopper.", timeout=PATIENCE)
    expect(followed).to_contain_text("The end is known, so this page has stopped following.")
    expect(page.locator("#announcements")).to_contain_text("Cancellation of £100.00: Succeeded.")
    expect(page.locator(".order-head")).to_contain_text("Cancelled", timeout=PATIENCE)
    assert ledger_sums(gateway, payment) == {"cancel": 10_000}
    row = payment.modifications.get()
    assert list(row.attempts.filter(purpose=Purpose.SEND).values_list("http_status", flat=True)) == [202]
    assert row.evidence.get(applied=True, verdict="succeeded").source == "webhook"


def test_what_was_released_can_be_voided_as_long_as_it_has_not_cleared(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle
) -> None:
    log_in(page, "mia")
    open_order(page, live_server, payment)
    followed = page.locator("#panel .followed")

    ask_for(page, "Capture", "60.00")
    expect(followed).to_contain_text("Done: £60.00 was captured.", timeout=PATIENCE)
    expect(page.get_by_role("row", name="Released")).to_contain_text("£40.00", timeout=PATIENCE)
    ask_for(page, "Void")

    expect(followed).to_contain_text("Done: £60.00 was taken back before it cleared.", timeout=PATIENCE)
    expect(page.get_by_text("All figures add up.")).to_be_visible()
    assert ledger_sums(gateway, payment)["void"] == 6_000
    assert not payment.external_movements.exists()


def test_what_the_portal_does_is_on_the_page_the_next_time_somebody_looks(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle
) -> None:
    log_in(page, "mia")
    gateway.control("smarterpay/portal", paymentId=payment.reference, action="release", amount=10_000)
    gateway.control("clock", offsetSeconds=TWO_DAYS)
    gateway.control("smarterpay/portal", paymentId=payment.reference, action="refund", amount=2_500)

    open_order(page, live_server, payment)
    reload_until(page, "Refund of £25.00")

    moved = page.locator(".notice", has_text="Moved at the gateway without our asking")
    expect(moved.get_by_role("listitem")).to_contain_text(["Capture of £100.00", "Refund of £25.00"])
    expect(moved.get_by_text("in a webhook of the gateway")).to_have_count(2)
    expect(page.get_by_role("row", name="Refunded")).to_contain_text("£25.00")
    assert set(InboxDelivery.objects.values_list("signed", "state")) == {(True, "done")}
    assert not payment.modifications.exists()


def test_the_single_actions_work_without_script(
    browser: Browser, live_server: LiveServer, log_in: LogIn, payment: Transaction, gateway: SandboxHandle
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, "mia")

    open_order(page, live_server, payment)
    ask_for(page, "Capture", "60.00")
    reload_until(page, "Done: £60.00 was captured.")
    open_order(page, live_server, payment)
    ask_for(page, "Void")
    reload_until(page, "Done: £60.00 was taken back before it cleared.")

    assert ledger_sums(gateway, payment)["void"] == 6_000
    context.close()
