"""The inbox and where webhooks come in, in a real browser: empty, full, one delivery, refused, and without scripts."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.database import database_now
from orders.models import GatewayAccount, InboxDelivery, InboxRejection, InboxState
from tests.browser.conftest import LogIn, Look
from tests.factories import a_merchant, a_person, a_transaction, an_account

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]

BODY = b'{"id": "D1", "events": [{"event_id": "event-1", "payment_type": "Refund", "amount": 2500, "name": "Jana"}]}'


@pytest.fixture
def account() -> GatewayAccount:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("ina", merchants=[merchant], groups=["integrator", "supervisor"])
    an_account(merchant=merchant, name="northwind")
    return an_account(merchant=merchant, name="northwind cards", gateway="smarterpay")


def deliveries(account: GatewayAccount) -> None:
    transaction = a_transaction(account=account, reference="e2f0b0d4-7d0b-4b7e-9a51-6c1de5a7f001")
    sentences = {
        InboxState.DONE: "25.00 EUR was refunded at the gateway.",
        InboxState.UNMATCHED: "It is about no payment that is known here yet.",
        InboxState.FAILED: "It could not be read; nothing of it was used.",
        InboxState.IGNORED: "An event of the type “mandate.create” is about no payment, so nothing is done.",
        InboxState.WAITING: "",
    }
    now = database_now()
    for state, sentence in sentences.items():
        entry = {"key": "event-1", "type": "payment.update", "state": state, "sentence": sentence}
        known = {"transaction": transaction.pk, "summary": "Refund of 25.00 EUR: Successful."}
        InboxDelivery.objects.create(
            merchant_id=account.merchant_id,
            account=account,
            key=f"delivery-{state}",
            signed=state is not InboxState.IGNORED,
            headers={"x-smarterpay-signature": "7d1a" * 16, "content-type": "application/json"},
            body=BODY,
            received_at=now,
            last_received_at=now,
            repeats=3 if state is InboxState.DONE else 0,
            state=state,
            due_at=now if state in (InboxState.WAITING, InboxState.UNMATCHED) else None,
            results=[] if not sentence else [entry | (known if state is InboxState.DONE else {})],
            sentence=sentence,
            processed_at=None if state is InboxState.WAITING else now,
        )


def test_the_pages_look_right(page: Page, signed_in: LogIn, look: Look, account: GatewayAccount) -> None:
    signed_in(page, "ina")
    look(page, "/inbox/", "inbox-empty")
    look(page, "/inbox/rejected/", "inbox-rejected-empty")
    deliveries(account)
    InboxRejection.objects.create(
        account=account,
        at=database_now(),
        reason="The signature of the webhook was made with another secret, or its body was changed.",
        body_sha256="7d1a" * 16,
    )

    look(page, "/inbox/", "inbox")
    look(page, "/inbox/rejected/", "inbox-rejected")
    for state in (InboxState.DONE, InboxState.WAITING):
        shown = InboxDelivery.objects.get(state=state)
        look(page, reverse("orders:inbox_delivery", args=[shown.pk]), f"inbox-{state}")
    look(page, reverse("orders:account_webhooks", args=[account.pk]), "inbox-account")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_secret_is_put_in_place_and_a_webhook_processed_again(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, scripts: bool
) -> None:
    deliveries(account)
    if not scripts:
        page.route("**/*.js", lambda route: route.abort())
    signed_in(page, "ina")
    page.goto(f"{live_server.url}{reverse('orders:account_webhooks', args=[account.pk])}")
    page.get_by_role("button", name="Put in place").click()
    expect(page.get_by_text("nothing was changed")).to_be_visible()
    page.get_by_label("New secret").fill("a-new-secret")
    page.get_by_role("button", name="Put in place").click()
    expect(page.get_by_text("The secret is in place")).to_be_visible()

    page.get_by_role("link", name="Inbox").first.click()
    page.get_by_role("link", name="Could not be processed").click()
    page.get_by_role("link", name="payment.update").click()
    page.get_by_role("button", name="Process again").click()

    expect(page.get_by_text("It is processed again now")).to_be_visible()
    account.refresh_from_db()
    assert account.webhook_secrets(database_now()) == ["a-new-secret"]
