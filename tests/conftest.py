"""What every test stands on: a closed network, fast passwords, no connection pool."""

from __future__ import annotations

import pytest
from django.conf import settings


def pytest_configure(config: pytest.Config) -> None:
    # A pool would keep connections into the test database after a test; the pool has tests of its own.
    settings.DATABASES["default"].get("OPTIONS", {}).pop("pool", None)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
