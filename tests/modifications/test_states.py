"""The table of transitions, and that the mechanism never leaves it."""

from __future__ import annotations

import pytest

from orders.models import FINISHED, IN_DOUBT, OPEN, ModificationState
from orders.modifications.states import TRANSITIONS, diagram, permits

S = ModificationState


def test_every_state_is_in_the_table_and_every_state_can_be_reached() -> None:
    reached = {after for steps in TRANSITIONS.values() for after in steps}

    assert set(TRANSITIONS) == set(S)
    assert reached == set(S)


@pytest.mark.parametrize("before", sorted(FINISHED))
def test_an_end_is_an_end(before: S) -> None:
    assert not any(permits(before, after) for after in S)


@pytest.mark.parametrize("before", sorted(OPEN))
def test_an_open_one_may_stay_and_has_a_way_to_an_end(before: S) -> None:
    seen, frontier = {before}, [before]
    while frontier:
        frontier = [after for state in frontier for after in TRANSITIONS[state] if after not in seen]
        seen.update(frontier)

    assert permits(before, before)
    assert {S.SUCCEEDED, S.FAILED} <= seen


def test_what_may_have_been_sent_is_never_withdrawn_or_queued_again() -> None:
    for sent in (S.PENDING, S.UNKNOWN):
        assert not permits(sent, S.WITHDRAWN)
        assert not permits(sent, S.QUEUED)
    assert not permits(S.REVIEW, S.UNKNOWN)


def test_open_and_finished_are_everything_and_doubt_is_open() -> None:
    assert set(S) == OPEN | FINISHED
    assert not OPEN & FINISHED
    assert IN_DOUBT < OPEN


def test_the_diagram_shows_every_step_with_its_reason() -> None:
    drawn = diagram()

    assert drawn.startswith("stateDiagram-v2\n    [*] --> queued: requested\n")
    for before, steps in TRANSITIONS.items():
        for after, why in steps.items():
            assert f"    {before} --> {after}: {why}\n" in drawn
    assert drawn.count("--> [*]") == len(FINISHED)
