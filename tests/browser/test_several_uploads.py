"""Several files go up at once, and each row tells how its file fares until it is at rest."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import FileState, GatewayAccount, SettlementFile
from tests.browser.conftest import LogIn
from tests.factories import a_merchant, a_person, an_account

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def account() -> GatewayAccount:
    merchant = a_merchant("Northwind Bikes")
    a_person("finn", merchants=[merchant], groups=["finance"])
    return an_account(merchant=merchant, name="northwind")


def test_each_of_several_files_is_followed_until_it_is_applied_or_refused(
    page: Page, log_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path
) -> None:
    sheets = [tmp_path / "good.csv", tmp_path / "bad.csv"]
    for sheet in sheets:
        sheet.write_bytes(sheet.name.encode())
    log_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new")
    page.get_by_label("Account").select_option("northwind")
    page.get_by_label("Files").set_input_files(sheets)
    page.get_by_role("button", name="Upload").click()
    said = page.get_by_role("list", name="Progress")
    expect(said.get_by_text("It arrived whole and waits to be read")).to_have_count(2)

    SettlementFile.objects.filter(name="good.csv").update(
        state=FileState.APPLIED, lines=7, business_date="2026-11-20", applied_at=timezone.now()
    )
    SettlementFile.objects.filter(name="bad.csv").update(state=FileState.REFUSED, problem="No profile fits it.")

    expect(said.get_by_text("7 lines of it count.")).to_be_visible()
    expect(said.get_by_text("No profile fits it.")).to_be_visible()
    expect(said.locator("[hx-get]")).to_have_count(0)
