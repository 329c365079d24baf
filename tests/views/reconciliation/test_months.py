"""Months on their pages: what stops a signature, two people, the report, and who sees what."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import GatewayAccount, MonthClose, MonthState
from orders.reconciliation.discrepancies.desk import carry
from orders.reconciliation.months.closing import confirm, propose, reopen
from orders.reconciliation.months.period import Month
from orders.reconciliation.months.report import is_sealed
from tests.factories import a_person, an_account
from tests.reconciliation.months.scenes import DAY, MONTH, Office, an_office, left_over
from tests.reconciliation_factories import a_file
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

LIST_QUERIES = 12


@pytest.fixture
def office() -> Office:
    return an_office()


def page(account: GatewayAccount, rest: str = "") -> str:
    return f"/reconciliation/months/{account.pk}/{MONTH}/{rest}"


def test_the_list_leads_to_each_month(office: Office) -> None:
    shown = text_of(logged_in(office.fay), "/reconciliation/months/")

    assert page(office.account) in shown
    assert "September 2026" in shown


def test_the_list_leads_to_where_work_was_carried(office: Office) -> None:
    row = left_over(office.account)
    later = Month.of(timezone.now().date()).next.next
    carry([row.pk], to_month=later.first, reason="Theirs to answer.", by=office.fay)

    shown = text_of(logged_in(office.fay), "/reconciliation/months/")

    assert f"/reconciliation/months/{office.account.pk}/{later}/" in shown
    assert page(office.account) in shown


def test_the_list_leads_to_a_month_with_a_discrepancy_and_no_file() -> None:
    account = an_account()
    left_over(account, state="vanished", closed_at=timezone.now(), resolution="It has met.")
    client = logged_in(a_person(merchants=[account.merchant], groups=["finance"]))

    assert page(account) in text_of(client, "/reconciliation/months/")


def test_the_list_leads_to_files_of_years_ago(office: Office) -> None:
    a_file(office.account, business_date=date(2019, 3, 4))

    shown = text_of(logged_in(office.fay), "/reconciliation/months/")

    assert f"/reconciliation/months/{office.account.pk}/2019-03/" in shown
    assert "2019-04" not in shown
    assert "Earlier months (1)" in shown


@pytest.mark.parametrize("month", [Month(date(1999, 1, 1)), Month.of(timezone.now().date() + timedelta(days=70))])
def test_a_month_before_the_first_file_or_to_come_is_not_signed(office: Office, month: Month) -> None:
    client = logged_in(office.fay)
    address = f"/reconciliation/months/{office.account.pk}/{month}/"

    client.post(f"{address}signatures/")

    assert not MonthClose.objects.exists()
    assert f"has nothing in {month.label}: its first file is of 15 September 2026." in text_of(client, address)


def test_a_month_before_the_first_file_that_holds_something_is_signed(office: Office) -> None:
    left_over(
        office.account,
        month=MONTH.previous.first,
        occurred_on=MONTH.previous.first,
        state="accepted",
        closed_at=timezone.now(),
        resolution="Known.",
    )

    row = propose(account=office.account, month=MONTH.previous, by=office.fay)

    assert row.state == MonthState.PROPOSED


def test_the_list_asks_as_much_for_many_months_as_for_few(office: Office) -> None:
    client = logged_in(office.fay)
    client.get("/reconciliation/months/")
    left_over(office.account)

    with CaptureQueriesContext(connection) as asked:
        client.get("/reconciliation/months/")
    assert len(asked) <= LIST_QUERIES


def test_two_people_close_a_month_on_its_page(office: Office) -> None:
    first, second = logged_in(office.fay), logged_in(office.sue)
    assert "Sign as the first person" in text_of(first, page(office.account))

    first.post(page(office.account, "signatures/"))
    assert "You signed this yourself" in text_of(first, page(office.account))
    assert "Sign as the second person" in text_of(second, page(office.account))
    row = MonthClose.objects.get()
    second.post(page(office.account, "confirmations/"), {"report_sha256": row.report_sha256})

    row.refresh_from_db()
    assert row.state == MonthState.CLOSED
    assert "Closed and locked" in text_of(first, page(office.account))


def test_a_click_too_much_changes_nothing(office: Office) -> None:
    first, second = logged_in(office.fay), logged_in(office.sue)
    for _ in range(2):
        first.post(page(office.account, "signatures/"))
    row = MonthClose.objects.get()
    for _ in range(2):
        second.post(page(office.account, "confirmations/"), {"report_sha256": row.report_sha256})

    assert MonthClose.objects.filter(state=MonthState.CLOSED).count() == 1


def test_what_is_unsettled_is_carried_from_the_page(office: Office) -> None:
    row, client = left_over(office.account), logged_in(office.fay)
    assert "Unsettled: 1 discrepancy" in text_of(client, page(office.account))

    client.post(page(office.account, "carryings/"), {"discrepancy": [str(row.pk)], "reason": ""})
    row.refresh_from_db()
    assert row.month == MONTH.first
    client.post(page(office.account, "carryings/"), {"discrepancy": [str(row.pk)], "reason": "October answers."})
    row.refresh_from_db()
    assert row.month == MONTH.next.first
    assert "Sign as the first person" in text_of(client, page(office.account))


def test_a_closed_month_is_reopened_with_a_reason(office: Office) -> None:
    first, second = logged_in(office.fay), logged_in(office.sue)
    first.post(page(office.account, "signatures/"))
    row = MonthClose.objects.get()
    second.post(page(office.account, "confirmations/"), {"report_sha256": row.report_sha256})

    first.post(page(office.account, "reopenings/"), {"reason": ""})
    row.refresh_from_db()
    assert row.state == MonthState.CLOSED
    first.post(page(office.account, "reopenings/"), {"reason": "A late file."})
    row.refresh_from_db()
    assert row.state == MonthState.REOPENED
    assert "A late file." in text_of(first, page(office.account))


def test_the_report_is_printed_and_downloaded(office: Office) -> None:
    client = logged_in(office.fay)
    client.post(page(office.account, "signatures/"))
    row = MonthClose.objects.get()

    assert row.report_sha256 in text_of(client, page(office.account, "report/print/"))
    answer = client.get(page(office.account, "report/json/"))
    content = json.loads(answer.content)
    assert (content["sha256"], content["signature"], len(content["signed"])) == (row.report_sha256, "", 1)
    assert "attachment" in answer["Content-Disposition"]
    assert row.report_sha256 in client.get(page(office.account, "report/csv/")).content.decode()


def test_the_seal_of_the_report_is_given_out_once_two_people_signed(office: Office) -> None:
    row = propose(account=office.account, month=MONTH, by=office.fay)
    confirm(month_close_id=row.pk, report_sha256=row.report_sha256, by=office.sue)
    client = logged_in(office.fay)

    closed = json.loads(client.get(page(office.account, "report/json/")).content)
    reopen(month_close_id=row.pk, reason="A late file.", by=office.fay)
    reopened = json.loads(client.get(page(office.account, "report/json/")).content)

    assert is_sealed(closed["report"], closed["signed"], closed["signature"])
    assert closed["signature"] == reopened["signature"]
    assert len(closed["signed"]) == 2


def test_no_file_name_is_a_formula_in_the_report_s_sheet(office: Office) -> None:
    totals = {"EUR": {"lines": 0, "gross": 0, "fee": 0, "net": 0}}
    a_file(office.account, business_date=DAY, name="=1+1.csv", totals=totals)
    client = logged_in(office.fay)
    client.post(page(office.account, "signatures/"))

    rows = list(csv.reader(io.StringIO(client.get(page(office.account, "report/csv/")).content.decode())))

    assert "'=1+1.csv" in [row[1] for row in rows if row[0] == "file"]
    assert rows[-1][:6] == ["report", "", "2026-09", "", "", MonthClose.objects.get().report_sha256]


def test_the_report_needs_the_export_permission(office: Office) -> None:
    logged_in(office.fay).post(page(office.account, "signatures/"))
    agent = a_person(merchants=[office.account.merchant], groups=["agent"])

    assert logged_in(agent).get(page(office.account, "report/json/")).status_code == 403
    assert "report/json/" not in logged_in(agent).get(page(office.account)).content.decode()
    assert "report/json/" in logged_in(office.fay).get(page(office.account)).content.decode()


def test_an_agent_reads_and_signs_nothing(office: Office) -> None:
    client = logged_in(a_person(merchants=[office.account.merchant], groups=["agent"]))

    assert "Sign as" not in text_of(client, page(office.account))
    client.post(page(office.account, "signatures/"))
    assert not MonthClose.objects.exists()


def test_a_stranger_finds_nothing(office: Office) -> None:
    client = logged_in(a_person(groups=["finance"]))

    assert client.get(page(office.account)).status_code == 404
    assert client.post(page(office.account, "signatures/")).status_code == 404


@pytest.mark.parametrize("month", ["2026-13", "x", "0000-00", "2026-9-1", "99999-01", "9999-12", "0001-01"])
def test_what_is_no_month_is_not_found(office: Office, month: str) -> None:
    client = logged_in(office.fay)

    assert client.get(f"/reconciliation/months/{office.account.pk}/{month}/").status_code == 404
