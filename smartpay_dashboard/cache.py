"""A cache whose absence is an empty cache: a page or a rate limit must never fail because the broker is down.

Values are JSON: a pickle from a shared server would be code to run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)
Answer = TypeVar("Answer")

# After one failure the server is left alone this long, so that a page does not wait for each operation anew.
SILENCE_SECONDS = 5.0


class JsonSerializer:
    """Whole numbers stay as they are, so that the server can count with them."""

    def dumps(self, value: Any) -> Any:
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: Any) -> Any:
        try:
            return int(stored)
        except ValueError:
            return json.loads(stored)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; an operation that the server does not answer behaves as on an empty cache."""

    _silent_until = 0.0

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._tried(lambda: super(ForgivingRedisCache, self).get(key, default, version), otherwise=default)

    def get_many(self, keys: Any, version: int | None = None) -> dict[str, Any]:
        return self._tried(lambda: super(ForgivingRedisCache, self).get_many(keys, version), otherwise={})

    def has_key(self, key: str, version: int | None = None) -> bool:
        return self._tried(lambda: super(ForgivingRedisCache, self).has_key(key, version), otherwise=False)

    def set(self, key: str, value: Any, *args: Any, **kwargs: Any) -> None:
        self._tried(lambda: super(ForgivingRedisCache, self).set(key, value, *args, **kwargs), otherwise=None)

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return self._tried(lambda: super(ForgivingRedisCache, self).set_many(*args, **kwargs), otherwise=[])

    def add(self, key: str, value: Any, *args: Any, **kwargs: Any) -> bool:
        """True when unreachable: "nobody was here before", so a rate limit lets the click pass."""
        return self._tried(lambda: super(ForgivingRedisCache, self).add(key, value, *args, **kwargs), otherwise=True)

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return self._tried(lambda: super(ForgivingRedisCache, self).touch(*args, **kwargs), otherwise=False)

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        return self._tried(lambda: super(ForgivingRedisCache, self).incr(key, delta, version), otherwise=delta)

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        return self._tried(lambda: super(ForgivingRedisCache, self).delete(*args, **kwargs), otherwise=False)

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._tried(lambda: super(ForgivingRedisCache, self).delete_many(*args, **kwargs), otherwise=None)

    def clear(self) -> None:
        self._tried(lambda: super(ForgivingRedisCache, self).clear(), otherwise=None)

    def _tried(self, operation: Callable[[], Answer], *, otherwise: Answer) -> Answer:
        if time.monotonic() < ForgivingRedisCache._silent_until:
            return otherwise
        try:
            return operation()
        except (RedisError, OSError) as error:
            ForgivingRedisCache._silent_until = time.monotonic() + SILENCE_SECONDS
            logger.warning("cache_unreachable", error=type(error).__name__)
            return otherwise
