"""Figures for monitoring: for the holder of the token only, and what the database says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from orders.audit import record, seal
from orders.metrics import exposition
from orders.models import (
    OPEN,
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    Heartbeat,
    JobRun,
    JobState,
    Source,
    Switch,
)
from tests.factories import an_account
from tests.reconciliation_factories import a_discrepancy, a_file

pytestmark = pytest.mark.django_db

TOKEN = "a-token-of-some-length"


def figures() -> dict[str, float]:
    families = text_string_to_metric_families(exposition().decode())
    return {
        sample.name + "".join(f"/{value}" for value in sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }


def test_without_a_token_the_page_does_not_exist(settings: Settings, client: Client) -> None:
    settings.METRICS_TOKEN = None

    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404


def test_the_holder_of_the_token_gets_the_figures(settings: Settings, client: Client) -> None:
    settings.METRICS_TOKEN = TOKEN

    refused = client.get("/metrics", headers={"Authorization": "Bearer wrong"})
    answered = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert refused.status_code == 404
    assert answered.status_code == 200
    assert b"smartpay_modifications" in answered.content


def test_an_empty_installation_has_zeros_and_no_ages() -> None:
    told = figures()

    assert {state.value: told[f"smartpay_modifications/{state.value}"] for state in OPEN} == {
        state.value: 0 for state in OPEN
    }
    assert not [name for name in told if name.endswith("_age_seconds")]


def test_a_paused_account_and_a_stopped_house_are_seen() -> None:
    an_account()
    an_account(paused_at=timezone.now(), paused_reason="a test")
    Switch.objects.update_or_create(id=1, defaults={"paused_at": timezone.now(), "paused_reason": "a test"})

    told = figures()

    assert told["smartpay_paused_accounts"] == 1
    assert told["smartpay_sending_paused"] == 1


def test_events_are_counted_until_they_are_sealed() -> None:
    record(verb="test", sentence="Something happened.", source=Source.COMMAND)

    before = figures()
    seal()
    after = figures()

    assert before["smartpay_unsealed_events"] == 1
    assert before["smartpay_oldest_unsealed_event_age_seconds"] >= 0
    assert after["smartpay_unsealed_events"] == 0
    assert "smartpay_oldest_unsealed_event_age_seconds" not in after


def test_the_age_of_the_last_heartbeat_is_the_newest_workers() -> None:
    for name, age in {"worker old": 500, "worker new": 20}.items():
        Heartbeat.objects.create(name=name, at=timezone.now() - timedelta(seconds=age))

    assert figures()["smartpay_worker_heartbeat_age_seconds"] == pytest.approx(20, abs=5)


def test_what_did_not_meet_is_counted_by_type_and_age_until_it_is_settled() -> None:
    today = timezone.now().date()
    for days, type_ in ((0, "theirs_not_ours"), (1, "theirs_not_ours"), (3, "fee"), (90, "fee")):
        a_discrepancy(occurred_on=today - timedelta(days=days), type=DiscrepancyType(type_))
    a_discrepancy(occurred_on=today - timedelta(days=90), state=DiscrepancyState.ACCEPTED)

    told = figures()

    assert told["smartpay_discrepancies/theirs_not_ours"] == 2
    assert told["smartpay_discrepancies/fee"] == 2
    assert told["smartpay_discrepancies/late"] == 0
    ages = {age: told[f"smartpay_discrepancies_aged/{age}"] for age in ("0-1", "2-3", "4-7", "8-30", "30+")}
    assert ages == {"0-1": 2, "2-3": 1, "4-7": 0, "8-30": 0, "30+": 1}


def test_a_file_that_does_not_count_yet_is_seen_with_its_age() -> None:
    a_file(state=FileState.LOADING, received_at=timezone.now() - timedelta(seconds=300))
    a_file(state=FileState.APPLIED)
    a_file(state=FileState.REFUSED)
    a_file(state=FileState.RECEIVING, expected_size=0, received_at=timezone.now() - timedelta(days=1))  # given up

    told = figures()

    assert told["smartpay_unapplied_settlement_files"] == 1
    assert told["smartpay_oldest_unapplied_settlement_file_age_seconds"] == pytest.approx(300, abs=10)


def test_the_age_of_the_last_night_that_was_done_is_told() -> None:
    now = timezone.now()
    for day, state, ago in ((18, JobState.DONE, 9_000), (19, JobState.DONE, 500), (20, JobState.FAILED, None)):
        JobRun.objects.create(
            job="night",
            subject="account:1",
            business_date=date(2026, 11, day),
            state=state,
            lease_until=now,
            started_at=now,
            finished_at=now - timedelta(seconds=ago) if ago else None,
        )

    assert figures()["smartpay_last_night_age_seconds"] == pytest.approx(500, abs=10)


def test_the_figures_ask_as_often_for_many_rows_as_for_few() -> None:
    a_discrepancy()
    a_file(state=FileState.WAITING)
    with CaptureQueriesContext(connection) as few:
        exposition()
    for _ in range(5):
        a_discrepancy()
        a_file(state=FileState.WAITING)
    with CaptureQueriesContext(connection) as many:
        exposition()

    assert len(many) == len(few) <= 24
