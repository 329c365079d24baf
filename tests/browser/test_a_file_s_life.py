"""A file's life in a real browser: standing still, given up, set aside, recognised; and matching again, followed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import (
    FileState,
    GatewayAccount,
    ReconciliationRun,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
)
from orders.reconciliation.runs import work_due
from tests.browser.conftest import LogIn, Look
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation.files.named import naming, paper_of
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_modification_of, a_profile, a_run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def account() -> GatewayAccount:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    for name in ("finn", "olga"):
        a_person(name, merchants=[merchant], groups=["finance"])
    cards = an_account(merchant=merchant, name="northwind cards", gateway="smarterpay")
    account = an_account(merchant=merchant, name="northwind")
    for one, word in ((account, "NORTH"), (cards, "CARDS")):
        a_profile(one, name="daily", mapping=naming(word).to_json())
    return account


def address_of(file: SettlementFile) -> str:
    return reverse("orders:settlement_file", args=[file.pk])


def a_stopped_reading(account: GatewayAccount) -> SettlementFile:
    file = a_file(account, state=FileState.LOADING, name="late.csv", size=1_000, bytes_read=640, rows_read=81_412)
    lease = timezone.now() + timedelta(seconds=14)
    a_run(file=file, state=RunState.RUNNING, stage=RunStage.LOADING, lease_until=lease, epoch=1, figures={})
    return file


def an_upload_at_rest(account: GatewayAccount) -> SettlementFile:
    return a_file(
        account,
        state=FileState.RECEIVING,
        name="day-corrected.csv",
        size=3_000_000,
        expected_size=9_000_000,
        replaces=a_file(account, name="day.csv"),
        received_by=a_person("otto", merchants=[account.merchant], groups=["finance"]),
        received_at=timezone.now() - timedelta(minutes=41),
    )


def test_the_pages_look_right(page: Page, signed_in: LogIn, look: Look, account: GatewayAccount) -> None:
    discrepancy = a_discrepancy(line=a_line(a_file(account), gross=10_000, reference="rec-1"))
    run = a_run(
        an_account(merchant=account.merchant, name="northwind shop"),
        kind=RunKind.PERSON,
        state=RunState.RUNNING,
        stage=RunStage.MATCHING,
        epoch=0,
    )
    asked = a_run(account, kind=RunKind.PERSON, figures={"matches": {"reference": 3}})
    upload = an_upload_at_rest(account)
    refused = a_file(account, state=FileState.REFUSED, name="cut.csv", business_date=None)
    answered = a_file(account, state=FileState.REFUSED, name="early.csv")
    a_file(account, name="early-2.csv", business_date=answered.business_date)
    signed_in(page, "finn")

    for address, name in (
        (address_of(a_stopped_reading(account)), "file-stopped"),
        (address_of(upload), "file-upload"),
        (f"/reconciliation/files/new?replaces={upload.replaces_id}", "file-new-blocked"),
        (address_of(refused), "file-refused"),
        (address_of(answered), "file-answered"),
        (reverse("orders:run", args=[run.pk]), "run-waiting"),
        (f"{reverse('orders:discrepancy', args=[discrepancy.pk])}?matching={asked.pk}", "discrepancy-matched"),
        ("/reconciliation/", "home-with-refusal"),
    ):
        look(page, address, f"life-{name}")


def test_an_upload_that_stands_still_is_given_up_where_the_refusal_leads(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path
) -> None:
    upload = an_upload_at_rest(account)
    (tmp_path / "mine.csv").write_bytes(b"x")
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new?replaces={upload.replaces_id}")
    page.get_by_label("Files").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("button", name="Upload").click()
    said = page.get_by_role("list", name="Progress")
    expect(said.get_by_text("otto began to upload a corrected version, day-corrected.csv")).to_be_visible()

    said.get_by_role("link", name="Show the file").click()
    page.get_by_role("button", name="Give this upload up").click()
    expect(page.get_by_text("The upload of day-corrected.csv was given up; nothing of it counted.")).to_be_visible()
    page.get_by_label("Files").set_input_files(tmp_path / "mine.csv")
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("mine.csv")
    assert SettlementFile.objects.get(replaces=upload.replaces_id).name == "mine.csv"


def test_a_refused_file_is_set_aside_without_a_script(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount
) -> None:
    page.route("**/*.js", lambda route: route.abort())
    refused = a_file(account, state=FileState.REFUSED, name="cut.csv", business_date=None)
    signed_in(page, "finn")
    page.goto(f"{live_server.url}{address_of(refused)}")
    page.get_by_text("It needs nothing more: set it aside").click()
    page.get_by_role("button", name="Set aside").click()
    expect(page.get_by_text("Say why this file needs nothing more; nothing was changed.")).to_be_visible()

    page.get_by_label("Reason").fill("The gateway sent the day in another file.")
    page.get_by_role("button", name="Set aside").click()

    expect(page.get_by_text("cut.csv was set aside.")).to_be_visible()
    page.goto(f"{live_server.url}/reconciliation/")
    expect(page.get_by_text("cut.csv")).to_have_count(0)


@pytest.mark.parametrize("scripts", [True, False])
def test_the_file_says_whose_it_is(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path, scripts: bool
) -> None:
    (tmp_path / "cards.csv").write_bytes(paper_of("CARDS", rows=40_000))
    if not scripts:
        page.route("**/*.js", lambda route: route.abort())
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new")
    page.get_by_label("Account").select_option("Find it out from the file")
    page.get_by_label("Files").set_input_files(tmp_path / "cards.csv")
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("cards.csv")
    assert SettlementFile.objects.get().account.name == "northwind cards"


def test_matching_again_is_followed_to_its_end(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount
) -> None:
    discrepancy = a_discrepancy(line=a_line(a_file(account), gross=10_000, reference="rec-late"))
    a_modification_of(a_captured_transaction(account=account), amount=10_000, gateway_reference="rec-late")
    signed_in(page, "finn")
    page.goto(f"{live_server.url}{reverse('orders:discrepancy', args=[discrepancy.pk])}")
    page.get_by_role("button", name="Match again").click()
    expect(
        page.get_by_text("It waits for a worker, which begins in a moment; nothing was changed yet.")
    ).to_be_visible()
    assert ReconciliationRun.objects.get(kind=RunKind.PERSON).state == RunState.RUNNING

    assert work_due() == 1

    expect(page.locator("#run-now")).to_contain_text("northwind was matched again. 1 line met now.")
    page.get_by_role("link", name="Show this page as it stands now").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Explained by itself")
