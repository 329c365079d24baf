"""What became of the webhooks of a run: how often each mischief befell them, and what was lost is sent after all."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from tests.proofs.records import read
from tests.sandbox_process import SandboxHandle

MISCHIEF = {
    "webhookDuplicates": 0.15,
    "webhookReorderSeconds": 2.0,
    "webhookLose": 0.05,
    "webhookBadSignature": 0.15,
    "webhookRetrySeconds": 1.0,
}
PEACE = {"webhookDuplicates": 0.0, "webhookReorderSeconds": 0.0, "webhookLose": 0.0, "webhookBadSignature": 0.0}
DUPLICATE, OVERTAKEN, LOST, UNPROVED = (
    *("webhook that came again", "webhook that was overtaken by a later one"),
    *("webhook that was lost at first", "webhook with a wrong signature"),
)
QUERIES = {
    "repeats": "SELECT coalesce(sum(repeats), 0) AS count FROM orders_inboxdelivery",
    "rejections": "SELECT count(*) AS count FROM orders_inboxrejection",
    "waiting": "SELECT count(*) AS count FROM orders_inboxdelivery WHERE state = 'waiting'",
}


class Post:
    """The gateways' outgoing webhooks and our inbox."""

    def __init__(self, gateway: SandboxHandle, database: str) -> None:
        self.counts: Counter[str] = Counter()
        self._gateway, self._database = gateway, database

    def misbehave(self) -> None:
        self._gateway.control("mode", **MISCHIEF)

    def make_good(self) -> None:
        """Count, then send again what was lost or given up, as the vendors' pages can."""
        self._gateway.control("mode", **PEACE)
        deliveries = self._gateway.control_get("deliveries")["deliveries"]
        self.counts[OVERTAKEN] = _overtaken(deliveries)
        for one in deliveries:
            if one["state"] in ("lost", "given_up"):
                self.counts[LOST] += one["state"] == "lost"
                self._gateway.control("deliveries/resend", id=one["id"])

    def is_worked_off(self) -> bool:
        """Whether every webhook has arrived and been looked at."""
        on_the_way = self._gateway.control_get("deliveries?state=waiting")["deliveries"]
        return not on_the_way and not self._count("waiting")

    def count_what_came(self) -> None:
        self.counts[DUPLICATE] = self._count("repeats")
        self.counts[UNPROVED] = self._count("rejections")

    def _count(self, name: str) -> int:
        return int(read(self._database, {name: QUERIES[name]})[name][0]["count"])


def _overtaken(deliveries: list[dict[str, Any]]) -> int:
    """How many arrived after one of the same account that was posted later."""
    by_address: dict[str, list[int]] = defaultdict(list)
    for one in deliveries:
        if one["attempts"]:
            by_address[one["url"]].append(one["attempts"][0]["at"])
    return sum(
        at > min(times[number + 1 :], default=at) for times in by_address.values() for number, at in enumerate(times)
    )
