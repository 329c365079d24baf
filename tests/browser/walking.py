"""What the walks through a browser share: the gateway's own sums, its webhooks led to us, and how a person waits."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import GatewayAccount, Transaction
from tests.sandbox_process import SandboxHandle

PATIENCE = 30_000
"""Milliseconds until the end of a modification must be on the page."""


def ledger_sums(gateway: SandboxHandle, payment: Transaction) -> dict[str, int]:
    """What the gateway really moved, by kind, in minor units."""
    sums: dict[str, int] = {}
    for row in gateway.ledger(transactionId=payment.reference)["executions"]:
        sums[row["kind"]] = sums.get(row["kind"], 0) + row["amount"]
    return sums


def lead_webhooks_here(
    gateway: SandboxHandle, live_server: LiveServer, account: GatewayAccount, *, merchant_key: str, secret: str
) -> None:
    """The gateway tells this account's address what happens; an empty secret is none."""
    if secret:
        account.seal_webhook_secret(secret, overlap_until=None)
        account.save()
    gateway.control(
        "webhook",
        gateway=account.gateway,
        merchantKey=merchant_key,
        url=f"{live_server.url}/webhooks/{account.webhook_token}/",
        secret=secret or None,
    )


def open_order(page: Page, live_server: LiveServer, payment: Transaction) -> None:
    page.goto(f"{live_server.url}/orders/{payment.order_id}/")
    expect(page.get_by_role("heading", level=1)).to_contain_text(payment.order.reference)


def ask_for(page: Page, action: str, amount: str = "") -> None:
    """Open the panel of “Capture”, “Refund” and so on, and press its button; no amount leaves what stands there."""
    page.get_by_role("link", name=action, exact=True).click()
    if amount:
        page.get_by_label("Amount").fill(amount)
    page.get_by_role("button", name=action, exact=True).click()


def reload_until(page: Page, text: str) -> None:
    """What a person without script does."""
    for _ in range(PATIENCE // 500):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"“{text}” never came; the page says: {page.locator('main').inner_text()[:800]}")
