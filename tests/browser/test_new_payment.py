"""A new prepayment in a real browser: asked for, its reference shown, paid by the buyer, seen without a reload."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.mirror.rounds import refresh_due
from orders.models import GatewayAccount, Modification, ModificationState, Transaction
from tests.browser.conftest import LogIn, Look
from tests.browser.worker_process import worker
from tests.factories import a_merchant, a_person, an_account
from tests.gateways.new_payments import a_payment
from tests.modifications import steps
from tests.modifications.new_payments import ask_for_payment, made
from tests.sandbox_process import SandboxHandle, sandbox
from tests.views.scenes import doubtful

pytestmark = [pytest.mark.django_db(transaction=True)]

PATIENCE = 30_000


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path / "sandbox") as handle:
        yield handle


@pytest.fixture
def mia() -> User:
    return a_person("mia", merchants=[a_merchant("Northwind Bikes", time_zone="Europe/Berlin")], groups=["supervisor"])


@pytest.fixture
def account(mia: User, gateway: SandboxHandle) -> GatewayAccount:
    return an_account(
        merchant=mia.memberships.get().merchant,
        name="SmartPay EU",
        base_url=gateway.gateway_url,
        merchant_key="merchant-one",
        authentication_key="secret-one",
        profile={"deadline_seconds": 3},
    )


def _fill_in(page: Page) -> None:
    page.get_by_label("Amount").first.fill("50.99")
    page.get_by_label("Order reference").fill("ORD-1001")
    page.get_by_label("Partner reference").fill("SMP-1001")
    page.get_by_label("Description").first.fill("Roof box")
    page.get_by_label("First name").fill("Jana")
    page.get_by_label("Last name").fill("Novák")
    page.get_by_label("Street").first.fill("Unter den Linden")
    page.get_by_label("City").first.fill("Berlin")
    page.get_by_label("Country", exact=True).first.fill("DEU")


def _read_from_the_gateway() -> None:
    """What beat does when the ladder has come to it."""
    Transaction.objects.update(refresh_due_at=Transaction.objects.values("created_at")[:1])
    refresh_due()


@pytest.mark.process
def test_a_prepayment_is_asked_for_quoted_and_paid(
    page: Page,
    log_in: LogIn,
    live_server: LiveServer,
    account: GatewayAccount,
    gateway: SandboxHandle,
    tmp_path: Path,
    settings: object,
) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True  # type: ignore[attr-defined]
    log_in(page, "mia")
    (tmp_path / "worker").mkdir()
    with worker(tmp_path / "worker"):
        page.get_by_role("navigation", name="Main").get_by_role("link", name="New payment").click()
        _fill_in(page)
        expect(page.locator("#description-count")).to_have_text("8 of 127")
        page.get_by_role("button", name="Ask for the payment").dblclick()

        reference = page.locator(".quoted .reference b")
        expect(reference).to_be_visible(timeout=PATIENCE)
        expect(page.locator(".followed")).to_contain_text("waits for the buyer’s money")
        transaction = Transaction.objects.get()
        assert reference.inner_text() == transaction.payment_reference
        assert (transaction.authorized, transaction.captured) == (0, 0)

        gateway.control("shopper", transactionId=transaction.reference, action="pay")
        _read_from_the_gateway()

        expect(page.locator(".followed")).to_contain_text(
            "Paid: €50.99 of the buyer’s money has come", timeout=PATIENCE
        )
    page.get_by_role("link", name="The order").click()
    expect(page.get_by_role("row", name="Captured")).to_contain_text("€50.99")
    expect(page.get_by_text("All figures add up.")).to_be_visible()
    assert len([row for row in gateway.ledger()["transactions"] if row["partnerReference"] == "SMP-1001"]) == 1
    assert Modification.objects.count() == 1


def test_the_order_page_shows_the_money_by_itself_too(
    page: Page, log_in: LogIn, live_server: LiveServer, mia: User
) -> None:
    merchant = mia.memberships.get().merchant
    row = steps.ended(ask_for_payment(an_account(merchant=merchant), mia), made())
    log_in(page, "mia")
    page.goto(live_server.url + reverse("orders:order", args=[row.transaction.order_id]))
    expect(page.locator(".quoted .reference b")).to_have_text("119344737107896")

    page.emulate_media(media="print")
    expect(page.locator(".quoted .reference b")).to_be_visible()
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    page.emulate_media(media="screen")

    Transaction.objects.update(state="captured", raw_status="CAPTURED", version=9)

    expect(page.locator(".quoted")).to_have_count(0, timeout=PATIENCE)


def test_the_company_takes_the_place_of_the_person(
    page: Page, log_in: LogIn, live_server: LiveServer, mia: User
) -> None:
    an_account(merchant=mia.memberships.get().merchant)
    log_in(page, "mia")
    page.goto(live_server.url + reverse("orders:payment_new"))
    first_name = page.get_by_label("First name")
    first_name.fill("Jana")

    page.get_by_label("A person").focus()
    page.keyboard.press("ArrowDown")

    expect(page.get_by_label("Company's name")).to_be_visible()
    expect(first_name).to_be_hidden()
    page.keyboard.press("ArrowUp")
    expect(first_name).to_have_value("Jana")


def test_without_script_a_payment_with_more_rows_is_asked_for(
    browser: Browser, live_server: LiveServer, log_in: LogIn, mia: User
) -> None:
    an_account(merchant=mia.memberships.get().merchant)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, "mia")
    page.goto(live_server.url + reverse("orders:payment_new"))
    _fill_in(page)
    page.get_by_text("Split over merchant accounts", exact=True).click()
    page.locator("#split").get_by_role("button", name="More rows").click()
    page.locator("#id_split_5_destination_reference").fill("shop-2")
    page.locator("#id_split_5_amount").fill("20.00")

    page.keyboard.press("Enter")

    expect(page.get_by_text("Queued; nothing was sent yet")).to_be_visible()
    assert b'"destinationReference":"shop-2"' in bytes(Modification.objects.get().body)
    context.close()


@pytest.mark.pictures
def test_the_pages_look_right(page: Page, log_in: LogIn, look: Look, mia: User) -> None:
    merchant = mia.memberships.get().merchant
    account = an_account(merchant=merchant, name="SmartPay EU")
    waiting = steps.ended(ask_for_payment(account, mia), made())
    failed = steps.ended(
        ask_for_payment(account, mia, order_reference="ORD-2", payment=a_payment(partner_reference="SMP-2")),
        steps.declined("SmartPay declined it: the buyer is not known."),
    )
    unknown = doubtful(
        ask_for_payment(account, mia, order_reference="ORD-3", payment=a_payment(partner_reference="SMP-3")),
        ModificationState.UNKNOWN,
        reason="The answer did not arrive within 90 seconds.",
    )
    log_in(page, "mia")

    look(page, reverse("orders:payment_new"), "new-payment")
    look(page, f"{reverse('orders:payment_new')}?again={failed.pk}", "new-payment-again")
    for name, row in {"waiting": waiting, "failed": failed, "unknown": unknown}.items():
        look(page, reverse("orders:payment", args=[row.pk]), f"payment-{name}")
    look(page, reverse("orders:order", args=[waiting.transaction.order_id]), "payment-order")
    look(page, reverse("orders:order", args=[unknown.transaction.order_id]), "payment-order-unknown")
    look(page, reverse("orders:modification", args=[unknown.pk]), "payment-evidence")
