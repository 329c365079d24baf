"""What a chaos run will do, drawn from one seed: who asks for what, and which request meets which fault."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.proofs.behaviours import SETUPS, TOLD_SECONDS, Setup

UNHEARD_BUT_DONE = ("lose_reply", "error_500_after", "truncate", "bad_json")
NOTHING_DONE = ("reset_before", "close_before", "error_500_before", "error_502_html", "too_many", "conflict_409")
CONTRADICTION = "wrong_amount_executed"
FAULTS = {
    "smartpay": (*UNHEARD_BUT_DONE, *NOTHING_DONE, "pending", "refuse", CONTRADICTION),
    "smartpay_orders": (*UNHEARD_BUT_DONE, *NOTHING_DONE, "refuse", CONTRADICTION),
    "smarterpay": (*UNHEARD_BUT_DONE, *NOTHING_DONE, "pending", "refuse", "status_error_before", "status_error_after"),
}
SECONDS = {"too_many": 1.0, "pending": 1.0}
ENDS = {"refuse": "failed", CONTRADICTION: "review"}
"""Everything else ends as succeeded, where the gateway can be asked."""
STRIKES_ONCE = frozenset({"pending", "refuse", CONTRADICTION, "truncate", "bad_json"})
"""These end it, or make the worker ask instead of sending again: a second strike would never come."""
FAULTY_SHARE = 0.1
FEWEST = 5
ONLY_AT_ONE = frozenset({"status_error_before", "status_error_after"})
SPARE = 3
"""A worker that is killed before it sends at gateway C never meets its fault."""
SHARES = {"smartpay": 0.5, "smartpay_orders": 0.25, "smarterpay": 0.25}

TOLD = {
    setup.gateway: Setup(
        name=setup.gateway,
        gateway=setup.gateway,
        kinds=setup.kinds,
        outcomes={},
        told=True,
        asks=setup.asks,
        profile={} if setup.asks else {"quarantine_seconds": TOLD_SECONDS},
    )
    for setup in SETUPS
    if setup.name in ("A", "B told", "C told")
}
"""The accounts of the storm: webhooks arrive at each of them, or should."""


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One modification that somebody will ask for. `payment` is its number among the payments; `planned` says that it
    draws on several captures."""

    id: str
    gateway: str
    payment: int
    kind: str
    amount: int
    fault: str
    times: int
    planned: bool = False

    @property
    def ends(self) -> frozenset[str]:
        """How it may end, once every webhook has arrived."""
        if TOLD[self.gateway].asks:
            return frozenset({ENDS.get(self.fault, "succeeded")})
        if self.fault in NOTHING_DONE or self.fault == "status_error_before":
            return frozenset({"review"})
        # In review is what a killed worker had not sent: nobody can tell, and it is never sent again.
        return frozenset({ENDS.get(self.fault, "succeeded"), "review"})


@dataclass(frozen=True, kw_only=True)
class Given:
    """A payment as the run begins: its captures, and whether they can no longer be voided."""

    gateway: str
    parts: tuple[int, ...]
    cleared: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """All deeds and all payments."""

    seed: int
    deeds: tuple[Deed, ...]
    payments: tuple[Given, ...]

    def planned(self) -> Counter[str]:
        """How often each gateway fault is going to strike."""
        counts: Counter[str] = Counter()
        for deed in self.deeds:
            if deed.fault:
                counts[deed.fault] += deed.times
        return counts

    def shared(self) -> list[int]:
        """Numbers of the payments that we refund and the vendor's portal may refund too.

        None of gateway C: there a movement of the portal waits while one of ours that it could be has no end.
        """
        refunded = {deed.payment for deed in self.deeds if deed.kind == "refund" and not deed.fault}
        others = {deed.payment for deed in self.deeds if deed.planned or deed.gateway == "smarterpay"}
        return sorted(refunded - others)

    def untouched(self) -> list[int]:
        """Numbers of the payments that nobody here asks anything of."""
        touched = {deed.payment for deed in self.deeds}
        return [number for number in range(len(self.payments)) if number not in touched]


def draw(*, seed: int, size: int) -> Plan:
    """A plan of `size` deeds, about a tenth of them with a fault, each kind of fault at least FEWEST times."""
    dice = random.Random(seed)
    wanted = [
        (gateway, fault, times)
        for gateway, share in SHARES.items()
        for fault, times in _faults(gateway, round(size * share))
    ]
    dice.shuffle(wanted)
    deeds: list[Deed] = []
    payments: list[Given] = []
    for gateway, fault, times in wanted:
        kind = _kind(gateway, fault, dice)
        planned = gateway == "smartpay_orders" and kind == "refund" and not fault and dice.random() < 0.3
        if planned or not _goes_on(deeds, gateway, kind, fault, dice):
            payments.append(_payment(gateway, kind, planned=planned, dice=dice))
        deeds.append(
            Deed(
                id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
                gateway=gateway,
                payment=len(payments) - 1,
                kind=kind,
                amount=7_500 if planned else _amount(kind, dice),
                fault=fault,
                times=times,
                planned=planned,
            )
        )
    untouched = [
        Given(gateway=gateway, parts=parts, cleared=True)
        for parts in ((10_000,), (), ())
        for gateway in (*SHARES, *SHARES)
    ]
    return Plan(seed=seed, deeds=tuple(deeds), payments=(*payments, *untouched))


def _kind(gateway: str, fault: str, dice: random.Random) -> str:
    """Refunds most of all; another amount can only be executed where an amount is sent."""
    if fault == CONTRADICTION:
        return "refund"
    others = [kind for kind in TOLD[gateway].kinds if kind != "refund"]
    return dice.choice(["refund"] * len(others) + others)


def _amount(kind: str, dice: random.Random) -> int:
    return dice.randrange(1_000, 3_000) if kind in ("refund", "capture") else 10_000


def _payment(gateway: str, kind: str, *, planned: bool, dice: random.Random) -> Given:
    captured = kind in ("refund", "void") or (kind == "cancel_or_refund" and dice.random() < 0.5)
    whole = (4_000, 6_000) if planned else (10_000,)
    return Given(gateway=gateway, parts=whole if captured else (), cleared=kind != "void")


def _goes_on(deeds: Sequence[Deed], gateway: str, kind: str, fault: str, dice: random.Random) -> bool:
    """Whether it is one more refund of the payment before, of which there are at most three.

    Never at gateway C: what is unclear there closes its payment for everybody.
    """
    if fault or kind != "refund" or not deeds or not TOLD[gateway].asks:
        return False
    last = deeds[-1]
    like_it = (last.gateway, last.kind, last.fault, last.planned) == (gateway, "refund", "", False)
    room = sum(deed.payment == last.payment for deed in deeds[-3:]) < 3
    return like_it and room and dice.random() < 0.5


def _faults(gateway: str, size: int) -> list[tuple[str, int]]:
    """A fault and how often it strikes, for each deed; ("", 0) for most.

    Gateway A alone makes up the fewest, and none strikes so often that the pauses between the tries grow long.
    """
    of_each = max(1, round(size * FAULTY_SHARE / len(FAULTS[gateway])))
    chosen: list[tuple[str, int]] = []
    for fault in FAULTS[gateway]:
        deeds, times = of_each, 1
        if fault in ONLY_AT_ONE:
            deeds = max(of_each, FEWEST + SPARE)
        elif gateway == "smartpay":
            deeds = max(of_each, FEWEST if fault in STRIKES_ONCE else 2)
            times = 1 if fault in STRIKES_ONCE else -(-FEWEST // deeds)
        chosen += [(fault, times)] * deeds
    return chosen + [("", 0)] * max(0, size - len(chosen))
