"""What a closed month was signed with and holds no longer is told in the night it comes to light, once as news."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    JobRun,
    JobState,
    Modification,
    MonthClose,
    MonthState,
    RunState,
    SettlementFile,
    SettlementLine,
)
from orders.reconciliation.calendar import Terms
from orders.reconciliation.months.period import Month
from orders.reconciliation.nights.closed_ground import STEP, lost_grounds, watch_closed_months
from orders.reconciliation.nights.due import NIGHT, Due
from orders.reconciliation.nights.errands import Told
from orders.reconciliation.nights.letter import letter_of
from tests.factories import a_captured_transaction
from tests.reconciliation.months.scenes import DAY, MONTH, Office, an_office
from tests.reconciliation_factories import (
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_run,
)

pytestmark = pytest.mark.django_db
OCTOBER = date(2026, 10, 2)
MET = "It has met: line and movement are the same money, in run 1."


@pytest.fixture
def office() -> Office:
    return an_office()


def closed(office: Office, month: Month = MONTH) -> MonthClose:
    return MonthClose.objects.create(
        merchant=office.account.merchant,
        account=office.account,
        month=month.first,
        until=month.until,
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=office.fay,
        proposed_at=timezone.now() - timedelta(days=2),
        decided_by=office.sue,
        decided_at=timezone.now() - timedelta(days=1),
    )


def a_night(office: Office, day: date = OCTOBER) -> Told:
    """The step alone, kept as the night keeps it."""
    told = watch_closed_months(Due(account=office.account, terms=Terms.of(None), day=day, newest=True))
    now = timezone.now()
    JobRun.objects.create(
        job=NIGHT,
        subject=f"account:{office.account.pk}",
        merchant=office.account.merchant,
        account=office.account,
        business_date=day,
        state=JobState.DONE,
        lease_until=now,
        started_at=now,
        steps={STEP: {"sentence": told.sentence, "figures": told.figures, "ok": told.ok}},
    )
    return told


def ours(office: Office) -> Modification:
    return a_modification_of(a_captured_transaction(account=office.account), gateway_reference="R1")


def missed(item: Modification, *, state: DiscrepancyState, **fields: Any) -> Discrepancy:
    values: dict[str, Any] = {
        "type": DiscrepancyType.OURS_NOT_THEIRS,
        "difference": -10_000,
        "key": f"item:{item.pk}",
        "modification": item,
        "transaction": item.transaction,
        "reference": "R1",
        **fields,
    }
    return a_discrepancy(item.account, state=state, occurred_on=DAY, month=MONTH.first, **values)


def replaced(file: SettlementFile) -> SettlementFile:
    SettlementFile.objects.filter(pk=file.pk).update(state="replaced")
    return a_file(file.account, business_date=file.business_date, replaces=file, version=2)


def strange(line: SettlementLine, *, state: DiscrepancyState, **fields: Any) -> Discrepancy:
    return a_discrepancy(line=line, state=state, occurred_on=DAY, month=MONTH.first, **fields)


class TestWhatHadMet:
    def test_a_movement_whose_line_a_corrected_file_lacks(self, office: Office) -> None:
        item = ours(office)
        file = a_file(office.account, business_date=OCTOBER)
        a_match(a_line(file, booked_on=DAY), modification=item)
        row = missed(item, state=DiscrepancyState.VANISHED, resolution=MET)
        closed(office)
        assert a_night(office).sentence == "What closed months were signed with still holds."

        replaced(file)
        told = a_night(office, OCTOBER + timedelta(days=1))

        assert told.figures == {"ids": [row.pk], "first": row.pk, "broken": True}
        assert told.sentence == (
            "1 thing that a month was closed with does not hold any more, 1 newly: “Ours, not theirs” R1 of 100.00 EUR "
            "in September 2026 had met, and lines that count are not all of this movement now. The signed reports stay "
            "as they are; reopen the month with a reason to work on it."
        )

    def test_a_movement_of_which_a_corrected_file_lacks_a_part(self, office: Office) -> None:
        item = ours(office)
        file = a_file(office.account, business_date=OCTOBER)
        a_match(a_line(a_file(office.account), gross=6_000, booked_on=DAY), modification=item)
        a_match(a_line(file, gross=4_000, booked_on=DAY), modification=item)
        row = missed(item, state=DiscrepancyState.VANISHED, resolution=MET)
        closed(office)
        assert list(lost_grounds(office.account.pk)) == []

        replaced(file)
        (lost,) = lost_grounds(office.account.pk)
        assert (lost.row, lost.what) == (row, "had met, and lines that count are not all of this movement now")

    def test_is_news_in_one_night_and_counted_in_the_next(self, office: Office) -> None:
        missed(ours(office), state=DiscrepancyState.VANISHED, resolution=MET)
        closed(office)
        assert a_night(office).figures["broken"]

        again = a_night(office, OCTOBER + timedelta(days=1))
        assert "broken" not in again.figures
        assert again.sentence.startswith("As earlier nights told, 1 thing that a month was closed with does not hold")

    def test_a_line_that_a_corrected_file_holds_and_nothing_meets(self, office: Office) -> None:
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER), booked_on=DAY)
        a_match(line)
        row = strange(line, state=DiscrepancyState.VANISHED, resolution=MET)
        closed(office)
        assert list(lost_grounds(office.account.pk)) == []

        again: SettlementLine = a_line(replaced(line.file), booked_on=DAY, identity=line.identity)
        (lost,) = lost_grounds(office.account.pk)
        assert (lost.row, lost.what) == (row, "had met, and its line has no movement any more")

        a_match(again)
        assert list(lost_grounds(office.account.pk)) == []

    def test_what_another_discrepancy_tells_is_not_lost(self, office: Office) -> None:
        item = ours(office)
        missed(item, state=DiscrepancyState.VANISHED, resolution=MET)
        closed(office)
        a_discrepancy(office.account, type=DiscrepancyType.AMOUNT, modification=item, occurred_on=OCTOBER)

        assert list(lost_grounds(office.account.pk)) == []


class TestWhatWasSettledByHand:
    @pytest.mark.parametrize("side", ["line", "movement"])
    def test_and_has_met_since(self, office: Office, side: str) -> None:
        item = ours(office)
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER), booked_on=DAY)
        if side == "line":
            row = strange(line, state=DiscrepancyState.ACCEPTED)
        else:
            row = missed(item, state=DiscrepancyState.ACCEPTED)
        closed(office)
        assert list(lost_grounds(office.account.pk)) == []

        a_match(line, modification=item)
        (lost,) = lost_grounds(office.account.pk)
        assert (lost.row, lost.what) == (row, "was settled by hand, and has met since the month was closed")

    def test_and_the_movement_it_named_has_met_another_line_since(self, office: Office) -> None:
        item = ours(office)
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER), gross=9_500, booked_on=DAY)
        named = {"type": DiscrepancyType.AMOUNT, "modification": item, "transaction": item.transaction}
        row = strange(line, state=DiscrepancyState.ACCEPTED, **named)
        closed(office)
        assert list(lost_grounds(office.account.pk)) == []

        a_match(a_line(a_file(office.account, business_date=OCTOBER)), modification=item)
        (lost,) = lost_grounds(office.account.pk)
        assert (lost.row, lost.what) == (row, "was settled by hand, and has met since the month was closed")

    def test_and_lines_cover_less_of_the_movement_than_then(self, office: Office) -> None:
        item = ours(office)
        file = a_file(office.account, business_date=OCTOBER)
        a_match(a_line(file, gross=9_500, booked_on=DAY), modification=item)
        row = missed(item, state=DiscrepancyState.ACCEPTED, difference=-500)
        closed(office)
        now = [lost for lost in lost_grounds(office.account.pk) if "cover less" in lost.what]
        assert now == []

        replaced(file)
        (lost,) = lost_grounds(office.account.pk)
        assert (lost.row, lost.what) == (row, "was settled by hand, and lines cover less of it now")

    def test_and_had_met_before_is_in_the_signed_report(self, office: Office) -> None:
        item = ours(office)
        missed(item, state=DiscrepancyState.ACCEPTED)
        then = timezone.now() - timedelta(days=3)
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER))
        a_match(line, modification=item, run=a_run(office.account, started_at=then, finished_at=then))
        closed(office)

        assert list(lost_grounds(office.account.pk)) == []

    def test_and_its_file_was_corrected_since(self, office: Office) -> None:
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER), booked_on=DAY)
        row = strange(line, state=DiscrepancyState.ACCEPTED)
        closed(office)

        replaced(line.file)
        (lost,) = lost_grounds(office.account.pk)
        assert lost.row == row
        assert "stands in a file that was replaced since" in lost.sentence

    def test_and_a_match_that_does_not_count_changes_nothing(self, office: Office) -> None:
        item = ours(office)
        missed(item, state=DiscrepancyState.ACCEPTED)
        closed(office)
        line: SettlementLine = a_line(a_file(office.account, business_date=OCTOBER))
        a_match(line, modification=item, run=a_run(office.account, state=RunState.ABANDONED))

        assert list(lost_grounds(office.account.pk)) == []


def test_open_and_reopened_months_and_other_accounts_are_not_spoken_of(office: Office) -> None:
    missed(ours(office), state=DiscrepancyState.VANISHED, resolution=MET)
    assert list(lost_grounds(office.account.pk)) == []
    row = closed(office)
    assert len(list(lost_grounds(office.account.pk))) == 1
    assert list(lost_grounds(an_office().account.pk)) == []

    MonthClose.objects.filter(pk=row.pk).update(
        state=MonthState.REOPENED, reopened_by=office.fay, reopened_at=timezone.now(), reopened_reason="A correction."
    )
    assert list(lost_grounds(office.account.pk)) == []


def test_the_letter_begins_with_it(office: Office) -> None:
    missed(ours(office), state=DiscrepancyState.VANISHED, resolution=MET)
    closed(office)
    told = a_night(office)

    letter = letter_of(office.account.merchant, OCTOBER, {}, to=["fay@example.test"])
    assert f"- {told.sentence}" in letter.body
