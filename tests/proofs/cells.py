"""The cells of the step-kill matrix: one modification that dies at one step while its gateway behaves in one way."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from tests.proofs.behaviours import OUTCOMES, SETUPS, A, Behaviour, End, Setup, behaviour_of, end_of, is_reached

__all__ = ["AMOUNTS", "OUTCOMES", "POINTS", "Cell", "every_cell", "refunds_and_a_sample"]

POINTS = (
    "after_commit_before_publish",
    "after_claim",
    "after_arm",
    "before_send",
    "after_send",
    "after_response",
    "inside_resolve",
    "after_resolve",
)
WHOLE = 10_000
AMOUNTS = {"refund": 2_550, "capture": 7_000}
"""Minor units; cancellations and voids move everything."""


@dataclass(kw_only=True)
class Cell:
    """One cell; `problems` fills with sentences while it runs."""

    setup: Setup
    kind: str
    point: str
    outcome: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    problems: list[str] = field(default_factory=list)

    @property
    def behaviour(self) -> Behaviour:
        found = behaviour_of(self.setup, self.kind, self.outcome)
        assert found is not None, "such a cell is not made"
        return found

    @property
    def end(self) -> End:
        return end_of(self.setup, self.behaviour, self.point)

    @property
    def amount(self) -> int:
        """Minor units. Gateway B refuses a repeat that it does not remember only when nothing is left for it."""
        if self.behaviour.forgets_answers and self.setup is not A:
            return WHOLE
        return AMOUNTS.get(self.kind, WHOLE)

    @property
    def name(self) -> str:
        return f"{self.setup.name} · {self.kind} · {self.point} · {self.outcome}"

    @property
    def traits(self) -> tuple[str, ...]:
        return self.setup.name, self.kind, self.point, self.outcome


def every_cell() -> list[Cell]:
    """The whole matrix of the three gateways."""
    return [cell for setup in SETUPS for kind in setup.kinds for cell in _cells_of(setup, kind)]


def refunds_and_a_sample(seed: int, *, vendor: int) -> list[Cell]:
    """Gateway A: refund completely, and of each other kind every point and every outcome at least once. The others:
    every two traits (setup, kind, step, outcome) that can meet do meet at least once.

    Paired by `seed` and dealt out by it over the two databases; `vendor` is 0 or 1.
    """
    dice = random.Random(seed)
    cells = _cells_of(A, "refund")
    for kind in A.kinds[1:]:
        outcomes = list(A.outcomes)
        dice.shuffle(outcomes)
        points = list(POINTS) + dice.sample(POINTS, len(outcomes) - len(POINTS))
        cells += [
            Cell(setup=A, kind=kind, point=point, outcome=outcome)
            for point, outcome in zip(points, outcomes, strict=True)
        ]
    cells += _pairwise((cell for cell in every_cell() if cell.setup is not A), dice)
    dice.shuffle(cells)
    return cells[vendor::2]


def _cells_of(setup: Setup, kind: str) -> list[Cell]:
    return [
        Cell(setup=setup, kind=kind, point=point, outcome=outcome)
        for point in POINTS
        for outcome in setup.outcomes
        if (behaviour := behaviour_of(setup, kind, outcome)) is not None and is_reached(setup, behaviour, point)
    ]


def _pairwise(cells: Iterable[Cell], dice: random.Random) -> list[Cell]:
    """Few cells in which every pair of traits stands that stands in any; greedily, so not the fewest."""
    candidates = list(cells)
    dice.shuffle(candidates)
    missing = {pair for cell in candidates for pair in combinations(cell.traits, 2)}
    chosen = []
    while missing:
        best = max(candidates, key=lambda cell: len(missing.intersection(combinations(cell.traits, 2))))
        missing.difference_update(combinations(best.traits, 2))
        chosen.append(best)
    return chosen
