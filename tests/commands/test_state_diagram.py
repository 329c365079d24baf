"""`state_diagram`: the diagram holds every state and every step of the table."""

from __future__ import annotations

from orders.models import ModificationState
from orders.modifications.states import TRANSITIONS
from tests.commands.running import run


def test_every_state_and_step_is_drawn() -> None:
    drawn = run("state_diagram").out

    assert drawn.startswith("stateDiagram-v2")
    for before, steps in TRANSITIONS.items():
        for after in steps:
            assert f"{before.value} --> {after.value}:" in drawn
    assert all(state.value in drawn for state in ModificationState)


def test_json_holds_the_same_steps() -> None:
    steps = run("state_diagram", "--json").facts["steps"]

    assert len(steps) == sum(len(after) for after in TRANSITIONS.values())
