"""A month is closed by two people on the same figures, and stays as it was signed."""

from __future__ import annotations

from datetime import date

import pytest

from orders.models import (
    Event,
    FileState,
    JobRun,
    JobState,
    ModificationState,
    MonthState,
    RunStage,
    RunState,
    SettlementTerms,
)
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.reconciliation.closed import hold_months
from orders.reconciliation.discrepancies.desk import carry
from orders.reconciliation.matching.balance import Balance
from orders.reconciliation.months import closing
from orders.reconciliation.months.checklist import checklist, stops
from orders.reconciliation.months.closing import confirm, propose, reopen, withdraw
from orders.reconciliation.months.period import Month
from orders.reconciliation.months.report import digest, is_genuine
from tests.factories import a_person, a_transaction
from tests.models import writing_raw
from tests.modifications import steps
from tests.reconciliation.months.scenes import DAY, MONTH, Office, an_office, left_over
from tests.reconciliation_factories import a_file, a_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Office:
    return an_office()


def codes(office: Office) -> set[str]:
    return {item.code for item in stops(checklist(office.account, MONTH))}


def test_two_people_close_a_month(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    closed = confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)

    assert closed.state == MonthState.CLOSED
    assert (closed.proposed_by, closed.decided_by) == (office.fay, office.sue)
    assert list(Event.objects.filter(verb__startswith="month.").values_list("verb", flat=True)) == [
        "month.signed",
        "month.closed",
    ]


def test_nobody_is_both_people(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    with pytest.raises(NotAllowed, match="somebody else must sign"):
        confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.fay)


def test_who_may_not_close_months_signs_in_no_place(office: Office) -> None:
    agent = a_person(merchants=[office.account.merchant], groups=["agent"])
    stranger = a_person(groups=["finance"])
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    for person in (agent, stranger):
        with pytest.raises(NotAllowed, match="close_month"):
            propose(account=office.account, month=MONTH, by=person)
        with pytest.raises(NotAllowed, match="close_month"):
            confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=person)


def test_a_month_is_signed_once(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    with pytest.raises(NotAllowed, match="already signed or closed"):
        propose(account=office.account, month=MONTH, by=office.sue)
    confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)
    with pytest.raises(NotAllowed, match="decided on it meanwhile"):
        confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)


def test_another_report_than_the_signed_one_closes_nothing(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    with pytest.raises(NotAllowed, match="not the ones that were signed"):
        confirm(month_close_id=signed.pk, report_sha256="0" * 64, by=office.sue)


def test_a_night_that_begins_to_count_while_the_month_is_locked_closes_nothing(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = a_run(office.account, state=RunState.RUNNING, stage=RunStage.MATCHING, finished_at=None)
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    def then(account_id: int) -> None:
        """As the night does in between: it takes the lock first."""
        type(night).objects.filter(pk=night.pk).update(state=RunState.APPLIED, stage=RunStage.TYPING)
        hold_months(account_id)

    monkeypatch.setattr(closing, "hold_months", then)
    with pytest.raises(NotAllowed, match="changed at this very moment"):
        confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)

    signed.refresh_from_db()
    assert signed.state == MonthState.PROPOSED


def test_what_changes_between_the_signatures_voids_the_first(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    a_file(office.account, business_date=DAY.replace(day=16))

    with pytest.raises(NotAllowed, match="not the ones that were signed"):
        confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)
    withdraw(month_close_id=signed.pk, reason="A file came later.", by=office.sue)
    again = propose(account=office.account, month=MONTH, by=office.sue)
    assert again.round == 2
    assert confirm(month_close_id=again.pk, report_sha256=again.report_sha256, by=office.fay).state == "closed"


def test_something_unsettled_stops_the_signature_until_it_is_carried_with_a_reason(office: Office) -> None:
    row = left_over(office.account)

    with pytest.raises(NotAllowed, match=r"Unsettled: 1 discrepancy worth 2\.50 EUR"):
        propose(account=office.account, month=MONTH, by=office.fay)
    verdicts = carry([row.pk], to_month=MONTH.next.first, reason="The gateway answers in October.", by=office.fay)
    assert verdicts[0].done, verdicts[0].sentence
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    assert signed.report["carried"] == [
        {
            "discrepancy": row.pk,
            "type": "fee",
            "reference": row.reference,
            "occurred_on": DAY.isoformat(),
            "worth": 250,
            "currency": row.currency,
            "reason": "The gateway answers in October.",
            "by": office.fay.username,
            "to": "2026-10-01",
        }
    ]


def test_a_closed_month_is_reopened_with_a_reason_and_signed_anew(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)

    with pytest.raises(NotAllowed, match="Say why"):
        reopen(month_close_id=signed.pk, reason="  ", by=office.fay)
    reopened = reopen(month_close_id=signed.pk, reason="A corrected file.", by=office.fay)
    assert (reopened.state, reopened.reopened_reason) == (MonthState.REOPENED, "A corrected file.")
    with pytest.raises(NotAllowed, match="nothing to reopen"):
        reopen(month_close_id=signed.pk, reason="Again.", by=office.fay)
    assert propose(account=office.account, month=MONTH, by=office.fay).round == 2


def test_an_unknown_month_is_not_there(office: Office) -> None:
    with pytest.raises(UnknownThing):
        confirm(month_close_id=404, report_sha256="", by=office.sue)


def test_a_month_that_is_not_over_is_not_signed(office: Office) -> None:
    now = Month.of(office.account.created_at.date()).next

    with pytest.raises(NotAllowed, match="is not over yet"):
        propose(account=office.account, month=now, by=office.fay)


def test_a_file_under_way_stops_the_signature(office: Office) -> None:
    assert codes(office) == set()
    a_file(office.account, business_date=None, state=FileState.LOADING, applied_at=None)

    assert codes(office) == {"under_way"}


def test_an_upload_that_was_given_up_stops_nothing_while_its_bytes_are_deleted(office: Office) -> None:
    file = a_file(office.account, business_date=None, state=FileState.RECEIVING, expected_size=6)
    assert codes(office) == {"under_way"}

    file.expected_size = 0
    file.save(update_fields=["expected_size"])

    assert codes(office) == set()


def test_an_unknown_outcome_stops_the_signature(office: Office) -> None:
    row = steps.asked(a_transaction(account=office.account))
    steps.ended(row, steps.unknown())
    row.refresh_from_db()
    assert row.state == ModificationState.UNKNOWN
    assert codes(office) == set(), "it was asked for after the month"

    later = Month.of(row.requested_at.date())
    assert "in_doubt" in {item.code for item in stops(checklist(office.account, later))}


def test_a_month_without_expectations_claims_no_files_and_no_nights(office: Office) -> None:
    def sentences() -> dict[str, str]:
        return {item.code: item.sentence for item in checklist(office.account, MONTH)}

    assert sentences()["files"].startswith("No file was expected yet")
    assert sentences()["nights"].startswith("No night of the month was due")

    SettlementTerms.objects.create(account=office.account, expected_from=DAY.replace(day=29))
    assert sentences()["files"].startswith("No file of 29 ")
    assert sentences()["nights"].startswith("No night has run to its end for 29 ")


def test_nights_are_missed_only_since_money_is_expected(office: Office) -> None:
    SettlementTerms.objects.create(account=office.account, expected_from=DAY.replace(day=29))
    assert codes(office) == {"nights"}
    for day in (29, 30):
        a_night_done(office, DAY.replace(day=day))
    assert codes(office) == set()


def a_night_done(office: Office, day: date) -> None:
    JobRun.objects.create(
        job="night",
        subject=f"account:{office.account.pk}",
        account=office.account,
        merchant=office.account.merchant,
        business_date=day,
        state=JobState.DONE,
        lease_until=office.account.created_at,
        started_at=office.account.created_at,
        finished_at=office.account.created_at,
    )


class TestTheFirstNight:
    def told(self, office: Office, month: Month = MONTH) -> str:
        return next((item.sentence for item in checklist(office.account, month) if item.code == "first_night"), "")

    def test_the_days_before_it_are_told_and_stop_nobody(self, office: Office) -> None:
        for day in (17, 18, 21, 22, 23, 24, 25, 28, 29, 30):
            a_night_done(office, DAY.replace(day=day))

        assert self.told(office).startswith(
            "The account's first night was that of 17 September 2026. 2 business days of the month lie before it "
            "(15 Sep, 16 Sep): nights before the first are not made up for."
        )
        nights = next(item for item in checklist(office.account, MONTH) if item.code == "nights")
        assert nights.sentence.startswith("10 nights have run to their end.")
        assert codes(office) == set()
        signed = propose(account=office.account, month=MONTH, by=office.fay)
        assert "first_night" in {item["code"] for item in signed.report["checklist"]}

    def test_a_month_wholly_before_it_has_none_and_says_why(self, office: Office) -> None:
        SettlementTerms.objects.create(account=office.account, expected_from=DAY.replace(day=29))
        a_night_done(office, date(2026, 10, 5))

        assert "2 business days of the month lie before it (29 Sep, 30 Sep)" in self.told(office)
        nights = next(item for item in checklist(office.account, MONTH) if item.code == "nights")
        assert nights.sentence == "No night of the month was due: the account had its first one after it."

    def test_days_before_any_money_was_expected_are_not_told(self, office: Office) -> None:
        SettlementTerms.objects.create(account=office.account, expected_from=DAY.replace(day=29))
        a_night_done(office, DAY.replace(day=29))

        assert self.told(office) == ""

    def test_later_months_and_accounts_without_a_night_say_nothing(self, office: Office) -> None:
        assert self.told(office) == ""
        a_night_done(office, DAY.replace(day=17))
        assert self.told(office) != ""
        assert self.told(office, MONTH.next) == ""


def test_the_report_verifies_and_a_changed_figure_does_not(office: Office) -> None:
    signed = propose(account=office.account, month=MONTH, by=office.fay)

    assert is_genuine(signed.report, signed.signature)
    assert digest(signed.report) == signed.report_sha256
    changed = {**signed.report, "month": "2026-08"}
    assert not is_genuine(changed, signed.signature)
    assert not is_genuine(signed.report, "0" * 64)


def test_a_rotated_key_still_verifies_old_reports(office: Office, settings: object) -> None:
    from cryptography.fernet import Fernet

    signed = propose(account=office.account, month=MONTH, by=office.fay)
    old = list(settings.CREDENTIALS_KEYS)  # type: ignore[attr-defined]
    settings.CREDENTIALS_KEYS = [Fernet.generate_key().decode(), *old]  # type: ignore[attr-defined]

    assert is_genuine(signed.report, signed.signature)
    settings.CREDENTIALS_KEYS = settings.CREDENTIALS_KEYS[:1]  # type: ignore[attr-defined]
    assert not is_genuine(signed.report, signed.signature)


def test_the_database_refuses_what_would_change_a_closed_month(office: Office) -> None:
    waiting = a_file(office.account, business_date=DAY, state=FileState.REFUSED, problem="cut", applied_at=None)
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=office.sue)

    writing_raw.refuses("the month is closed", waiting, {"state": "applied", "applied_at": "2026-09-16 00:00:00+00:00"})


def test_the_checklist_says_the_sum_that_it_makes(office: Office) -> None:
    """The words follow the figures of the same page, with the sign that each of them has in the sum."""
    one = Balance(lines=1_000, items=1_100, on_the_way=70, differences=2, discrepancies=-32)
    item = next(item for item in checklist(office.account, MONTH) if item.code == "adds_up")

    assert one.holds
    assert one.lines == one.items - one.on_the_way + one.differences + one.discrepancies
    assert item.sentence == (
        "Their lines are our movements, minus what is on the way, plus tolerated differences, plus the discrepancies, "
        "to the minor unit."
    )


def test_what_is_unsettled_is_told_with_what_it_is_off_by(office: Office) -> None:
    left_over(office.account, type="kind", amount=11_996, difference=-23_992)

    item = next(item for item in checklist(office.account, MONTH) if item.code == "unsettled")

    assert "1 discrepancy worth 239.92 EUR" in item.sentence
