"""The cells of the step-kill matrix: one modification that dies at one step while its gateway behaves in one way."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field

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
KINDS = ("refund", "capture", "cancel", "cancel_or_refund")
AMOUNTS = {"refund": 2_550, "capture": 7_000, "cancel": 10_000, "cancel_or_refund": 10_000}
"""Minor units; cancellations move everything."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How the gateway behaves towards one modification, and how that must end."""

    fault: str = ""
    """A fault of the sandbox that meets the first request; empty for none."""
    seconds: float | None = None
    closed_at_first: bool = False
    """Nobody listens until an attempt was refused."""
    forgets_answers: bool = False
    """A repeat is refused because the first request succeeded, instead of being answered again."""
    ends: str = "succeeded"
    executions: int = 1


BEHAVIOURS = {
    "success": Behaviour(),
    "pending": Behaviour(fault="pending", seconds=1),
    "declined": Behaviour(fault="refuse", ends="failed", executions=0),
    "refused_connection": Behaviour(closed_at_first=True),
    "reset_before": Behaviour(fault="reset_before"),
    "reply_lost": Behaviour(fault="lose_reply"),
    "500_before": Behaviour(fault="error_500_before"),
    "500_after": Behaviour(fault="error_500_after"),
    "truncated": Behaviour(fault="truncate"),
    "4xx_on_retry": Behaviour(fault="lose_reply", forgets_answers=True),
    "429": Behaviour(fault="too_many", seconds=1),
    "mismatch": Behaviour(fault="wrong_amount_executed", ends="review"),
}
MISMATCH_WITHOUT_AN_AMOUNT = Behaviour(fault="wrong_amount", ends="review")
"""A cancellation has no other amount that could be executed; only the answer can be wrong."""


@dataclass(kw_only=True)
class Cell:
    """One cell; `problems` fills with sentences while it runs."""

    kind: str
    point: str
    outcome: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    problems: list[str] = field(default_factory=list)

    @property
    def behaviour(self) -> Behaviour:
        if self.outcome == "mismatch" and self.kind in ("cancel", "cancel_or_refund"):
            return MISMATCH_WITHOUT_AN_AMOUNT
        return BEHAVIOURS[self.outcome]

    @property
    def name(self) -> str:
        return f"{self.kind} · {self.point} · {self.outcome}"


def every_cell() -> list[Cell]:
    """The whole matrix of gateway A."""
    return [
        Cell(kind=kind, point=point, outcome=outcome) for kind in KINDS for point in POINTS for outcome in BEHAVIOURS
    ]


def refunds_and_a_sample(seed: int) -> list[Cell]:
    """Refund completely; of each other kind every point and every outcome at least once, paired by `seed`."""
    cells = [Cell(kind="refund", point=point, outcome=outcome) for point in POINTS for outcome in BEHAVIOURS]
    dice = random.Random(seed)
    for kind in KINDS[1:]:
        outcomes = list(BEHAVIOURS)
        dice.shuffle(outcomes)
        points = list(POINTS) + dice.sample(POINTS, len(outcomes) - len(POINTS))
        cells += [
            Cell(kind=kind, point=point, outcome=outcome) for point, outcome in zip(points, outcomes, strict=True)
        ]
    return cells
