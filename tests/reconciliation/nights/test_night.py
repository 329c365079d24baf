"""A whole night: what was left is matched, what is late is missed, and a second ring changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.conf import LazySettings, settings
from django.core import mail

from orders.database import database_now
from orders.hands import a_hand_of
from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    JobRun,
    JobState,
    Match,
    Modification,
    ReconciliationRun,
    SettlementTerms,
)
from orders.modifications.refusals import Refused
from orders.reconciliation import runs, tasks
from orders.reconciliation.nights.due import NIGHT, REPORT
from orders.reconciliation.nights.ring import NoNight, ring
from orders.reconciliation.nights.words import STEPS
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_file, a_line, a_modification_of, a_profile

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_transaction_but_the_tests_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)


@pytest.fixture
def account() -> GatewayAccount:
    """At a gateway that is not asked; every day is a business day, settled on the next one."""
    account = an_account(gateway="smarterpay")
    a_profile(account)
    SettlementTerms.objects.create(
        account=account,
        business_days="1234567",
        delay_days=1,
        patience_days=0,
    )
    a_file(account, first_booked_on=(database_now() - timedelta(days=60)).date())
    return account


def executed(account: GatewayAccount, *, days_ago: int, reference: str = "rec-1") -> Modification:
    at = database_now() - timedelta(days=days_ago)
    transaction = a_captured_transaction(account=account)
    return a_modification_of(transaction, gateway_at=at, finished_at=at, gateway_reference=reference)


def night_of(account: GatewayAccount) -> JobRun:
    return JobRun.objects.filter(job=NIGHT, account=account).latest("business_date")


def test_what_is_late_is_missed_with_its_likely_cause_and_the_rest_is_not(account: GatewayAccount) -> None:
    late = executed(account, days_ago=9, reference="late")
    executed(account, days_ago=0, reference="fresh")

    ring()

    row = Discrepancy.objects.get()
    assert (row.type, row.modification_id) == (DiscrepancyType.OURS_NOT_THEIRS, late.pk)
    assert (row.amount, row.difference) == (10_000, -10_000)
    assert row.cause
    assert night_of(account).state == JobState.DONE
    assert set(night_of(account).steps) == set(STEPS)


def test_a_second_ring_changes_nothing(account: GatewayAccount) -> None:
    executed(account, days_ago=9)
    ring()
    before = (JobRun.objects.count(), ReconciliationRun.objects.count(), Discrepancy.objects.get().version)

    assert ring() == []
    assert ring(at_once=True) == []

    assert (JobRun.objects.count(), ReconciliationRun.objects.count(), Discrepancy.objects.get().version) == before


def test_a_missed_movement_explains_itself_when_its_line_comes(account: GatewayAccount) -> None:
    executed(account, days_ago=9, reference="rec-77")
    ring()
    assert Discrepancy.objects.get().unsettled

    a_line(a_file(account), reference="rec-77", gross=10_000)
    runs.rematch(account, database_now().date())

    row = Discrepancy.objects.get(type=DiscrepancyType.OURS_NOT_THEIRS)
    assert (row.state, bool(row.resolution)) == (DiscrepancyState.VANISHED, True)
    assert Match.objects.count() == 1


def test_a_line_that_met_nothing_meets_at_night_what_is_known_by_then(account: GatewayAccount) -> None:
    a_line(a_file(account, business_date=database_now().date()), reference="rec-88", gross=10_000)
    executed(account, days_ago=2, reference="rec-88")

    ring()

    assert Match.objects.get().rule == "reference"
    assert night_of(account).steps["match"]["figures"]["matches"] == 1
    assert "equal to the minor unit" in night_of(account).steps["balance"]["sentence"]


def test_without_any_file_and_terms_nothing_is_expected_and_the_night_says_so() -> None:
    bare = an_account(gateway="smarterpay")
    executed(bare, days_ago=20)

    ring()

    assert not Discrepancy.objects.exists()
    assert "nothing is expected" in night_of(bare).steps["expectations"]["sentence"]


def test_a_busy_account_delays_matching_and_nothing_else(
    account: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> ReconciliationRun:
        raise Refused("A settlement file is being read just now; nothing was matched.", code="busy")

    executed(account, days_ago=9)
    with monkeypatch.context() as while_busy:
        while_busy.setattr(runs, "rematch", busy)
        ring()
    night = night_of(account)
    assert (night.state, night.steps["match"]["ok"], night.steps["expectations"]["ok"]) == ("failed", False, True)
    assert ring() == []

    ring(at_once=True)

    assert night_of(account).state == JobState.DONE


def test_missed_nights_are_made_up_for_and_only_the_newest_sends_a_letter(
    account: GatewayAccount, settings: LazySettings
) -> None:
    settings.SENDS_MAIL = True
    a_person(merchants=[account.merchant], groups=["finance"], email="mei@tea.example")
    ring()
    newest = night_of(account).business_date
    mail.outbox.clear()
    JobRun.objects.filter(job=NIGHT).update(business_date=newest - timedelta(days=3))
    JobRun.objects.filter(job=REPORT).update(business_date=newest - timedelta(days=3))

    ring()

    nights = JobRun.objects.filter(job=NIGHT).order_by("pk").values_list("business_date", "state")
    assert list(nights) == [(newest - timedelta(days=back), "done") for back in (3, 2, 1, 0)]
    assert JobRun.objects.filter(job=REPORT, state=JobState.DONE).count() == 4
    assert len(mail.outbox) == 1
    made_up_for = JobRun.objects.get(job=NIGHT, business_date=newest - timedelta(days=1))
    assert "made up for" in made_up_for.steps["refresh"]["sentence"]


def test_the_night_of_one_date_is_run_on_demand(account: GatewayAccount) -> None:
    day = database_now().date() - timedelta(days=20)

    rows = ring(accounts=[account], day=day)

    assert [(row.job, row.business_date) for row in rows if row.job == NIGHT] == [(NIGHT, day)]


@pytest.mark.parametrize("days", [0, 30])
def test_a_date_that_has_not_ended_has_no_night(account: GatewayAccount, days: int) -> None:
    with pytest.raises(NoNight, match="has not ended yet"):
        ring(accounts=[account], day=database_now().date() + timedelta(days=days))

    assert not JobRun.objects.exists()


def test_a_weekend_without_business_has_no_night() -> None:
    with pytest.raises(NoNight, match="no business day"):
        ring(accounts=[an_account()], day=date(2026, 5, 2))


def test_an_account_of_another_zone_waits_for_its_own_cut_off(account: GatewayAccount) -> None:
    now = database_now()
    late_zone = "Pacific/Honolulu"
    other = an_account(gateway="smarterpay")
    SettlementTerms.objects.create(account=other, time_zone=late_zone, cut_off=time(23), business_days="1234567")

    ring()

    there = night_of(other).business_date
    assert there <= night_of(account).business_date
    assert datetime.combine(there, time(23), UTC) + timedelta(hours=10 + 3) <= now


def test_beat_rings_every_few_minutes_and_one_hand_keeps_the_nights(account: GatewayAccount) -> None:
    scheduled = settings.CELERY_BEAT_SCHEDULE["nightly"]
    assert (scheduled["task"], scheduled["schedule"]) == (tasks.nightly.name, 300)

    with a_hand_of(tasks.WATCH):
        tasks.nightly()
    assert not JobRun.objects.exists()

    tasks.nightly()
    assert night_of(account).state == JobState.DONE
