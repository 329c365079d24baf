"""On real servers: the cache and the doorbell on Redis, the pool on PostgreSQL."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection

from smartpay_dashboard.cache import ForgivingRedisCache, JsonSerializer
from tests.smartpay_dashboard.fresh_settings import run_python

_PING = "import smartpay_dashboard, django; django.setup(); from orders import health; print(health._broker().sentence)"
_CROWD = """
import django; django.setup()
from concurrent.futures import ThreadPoolExecutor
from django.db import connection
def ask(_turn):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid(), pg_sleep(0.02)")
        pid = cursor.fetchone()[0]
    connection.close()
    return pid
with ThreadPoolExecutor(24) as crowd:
    print(len(set(crowd.map(ask, range(96)))))
connection.close_pool()
"""


@pytest.fixture
def redis_url() -> str:
    url = os.environ.get("REDIS_URL", "")
    if not url:
        pytest.skip("Redis only: REDIS_URL names no server")
    return url


@pytest.fixture
def cache(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForgivingRedisCache]:
    """The dashboard's cache under a prefix of its own, emptied afterwards."""
    monkeypatch.setattr(ForgivingRedisCache, "_silent_until", 0.0)
    keys = ["limit", "lock", "list"]
    cache = ForgivingRedisCache(
        redis_url, {"KEY_PREFIX": f"test-{uuid.uuid4()}", "OPTIONS": {"serializer": JsonSerializer}}
    )
    yield cache
    cache.delete_many(keys)
    cache.close()


def test_rate_limits_are_counted_on_redis(cache: ForgivingRedisCache) -> None:
    cache.set("list", [1.5, 2.5], 30)
    cache.set("limit", 1, 30)

    assert cache.get("list") == [1.5, 2.5]
    assert cache.incr("limit", 2) == 3
    assert cache.add("lock", True, 30)
    assert not cache.add("lock", True, 30)


def test_the_broker_on_redis_answers(redis_url: str, tmp_path: Path) -> None:
    told = run_python(["-c", _PING], {"REDIS_URL": redis_url, "DATA_DIR": str(tmp_path)})

    assert told.stdout == "The broker answers.\n", told.stderr


def test_the_pool_holds_no_more_connections_than_it_may(tmp_path: Path) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only: the connection pool")
    given = {"DATABASE_URL": os.environ["DATABASE_URL"], "DATABASE_POOL_SIZE": "6", "DATA_DIR": str(tmp_path)}

    told = run_python(["-c", _CROWD], given)

    assert told.returncode == 0, told.stderr
    assert 2 <= int(told.stdout) <= 6
