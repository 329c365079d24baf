"""May we? State × kind × capability × person × amount: one pure function that page, command, admin and worker share."""

from __future__ import annotations

from dataclasses import replace

from orders.gateways.base import ACTIONS, GIVES_BACK, Kind, TransactionState
from orders.modifications.terms import VERBS, Decision, Fact, Situation, facts_of, in_money, maximum_of
from orders.money import Money

__all__ = [
    "VERBS",
    "Decision",
    "Fact",
    "Situation",
    "decide_all",
    "facts_of",
    "maximum_of",
    "may",
    "permission_for",
    "permissions_needed",
]

CAPTURABLE = frozenset({TransactionState.AUTHORIZED})
CANCELLABLE = frozenset({TransactionState.AUTHORIZED})
REFUNDABLE = frozenset({TransactionState.CAPTURED, TransactionState.SETTLED})
"""Seed 000: refunds can be requested for CAPTURED or SETTLED transactions."""
REVERSIBLE = CANCELLABLE | REFUNDABLE


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
    return {kind: may(kind, situation) for kind in ACTIONS}


# The refusals, in the order a person should hear them.


def _refusal(kind: Kind, situation: Situation, amount: int | None) -> Decision | None:
    checks = (
        _permission_refusal,
        _capability_refusal,
        _method_refusal,
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
        Kind.VOID: f"The capture of {maximum} has not cleared at the bank yet and can be taken back whole.",
        Kind.REFUND: f"Up to {maximum} can be refunded.",
    }[kind]
    if kind is Kind.CAPTURE:
        sentence += _fate_of_the_rest(situation)
    if kind is Kind.REFUND and maximum.amount_minor > situation.largest_capture_open:
        sentence += " More than one capture holds becomes several refunds, the newest capture first."
    return Decision(kind=kind, allowed=True, rule="open", sentence=sentence, maximum=maximum)


def _fate_of_the_rest(situation: Situation) -> str:
    capability = situation.capability
    if capability.remainder_choice:
        return " What is not captured stays open, unless you release it with this capture."
    if capability.releases_remainder and not capability.multiple_capture:
        return " What is not captured is released; there is one capture only."
    return ""


def permission_for(kind: Kind) -> str:
    """The permission a kind is named after; `permissions_needed` says everything it takes."""
    return {
        Kind.CAPTURE: "capture",
        Kind.CANCEL: "cancel",
        Kind.CANCEL_OR_REFUND: "refund",
        Kind.VOID: "refund",
        Kind.REFUND: "refund",
        Kind.AUTHORIZE: "authorize",
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
        return _closed(
            kind, "capability", f"This gateway account offers no “{VERBS[kind]}”.", unlock=_instead(kind, situation)
        )
    if capability.auto_capture and kind is Kind.CAPTURE:
        return _closed(
            kind,
            "auto_capture",
            "This account captures automatically, so nothing is captured by hand.",
            unlock="Use cancel or refund to give the money back.",
        )
    return None


def _method_refusal(kind: Kind, situation: Situation) -> Decision | None:
    """Seed 000: online bank transfers know no authorization; the money is taken at once or not at all."""
    if kind not in (Kind.CAPTURE, Kind.CANCEL):
        return None
    if situation.payment_method not in situation.capability.methods_without_capture:
        return None
    return _closed(
        kind,
        "method",
        f"A payment by {situation.payment_method} has no authorization to {VERBS[kind]}: "
        "its money comes whole or not at all.",
        unlock="Once the money has come it can be refunded.",
    )


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
        Kind.VOID: REFUNDABLE,
        Kind.REFUND: REFUNDABLE,
    }[kind]
    gives_back = kind in GIVES_BACK and situation.captured and state in CAPTURABLE
    if state in allowed or gives_back:
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
            f"A capture of {in_money(situation)(situation.capturing)} is on its way.",
            unlock="It opens when the capture has ended.",
        )
    if kind in (Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID) and situation.refunding:
        return _closed(
            kind,
            "refund_in_flight",
            f"A refund of {in_money(situation)(situation.refunding)} is on its way.",
            unlock="It opens when the refund has ended.",
        )
    if kind is Kind.CANCEL and situation.captured and not situation.capability.cancels_after_capture:
        return _closed(kind, "captured", "Part of it is captured, so a cancel is too late; use refund.")
    if kind is Kind.CAPTURE and not situation.capture_open:
        return _closed(kind, "one_capture", "The gateway takes no further capture on this authorization.")
    if maximum_of(kind, situation) > 0:
        return None
    if kind is Kind.CAPTURE and situation.deal_room is not None and situation.deal_room <= 0:
        return _closed(
            kind,
            "deal",
            f"The payments of deal {situation.deal_reference} have reached its ceiling, so nothing more of it can be "
            "captured.",
        )
    if kind is Kind.REFUND and situation.voidable:
        return _closed(
            kind,
            "not_cleared",
            "The capture has not cleared at the bank yet: until then it can only be voided whole.",
            unlock=f"Refund opens when it has cleared, {_moment(situation)}.",
        )
    if kind is Kind.VOID and situation.captured:
        return _closed(
            kind,
            "cleared",
            "Nothing can be voided any more: what was captured has cleared, or part of it went back already.",
        )
    return _closed(kind, "nothing_left", _nothing_left(kind, situation))


def _amount_refusal(kind: Kind, situation: Situation, amount: int) -> Decision | None:
    maximum = maximum_of(kind, situation)
    money = in_money(situation)
    if amount <= 0:
        return _closed(kind, "amount", "The amount must be greater than zero.")
    if amount > maximum:
        return _closed(
            kind,
            "amount",
            f"{money(amount)} is more than the {money(maximum)} that can be {_done(kind)}. Nothing was sent.",
            unlock=f"Ask for {money(maximum)} or less.",
        )
    whole_only = kind in (Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID)
    partial_barred = (kind is Kind.CAPTURE and not situation.capability.partial_capture) or (
        kind is Kind.REFUND and not situation.capability.partial_refund
    )
    if amount < maximum and (whole_only or partial_barred):
        return _closed(kind, "whole", f"Only the full {money(maximum)} can be {_done(kind)}. Nothing was sent.")
    return None


# Small words and sums.


def _expired(situation: Situation) -> bool:
    return situation.expires_at is not None and situation.expires_at <= situation.now


def _alternative(kind: Kind, situation: Situation) -> Kind | None:
    preference = {
        Kind.CAPTURE: (Kind.CANCEL_OR_REFUND, Kind.REFUND, Kind.VOID),
        Kind.CANCEL: (Kind.VOID, Kind.REFUND, Kind.CANCEL_OR_REFUND),
        Kind.CANCEL_OR_REFUND: (Kind.CANCEL, Kind.VOID, Kind.REFUND),
        Kind.VOID: (Kind.REFUND, Kind.CANCEL),
        Kind.REFUND: (Kind.VOID, Kind.CANCEL, Kind.CANCEL_OR_REFUND),
    }[kind]
    return next((other for other in preference if _refusal(other, situation, None) is None), None)


def _instead(kind: Kind, situation: Situation) -> str:
    """What this account has in place of a kind it does not offer."""
    if kind is not Kind.CANCEL_OR_REFUND:
        return ""
    offered = [VERBS[other] for other in (Kind.CANCEL, Kind.VOID, Kind.REFUND) if other in situation.capability.kinds]
    fitting = next((o for o in (Kind.CANCEL, Kind.VOID, Kind.REFUND) if _refusal(o, situation, None) is None), None)
    if fitting is not None:
        return f"Use {VERBS[fitting]}: that is what fits this transaction now."
    return f"Use {', '.join(offered[:-1])} or {offered[-1]}, whichever is open." if len(offered) > 1 else ""


def _moment(situation: Situation) -> str:
    return f"at {situation.clears_at:%Y-%m-%d %H:%M} UTC" if situation.clears_at else "normally the next day"


def _closed(kind: Kind, rule: str, sentence: str, *, unlock: str = "", who: str = "") -> Decision:
    return Decision(kind=kind, allowed=False, rule=rule, sentence=sentence, unlock=unlock, who=who)


def _needs(kind: Kind) -> str:
    return {
        Kind.CAPTURE: "Capture needs an authorized transaction",
        Kind.CANCEL: "Cancel needs an authorized transaction",
        Kind.CANCEL_OR_REFUND: "Cancel or refund needs an authorized or captured transaction",
        Kind.VOID: "Void needs a captured transaction",
        Kind.REFUND: "Refund needs a captured transaction",
    }[kind]


def _unlock_state(kind: Kind, state: TransactionState) -> str:
    if state is TransactionState.PENDING_AUTHORIZATION:
        return "It opens when the shopper has authorized the payment."
    if kind in GIVES_BACK and state in CAPTURABLE:
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
    return {
        Kind.CAPTURE: "captured",
        Kind.CANCEL: "cancelled",
        Kind.CANCEL_OR_REFUND: "reversed",
        Kind.VOID: "voided",
    }.get(kind, "refunded")
