"""When a transaction is read again: a ladder while its money may still move, and once a night when it rests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from orders.gateways.base import TransactionState

STEPS_SECONDS = (30, 120, 600, 3600, 4 * 3600)
"""The waits between two readings while nothing changes: each once, then daily."""
DAY_SECONDS = 24 * 3600
MOVING = frozenset(
    {
        TransactionState.PENDING_AUTHORIZATION,
        TransactionState.AUTHORIZED,
        TransactionState.CAPTURE_PENDING,
        TransactionState.CANCEL_PENDING,
        TransactionState.UNRECOGNISED,
    }
)
"""States in which the gateway may do something at any moment; every other one is read nightly."""

_NIGHT_SECONDS = 5 * 3600
_REST_SECONDS = 6 * 3600
_JITTER = 0.1


def spread_of(transaction_id: int) -> float:
    """A number from 0 up to 1 that is always the same for a transaction and far from its neighbours'."""
    return (transaction_id * 2_654_435_761 % 2**32) / 2**32


def after_answer(
    state: str,
    *,
    step: int,
    moved: bool,
    transaction_id: int,
    now: datetime,
    overtaken: bool = False,
    undecided: bool = False,
) -> tuple[datetime, int]:
    """When to read it next, and the step of the ladder after that.

    `moved`: something changed since the last time. `overtaken`: it changed here while the answer was on its way, so the
    answer may be older than that. `undecided`: something moved that is booked once one of ours has ended.
    """
    if state not in MOVING and not overtaken and not undecided:
        return _next_night(transaction_id, now), 0
    return _on_ladder(0 if moved or overtaken else step, transaction_id, now)


def after_problem(
    *, step: int, transaction_id: int, now: datetime, retry_after_seconds: int | None = None
) -> tuple[datetime, int]:
    """The same when the gateway did not answer: the ladder itself backs off, and Retry-After is the least."""
    due, following = _on_ladder(step, transaction_id, now)
    return max(due, now + timedelta(seconds=retry_after_seconds or 0)), following


def _on_ladder(step: int, transaction_id: int, now: datetime) -> tuple[datetime, int]:
    """The waits of many transactions that were read together drift apart by up to a tenth."""
    wait = STEPS_SECONDS[step] if step < len(STEPS_SECONDS) else DAY_SECONDS
    seconds = wait * (1 + _JITTER * spread_of(transaction_id))
    return now + timedelta(seconds=seconds), min(step + 1, len(STEPS_SECONDS))


def _next_night(transaction_id: int, now: datetime) -> datetime:
    """Between midnight and five (UTC), every transaction at its own moment; never soon after the last reading."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + timedelta(seconds=_NIGHT_SECONDS * spread_of(transaction_id))
    while moment < now + timedelta(seconds=_REST_SECONDS):
        moment += timedelta(days=1)
    return moment
