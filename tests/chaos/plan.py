"""What a chaos run will do, drawn from one seed: who asks for what, and which request meets which fault."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import dataclass

FAULTS = (
    "lose_reply",
    "reset_before",
    "close_before",
    "error_500_before",
    "error_500_after",
    "error_502_html",
    "truncate",
    "bad_json",
    "too_many",
    "conflict_409",
    "pending",
    "refuse",
    "wrong_amount_executed",
)
SECONDS = {"too_many": 1.0, "pending": 1.0}
ENDS = {"refuse": "failed", "wrong_amount_executed": "review"}
"""Everything else ends as succeeded."""
STRIKES_ONCE = frozenset({"pending", "refuse", "wrong_amount_executed", "truncate", "bad_json"})
"""These end it, or make the worker ask instead of sending again: a second strike would never come."""
FAULTY_SHARE = 0.1
FEWEST = 5


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One modification that somebody will ask for. `payment` is its number among the payments."""

    id: str
    payment: int
    kind: str
    amount: int
    fault: str
    times: int

    @property
    def ends(self) -> str:
        return ENDS.get(self.fault, "succeeded")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All deeds, and for each payment whether it begins captured."""

    seed: int
    deeds: tuple[Deed, ...]
    captured: tuple[bool, ...]

    def planned(self) -> Counter[str]:
        """How often each gateway fault is going to strike."""
        counts: Counter[str] = Counter()
        for deed in self.deeds:
            if deed.fault:
                counts[deed.fault] += deed.times
        return counts


def draw(*, seed: int, size: int) -> Plan:
    """A plan of `size` deeds, about a tenth of them with a fault, each kind of fault at least FEWEST times."""
    dice = random.Random(seed)
    faults = _faults(size)
    dice.shuffle(faults)
    deeds: list[Deed] = []
    captured: list[bool] = []
    for number in range(size):
        fault, times = faults[number]
        kind = dice.choice(("refund", "refund", "refund", "capture", "cancel", "cancel_or_refund"))
        if fault == "wrong_amount_executed":
            kind = "refund"
        again = not fault and kind == "refund" and deeds and deeds[-1].kind == "refund" and not deeds[-1].fault
        if not (again and dice.random() < 0.5 and captured[-1] and _room(deeds, len(captured) - 1)):
            captured.append(kind == "refund" or (kind == "cancel_or_refund" and dice.random() < 0.5))
        amount = 10_000 if kind.startswith("cancel") else dice.randrange(1_000, 3_000)
        one = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        deeds.append(Deed(id=one, payment=len(captured) - 1, kind=kind, amount=amount, fault=fault, times=times))
    return Plan(seed=seed, deeds=tuple(deeds), captured=tuple(captured))


def _faults(size: int) -> list[tuple[str, int]]:
    """A fault and how often it strikes, for each deed; ("", 0) for most."""
    of_each = max(1, round(size * FAULTY_SHARE / len(FAULTS)))
    chosen: list[tuple[str, int]] = []
    for fault in FAULTS:
        deeds = max(of_each, FEWEST) if fault in STRIKES_ONCE else of_each
        times = 1 if fault in STRIKES_ONCE else -(-FEWEST // deeds)
        chosen += [(fault, times)] * deeds
    return chosen + [("", 0)] * (size - len(chosen))


def _room(deeds: list[Deed], payment: int) -> bool:
    """At most three refunds of one payment, so that they always fit into it."""
    return sum(deed.payment == payment for deed in deeds[-3:]) < 3
