"""How often a token may ask: so many requests in each minute. A cache that is away lets everybody pass."""

from __future__ import annotations

import time
from uuid import UUID

from django.conf import settings
from django.core.cache import cache

from orders.api.problems import Problem

WINDOW_SECONDS = 60


def count_request(token_id: UUID) -> None:
    """Raises a 429 Problem once the minute's requests are used up."""
    now = time.time()
    window = int(now // WINDOW_SECONDS)
    if _counted(f"api-requests:{token_id}:{window}") <= settings.API_REQUESTS_PER_MINUTE:
        return
    wait = max(1, int((window + 1) * WINDOW_SECONDS - now) + 1)
    raise Problem(
        429,
        "too_many_requests",
        f"This token has used its {settings.API_REQUESTS_PER_MINUTE} requests of this minute. Nothing was done; "
        f"try again in {wait} seconds.",
        headers={"Retry-After": str(wait)},
    )


def _counted(key: str) -> int:
    cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
    try:
        return int(cache.incr(key))
    except ValueError:
        # It was thrown out between the two steps, as on an empty cache.
        return 1
