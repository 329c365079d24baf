"""`manage.py month verify FILE`: the downloaded report is the signed one, or it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orders.reconciliation.months.closing import confirm, propose
from tests.commands.running import run
from tests.reconciliation.months.scenes import MONTH, an_office
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def report(tmp_path: Path) -> Path:
    office = an_office()
    row = propose(account=office.account, month=MONTH, by=office.fay)
    confirm(month_close_id=row.pk, report_sha256=row.report_sha256, by=office.sue)
    page = f"/reconciliation/months/{office.account.pk}/{MONTH}/report/json/"
    file = tmp_path / "month.json"
    file.write_bytes(logged_in(office.fay).get(page).content)
    return file


def test_a_signed_report_is_genuine(report: Path) -> None:
    done = run("month", "verify", str(report))

    assert (done.code, "Genuine" in done.out) == (0, True)
    for one in json.loads(report.read_text())["signed"]:
        assert one["by"] in done.out


def test_a_report_that_one_person_signed_is_not_genuine_yet(report: Path) -> None:
    report.write_text(json.dumps({**json.loads(report.read_text()), "signature": ""}))

    done = run("month", "verify", str(report))

    assert (done.code, "once the month is closed" in done.out + done.err) == (1, True)


@pytest.mark.parametrize(
    "change",
    [
        *({"sha256": "0" * 64}, {"signature": "0" * 64}, {"report": {"month": "2026-08"}}, {"signed": []}),
        {"signed": [{"by": "Eve", "at": "2026-10-01"}, {"by": "Mallory", "at": "2026-10-02"}]},
    ],
)
def test_a_changed_report_is_not(report: Path, change: dict[str, object]) -> None:
    report.write_text(json.dumps({**json.loads(report.read_text()), **change}))

    assert run("month", "verify", str(report)).code == 1


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"report": 7, "sha256": "", "signature": "", "signed": []}', "\x00"]
)
def test_what_is_no_report_is_refused_with_a_sentence(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content)

    done = run("month", "verify", str(file))
    assert (done.code, "is not a report" in done.err) == (2, True)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert run("month", "verify", str(tmp_path / "none.json")).code == 2
