"""What a life in the state machine is made of: what people wish, what becomes of a request, and a clock that waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from orders import database
from orders.gateways.base import Kind
from orders.modifications.claim import Claim

BEGINNING = (
    (0, Kind.CAPTURE, 4_000),
    (1, Kind.REFUND, 2_500),
    (1, Kind.REFUND, 4_000),
    (2, Kind.CAPTURE, 3_000),
    (3, Kind.CAPTURE, 4_000),
    (4, Kind.VOID, 10_000),
)
"""What is asked for before a life begins: number of the transaction, kind, amount in minor units.

0 and 1 are at gateway A, authorized and captured; 2 at B, authorized; 3 and 4 at C, authorized and just captured.
"""
WISHES = (
    *BEGINNING,
    (0, Kind.CAPTURE, 10_000),
    (0, Kind.CANCEL, 10_000),
    (0, Kind.CANCEL_OR_REFUND, 10_000),
    (0, Kind.CANCEL_OR_REFUND, 4_000),
    (0, Kind.REFUND, 1_500),
    (1, Kind.REFUND, 3_500),
    (1, Kind.REFUND, 10_001),
    (1, Kind.CANCEL_OR_REFUND, 10_000),
    (1, Kind.CANCEL_OR_REFUND, 6_000),
    (2, Kind.CAPTURE, 4_000),
    (2, Kind.CAPTURE, 3_000),
    (2, Kind.CANCEL, 7_000),
    (2, Kind.CANCEL, 3_000),
    (2, Kind.REFUND, 1_500),
    (2, Kind.REFUND, 6_500),
    (3, Kind.CANCEL, 10_000),
    (3, Kind.VOID, 4_000),
    (4, Kind.VOID, 10_000),
)
RELEASING = ((2, Kind.CAPTURE, 4_000), (2, Kind.CAPTURE, 5_000))
"""Captures that give back what they leave, where the gateway lets people choose."""


class Fate(Enum):
    """What becomes of something that was armed."""

    ANSWERED = "answered, and the answer written down"
    PENDING = "taken, and carried out later"
    DECLINED = "refused"
    FORGOTTEN = "answered, or refused when it was carried out before"
    REPLY_LOST = "carried out, and the worker hears nothing"
    ANSWER_WAITS = "carried out, and the answer not written down yet"
    IN_THE_POST = "still on its way"
    DIES_BEFORE_SENDING = "the worker dies before it sends"
    DIES_AFTER_SENDING = "the worker dies before it hears"


FATES = tuple(Fate)
WRITTEN_AT_ONCE = frozenset({Fate.ANSWERED, Fate.PENDING, Fate.DECLINED, Fate.FORGOTTEN, Fate.REPLY_LOST})


@dataclass(kw_only=True)
class Letter:
    """A request on its way: it may arrive late, or never."""

    taken: Claim
    sent_at: datetime


class FakeClock:
    """The one clock of a life; it moves when time passes and at no other moment."""

    def __init__(self) -> None:
        self.began = self.now = database.database_now()

    def start_over(self) -> None:
        self.now = self.began

    def __call__(self) -> datetime:
        return self.now
