"""What gateway B answers to an Idempotency-Key it has seen: the same bytes, for six hours (gateways.md B.7)."""

from __future__ import annotations

from orders.sandbox.gateway_b.calls import Call
from orders.sandbox.gateway_b.errors import Refused, error
from orders.sandbox.records import Arrival
from orders.sandbox.wire import Reply

REPLAYED = ("Idempotency-Replayed", "true")
"""The header's full name is assumed: the documents show only its beginning, Idempotency-R."""


def known(call: Call, key: str, arrival: Arrival) -> Reply | None:
    """The kept answer, marked as such. None when the key is new, was forgotten, or repeats are switched off.

    Raises Refused (409, assumed) when the key was used for another request.
    """
    _forget_old(call)
    sql = "SELECT path, body_sha256, http_status, body FROM b_answers WHERE merchant_key = ? AND idempotency_key = ?"
    row = call.store.row(sql, (call.merchant.key, key))
    if row is None or call.ledger.dials.now.replay == "off":
        return None
    if (row["path"], row["body_sha256"]) != (_target(call), arrival.body_sha256):
        arrival.outcome = "id_conflict"
        message = "This Idempotency-Key was already used for another request."
        raise Refused(error(409, "idempotency-key.conflict", message))
    arrival.outcome = "replayed"
    return Reply(status=row["http_status"], body=row["body"], headers=(REPLAYED,))


def keep(call: Call, key: str, arrival: Arrival, reply: Reply) -> None:
    """From its first request on the key is remembered; a forgotten key starts anew."""
    values = (call.merchant.key, key, _target(call), arrival.body_sha256, reply.status, reply.body, call.now)
    call.store.run("INSERT OR REPLACE INTO b_answers VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def _forget_old(call: Call) -> None:
    oldest = call.now - call.ledger.dials.now.order_replay_seconds * 1000
    call.store.run("DELETE FROM b_answers WHERE merchant_key = ? AND kept_at <= ?", (call.merchant.key, oldest))


def _target(call: Call) -> str:
    return f"{call.request.method} {call.request.path}"
