"""May we? State × kind × capability × person × amount: one pure function that page, command, admin and worker share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from orders.gateways.base import Capability, Kind, TransactionState
from orders.money import Money

CAPTURABLE = frozenset({TransactionState.AUTHORIZED})
CANCELLABLE = frozenset({TransactionState.AUTHORIZED})
REFUNDABLE = frozenset({TransactionState.CAPTURED, TransactionState.SETTLED})
"""Seed 000: refunds can be requested for CAPTURED or SETTLED transactions."""
REVERSIBLE = CANCELLABLE | REFUNDABLE

VERBS = {
    Kind.CAPTURE: "capture",
    Kind.CANCEL: "cancel",
    Kind.CANCEL_OR_REFUND: "cancel or refund",
    Kind.REFUND: "refund",
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


def may(kind: Kind, situation: Situation, *, amount: int | None = None) -> Decision:
    """Whether this person may ask for this modification now; with an amount, whether this much.

    The first rule that refuses is the answer. Without an amount the answer is about the button.
    """
    decision = _refusal(kind, situation, amount) or _permission(kind, situation)
    facts = facts_of(situation)
    if decision.allowed:
        return replace(decision, facts=facts)
    return replace(decision, facts=facts, alternative=_alternative(kind, situation))


def decide_all(situation: Situation) -> dict[Kind, Decision]:
    """A decision for every kind, in the order the buttons stand."""
    return {kind: may(kind, situation) for kind in Kind}


def maximum_of(kind: Kind, situation: Situation) -> int:
    """The most this kind can move now, in minor units."""
    return {
        Kind.CAPTURE: _capture_room(situation),
        Kind.CANCEL: _capture_room(situation),
        Kind.CANCEL_OR_REFUND: _reversal(situation),
        Kind.REFUND: min(_refund_room(situation), situation.largest_capture_open),
    }[kind]


def facts_of(situation: Situation) -> tuple[Fact, ...]:
    """The facts every rule looks at, with their source and time."""
    money = _money(situation)
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


# The refusals, in the order a person should hear them.


def _refusal(kind: Kind, situation: Situation, amount: int | None) -> Decision | None:
    checks = (
        _permission_refusal,
        _capability_refusal,
        _safety_refusal,
        _state_refusal,
        _money_refusal,
    )
    for check in checks:
        refusal = check(kind, situation)
        if refusal is not None:
            return refusal
    return None if amount is None else _amount_refusal(kind, situation, amount)


def _permission(kind: Kind, situation: Situation) -> Decision:
    maximum = Money(maximum_of(kind, situation), situation.currency)
    sentence = {
        Kind.CAPTURE: f"Up to {maximum} can be captured.",
        Kind.CANCEL: f"The authorization of {maximum} can be released to the shopper.",
        Kind.CANCEL_OR_REFUND: f"The gateway cancels or refunds the full {maximum}, whichever fits its state.",
        Kind.REFUND: f"Up to {maximum} can be refunded.",
    }[kind]
    if kind is Kind.CAPTURE and situation.capability.releases_remainder and not situation.capability.multiple_capture:
        sentence += " What is not captured is released; there is one capture only."
    return Decision(kind=kind, allowed=True, rule="open", sentence=sentence, maximum=maximum)


def permission_for(kind: Kind) -> str:
    """The permission a kind is named after; `permissions_needed` says everything it takes."""
    return {
        Kind.CAPTURE: "capture",
        Kind.CANCEL: "cancel",
        Kind.CANCEL_OR_REFUND: "refund",
        Kind.REFUND: "refund",
    }[kind]


def permissions_needed(kind: Kind) -> frozenset[str]:
    """What a person must be allowed; cancel-or-refund can do either, so it needs both."""
    return frozenset({"cancel", "refund"}) if kind is Kind.CANCEL_OR_REFUND else frozenset({permission_for(kind)})


def _permission_refusal(kind: Kind, situation: Situation) -> Decision | None:
    missing = sorted(permissions_needed(kind) - situation.permissions)
    if not missing:
        return None
    return _closed(
        kind,
        "permission",
        f"You may not {VERBS[kind]} for this merchant.",
        unlock="Ask an administrator of this merchant for the permission.",
        who=f"People in a group with the {' and the '.join(f'“{word}”' for word in missing)} permission.",
    )


def _capability_refusal(kind: Kind, situation: Situation) -> Decision | None:
    capability = situation.capability
    if kind not in capability.kinds:
        return _closed(kind, "capability", f"This gateway account offers no {VERBS[kind]}.")
    if capability.auto_capture and kind is Kind.CAPTURE:
        return _closed(
            kind,
            "auto_capture",
            "This account captures automatically, so nothing is captured by hand.",
            unlock="Use cancel or refund to give the money back.",
        )
    return None


def _safety_refusal(kind: Kind, situation: Situation) -> Decision | None:
    if situation.frozen_reason:
        return _closed(
            kind,
            "frozen",
            f"This transaction is frozen: {situation.frozen_reason}",
            unlock="Two people with the repair permission unfreeze it after looking.",
            who="People with the “repair” permission.",
        )
    if situation.unknown_count:
        return _closed(
            kind,
            "unknown",
            "The outcome of an earlier modification is unknown, so no other money may move on this transaction.",
            unlock="It opens by itself once the gateway has said what became of the earlier one.",
        )
    if situation.exclusive:
        return _closed(
            kind,
            "exclusive",
            "A cancellation of this transaction is on its way and has it to itself.",
            unlock="It opens when the cancellation has ended.",
        )
    return None


def _state_refusal(kind: Kind, situation: Situation) -> Decision | None:
    state = situation.state
    if state is TransactionState.UNRECOGNISED:
        return _closed(
            kind,
            "unrecognised",
            f"The gateway reports “{situation.raw_status}”, a status this system does not know. Look, don’t act.",
            unlock="It opens when the gateway reports a status we know.",
        )
    if kind is Kind.CAPTURE and state in CAPTURABLE and _expired(situation):
        return _closed(kind, "expired", "The authorization has expired; it can no longer be captured.")
    allowed = {
        Kind.CAPTURE: CAPTURABLE,
        Kind.CANCEL: CANCELLABLE,
        Kind.CANCEL_OR_REFUND: REVERSIBLE,
        Kind.REFUND: REFUNDABLE,
    }[kind]
    if state in allowed or (kind is Kind.REFUND and situation.captured and state in CAPTURABLE):
        return None
    return _closed(
        kind,
        "state",
        f"{_needs(kind)}, and this one is {state.value.replace('_', ' ')}.",
        unlock=_unlock_state(kind, state),
    )


def _money_refusal(kind: Kind, situation: Situation) -> Decision | None:
    if kind in (Kind.CAPTURE, Kind.CANCEL, Kind.CANCEL_OR_REFUND) and situation.capturing:
        return _closed(
            kind,
            "capture_in_flight",
            f"A capture of {_money(situation)(situation.capturing)} is on its way.",
            unlock="It opens when the capture has ended.",
        )
    if kind in (Kind.CANCEL, Kind.CANCEL_OR_REFUND) and situation.refunding:
        return _closed(
            kind,
            "refund_in_flight",
            f"A refund of {_money(situation)(situation.refunding)} is on its way.",
            unlock="It opens when the refund has ended.",
        )
    if kind is Kind.CANCEL and situation.captured:
        return _closed(kind, "captured", "Part of it is captured, so a cancel is too late; use refund.")
    if kind is Kind.CAPTURE and not situation.capture_open:
        return _closed(kind, "one_capture", "The gateway takes no further capture on this authorization.")
    if maximum_of(kind, situation) > 0:
        return None
    return _closed(kind, "nothing_left", _nothing_left(kind, situation))


def _amount_refusal(kind: Kind, situation: Situation, amount: int) -> Decision | None:
    maximum = maximum_of(kind, situation)
    money = _money(situation)
    if amount <= 0:
        return _closed(kind, "amount", "The amount must be greater than zero.")
    if amount > maximum:
        return _closed(
            kind,
            "amount",
            f"{money(amount)} is more than the {money(maximum)} that can be {_done(kind)}. Nothing was sent.",
            unlock=f"Ask for {money(maximum)} or less.",
        )
    whole_only = kind in (Kind.CANCEL, Kind.CANCEL_OR_REFUND)
    partial_barred = (kind is Kind.CAPTURE and not situation.capability.partial_capture) or (
        kind is Kind.REFUND and not situation.capability.partial_refund
    )
    if amount < maximum and (whole_only or partial_barred):
        return _closed(kind, "whole", f"Only the full {money(maximum)} can be {_done(kind)}. Nothing was sent.")
    return None


# Small words and sums.


def _capture_room(situation: Situation) -> int:
    return max(0, situation.authorized - situation.captured - situation.capturing - situation.released)


def _refund_room(situation: Situation) -> int:
    return max(0, situation.captured - situation.refunded - situation.refunding - situation.charged_back)


def _reversal(situation: Situation) -> int:
    return _refund_room(situation) if situation.captured else _capture_room(situation)


def _expired(situation: Situation) -> bool:
    return situation.expires_at is not None and situation.expires_at <= situation.now


def _alternative(kind: Kind, situation: Situation) -> Kind | None:
    preference = {
        Kind.CAPTURE: (Kind.CANCEL_OR_REFUND, Kind.REFUND),
        Kind.CANCEL: (Kind.REFUND, Kind.CANCEL_OR_REFUND),
        Kind.CANCEL_OR_REFUND: (Kind.REFUND, Kind.CANCEL),
        Kind.REFUND: (Kind.CANCEL, Kind.CANCEL_OR_REFUND),
    }[kind]
    return next((other for other in preference if _refusal(other, situation, None) is None), None)


def _closed(kind: Kind, rule: str, sentence: str, *, unlock: str = "", who: str = "") -> Decision:
    return Decision(kind=kind, allowed=False, rule=rule, sentence=sentence, unlock=unlock, who=who)


def _needs(kind: Kind) -> str:
    return {
        Kind.CAPTURE: "Capture needs an authorized transaction",
        Kind.CANCEL: "Cancel needs an authorized transaction",
        Kind.CANCEL_OR_REFUND: "Cancel or refund needs an authorized or captured transaction",
        Kind.REFUND: "Refund needs a captured transaction",
    }[kind]


def _unlock_state(kind: Kind, state: TransactionState) -> str:
    if state is TransactionState.PENDING_AUTHORIZATION:
        return "It opens when the shopper has authorized the payment."
    if kind is Kind.REFUND and state in CAPTURABLE:
        return "It opens once the money is captured; cancel releases the authorization instead."
    if state in (TransactionState.CAPTURE_PENDING, TransactionState.CANCEL_PENDING):
        return "It opens when the gateway has finished what is pending."
    return ""


def _nothing_left(kind: Kind, situation: Situation) -> str:
    if kind in (Kind.REFUND, Kind.CANCEL_OR_REFUND) and situation.charged_back:
        return "Nothing is left to refund: what is not refunded yet was charged back."
    if kind is Kind.REFUND and situation.refunding:
        return "Nothing is left to refund: pending refunds already cover everything captured."
    return f"Nothing is left to {VERBS[kind]}."


def _done(kind: Kind) -> str:
    return {Kind.CAPTURE: "captured", Kind.CANCEL: "cancelled", Kind.CANCEL_OR_REFUND: "reversed"}.get(kind, "refunded")


def _money(situation: Situation) -> Callable[[int], str]:
    return lambda amount_minor: str(Money(amount_minor, situation.currency))


def _with_twin(money: Callable[[int], str], settled: int, pending: int) -> str:
    return f"{money(settled)} (+ {money(pending)} pending)" if pending else money(settled)
