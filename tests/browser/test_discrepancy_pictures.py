"""Discrepancies in a real browser: the list, one of them, many at once, and the same without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.database import database_now
from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, GatewayAccount
from orders.reconciliation.discrepancies import desk
from tests.browser.conftest import LogIn, Look, axe_findings, keep_picture, sideways
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_modification_of, a_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]
T, S = DiscrepancyType, DiscrepancyState

TESTED = [
    {"cause": "rounding", "holds": False, "confidence": 0, "sentence": "The difference is €10.00, not a rounding."},
    {
        "cause": "fee_deducted",
        "holds": False,
        "confidence": 0,
        "sentence": "The fee of the line is €1.35; the difference is not the fee.",
    },
    {
        "cause": "partial",
        "holds": True,
        "confidence": 85,
        "sentence": "The capture of 19 November was made in two parts, and one of them is €90.00.",
    },
]


@pytest.fixture
def account() -> GatewayAccount:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("finn", merchants=[merchant], groups=["finance"])
    a_person("olga", merchants=[merchant], groups=["finance"])
    return an_account(merchant=merchant, name="northwind")


@pytest.fixture
def row(account: GatewayAccount) -> Discrepancy:
    """One of each thing that the page can show."""
    transaction = a_captured_transaction(account=account)
    modification = a_modification_of(transaction, amount=10_000, gateway_reference="rec-2024-11-19-000001")
    file = a_file(account, name="settlement-2026-11-19.csv")
    line = a_line(file, gross=9_000, fee=135, reference="rec-2024-11-19-000001")
    made = a_discrepancy(
        line=line,
        type=T.AMOUNT,
        amount=1_000,
        difference=-1_000,
        modification=modification,
        transaction=transaction,
        run=a_run(file=file),
        sentence="The file says €90.00 where our books say €100.00.",
        occurred_on=database_now().date() - timedelta(days=6),
        cause="partial",
        confidence=85,
        evidence={"tested": TESTED},
    )
    olga = a_person("ole", merchants=[account.merchant], groups=["finance"])
    desk.comment([made.pk], text="The gateway was called; they look into it.", by=olga)
    return made


def others(account: GatewayAccount, row: Discrepancy) -> None:
    today = database_now().date()
    a_discrepancy(
        account,
        type=T.SETTLED_THOUGH_FAILED,
        amount=1_250_000,
        currency="JPY",
        sentence="The file settles a refund that our books hold as failed; the payment is frozen.",
        occurred_on=today,
        cause="executed_after_failure",
        confidence=95,
    )
    line = a_line(a_file(account), reference="rec-typo-19", gross=4_500)
    a_discrepancy(line=line, owner=a_person("oskar"), due_on=today - timedelta(days=2), occurred_on=today)
    a_discrepancy(
        account, type=T.FEE, amount=35, occurred_on=today - timedelta(days=40), cause="fee_rate", confidence=90
    )
    a_discrepancy(
        account,
        amount=90_000,
        state=S.WAITING,
        proposed_by=row.account.merchant.memberships.get(user__username="olga").user,
        proposed_at=database_now(),
        resolution="The gateway confirmed by letter that it will not pay this.",
        occurred_on=today - timedelta(days=12),
    )
    a_discrepancy(account, state=S.ACCEPTED, resolution="Rounding of the gateway.", fix="accept")


def test_the_pages_look_right(
    page: Page, signed_in: LogIn, look: Look, account: GatewayAccount, row: Discrepancy
) -> None:
    signed_in(page, "finn")
    look(page, "/reconciliation/discrepancies/?type=late", "discrepancies-empty")
    others(account, row)

    look(page, "/reconciliation/discrepancies/", "discrepancies")
    look(page, reverse("orders:discrepancy", args=[row.pk]), "discrepancy")
    waiting = Discrepancy.objects.get(state=S.WAITING)
    look(page, reverse("orders:discrepancy", args=[waiting.pk]), "discrepancy-waiting")
    look(page, "/reconciliation/discrepancies/sheet/", "discrepancy-sheet")


@pytest.mark.parametrize("scripts", [True, False])
def test_many_get_an_owner_and_one_is_accepted(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, row: Discrepancy, scripts: bool
) -> None:
    others(account, row)
    if not scripts:
        page.route("**/*.js", lambda route: route.abort())
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/discrepancies/")
    page.get_by_label(f"Choose discrepancy {row.pk}", exact=True).check()
    if scripts:
        page.keyboard.press("j")
        page.get_by_role("link", name="Amount differs").focus()
        page.keyboard.press("x")
        expect(page.get_by_text("0 chosen")).to_be_visible()
        page.keyboard.press("x")
        expect(page.get_by_text("1 chosen")).to_be_visible()
    page.get_by_label("What to do").select_option("assign")
    page.get_by_label("Owner").last.select_option(label="olga")
    page.get_by_role("button", name="Do it with the chosen ones").click()
    expect(page.get_by_text("1 row done.")).to_be_visible()
    assert axe_findings(page) == ""

    page.get_by_role("link", name="Amount differs").click()
    page.get_by_text("Accept the difference", exact=True).first.click()
    page.locator("#fix-accept").get_by_role("button", name="Accept the difference").click()
    expect(page.get_by_text("Say why; nothing was changed.")).to_be_visible()
    assert axe_findings(page) == ""
    page.locator("#fix-accept-reason").fill("Seen by both of us.")
    page.locator("#fix-accept").get_by_role("button", name="Accept the difference").click()

    expect(page.get_by_text("was accepted: Seen by both of us.").first).to_be_visible()
    row.refresh_from_db()
    assert (row.state, row.owner.username if row.owner else "") == (S.ACCEPTED, "olga")


def test_a_sheet_comes_back_and_shows_what_it_would_do(
    page: Page, signed_in: LogIn, live_server: LiveServer, row: Discrepancy
) -> None:
    sheet = f"id,version,action,reason\n{row.pk},{row.version},accept,A part.\n{row.pk + 99},1,accept,x\n1,1,burn,\n"
    signed_in(page, "finn")
    page.set_viewport_size({"width": 360, "height": 900})
    page.goto(f"{live_server.url}/reconciliation/discrepancies/sheet/")
    page.get_by_label("CSV or XLSX").set_input_files(
        {"name": "sheet.csv", "mimeType": "text/csv", "buffer": sheet.encode()}
    )
    page.get_by_role("button", name="Show what it would do").click()
    expect(page.get_by_text("Nothing was changed yet.")).to_be_visible()
    keep_picture(page, "discrepancy-sheet-tried-360-light.png")
    assert (axe_findings(page), sideways(page)) == ("", 0)

    page.get_by_role("button", name="Do what 1 row asks").click()

    expect(page.get_by_text("1 row done.")).to_be_visible()
    row.refresh_from_db()
    assert row.state == S.ACCEPTED
