"""The nights, a morning and the drifts in a real browser: readable in every width and theme, without barriers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import Drift, DriftState, GatewayAccount, JobRun
from orders.reconciliation.nights.due import NIGHT
from orders.reconciliation.nights.ring import ring
from tests.browser.conftest import LogIn, Look
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_modification_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def account() -> GatewayAccount:
    """At a gateway that is not asked, so that a night needs no network."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("finn", merchants=[merchant], groups=["finance"])
    return an_account(merchant=merchant, name="northwind cards", gateway="smarterpay")


def a_night(account: GatewayAccount) -> None:
    """One with something to tell at every step."""
    now = timezone.now()
    a_line(a_file(account, first_booked_on=(now - timedelta(days=30)).date()), reference="rec-1", gross=10_000)
    at = now - timedelta(days=14)
    a_modification_of(a_captured_transaction(account=account), gateway_at=at, finished_at=at, gateway_reference="rec-2")
    a_transaction(account=account, captured=7_000, expires_at=now - timedelta(days=4))
    a_transaction(account=account, expires_at=now + timedelta(hours=30))
    a_discrepancy(account, amount=41_200)
    a_drift(account)
    ring()


def a_drift(account: GatewayAccount) -> Drift:
    now = timezone.now()
    return Drift.objects.create(
        account=account,
        merchant=account.merchant,
        transaction=a_captured_transaction(account=account),
        field="captured",
        ours="€100.00",
        theirs="€90.00",
        seen_at=now - timedelta(days=2),
        last_seen_at=now,
    )


def test_the_pages_look_right(page: Page, signed_in: LogIn, look: Look, account: GatewayAccount) -> None:
    signed_in(page, "finn")
    look(page, "/reconciliation/nights/", "nights-empty")
    a_night(account)
    night = JobRun.objects.get(job=NIGHT)

    look(page, "/reconciliation/nights/", "nights")
    look(page, f"/reconciliation/nights/{account.merchant_id}/{night.business_date}/", "night")
    look(page, "/reconciliation/drifts/", "drifts")


def test_a_drift_is_kept_with_a_reason(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount
) -> None:
    drift = a_drift(account)
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/drifts/")

    page.locator("summary", has_text="Keep ours").click()
    page.get_by_label("Why ours is right").fill("The gateway shows the amount after its fee.")
    page.get_by_role("button", name="Keep ours").click()

    expect(page.get_by_text("Ours is kept.")).to_be_visible()
    expect(page.get_by_text("Nothing differs")).to_be_visible()
    drift.refresh_from_db()
    assert drift.state == DriftState.KEPT
