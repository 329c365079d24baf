"""Waiting for webhooks that the sandbox sends on its own time; the address is `tests.outgoing.shop.a_shop`."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.outgoing.shop import Shop

PATIENCE_SECONDS = 10


def letters(shop: Shop, count: int) -> list[Any]:
    """The JSON bodies of everything that came, as soon as there are `count`; fails when it takes too long."""
    until = time.monotonic() + PATIENCE_SECONDS
    while len(shop.letters) < count:
        assert time.monotonic() < until, f"{len(shop.letters)} of {count} webhooks came."
        time.sleep(0.02)
    return [json.loads(body) for _headers, body in shop.letters]
