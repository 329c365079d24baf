"""A morning of finance, end to end: upload, explained, fixed, looked at again, and the month closed by two people."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.database import database_now
from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    GatewayAccount,
    MonthClose,
    MonthState,
    SettlementFile,
)
from orders.reconciliation.runs import rematch, work_due
from tests.browser.conftest import LogIn
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = (
    "reconciliationReferenceId,transactionId,type,grossAmount,fee,netAmount,currencyCode,bookingDate,payoutReference"
)


@pytest.fixture
def day() -> date:
    """A working day of the month before this one."""
    return (database_now().date().replace(day=1) - timedelta(days=1)).replace(day=14)


@pytest.fixture
def account(day: date) -> GatewayAccount:
    """Two captures in the books: one of 100.00, one of 50.00."""
    merchant = a_merchant("Northwind Bikes")
    for name in ("finn", "olga"):
        a_person(name, merchants=[merchant], groups=["finance"])
    account = an_account(merchant=merchant, name="northwind")
    for reference, amount in (("rec-100", 10_000), ("rec-50", 5_000)):
        transaction = a_captured_transaction(account=account, captured=amount)
        moved_at = datetime.combine(day, time(12), tzinfo=UTC)
        a_modification_of(
            transaction, amount=amount, gateway_reference=reference, gateway_at=moved_at, finished_at=moved_at
        )
    return account


def a_sheet(folder: Path, day: date) -> Path:
    """The gateway says 45.00 where we say 50.00."""
    rows = (
        f"rec-100,,capture,100.00,0.00,100.00,EUR,{day},",
        f"rec-50,,capture,45.00,0.00,45.00,EUR,{day},",
    )
    sheet = folder / "northwind.csv"
    sheet.write_text("\n".join((HEADER, *rows)) + "\n")
    return sheet


def upload(page: Page, live_server: LiveServer, sheet: Path) -> None:
    page.goto(f"{live_server.url}/reconciliation/")
    page.get_by_role("link", name="Upload files").click()
    page.get_by_label("Files").set_input_files(sheet)
    page.get_by_role("button", name="Upload").click()


def test_from_the_file_to_the_closed_month(
    page: Page,
    browser: Browser,
    log_in: LogIn,
    live_server: LiveServer,
    account: GatewayAccount,
    day: date,
    tmp_path: Path,
) -> None:
    sheet = a_sheet(tmp_path, day)
    log_in(page, "finn")

    # The file comes, waits, and is read by a worker while the page follows.
    upload(page, live_server, sheet)
    expect(page.locator("#file-now").get_by_text("nothing of it counts yet")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()
    assert work_due() == 1
    expect(page.locator("#file-now").get_by_text("2 lines of it count.")).to_be_visible()
    assert SettlementFile.objects.get().state == FileState.APPLIED

    # The answer of the day leads to the one thing that did not meet, and to its cause.
    page.goto(f"{live_server.url}/reconciliation/")
    expect(page.get_by_text("1 thing did not meet, worth €5.00")).to_be_visible()
    page.get_by_role("link", name="Look at it").click()
    page.get_by_role("link", name="Amount differs").click()
    found = Discrepancy.objects.get()
    assert found.type == DiscrepancyType.AMOUNT
    assert found.cause
    expect(page.get_by_text(found.get_cause_display()).first).to_be_visible()

    # It is fixed with a reason, and the same bytes change nothing.
    page.get_by_text("Accept the difference", exact=True).first.click()
    page.locator("#fix-accept-reason").fill("The gateway booked a part; the rest is waived.")
    page.locator("#fix-accept").get_by_role("button", name="Accept the difference").click()
    expect(page.get_by_text("The gateway booked a part; the rest is waived.").first).to_be_visible()
    found.refresh_from_db()
    assert found.state == DiscrepancyState.ACCEPTED
    upload(page, live_server, sheet)
    expect(page.locator("#upload-progress")).to_contain_text("These bytes came before, as northwind.csv")
    page.get_by_role("link", name="Show the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("northwind.csv")
    assert SettlementFile.objects.count() == 1
    rematch(account, day)
    assert [row.state for row in Discrepancy.objects.all()] == [DiscrepancyState.ACCEPTED]
    page.goto(f"{live_server.url}/reconciliation/")
    expect(page.get_by_text(f"Everything of {day.day} {day:%B}")).to_be_visible()

    # One person signs the month, another one closes it.
    page.get_by_role("link", name="Months").click()
    page.get_by_role("link", name=f"{day:%B %Y}").click()
    page.get_by_role("button", name="Sign as the first person").click()
    expect(page.get_by_role("button", name="Sign as the second person and close")).to_have_count(0)
    second = browser.new_context().new_page()
    log_in(second, "olga")
    second.goto(page.url)
    second.get_by_role("button", name="Sign as the second person and close").click()
    expect(second.get_by_role("button", name="Reopen the month")).to_be_visible()
    assert MonthClose.objects.get().state == MonthState.CLOSED
    second.context.close()
