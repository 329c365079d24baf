"""The audit chain recomputed by an outsider: every seal must follow from the one before and from its event."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from tests.proofs.records import Row

GENESIS = "0" * 64
QUERY = """SELECT s.sequence, s.previous_hash, s.hash, e.id AS event, e.at, e.merchant_id, e.actor_id, e.source, e.verb,
    e.refused, e.sentence, e.order_id, e.transaction_id, e.modification_id, e.details, e.request_id
    FROM orders_eventseal s JOIN orders_event e ON e.id = s.event_id ORDER BY s.sequence"""


def breaks(links: Sequence[Row]) -> list[str]:
    """A sentence for the first link that does not hold; nothing when the whole chain does."""
    previous = GENESIS
    for number, link in enumerate(links, start=1):
        if link["sequence"] != number or link["previous_hash"] != previous:
            return [f"The audit chain is broken at seal {number}: it does not follow the one before."]
        if link["hash"] != _hash(previous, link):
            return [f"The audit chain is broken at seal {number}: event {link['event']} is not what was sealed."]
        previous = link["hash"]
    return []


def _hash(previous: str, link: Row) -> str:
    content = {
        "id": link["event"],
        "at": link["at"].isoformat(timespec="microseconds"),
        "merchant": link["merchant_id"],
        "actor": link["actor_id"],
        "source": link["source"],
        "verb": link["verb"],
        "refused": link["refused"],
        "sentence": link["sentence"],
        "order": link["order_id"],
        "transaction": link["transaction_id"],
        "modification": link["modification_id"] or "",
        "details": link["details"],
        "request_id": link["request_id"],
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous}\n{canonical}".encode()).hexdigest()
