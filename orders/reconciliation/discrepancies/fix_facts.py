"""What can be done about a discrepancy, and everything that decides whether this person may do it: plain values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orders.models import DiscrepancyType as T
from orders.models.discrepancy import NO_MONEY


class Fix(StrEnum):
    """What can be done about a discrepancy, in the order it is offered."""

    LINK = "link"
    ADOPT = "adopt"
    ASK = "ask"
    ACCEPT = "accept"
    WRITE_OFF = "write_off"
    CONFIRM = "confirm"
    REJECT = "reject"
    REOPEN = "reopen"


REASONED = frozenset(Fix) - {Fix.ASK, Fix.CONFIRM}
"""These are not done without a reason in the person's own words."""
LINKABLE = frozenset({T.THEIRS_NOT_OURS, T.OURS_NOT_THEIRS, T.AMBIGUOUS})
ADOPTABLE = frozenset({T.THEIRS_NOT_OURS, T.DUPLICATE, T.CHARGEBACK_AFTER_REFUND, T.SETTLED_THOUGH_FAILED})
ENDS_WHEN_MET = frozenset(
    {
        *(T.THEIRS_NOT_OURS, T.OURS_NOT_THEIRS, T.AMOUNT, T.CURRENCY, T.KIND),
        *(T.DUPLICATE, T.AMBIGUOUS, T.SPLIT_LEG_FAILED),
    }
)
"""What the next run ends by itself once line and movement have met."""
MOVES = {"capture": "captured", "refund": "refunded", "chargeback": "charged back"}
"""The lines whose money our books can hold."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything the rules may look at. Amounts are minor units of `currency`."""

    type: str
    state: str
    amount: int
    difference: int
    currency: str
    accept_limit: int
    line_type: str = ""
    """Empty where no line shows it."""
    has_transaction: bool = False
    reads: bool = False
    """Whether the account's gateway can be asked about a payment."""
    line_met: bool = False
    """Whether the line is matched with a movement of ours; a duplicate is not, its twin is. What says that it moved
    though ours had failed is the movement that it is about, and does not count here."""
    item_met: bool = False
    """Whether lines cover the missed movement to the last minor unit."""
    proposed_by: int | None = None
    proposer: str = ""
    fix: str = ""
    """What closed it."""
    month: str = ""
    """The month it belongs to, in words."""
    month_closed: bool = False


@dataclass(frozen=True, kw_only=True)
class Asker:
    """Who asks: the id of the person and what they may do at the discrepancy's merchant."""

    person: int | None
    permissions: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Whether a fix may be used; the sentence says what it needs, or why not and what to do instead."""

    allowed: bool
    rule: str
    sentence: str


def at_stake(facts: Facts) -> int:
    """What one person would give up by accepting, in minor units: never negative. Where nothing is missing, nothing."""
    return 0 if facts.type in NO_MONEY else max(facts.amount, abs(facts.difference) if facts.difference else 0)
