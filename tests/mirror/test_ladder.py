"""When a transaction is read again: soon while it moves, rarer the longer nothing happens, nightly at rest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from orders.gateways.base import TransactionState
from orders.mirror import ladder
from orders.mirror.ladder import after_answer, after_problem

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def climb(state: str, *, times: int) -> list[float]:
    waits, step = [], 0
    for _ in range(times):
        due, step = after_answer(state, step=step, moved=False, transaction_id=0, now=NOON)
        waits.append((due - NOON).total_seconds())
    return waits


@pytest.mark.parametrize("state", sorted(ladder.MOVING))
def test_what_moves_is_read_on_a_ladder_and_then_daily(state: TransactionState) -> None:
    assert climb(state, times=7) == [30, 120, 600, 3600, 14400, 86400, 86400]


def test_a_change_starts_the_ladder_anew() -> None:
    due, step = after_answer("authorized", step=5, moved=True, transaction_id=0, now=NOON)

    assert ((due - NOON).total_seconds(), step) == (30, 1)


@pytest.mark.parametrize("state", ["captured", "settled", "refunded", "cancelled", "expired", "failed", "chargeback"])
def test_what_rests_is_read_once_a_night_at_its_own_moment(state: str) -> None:
    moments = {after_answer(state, step=3, moved=True, transaction_id=pk, now=NOON)[0] for pk in range(1, 200)}

    assert len(moments) == 199
    assert min(moments) >= datetime(2026, 5, 5, tzinfo=UTC)
    assert max(moments) < datetime(2026, 5, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize("hour", range(24))
def test_a_night_follows_a_night_a_day_later(hour: int) -> None:
    now = NOON.replace(hour=hour)
    first, _ = after_answer("captured", step=0, moved=False, transaction_id=7, now=now)
    second, _ = after_answer("captured", step=0, moved=False, transaction_id=7, now=first)

    assert timedelta(hours=6) <= first - now < timedelta(hours=30)
    assert second - first == timedelta(days=1)


def test_a_gateway_in_trouble_is_asked_less_and_less_and_never_before_it_said() -> None:
    first = after_problem(step=0, transaction_id=0, now=NOON)
    later = after_problem(step=3, transaction_id=0, now=NOON)
    told = after_problem(step=0, transaction_id=0, now=NOON, retry_after_seconds=900)

    assert first == (NOON + timedelta(seconds=30), 1)
    assert later == (NOON + timedelta(seconds=3600), 4)
    assert told == (NOON + timedelta(seconds=900), 1)


def test_neighbours_drift_apart_by_at_most_a_tenth() -> None:
    waits = {
        (after_answer("authorized", step=3, moved=False, transaction_id=pk, now=NOON)[0] - NOON).total_seconds()
        for pk in range(1, 100)
    }

    assert len(waits) == 99
    assert all(3600 <= wait <= 3960 for wait in waits)
