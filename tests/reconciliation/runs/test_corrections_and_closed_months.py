"""A correction of an open month's file, beside a month that two people have closed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    FileState,
    GatewayAccount,
    Match,
    MonthClose,
    MonthState,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementTerms,
)
from orders.reconciliation.calendar import Terms
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.meeting import match, miss_what_is_late
from orders.reconciliation.runs import rematch
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation.runs.bringing import bring_and_work, line
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
LAST_OF_OCTOBER, IN_NOVEMBER = date(2026, 10, 31), date(2026, 11, 2)


@pytest.fixture
def account() -> GatewayAccount:
    account = an_account()
    SettlementTerms.objects.create(account=account, accept_limit=100_000)
    return account


def _close_october(account: GatewayAccount) -> MonthClose:
    """As two people do who accepted everything that did not meet."""
    at = datetime(2026, 11, 3, 12, tzinfo=UTC)
    rows = Discrepancy.objects.filter(account=account, month=OCTOBER).unsettled()
    rows.update(state=DiscrepancyState.ACCEPTED, closed_at=at, fix="accept", resolution="known to us")
    return MonthClose.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        month=OCTOBER,
        until=date(2026, 11, 1),
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=a_person(),
        proposed_at=at,
        decided_by=a_person(),
        decided_at=at,
    )


def _of_november(account: GatewayAccount, *lines: str, **given: Any) -> SettlementFile:
    file, _ = bring_and_work(account, *lines, **{"name": "november.csv", "business_date": IN_NOVEMBER, **given})
    return file


def _says(file: SettlementFile) -> tuple[Any, ...]:
    file.refresh_from_db()
    of_file = SettlementLine.objects.filter(file=file).order_by("number")
    return file.state, file.lines, file.overlaps, file.totals, list(of_file.values_list("reference", "overlap"))


class TestOtherLinesInAClosedMonth:
    """October's file repeats a line of 50.00 that November's file brought first."""

    @pytest.fixture
    def november(self, account: GatewayAccount) -> SettlementFile:
        return _of_november(account, line("X", "50.00", day=LAST_OF_OCTOBER), line("Z", "1.00", day=IN_NOVEMBER))

    @pytest.fixture
    def october(self, november: SettlementFile) -> SettlementFile:
        lines = (line("X", "50.00", day=LAST_OF_OCTOBER), line("Y", "2.00", day=LAST_OF_OCTOBER))
        file, _ = bring_and_work(november.account, *lines, name="october.csv", business_date=LAST_OF_OCTOBER)
        assert (file.lines, file.overlaps) == (1, 1)
        return file

    def _correct(self, november: SettlementFile) -> SettlementFile:
        """Without the line that October's file repeats."""
        return _of_november(november.account, line("Z", "3.00", day=IN_NOVEMBER), replaces=november)

    def test_are_refused_with_what_it_means_and_what_to_do(
        self, november: SettlementFile, october: SettlementFile
    ) -> None:
        _close_october(november.account)

        refused = self._correct(november)

        assert refused.state == FileState.REFUSED
        assert "leaves out 1 line that “october.csv”, a file of October 2026, lists too" in refused.problem
        assert "50.00 EUR net" in refused.problem
        assert "Nothing of this file counts. The version that it corrects goes on counting." in refused.problem
        assert refused.problem.endswith("Reopen October 2026, upload this file again, and have the month signed anew.")

    def test_change_nothing(self, november: SettlementFile, october: SettlementFile) -> None:
        _close_october(november.account)
        before = _says(november), _says(october), list(Discrepancy.objects.order_by("pk").values())

        refused = self._correct(november)

        assert (_says(november), _says(october), list(Discrepancy.objects.order_by("pk").values())) == before
        assert not SettlementLine.objects.filter(file=refused).exists()
        assert not Match.objects.filter(run__file=refused).exists()
        assert refused.runs.get().state == RunState.ABANDONED

    def test_come_once_the_month_is_reopened(self, november: SettlementFile, october: SettlementFile) -> None:
        month = _close_october(november.account)
        self._correct(november)
        month.state, month.reopened_by, month.reopened_at = MonthState.REOPENED, a_person(), month.decided_at
        month.reopened_reason = "a corrected file"
        month.save()

        self._correct(november)

        october.refresh_from_db()
        november.refresh_from_db()
        assert (november.state, october.lines, october.overlaps) == (FileState.REPLACED, 2, 0)

    def test_a_correction_that_keeps_the_line_counts(self, november: SettlementFile, october: SettlementFile) -> None:
        _close_october(november.account)
        before = _says(october)

        lines = (line("X", "50.00", day=LAST_OF_OCTOBER), line("Z", "3.00", day=IN_NOVEMBER))
        corrected = _of_november(november.account, *lines, replaces=november)

        assert corrected.state == FileState.APPLIED
        assert _says(october) == before


class TestALineThatWasSigned:
    """November's file holds a line that was booked in October, seven euros short of its capture and accepted so."""

    SHORT = line("R1", "93.00", day=LAST_OF_OCTOBER)

    @pytest.fixture
    def november(self, account: GatewayAccount) -> SettlementFile:
        on = datetime(2026, 10, 31, 9, tzinfo=UTC)
        transaction = a_captured_transaction(account=account, captured=10_000)
        a_modification_of(transaction, amount=10_000, gateway_reference="R1", gateway_id="", gateway_at=on)
        file = _of_november(account, self.SHORT, line("Z", "1.00", day=IN_NOVEMBER))
        _close_october(account)
        return file

    def _correct(self, november: SettlementFile) -> SettlementFile:
        return _of_november(november.account, self.SHORT, line("Z", "2.00", day=IN_NOVEMBER), replaces=november)

    def test_is_followed_into_the_corrected_file(self, november: SettlementFile) -> None:
        row = Discrepancy.objects.get(month=OCTOBER)
        before = Discrepancy.objects.filter(pk=row.pk).values().get()

        corrected = self._correct(november)

        row.refresh_from_db()
        assert row.line is not None
        assert (row.line.file, row.line.reference) == (corrected, "R1")
        assert Discrepancy.objects.filter(pk=row.pk).values().get() == before | {"line_id": row.line_id}

    def test_keeps_the_month_as_it_was_signed(self, november: SettlementFile) -> None:
        signed = balance(november.account_id, until=None, month=OCTOBER)

        self._correct(november)
        rematch(november.account, IN_NOVEMBER)

        assert balance(november.account_id, until=None, month=OCTOBER) == signed
        assert all(one.holds for one in balance(november.account_id, until=None).values())

    def test_is_not_told_as_missing(self, november: SettlementFile) -> None:
        self._correct(november)

        due = Due(account=november.account, terms=Terms.of(None), day=date(2026, 11, 20), newest=True)
        miss_what_is_late(due, run_id=match(due).figures["run"])

        told = Discrepancy.objects.unsettled().values_list("type", "reference")
        assert list(told) == [("theirs_not_ours", "Z")]
