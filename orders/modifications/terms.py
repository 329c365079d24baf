"""The terms of a decision: what the rules look at, the sums they draw from it, and the answer they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orders.gateways.base import Capability, Kind, TransactionState
from orders.money import Money

VERBS = {
    Kind.CAPTURE: "capture",
    Kind.CANCEL: "cancel",
    Kind.CANCEL_OR_REFUND: "cancel or refund",
    Kind.VOID: "void",
    Kind.REFUND: "refund",
    Kind.AUTHORIZE: "new payment",
}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Everything the rules may look at, read at one moment. Amounts are minor units of `currency`."""

    capability: Capability
    state: TransactionState
    raw_status: str
    status_at: datetime | None
    now: datetime
    currency: str
    authorized: int
    capturing: int
    captured: int
    released: int
    refunding: int
    refunded: int
    charged_back: int
    largest_capture_open: int
    """What can be refunded from one single capture, the one with the most left."""
    captures_open: int = 0
    """What can be refunded from all captures together; more than one of them makes it a plan."""
    voidable: int = 0
    """The newest capture that can still be voided in full; 0 when there is none."""
    clears_at: datetime | None = None
    """When the newest capture has cleared at the bank, so that refund takes the place of void."""
    payment_method: str = ""
    deal_reference: str = ""
    deal_room: int | None = None
    """What the deal this transaction belongs to still allows to be captured; None without a deal."""
    capture_open: bool
    exclusive: bool
    """An open cancel or cancel-or-refund has the transaction to itself."""
    unknown_count: int
    frozen_reason: str
    expires_at: datetime | None
    version: int
    permissions: frozenset[str]
    """Of capture, cancel, refund: what this person may do at this merchant."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One fact a rule used, for the proof beside the button."""

    name: str
    value: str
    source: str
    at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the rules say about one kind of modification, and why; the same sentence stands on the button and in the
    refusal."""

    kind: Kind
    allowed: bool
    rule: str
    sentence: str
    unlock: str = ""
    """What would open it, as a sentence."""
    who: str = ""
    """Who may do it, as a sentence."""
    alternative: Kind | None = None
    """The nearest other kind that is allowed now."""
    maximum: Money | None = None
    """The most that can be asked for; for cancel and cancel-or-refund exactly what will move."""
    facts: tuple[Fact, ...] = ()


def maximum_of(kind: Kind, situation: Situation) -> int:
    """The most this kind can move now, in minor units."""
    return {
        Kind.CAPTURE: _capture_maximum(situation),
        Kind.CANCEL: _capture_room(situation),
        Kind.CANCEL_OR_REFUND: _reversal(situation),
        Kind.VOID: _void_maximum(situation),
        Kind.REFUND: _refund_maximum(situation),
        Kind.AUTHORIZE: 0,
    }[kind]


def facts_of(situation: Situation) -> tuple[Fact, ...]:
    """The facts every rule looks at, with their source and time."""
    money = in_money(situation)
    return (
        Fact(
            name="Gateway status",
            value=situation.raw_status or situation.state.value,
            source="gateway",
            at=situation.status_at,
        ),
        Fact(name="Authorized", value=money(situation.authorized), source="gateway"),
        Fact(name="Captured", value=_with_twin(money, situation.captured, situation.capturing), source="our books"),
        Fact(name="Released", value=money(situation.released), source="our books"),
        Fact(name="Refunded", value=_with_twin(money, situation.refunded, situation.refunding), source="our books"),
        Fact(name="Charged back", value=money(situation.charged_back), source="gateway"),
        Fact(name="Outcomes unknown", value=str(situation.unknown_count), source="our books"),
    )


def _capture_room(situation: Situation) -> int:
    return max(0, situation.authorized - situation.captured - situation.capturing - situation.released)


def _capture_maximum(situation: Situation) -> int:
    room = _capture_room(situation)
    return room if situation.deal_room is None else max(0, min(room, situation.deal_room))


def _void_maximum(situation: Situation) -> int:
    """A void takes back a whole capture or nothing, so a chargeback of a part of it leaves nothing to void."""
    return situation.voidable if situation.voidable <= _refund_room(situation) else 0


def _refund_maximum(situation: Situation) -> int:
    """Where a refund names one capture at the gateway, a larger one is a plan over several (`plans.py`)."""
    planned = situation.capability.refunds_captures and situation.capability.multiple_capture
    reach = situation.captures_open if planned else situation.largest_capture_open
    return min(_refund_room(situation), reach)


def _refund_room(situation: Situation) -> int:
    return max(0, situation.captured - situation.refunded - situation.refunding - situation.charged_back)


def _reversal(situation: Situation) -> int:
    return _refund_room(situation) if situation.captured else _capture_room(situation)


def in_money(situation: Situation) -> Callable[[int], str]:
    return lambda amount_minor: str(Money(amount_minor, situation.currency))


def _with_twin(money: Callable[[int], str], settled: int, pending: int) -> str:
    return f"{money(settled)} (+ {money(pending)} pending)" if pending else money(settled)
