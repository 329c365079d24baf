"""The mistakes a settlement file can have, and how often: the dial of anomalies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from orders.sandbox.settlement import additional, changed, missing
from orders.sandbox.settlement.draws import Draw
from orders.sandbox.settlement.lines import Story
from orders.sandbox.settlement.scene import Scene

Mistake = Callable[[Scene], Story | None]
FILE_LEFT_OUT, SPLIT_LEG_LOST, NEVER_RELEASED = "file_left_out", "split_leg_lost", "never_released"
MISTAKES: dict[str, Mistake] = {
    "line_left_out": missing.line_left_out,
    "late": missing.late,
    "reference_left_out": missing.reference_left_out,
    "wrong_reference": missing.wrong_reference,
    "wrong_reference_alone": missing.wrong_reference_alone,
    "twins": missing.twins,
    "rounding": changed.rounded,
    "fee_deducted": changed.fee_deducted,
    "amount_changed": changed.more,
    "partial": changed.part,
    "wrong_currency": changed.wrong_currency,
    "converted": changed.converted,
    "kind_swapped": changed.swapped,
    "fee_wrong": changed.fee_wrong,
    "refund_in_portal": additional.refund_in_portal,
    "unknown_payment": additional.unknown_payment,
    "others_line": additional.others_line,
    "listed_twice": additional.listed_twice,
    "listed_again": additional.listed_again,
    "repeated_line": additional.repeated_line,
    "executed_twice": additional.executed_twice,
    "charged_back": additional.charged_back,
    "charged_back_after_refund": additional.charged_back_after_refund,
    "settled_though_failed": additional.settled_though_failed,
}
"""Each tells what the files say instead of the truth, or None where it cannot happen."""
KINDS = (*MISTAKES, FILE_LEFT_OUT)
RARE = {"charged_back_after_refund": 2, "settled_though_failed": 20, "twins": 2}
"""What few movements can meet happens to them that many times as often."""
CERTAIN = 10_000


class BadAnomalies(ValueError):
    """No such kind or rate; the text says which are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """How often and which. `basis_points` is the part of the movements that meet a mistake; 0 is an honest gateway."""

    basis_points: int = 0
    seed: int = 1
    kinds: tuple[str, ...] = KINDS

    def __post_init__(self) -> None:
        if not 0 <= self.basis_points <= CERTAIN:
            raise BadAnomalies("anomalies is a rate in basis points, from 0 to 10000.")
        if unknown := set(self.kinds) - set(KINDS):
            raise BadAnomalies(f"There is no kind {', '.join(sorted(unknown))}. Known: {', '.join(KINDS)}.")

    def draw(self, key: str) -> Draw:
        return Draw(self.seed, key)

    def leaves_out(self, gateway: str, merchant_key: str, day: date) -> bool:
        """Whether there is no file of this day at all: as often as a movement errs, one day in ten at the most."""
        if FILE_LEFT_OUT not in self.kinds:
            return False
        key = f"{gateway}:{merchant_key}:{day.isoformat()}"
        return self.draw(key).number("file", CERTAIN) < min(self.basis_points, CERTAIN // 10)

    def mistake_of(self, scene: Scene) -> Story | None:
        """One of the kinds that can happen to the movement, or None for an honest line."""
        chosen = scene.draw.number("happens", CERTAIN)
        if chosen >= self.basis_points * max(RARE.values()) or scene.movement.parts or scene.movement.lost_part:
            return None
        frequent = [name for name in self.kinds if name in MISTAKES and name not in RARE]
        for name, times in RARE.items():
            if name in self.kinds and chosen < self.basis_points * times and (story := MISTAKES[name](scene)):
                return story
        if chosen >= self.basis_points:
            return None
        start = scene.draw.number("kind", len(frequent)) if frequent else 0
        stories = (MISTAKES[name](scene) for name in (*frequent[start:], *frequent[:start]))
        return next((story for story in stories if story is not None), None)
