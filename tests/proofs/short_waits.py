"""Waits that no account and no setting may shorten, shortened for the processes of a proof. Nothing else is changed.

A person looks after half an hour of silence from gateway C, and a webhook whose worker died is taken up again after ten
minutes; a proof has neither. Called before the first fork, so that workers and web server inherit it.
"""

from __future__ import annotations

from datetime import timedelta

INBOX_LEASE = timedelta(seconds=5)
SHORTEST_QUARANTINE_SECONDS = 1


def shorten() -> None:
    """Of this process and of all that are forked from it."""
    from orders.gateways import smarterpay
    from orders.inbox import process

    smarterpay._BOUNDS["quarantine_seconds"] = (SHORTEST_QUARANTINE_SECONDS, 24 * 3600)
    process.LEASE = INBOX_LEASE
