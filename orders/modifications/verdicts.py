"""What an outcome means for this modification, given what was sent before: a pure table, tested row by row."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from orders.gateways.base import Capability, Outcome, Verdict
from orders.models import ModificationState, Purpose

S = ModificationState

LOOK_UP_AFTER_SECONDS = (2, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600)
"""When a pending modification is asked about: each step once, then daily."""
DAY_SECONDS = 24 * 3600
EVERY_THIRD_TRY_ASKS = 3
"""While repeats of the same bytes stay unclear, every third step asks for the status instead."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long to wait; settings with the defaults of the money-safety notes. Seconds."""

    backoff_first: float = 5.0
    backoff_factor: float = 3.0
    backoff_most: float = 1800.0
    unknown_review: float = DAY_SECONDS
    pending_review: float = 3 * DAY_SECONDS


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a modification stood when the answer came."""

    state: ModificationState
    """Before this flight: QUEUED, PENDING, UNKNOWN or REVIEW."""
    purpose: Purpose
    maybe_sent_before: bool
    """An earlier send may have been processed."""
    attempts_made: int
    lookups_made: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    doubt_since: datetime | None
    declined_on_repeat: bool
    now: datetime
    asked_at: datetime | None = None
    """When this attempt began; what a look-up shows is as old as that."""


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What becomes of it."""

    state: ModificationState
    reason: str
    next_step: Purpose = Purpose.SEND
    due_at: datetime | None = None
    forget_send: bool = False
    """The first send certainly did not happen, so the person may withdraw again."""
    declined_on_repeat: bool = False
    freeze: bool = False


def judge(outcome: Outcome, standing: Standing, capability: Capability, timing: Timing) -> Ruling:
    """Turn one judged answer into the modification's next state.

    A first answer is taken at its word. After a send that may have been processed, a refusal is not definitive (it may
    be the echo of our own success) unless the gateway replays refusals; a status read is.
    """
    if outcome.verdict is Verdict.SUCCEEDED:
        return Ruling(state=S.SUCCEEDED, reason=outcome.reason)
    if outcome.verdict is Verdict.MISMATCH:
        return Ruling(state=S.REVIEW, reason=outcome.reason, freeze=True)
    if outcome.review:
        return Ruling(state=S.REVIEW, reason=outcome.reason)
    if outcome.verdict is Verdict.PENDING:
        return _pending(outcome, standing, timing)
    if outcome.verdict is Verdict.DECLINED:
        return _declined(outcome, standing, capability, timing)
    if standing.purpose is Purpose.QUERY:
        return _unanswered_query(outcome, standing, capability, timing)
    if outcome.verdict is Verdict.NOT_SENT and not standing.maybe_sent_before:
        wait = _wait(outcome, standing, timing)
        return Ruling(state=S.QUEUED, reason=outcome.reason, due_at=standing.now + wait, forget_send=True)
    return _unclear_send(outcome, standing, capability, timing)


def may_send_again(standing: Standing, capability: Capability) -> bool:
    """Whether the same bytes may go out once more: the gateway replays, and its memory still holds."""
    return is_remembered(standing.first_sent_at, capability, now=standing.now)


def is_remembered(first_sent_at: datetime | None, capability: Capability, *, now: datetime) -> bool:
    """Whether a repeat of what was first sent then meets its own first answer; what was never sent has none."""
    if first_sent_at is None:
        return True
    return capability.replays and now < first_sent_at + timedelta(seconds=capability.replay_window_seconds)


def _pending(outcome: Outcome, standing: Standing, timing: Timing) -> Ruling:
    sent_at = standing.first_sent_at or standing.now
    if standing.state is S.REVIEW or standing.now - sent_at > timedelta(seconds=timing.pending_review):
        return Ruling(state=S.REVIEW, reason=f"Still pending at the gateway. {outcome.reason}", next_step=Purpose.QUERY)
    steps = LOOK_UP_AFTER_SECONDS
    step = steps[standing.lookups_made] if standing.lookups_made < len(steps) else DAY_SECONDS
    due = standing.now + timedelta(seconds=step)
    return Ruling(state=S.PENDING, reason=outcome.reason, next_step=Purpose.QUERY, due_at=due)


def _declined(outcome: Outcome, standing: Standing, capability: Capability, timing: Timing) -> Ruling:
    definitive = standing.purpose is Purpose.QUERY or not standing.maybe_sent_before or capability.replays_errors
    if definitive:
        return Ruling(state=S.FAILED, reason=outcome.reason)
    return Ruling(
        state=_doubtful(standing, timing),
        reason=f"Refused on a repeat, and the first send may have been processed: asking. {outcome.reason}",
        next_step=Purpose.QUERY,
        due_at=standing.now + timedelta(seconds=1),
        declined_on_repeat=True,
    )


def _unanswered_query(outcome: Outcome, standing: Standing, capability: Capability, timing: Timing) -> Ruling:
    """A look-up that brought no verdict: the gateway does not list it, or did not answer."""
    if standing.doubt_since is None:
        return _pending(outcome, standing, timing)
    may_repeat = may_send_again(standing, capability) and not standing.declined_on_repeat
    if not capability.finds_by_modification_id and not may_repeat:
        return _quarantine(outcome, standing, capability)
    if outcome.absent and standing.declined_on_repeat and _late_processing_over(standing, capability):
        return Ruling(state=S.FAILED, reason="The gateway refused it and does not list it: no money moved.")
    in_peoples_hands = standing.state is S.REVIEW
    send_next = may_repeat and not in_peoples_hands
    return Ruling(
        state=_doubtful(standing, timing),
        reason=outcome.reason,
        next_step=Purpose.SEND if send_next else Purpose.QUERY,
        due_at=standing.now + _wait(outcome, standing, timing),
        declined_on_repeat=standing.declined_on_repeat,
    )


def _unclear_send(outcome: Outcome, standing: Standing, capability: Capability, timing: Timing) -> Ruling:
    answered = outcome.observation is not None and outcome.observation.status is not None
    silent_success = answered and 200 <= (outcome.observation.status or 0) < 300 if outcome.observation else False
    ask = silent_success or standing.attempts_made % EVERY_THIRD_TRY_ASKS == 0
    can_ask = capability.finds_by_modification_id
    can_send = may_send_again(standing, capability)
    if not can_ask and not can_send:
        return _quarantine(outcome, standing, capability)
    asks = can_ask and (ask or not can_send)
    wait = timedelta(seconds=1) if silent_success else _wait(outcome, standing, timing)
    return Ruling(
        state=_doubtful(standing, timing),
        reason=outcome.reason,
        next_step=Purpose.QUERY if asks else Purpose.SEND,
        due_at=standing.now + wait,
        declined_on_repeat=standing.declined_on_repeat,
    )


def _quarantine(outcome: Outcome, standing: Standing, capability: Capability) -> Ruling:
    """It can neither be repeated nor looked up: word may still come by webhook; after a while a person looks."""
    waits_until = (standing.last_sent_at or standing.now) + timedelta(seconds=capability.quarantine_seconds)
    over = standing.state is S.REVIEW or standing.now >= waits_until
    return Ruling(
        state=S.REVIEW if over else S.UNKNOWN,
        reason=outcome.reason,
        next_step=Purpose.QUERY,
        due_at=None if over else waits_until,
        declined_on_repeat=standing.declined_on_repeat,
    )


def _doubtful(standing: Standing, timing: Timing) -> ModificationState:
    """UNKNOWN, or REVIEW once it has been unknown for too long; review does not fall back to unknown."""
    since = standing.doubt_since or standing.now
    too_long = standing.now - since > timedelta(seconds=timing.unknown_review)
    return S.REVIEW if too_long or standing.state is S.REVIEW else S.UNKNOWN


def _late_processing_over(standing: Standing, capability: Capability) -> bool:
    if standing.last_sent_at is None:
        return False
    seen_at = standing.asked_at or standing.now
    return seen_at - standing.last_sent_at > timedelta(seconds=capability.late_processing_seconds)


def _wait(outcome: Outcome, standing: Standing, timing: Timing) -> timedelta:
    """Retry-After when the gateway said so, else exponential backoff with jitter."""
    if outcome.retry_after_seconds is not None:
        return timedelta(seconds=outcome.retry_after_seconds)
    exponent = min(max(standing.attempts_made - 1, 0), 12)
    ceiling = min(timing.backoff_first * timing.backoff_factor**exponent, timing.backoff_most)
    # Jitter spreads the retries of many rows; it decides nothing that must be hard to guess.
    return timedelta(seconds=random.uniform(ceiling / 5, ceiling))  # noqa: S311
