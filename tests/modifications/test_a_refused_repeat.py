"""A repeat that is refused at a gateway which cannot be asked: nothing goes out again, and a person looks in time."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.models import ModificationState, Purpose
from orders.modifications.verdicts import Timing, judge
from tests.modifications import standings
from tests.modifications.situations import NOW, a_capability
from tests.modifications.standings import question, repeat

S = ModificationState
TIMING = Timing()
HONOURED = a_capability(
    replays=True,
    replays_errors=False,
    finds_by_modification_id=False,
    replay_window_seconds=3600,
    quarantine_seconds=1800,
)
OVER = timedelta(minutes=30)


def test_the_refusal_of_a_repeat_proves_nothing() -> None:
    ruling = judge(standings.DECLINED, repeat(), HONOURED, TIMING)

    assert (ruling.state, ruling.next_step, ruling.declined_on_repeat) == (S.UNKNOWN, Purpose.QUERY, True)


@pytest.mark.parametrize("answer", [standings.TIMEOUT, standings.UNREADABLE_200])
def test_it_waits_in_quarantine_and_stays_marked_so_that_it_is_not_sent_again(answer: object) -> None:
    ruling = judge(answer, question(declined_on_repeat=True), HONOURED, TIMING)  # type: ignore[arg-type]

    assert (ruling.state, ruling.next_step, ruling.declined_on_repeat) == (S.UNKNOWN, Purpose.QUERY, True)
    assert ruling.due_at == NOW - timedelta(minutes=1) + OVER


def test_when_the_quarantine_is_over_a_person_looks() -> None:
    asked = repeat(purpose=Purpose.QUERY, declined_on_repeat=True, first_sent_at=NOW - OVER, last_sent_at=NOW - OVER)

    ruling = judge(standings.TIMEOUT, asked, HONOURED, TIMING)

    assert (ruling.state, ruling.declined_on_repeat) == (S.REVIEW, True)


def test_what_was_not_refused_is_sent_again() -> None:
    ruling = judge(standings.TIMEOUT, question(), HONOURED, TIMING)

    assert ruling.next_step is Purpose.SEND
