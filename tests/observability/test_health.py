"""Health: each part is asked, each answer is a sentence, and a part that is away turns the answer to 503."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from orders import health
from orders.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture
def _all_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_ping_broker", lambda: None)
    Heartbeat.objects.create(name="worker one", at=timezone.now())


def readyz(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def test_healthz_asks_nothing_and_nobody(client: Client, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.usefixtures("_all_well")
def test_a_machine_that_does_its_work_is_ready(client: Client) -> None:
    status, checks = readyz(client)

    assert status == 200
    assert set(checks) == {"database", "broker", "migrations", "oldest_due", "worker", "nights"}
    assert all(check["ok"] and check["sentence"].endswith(".") for check in checks.values())


@pytest.mark.usefixtures("_all_well")
def test_a_broker_that_is_away_is_told_with_what_it_means(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the tests' broker address has no listener

    status, checks = readyz(client)

    assert status == 503
    assert [name for name, check in checks.items() if not check["ok"]] == ["broker"]
    assert "nothing is lost" in checks["broker"]["sentence"]


@pytest.mark.usefixtures("_all_well")
def test_a_due_modification_may_wait_two_minutes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "oldest_due_age_seconds", lambda: 119.0)
    assert readyz(client)[0] == 200

    monkeypatch.setattr(health, "oldest_due_age_seconds", lambda: 121.0)
    status, checks = readyz(client)

    assert status == 503
    assert "121 s" in checks["oldest_due"]["sentence"]


@pytest.mark.usefixtures("_all_well")
def test_a_worker_that_fell_silent_is_told(client: Client) -> None:
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=90))
    assert not readyz(client)[1]["worker"]["ok"]

    Heartbeat.objects.all().delete()
    assert "ever" in readyz(client)[1]["worker"]["sentence"]


@pytest.mark.usefixtures("_all_well")
def test_a_missing_migration_is_told_until_it_is_applied(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    health._planned_migrations.cache_clear()
    monkeypatch.setattr(MigrationExecutor, "migration_plan", lambda *_args: ["one", "two"])
    status, checks = readyz(client)

    monkeypatch.undo()
    monkeypatch.setattr(health, "_ping_broker", lambda: None)

    assert status == 503
    assert "2 migrations" in checks["migrations"]["sentence"]
    assert readyz(client)[1]["migrations"]["ok"]


@pytest.mark.usefixtures("_all_well")
def test_a_database_that_is_away_is_told_and_nothing_else_is_asked(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("secret host name")

    monkeypatch.setattr(connection, "cursor", away)
    status, checks = readyz(client)

    assert status == 503
    assert set(checks) == {"database", "broker"}
    assert "secret" not in checks["database"]["sentence"]


@pytest.mark.parametrize("page", ["/healthz", "/readyz", "/metrics"])
def test_probes_only_read(page: str, client: Client) -> None:
    assert client.post(page).status_code == 405
