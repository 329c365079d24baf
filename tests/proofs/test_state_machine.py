"""The invariants hold in every life that Hypothesis thinks of.

A failing life is printed as a program that repeats it; PROPERTY_TIMES=50 lives fifty times as many.
"""

from __future__ import annotations

import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from orders import database
from tests.examples import examples
from tests.proofs.fates import FakeClock
from tests.proofs.lives import Lives

pytestmark = pytest.mark.django_db

LIVES = 40
STEPS = 30


@pytest.fixture
def fake_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    real, fake = database.database_now, FakeClock()
    for name, module in list(sys.modules.items()):
        if name.startswith("orders.") and getattr(module, "database_now", None) is real:
            monkeypatch.setattr(module, "database_now", fake)
    return fake


def test_whatever_happens_the_invariants_hold(fake_clock: FakeClock) -> None:
    Lives.clock = fake_clock
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=examples(LIVES),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            # A life of thirty steps is short enough to read, and making it shorter takes minutes.
            phases=(Phase.explicit, Phase.reuse, Phase.generate),
        ),
    )
