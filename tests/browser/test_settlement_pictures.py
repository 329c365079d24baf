"""The reconciliation's home, its files, lines and matches in a real browser; and uploads with and without scripts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import DiscrepancyType, FileState, GatewayAccount, LineType, SettlementBadLine, SettlementFile
from orders.reconciliation.files.storing import PART_BYTES, content_of
from tests.browser.conftest import LogIn, Look
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_run,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def account() -> GatewayAccount:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("finn", merchants=[merchant], groups=["finance"])
    an_account(merchant=merchant, name="northwind cards", gateway="smarterpay")
    return an_account(merchant=merchant, name="northwind")


def figures(lines: int, met: int) -> dict[str, Any]:
    gross, fee = lines * 4_890, lines * 73
    return {
        "lines": {
            "capture": {"EUR": {"lines": lines, "gross": gross, "fee": fee, "net": gross - fee}},
            "refund": {"EUR": {"lines": lines // 12, "gross": -gross // 15, "fee": 0, "net": -gross // 15}},
            "chargeback": {"EUR": {"lines": 1, "gross": -12_900, "fee": 1_500, "net": -14_400}},
            "payout": {"EUR": {"lines": 1, "gross": -gross * 8 // 10, "fee": 0, "net": -gross * 8 // 10}},
        },
        "matches": {"reference": met, "composite": lines // 12},
        "discrepancies": {"theirs_not_ours": {"EUR": {"count": 2, "amount": 19_990}}},
    }


def a_month(account: GatewayAccount) -> SettlementFile:
    """Thirty days of files; the last one is returned."""
    today = timezone.now().date()
    for days in range(30, 0, -1):
        lines = 900 + days * 13 % 70 * 5
        sums = {"EUR": {"lines": lines, "gross": lines * 4_890, "fee": lines * 73, "net": lines * 4_817}}
        file = a_file(
            account,
            name=f"northwind-{today - timedelta(days=days):%Y-%m-%d}.csv",
            business_date=today - timedelta(days=days),
            lines=lines,
            totals=sums,
            dialect="CSV, semicolon, UTF-8",
            size=lines * 140,
        )
        a_run(file=file, figures=figures(lines, lines - days % 4))
    return file


def some_lines(file: SettlementFile) -> None:
    """Lines that met, one that did not, and those that need nothing."""
    transaction = a_captured_transaction(account=file.account, captured=24_990)
    run = file.runs.get()
    capture = a_line(file, number=2, gross=24_990, fee=375, reference="7f7e2b9a55d0", gateway_id="cap-88121")
    a_match(
        capture, modification=a_modification_of(transaction, amount=24_990, gateway_reference="7f7e2b9a55d0"), run=run
    )
    stranger = a_line(file, number=3, gross=19_990, fee=0, reference="0a1b2c3d4e5f")
    a_discrepancy(line=stranger)
    a_line(file, number=4, type=LineType.FEE, gross=0, fee=1_500, reference="")
    a_line(file, number=5, type=LineType.PAYOUT, gross=-2_000_000, fee=0, reference="PAY-2026-11")


def some_discrepancies(account: GatewayAccount) -> None:
    today = timezone.now().date()
    for days, type_, amount in (
        (0, DiscrepancyType.FEE, 35),
        (2, DiscrepancyType.THEIRS_NOT_OURS, 19_990),
        (6, DiscrepancyType.SETTLED_THOUGH_FAILED, 7_500),
        (19, DiscrepancyType.AMOUNT, 1_250),
        (44, DiscrepancyType.OURS_NOT_THEIRS, 4_700),
    ):
        a_discrepancy(account, type=type_, amount=amount, occurred_on=today - timedelta(days=days))


def test_the_pages_look_right(page: Page, signed_in: LogIn, look: Look, account: GatewayAccount) -> None:
    signed_in(page, "finn")
    look(page, "/reconciliation/", "reconciliation-empty")
    file = a_month(account)
    look(page, "/reconciliation/", "reconciliation-met")
    some_lines(file)
    some_discrepancies(account)
    loading = a_file(
        account, state=FileState.LOADING, name="northwind-late.csv", size=1_000, bytes_read=640, rows_read=81_412
    )
    refused = a_file(account, state=FileState.REFUSED, name="northwind-cut.csv", bad_lines=2)
    for number, reason in ((17, "The amount “12,x0” is no number."), (311, "The line has 9 cells; the header has 12.")):
        SettlementBadLine.objects.create(
            file=refused, number=number, reason=reason, text="2026-11-20 | capture | 12,x0"
        )
    line = file.line_rows.get(number=2)
    match = line.matches.get()

    look(page, "/reconciliation/", "reconciliation")
    look(page, "/reconciliation/files/", "reconciliation-files")
    look(page, "/reconciliation/files/new", "reconciliation-upload")
    look(page, "/reconciliation/runs/", "reconciliation-runs")
    for address, name in (
        (reverse("orders:settlement_file", args=[file.pk]), "reconciliation-file"),
        (reverse("orders:settlement_file", args=[loading.pk]), "reconciliation-file-loading"),
        (reverse("orders:settlement_file", args=[refused.pk]), "reconciliation-file-refused"),
        (reverse("orders:run", args=[file.runs.get().pk]), "reconciliation-run"),
        (reverse("orders:settlement_line", args=[line.pk]), "reconciliation-line"),
        (reverse("orders:match", args=[match.pk]), "reconciliation-match"),
        (reverse("orders:order", args=[match.transaction.order_id]), "reconciliation-order"),
    ):
        look(page, address, name)


def test_a_correction_looks_right(page: Page, signed_in: LogIn, look: Look, account: GatewayAccount) -> None:
    old = a_file(account, state=FileState.REPLACED)
    new = a_file(account, replaces=old, version=2)
    a_line(old, number=2, reference="7f7e2b9a55d0", gross=400)
    a_line(old, number=3, reference="0a1b2c3d4e5f", gross=900)
    a_line(new, number=2, reference="7f7e2b9a55d0", gross=450)
    signed_in(page, "finn")

    look(page, reverse("orders:settlement_file_changes", args=[new.pk]), "reconciliation-changes")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_file_is_uploaded(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path, scripts: bool
) -> None:
    content = b"type;amount\n" + b"capture;1.00\n" * (PART_BYTES * 5 // 2 // 13)
    day = tmp_path / "northwind-2026-11-20.csv"
    day.write_bytes(content)
    if not scripts:
        page.route("**/*.js", lambda route: route.abort())
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_text("Choose the account that the files belong to")).to_be_visible()

    page.get_by_label("Account").select_option("northwind")
    page.get_by_label("Files").set_input_files(day)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("northwind-2026-11-20.csv")
    expect(page.get_by_text("waits to be read").first).to_be_visible()
    file = SettlementFile.objects.get()
    assert b"".join(content_of(file.pk)) == content


def test_an_upload_goes_on_where_the_line_went_dead(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 12_288
    day = tmp_path / "northwind.csv"
    day.write_bytes(content)
    pieces: list[str] = []

    def sometimes(route: Any) -> None:
        pieces.append(route.request.url)
        if len(pieces) == 2:
            route.abort()
        else:
            route.continue_()

    page.route("**/parts/*", sometimes)
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new")
    page.get_by_label("Account").select_option("northwind")
    page.get_by_label("Files").set_input_files(day)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("northwind.csv")
    assert [url.rsplit("=", 1)[1] for url in pieces] == ["0", str(PART_BYTES), str(PART_BYTES), str(2 * PART_BYTES)]
    assert b"".join(content_of(SettlementFile.objects.get().pk)) == content


def test_several_files_say_each_what_became_of_it(
    page: Page, signed_in: LogIn, live_server: LiveServer, account: GatewayAccount, tmp_path: Path
) -> None:
    for name, content in (("one.csv", b"a"), ("two.csv", b"a"), ("none.csv", b"")):
        (tmp_path / name).write_bytes(content)
    signed_in(page, "finn")
    page.goto(f"{live_server.url}/reconciliation/files/new")
    page.get_by_label("Account").select_option("northwind")
    page.get_by_label("Files").set_input_files([tmp_path / name for name in ("one.csv", "two.csv", "none.csv")])
    page.get_by_role("button", name="Upload").click()

    said = page.get_by_role("list", name="Progress")
    expect(said.get_by_text("It arrived whole and waits to be read")).to_be_visible()
    expect(said.get_by_text("These bytes came before, as one.csv")).to_be_visible()
    expect(said.get_by_text("The file is empty; nothing was received.")).to_be_visible()
    assert SettlementFile.objects.count() == 1
