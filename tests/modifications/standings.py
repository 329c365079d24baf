"""Where a modification may stand when an answer comes (sent first, sent again, asked about), and the answers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from orders.gateways.base import Facts, Observation, Outcome, Verdict
from orders.models import ModificationState, Purpose
from orders.modifications.verdicts import (
    Standing,
)
from tests.modifications.situations import NOW

S = ModificationState
SEND, QUERY = Purpose.SEND, Purpose.QUERY


def first(**fields: Any) -> Standing:
    """Just sent for the first time; nothing earlier can have been processed."""
    values: dict[str, Any] = {
        "state": S.QUEUED,
        "purpose": SEND,
        "maybe_sent_before": False,
        "attempts_made": 1,
        "lookups_made": 0,
        "first_sent_at": NOW,
        "last_sent_at": NOW,
        "doubt_since": None,
        "declined_on_repeat": False,
        "now": NOW,
        **fields,
    }
    return Standing(**values)


def repeat(**fields: Any) -> Standing:
    """Sent again a minute after a send that may have been processed."""
    values = {
        "state": S.UNKNOWN,
        "maybe_sent_before": True,
        "attempts_made": 2,
        "first_sent_at": NOW - timedelta(minutes=1),
        "doubt_since": NOW - timedelta(minutes=1),
        **fields,
    }
    return first(**values)


def question(**fields: Any) -> Standing:
    """Asked about a minute after an unclear send."""
    return repeat(purpose=QUERY, last_sent_at=NOW - timedelta(minutes=1), **fields)


def pending_question(**fields: Any) -> Standing:
    """Asked about while it is pending at the gateway: nobody doubts that it was taken."""
    return question(**{"state": S.PENDING, "doubt_since": None, **fields})


def said(verdict: Verdict, status: int | None = None, **fields: Any) -> Outcome:
    observation = Observation(sent=verdict is not Verdict.NOT_SENT, status=status)
    return Outcome(verdict=verdict, reason="It said so.", facts=Facts(), observation=observation, **fields)


TIMEOUT = said(Verdict.UNKNOWN)
ERROR_500 = said(Verdict.UNKNOWN, 500)
TOO_MANY = said(Verdict.UNKNOWN, 429, retry_after_seconds=17)
UNREADABLE_200 = said(Verdict.UNKNOWN, 200)
REDIRECT = said(Verdict.UNKNOWN, 307, review=True, pause_account="It redirects.")
REFUSED_CONNECTION = said(Verdict.NOT_SENT)
WRONG_KEY = said(Verdict.NOT_SENT, 401, pause_account="It refused the key.")
DECLINED = said(Verdict.DECLINED, 400)
DONE = said(Verdict.SUCCEEDED, 200)
TAKEN = said(Verdict.PENDING, 202)
DIFFERS = said(Verdict.MISMATCH, 200, review=True)
ABSENT = said(Verdict.UNKNOWN, 200, absent=True)
