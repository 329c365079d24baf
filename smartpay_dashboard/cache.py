"""A cache whose absence is an empty cache: a page or a rate limit must never fail because the broker is down."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

_EMPTY_ANSWERS: dict[str, Any] = {
    "add": True,  # "nobody was here before": a rate limit lets the click pass
    "set": None,
    "touch": False,
    "delete": False,
    "has_key": False,
    "get_many": {},
    "set_many": [],
    "delete_many": None,
    "clear": False,
}


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; each operation that the server does not answer behaves as on an empty cache."""

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        try:
            return super().get(key, default=default, version=version)
        except (RedisError, OSError) as error:
            _tell("get", error)
            return default

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        try:
            return int(super().incr(key, delta=delta, version=version))
        except (RedisError, OSError) as error:
            _tell("incr", error)
            return delta


def _forgiving(name: str, answer: Any) -> Callable[..., Any]:
    original = getattr(RedisCache, name)

    @functools.wraps(original)
    def operation(self: RedisCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except (RedisError, OSError) as error:
            _tell(name, error)
            return type(answer)(answer) if isinstance(answer, dict | list) else answer

    return operation


for _name, _answer in _EMPTY_ANSWERS.items():
    setattr(ForgivingRedisCache, _name, _forgiving(_name, _answer))


def _tell(operation: str, error: Exception) -> None:
    logger.warning("cache_unreachable", operation=operation, error=type(error).__name__)
