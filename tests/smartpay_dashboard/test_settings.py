"""What the settings become: databases, cookies, proxies, the broker's options."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from tests.smartpay_dashboard.fresh_settings import production, settings_with

POSTGRESQL_URL = "postgres://someone:secret@db.example.com:5433/shop"


def test_sqlite_takes_its_lock_at_the_beginning_and_keeps_every_commit(tmp_path: Path) -> None:
    database = settings_with({"DATA_DIR": str(tmp_path)}, "DATABASES")["DATABASES"]["default"]

    assert database["ENGINE"] == "django.db.backends.sqlite3"
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert database["OPTIONS"]["timeout"] == 20
    assert "synchronous=FULL" in database["OPTIONS"]["init_command"]
    assert database["ATOMIC_REQUESTS"] is False


@pytest.mark.django_db
def test_the_pragmas_are_in_force() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("SQLite only: pragmas")

    with connection.cursor() as cursor:
        answers = {
            name: cursor.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert answers == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert sqlite3.sqlite_version_info >= (3, 35), "RETURNING is used"


def test_postgresql_has_a_pool_and_limits(tmp_path: Path) -> None:
    given = {"DATA_DIR": str(tmp_path), "DATABASE_URL": POSTGRESQL_URL, "WEB_THREADS": "12"}

    database = settings_with(given, "DATABASES")["DATABASES"]["default"]

    assert (database["HOST"], database["PORT"], database["NAME"]) == ("db.example.com", 5433, "shop")
    assert database["OPTIONS"]["pool"]["max_size"] == 16
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)
    for limit in ("lock_timeout=3s", "statement_timeout=15s", "idle_in_transaction_session_timeout=30s", "jit=off"):
        assert limit in database["OPTIONS"]["options"]


def test_the_pool_can_be_switched_off(tmp_path: Path) -> None:
    given = {"DATA_DIR": str(tmp_path), "DATABASE_URL": POSTGRESQL_URL, "DATABASE_POOL_SIZE": "0"}

    database = settings_with(given, "DATABASES")["DATABASES"]["default"]

    assert "pool" not in database["OPTIONS"]


@pytest.mark.django_db
def test_postgresqls_limits_are_in_force_and_no_statement_is_compiled() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only: time limits")

    with connection.cursor() as cursor:
        answers = []
        for name in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "jit"):
            cursor.execute(f"SHOW {name}")
            answers.append(cursor.fetchone()[0])

    assert answers == ["3s", "15s", "30s", "off"]


def test_secure_cookies_host_prefix_and_hsts_follow_one_setting(tmp_path: Path) -> None:
    names = ["SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SECURE_HSTS_SECONDS"]

    on = settings_with(production(tmp_path), *names)
    off = settings_with({"DATA_DIR": str(tmp_path)}, *names)

    assert list(on.values()) == ["__Host-session", True, True, 31_536_000]
    assert list(off.values()) == ["session", False, False, 0]


def test_forwarded_headers_are_believed_only_behind_a_proxy(tmp_path: Path) -> None:
    names = ["SECURE_PROXY_SSL_HEADER", "ALLAUTH_TRUSTED_PROXY_COUNT"]

    without = settings_with({"DATA_DIR": str(tmp_path)}, *names)
    behind = settings_with({"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": "1"}, *names)

    assert without == {"SECURE_PROXY_SSL_HEADER": None, "ALLAUTH_TRUSTED_PROXY_COUNT": 0}
    assert behind["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]


def test_production_makes_no_key_of_its_own(tmp_path: Path) -> None:
    settings_with(production(tmp_path, SECRET_KEY=""), "PRODUCTION")

    assert not (tmp_path / "secret_key").exists()


def test_a_trial_has_keys_and_no_servers(tmp_path: Path) -> None:
    told = settings_with({"DATA_DIR": str(tmp_path)}, "SECRET_KEY", "CREDENTIALS_KEYS", "CELERY_BROKER_URL")

    assert told["SECRET_KEY"] == (tmp_path / "secret_key").read_text()
    assert told["CREDENTIALS_KEYS"] == [(tmp_path / "credentials_key").read_text()]
    assert told["CELERY_BROKER_URL"].startswith("redis+socket://")


def test_tasks_survive_a_killed_worker_and_messages_are_json() -> None:
    assert settings.CELERY_TASK_ACKS_LATE
    assert settings.CELERY_TASK_REJECT_ON_WORKER_LOST
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] == 300
    assert settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT == 95


def test_the_timetable_runs_the_recovery(tmp_path: Path) -> None:
    told = settings_with({"DATA_DIR": str(tmp_path), "SWEEP_SECONDS": "2"}, "CELERY_BEAT_SCHEDULE")

    entry = told["CELERY_BEAT_SCHEDULE"]["recover"]
    assert (entry["task"], entry["schedule"]) == ("orders.modifications.tasks.recover", 2)


def test_passwords_have_twelve_characters_and_are_kept_with_scrypt(tmp_path: Path) -> None:
    told = settings_with({"DATA_DIR": str(tmp_path)}, "PASSWORD_HASHERS", "AUTH_PASSWORD_VALIDATORS")

    assert told["PASSWORD_HASHERS"][0].endswith("ScryptPasswordHasher")
    assert {"min_length": 12} in [validator.get("OPTIONS") for validator in told["AUTH_PASSWORD_VALIDATORS"]]
