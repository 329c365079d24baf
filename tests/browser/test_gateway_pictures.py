"""What three gateways change on the screens, in a real browser: panels, schedules, plans, and what each can do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.gateways.base import Kind, Verdict
from orders.models import ExternalMovement, Modification, RefundPlan, Transaction
from tests.browser.conftest import LogIn, Look, axe_findings
from tests.factories import a_merchant, a_person
from tests.modifications.other_accounts import a_card_account, an_orders_account, in_yen, on_card
from tests.modifications.planning import legs_of, planned
from tests.views.scenes import answered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def mia() -> User:
    return a_person("mia", merchants=[a_merchant("Northwind Bikes", time_zone="Asia/Tokyo")], groups=["supervisor"])


@pytest.fixture
def order(mia: User) -> Transaction:
    """10,000 yen, captured in 6,000 and 4,000."""
    return in_yen(6_000, 4_000, account=an_orders_account(merchant=mia.memberships.get().merchant))


@pytest.fixture
def card(mia: User) -> Transaction:
    """100.00 GBP, released an hour ago."""
    account = a_card_account(merchant=mia.memberships.get().merchant, profile={"asynchronous": True})
    return on_card(captured=10_000, account=account)


def _panel_url(transaction: Transaction, kind: Kind) -> str:
    return reverse("orders:modification_new", args=[transaction.pk, kind])


def test_the_capabilities_look_right(
    page: Page, signed_in: LogIn, look: Look, order: Transaction, card: Transaction
) -> None:
    signed_in(page, "mia")

    look(page, reverse("orders:capabilities"), "capabilities")


def test_an_order_in_instalments_looks_right(
    page: Page, signed_in: LogIn, look: Look, mia: User, order: Transaction
) -> None:
    signed_in(page, "mia")
    done, refused = legs_of(planned(order, 9_000, by=mia))
    answered(done, Verdict.SUCCEEDED)
    answered(refused, Verdict.DECLINED)
    now = timezone.now()
    ExternalMovement.objects.create(
        account=order.account,
        transaction=order,
        kind="refund",
        amount=1_000,
        currency="JPY",
        key="portal-1",
        source="webhook",
        moved_at=now - timedelta(hours=1),
        seen_at=now,
        booked=True,
    )

    look(page, reverse("orders:order", args=[order.order_id]), "order-instalments")


def test_a_card_payment_looks_right(page: Page, signed_in: LogIn, look: Look, card: Transaction) -> None:
    signed_in(page, "mia")

    look(page, reverse("orders:order", args=[card.order_id]), "order-card")
    look(page, _panel_url(card, Kind.VOID), "panel-void")
    look(page, _panel_url(card, Kind.REFUND), "panel-refund-not-cleared")


def test_the_panels_of_an_order_in_instalments_look_right(
    page: Page, signed_in: LogIn, look: Look, order: Transaction
) -> None:
    signed_in(page, "mia")
    fresh = in_yen(account=order.account)

    look(page, _panel_url(fresh, Kind.CAPTURE), "panel-capture-rest")
    look(page, _panel_url(order, Kind.REFUND), "panel-refund-plan")


def test_a_plan_looks_right_under_way_partly_failed_and_done(
    page: Page, signed_in: LogIn, look: Look, mia: User, order: Transaction
) -> None:
    signed_in(page, "mia")
    plan = planned(order, 9_000, by=mia)
    url = reverse("orders:plan", args=[plan.pk])
    look(page, url, "plan-under-way")
    first, second = legs_of(plan)
    answered(first, Verdict.SUCCEEDED)
    answered(second, Verdict.DECLINED)

    look(page, url, "plan-partly-failed")


def test_the_rest_is_followed_as_it_is_ticked_and_a_large_refund_becomes_a_plan_beside_the_order(
    page: Page, live_server: LiveServer, signed_in: LogIn, order: Transaction
) -> None:
    signed_in(page, "mia")
    fresh = in_yen(account=order.account)
    page.goto(f"{live_server.url}{reverse('orders:order', args=[fresh.order_id])}")
    page.get_by_role("link", name="Capture", exact=True).click()
    page.get_by_label("Amount").fill("6000")
    what_if = page.locator("#what-if")
    expect(what_if).not_to_contain_text("goes back to the shopper")
    expect(what_if).to_contain_text("¥6,000")

    page.get_by_label("Release the rest to the shopper").check()
    expect(what_if).to_contain_text("4000 JPY is not captured and goes back to the shopper")
    page.get_by_label("Amount").fill("7000")
    expect(what_if).to_contain_text("3000 JPY is not captured and goes back to the shopper")
    page.get_by_role("button", name="Capture", exact=True).click()
    expect(page.locator("#panel .followed")).to_be_visible()
    row = Modification.objects.get()
    assert (row.amount, row.release_rest) == (7_000, True)

    page.goto(f"{live_server.url}{reverse('orders:order', args=[order.order_id])}")
    page.get_by_role("link", name="Refund", exact=True).click()
    page.get_by_label("Amount").fill("9000")
    expect(what_if).to_contain_text("it becomes 2 refunds")
    page.get_by_role("button", name="Refund", exact=True).click()
    card = page.locator("#panel .followed")
    expect(card).to_contain_text("¥0 of ¥9,000 went back to the shopper.")
    expect(card.get_by_role("button", name="Undo this part")).to_have_count(2)
    assert axe_findings(page) == ""
    plan = RefundPlan.objects.get()
    for leg in legs_of(plan):
        answered(leg, Verdict.SUCCEEDED)
    expect(card).to_contain_text("Done: all of ¥9,000 was refunded to the shopper.", timeout=10_000)
    expect(card).to_contain_text("has stopped following")
