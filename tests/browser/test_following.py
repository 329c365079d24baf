"""Following in a real browser: the page redraws by itself, keeps what the reader holds, says the news, and stops."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from orders.gateways.base import Verdict
from orders.models import Modification, ModificationState, Transaction
from tests.browser.conftest import LogIn
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.views.scenes import a_modification, doubtful, gateway_says, sent

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mia() -> User:
    return a_person("mia", merchants=[a_merchant("Northwind Bikes")], groups=["supervisor"])


@pytest.fixture
def transaction(mia: User) -> Transaction:
    return a_captured_transaction(account=an_account(merchant=mia.memberships.get().merchant))


@pytest.fixture
def modification(transaction: Transaction, mia: User) -> Modification:
    return a_modification(transaction, mia, amount=2_000)


def _order_page(live_server: LiveServer, transaction: Transaction) -> str:
    return live_server.url + reverse("orders:order", args=[transaction.order_id])


def test_a_redraw_keeps_focus_and_open_folds_and_says_the_news(
    page: Page, live_server: LiveServer, log_in: LogIn, transaction: Transaction, modification: Modification
) -> None:
    log_in(page, "mia")
    page.goto(_order_page(live_server, transaction))
    fold = page.locator(f"#transaction-{transaction.pk}-cancel-proof")
    fold.locator("summary").click()
    refund = page.locator(f"#transaction-{transaction.pk}-refund")
    refund.focus()

    gateway_says(sent(modification), Verdict.SUCCEEDED)

    expect(page.locator(f"#row-{modification.pk}")).to_contain_text("Succeeded", timeout=15_000)
    expect(refund).to_be_focused()
    expect(fold).to_have_attribute("open", "")
    expect(page.locator("#announcements")).to_have_text("Refund of €20.00: Succeeded.")


def test_after_the_end_the_page_is_silent(
    page: Page, live_server: LiveServer, log_in: LogIn, transaction: Transaction, modification: Modification
) -> None:
    log_in(page, "mia")
    page.goto(_order_page(live_server, transaction))
    gateway_says(sent(modification), Verdict.SUCCEEDED)
    expect(page.get_by_text("The end is known, so this page has stopped following.")).to_be_visible(timeout=15_000)
    polls: list[str] = []

    page.on("request", lambda request: _note_poll(request, polls))
    page.wait_for_timeout(3_000)

    assert polls == []


def test_at_review_the_board_stops_and_offers_to_ask(
    page: Page, live_server: LiveServer, log_in: LogIn, modification: Modification
) -> None:
    log_in(page, "mia")
    page.goto(live_server.url + reverse("orders:modification", args=[modification.pk]))

    doubtful(modification, ModificationState.REVIEW, reason="The answer contradicts the request.")

    stopped = page.get_by_text("A person must decide now, so this page has stopped following.")
    expect(stopped).to_be_visible(timeout=15_000)
    expect(page.get_by_role("button", name="Ask the gateway now")).to_be_visible()
    expect(page.locator("#main").get_by_text("The answer contradicts the request.")).to_be_visible()
    expect(page.get_by_label("How it ended")).to_be_visible()


def test_typing_in_the_panel_survives_the_redraw_of_the_order(
    page: Page, live_server: LiveServer, log_in: LogIn, transaction: Transaction, modification: Modification
) -> None:
    log_in(page, "mia")
    page.goto(_order_page(live_server, transaction))
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount").fill("7.00")

    gateway_says(sent(modification), Verdict.SUCCEEDED)
    expect(page.locator(f"#row-{modification.pk}")).to_contain_text("Succeeded", timeout=15_000)

    expect(page.get_by_label("Amount")).to_have_value("7.00")
    expect(page.get_by_label("Amount")).to_be_focused()


def _note_poll(request: Request, polls: list[str]) -> None:
    if "/live/" in request.url:
        polls.append(request.url)
