"""What gateway A's portal does behind our back, in a real browser: its unsigned word makes us read, the page shows it.

Worker and gateway are processes of their own, and the gateway's notifications reach us.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.mirror.refresh import refresh_transaction
from orders.models import InboxDelivery, Source, Transaction
from tests.browser.conftest import LogIn
from tests.browser.walking import PATIENCE, ask_for, lead_webhooks_here, open_order, reload_until
from tests.browser.worker_process import worker
from tests.factories import a_merchant, a_person, a_transaction, an_account, an_order
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]

MERCHANT = "merchant-one"


@pytest.fixture(autouse=True)
def _manners(settings: Any) -> None:
    settings.UNDO_SECONDS = 1
    settings.ALLOW_INSECURE_GATEWAYS = True


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox") as handle:
        yield handle


@pytest.fixture
def payment(gateway: SandboxHandle, live_server: LiveServer, _manners: None) -> Transaction:
    """100.00 EUR, captured in the sandbox and read from there, and mia who may give it back."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("mia", merchants=[merchant], groups=["agent"])
    account = an_account(merchant=merchant, base_url=gateway.gateway_url, merchant_key=MERCHANT)
    lead_webhooks_here(gateway, live_server, account, merchant_key=MERCHANT, secret="")
    reference = str(uuid.uuid4())
    gateway.control(
        "orders",
        merchantKey=MERCHANT,
        transactionId=reference,
        amount=10_000,
        currencyCode="EUR",
        paymentStatus="CAPTURED",
    )
    order = an_order(account=account, reference="ORD-20931", customer_name="Jana Novák", amount=10_000)
    transaction = a_transaction(order=order, reference=reference)
    refresh_transaction(transaction_id=transaction.pk, source=Source.COMMAND)
    return transaction


@pytest.fixture(autouse=True)
def _worker(payment: Transaction, tmp_path: Path) -> Iterator[None]:
    (tmp_path / "worker").mkdir()
    with worker(tmp_path / "worker"):
        yield


def _refund_in_the_portal(gateway: SandboxHandle, payment: Transaction) -> None:
    gateway.control("portal", transactionId=payment.reference, action="refund", amount=2_500)


def test_a_refund_in_the_portal_appears_while_the_page_follows_a_refund_of_ours(
    page: Page, log_in: LogIn, live_server: LiveServer, payment: Transaction, gateway: SandboxHandle
) -> None:
    log_in(page, "mia")
    open_order(page, live_server, payment)
    gateway.control("faults", fault="pending", transactionId=payment.reference, times=1, seconds=8)
    ask_for(page, "Refund", "10.00")
    expect(page.locator("#panel .followed")).to_contain_text("The gateway accepted it", timeout=PATIENCE)

    _refund_in_the_portal(gateway, payment)

    moved = page.locator(".notice", has_text="Moved at the gateway without our asking")
    expect(moved).to_contain_text("Refund of €25.00", timeout=PATIENCE)
    # The webhook or the ladder's own reading, whichever is first.
    expect(moved).to_contain_text(re.compile("in a webhook of the gateway|when the gateway was read"))
    expect(moved).to_contain_text(": in our books.")
    expect(page.get_by_text("Up to 65.00 EUR can be refunded.")).to_be_visible(timeout=PATIENCE)
    assert {(row.signed, row.state) for row in InboxDelivery.objects.all()} == {(False, "done")}


def test_it_is_there_without_script_the_next_time_somebody_looks(
    browser: Browser, live_server: LiveServer, log_in: LogIn, payment: Transaction, gateway: SandboxHandle
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, "mia")
    open_order(page, live_server, payment)
    expect(page.get_by_text("Up to 100.00 EUR can be refunded.")).to_be_visible()

    _refund_in_the_portal(gateway, payment)

    reload_until(page, "Refund of €25.00")
    expect(page.get_by_text("Up to 75.00 EUR can be refunded.")).to_be_visible()
    context.close()
