"""The report of a month, printed and as a sheet: what was accepted, written off and carried, why, and by whom."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from orders.models import Discrepancy, DiscrepancyState, MonthClose
from orders.presenters.reconciliation import months_report
from orders.reconciliation.discrepancies.desk import carry
from orders.reconciliation.months.closing import propose
from tests.reconciliation.months.scenes import MONTH, Office, an_office, left_over
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

AT = datetime(2026, 9, 20, 12, tzinfo=UTC)


@pytest.fixture
def office() -> Office:
    return an_office()


def accepted(office: Office, **fields: object) -> Discrepancy:
    values = {"state": DiscrepancyState.ACCEPTED, "closed_at": AT, "closed_by": office.fay, "resolution": "Rounded."}
    return left_over(office.account, **{**values, **fields})


def everything(office: Office) -> MonthClose:
    """Two fees accepted, a delay written off by two people, one fee carried; signed by one."""
    accepted(office)
    accepted(office, amount=50, resolution="The gateway's own tariff.")
    accepted(
        office,
        type="late",
        amount=11_996,
        state=DiscrepancyState.WRITTEN_OFF,
        proposed_by=office.fay,
        proposed_at=AT,
        closed_by=office.sue,
        resolution="Nobody will find it.",
    )
    row = left_over(office.account, amount=700)
    carry([row.pk], to_month=MONTH.next.first, reason="October answers.", by=office.fay)
    return propose(account=office.account, month=MONTH, by=office.fay)


def sheet(office: Office) -> list[dict[str, str]]:
    answer = logged_in(office.fay).get(f"/reconciliation/months/{office.account.pk}/{MONTH}/report/csv/")
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def printed(office: Office) -> str:
    return text_of(logged_in(office.fay), f"/reconciliation/months/{office.account.pk}/{MONTH}/report/print/")


def test_the_signed_report_names_reasons_and_people(office: Office) -> None:
    report = everything(office).report

    assert [
        (one["state"], one["worth"], one["reason"], one["proposed_by"], one["by"]) for one in report["settled"]
    ] == [
        ("accepted", 250, "Rounded.", "", office.fay.username),
        ("accepted", 50, "The gateway's own tariff.", "", office.fay.username),
        ("written_off", 0, "Nobody will find it.", office.fay.username, office.sue.username),
    ]
    assert [(one["worth"], one["reason"], one["by"], one["to"]) for one in report["carried"]] == [
        (700, "October answers.", office.fay.username, "2026-10-01")
    ]


def test_the_print_tells_accepted_from_written_off_and_carried(office: Office) -> None:
    everything(office)

    endings = {one.key: one for one in months_report.endings_of(MonthClose.objects.get().report)}
    shown = printed(office)

    assert [(one.type, one.count) for one in endings["accepted"].sums] == [("Fee differs", 2)]
    assert endings["accepted"].sums[0].worth.endswith("3.00")
    assert [one.people for one in endings["written_off"].rows] == [f"{office.fay.username} and {office.sue.username}"]
    for words in ("Accepted", "Written off", "Carried into later months", "Rounded.", "Nobody will find it."):
        assert words in shown
    assert "October answers." in shown


def test_the_sheet_holds_every_row(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(months_report, "ROWS_PRINTED", 1)
    everything(office)

    rows = sheet(office)
    told = [(row["kind"], row["amount_minor"], row["reason"]) for row in rows if row["discrepancy"]]
    in_all = [(row["kind"], row["name"], row["count"], row["amount_minor"]) for row in rows if row["count"]]
    of_two = next(row for row in rows if row["kind"] == "written_off")

    assert told == [
        ("accepted", "250", "Rounded."),
        ("accepted", "50", "The gateway's own tariff."),
        ("written_off", "0", "Nobody will find it."),
        ("carried", "700", "October answers."),
    ]
    assert in_all == [
        ("accepted_in_all", "fee", "2", "300"),
        ("written_off_in_all", "late", "1", "0"),
        ("carried_in_all", "fee", "1", "700"),
    ]
    assert (of_two["first_person"], of_two["second_person"]) == (office.fay.username, office.sue.username)
    assert "1 more stand in the CSV" in printed(office)


def test_a_reason_is_no_formula_in_the_sheet(office: Office) -> None:
    accepted(office, resolution="=HYPERLINK(1)")
    propose(account=office.account, month=MONTH, by=office.fay)

    assert [row["reason"] for row in sheet(office) if row["kind"] == "accepted"] == ["'=HYPERLINK(1)"]


def test_what_was_signed_in_the_first_form_is_shown_as_it_was_signed(office: Office) -> None:
    """Sums by type and rows that were carried, with the amount and without people."""
    row = MonthClose.objects.create(
        merchant_id=office.account.merchant_id,
        account=office.account,
        month=MONTH.first,
        until=MONTH.until,
        state="proposed",
        report={
            "format": "smartpay-dashboard month report 1",
            "merchant": "Kaffee Kontor",
            "month": str(MONTH),
            "files": [],
            "figures": {},
            "discrepancies": [{"type": "fee", "state": "accepted", "currency": "EUR", "count": 2, "amount": 300}],
            "carried": [
                {
                    "discrepancy": 7,
                    "type": "fee",
                    "amount": 700,
                    "currency": "EUR",
                    "reason": "Later.",
                    "to": "2026-10-01",
                }
            ],
            "checklist": [],
        },
        report_sha256="a" * 64,
        signature="b" * 64,
        proposed_by=office.fay,
        proposed_at=AT,
    )

    shown, rows = printed(office), sheet(office)

    assert "signed before reasons and people were part of it" in shown
    assert "Later." in shown
    assert [(one["kind"], one["amount_minor"]) for one in rows if one["count"]] == [
        ("accepted_in_all", "300"),
        ("carried_in_all", "700"),
    ]
    assert rows[-1]["hash"] == row.report_sha256
