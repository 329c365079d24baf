"""A modification told to people: what happened, what it means for the money, what comes next."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from orders.gateways.base import Kind
from orders.models import Modification, ModificationState, Purpose
from orders.modifications.proposals import FOUND_OUT
from orders.modifications.situation import capability_of
from orders.modifications.withdraw import why_not as why_not_withdraw
from orders.presenters.new_payment_story import sentence_of_new_payment
from orders.sentences import full_stop
from orders.templatetags.presentation import money_text

NOUNS = {
    Kind.CAPTURE: "Capture",
    Kind.CANCEL: "Cancellation",
    Kind.CANCEL_OR_REFUND: "Cancel or refund",
    Kind.VOID: "Void",
    Kind.REFUND: "Refund",
    Kind.AUTHORIZE: "New payment",
}
_DONE = {
    Kind.CAPTURE: "was captured",
    Kind.CANCEL: "was released to the shopper",
    Kind.CANCEL_OR_REFUND: "was given back to the shopper",
    Kind.VOID: "was taken back before it cleared",
    Kind.REFUND: "was refunded to the shopper",
}


@dataclass(frozen=True, kw_only=True)
class Story:
    """The words beside a modification."""

    title: str
    """“Refund of €20.00”."""
    sentence: str
    next_step: str
    """What happens by itself, as a sentence without its full stop; empty when nothing does."""
    next_at: datetime | None
    """When; None inside the undo window and when a worker takes it as soon as it can."""
    undo_seconds: int
    """Whole seconds until the first send may begin; zero when the window has passed."""
    withdrawable: bool


def story_of(modification: Modification, *, now: datetime) -> Story:
    """The story so far. The modification comes with its account loaded."""
    undo = _undo_seconds(modification, now)
    next_step = _next_step(modification)
    waits = modification.due_at is not None and modification.due_at > now and not modification.account.paused
    return Story(
        title=title_of(modification),
        sentence=_sentence(modification),
        next_step=next_step,
        next_at=modification.due_at if next_step and waits and not undo else None,
        undo_seconds=undo,
        withdrawable=not why_not_withdraw(modification),
    )


def _sentence(modification: Modification) -> str:
    if modification.kind == Kind.AUTHORIZE:
        return sentence_of_new_payment(modification)
    return _SENTENCES[ModificationState(modification.state)](modification)


def title_of(modification: Modification) -> str:
    """The noun and the amount: “Refund of €20.00”."""
    return f"{NOUNS[Kind(modification.kind)]} of {amount_of(modification)}"


def amount_of(modification: Modification) -> str:
    """What was asked for."""
    return money_text(modification.amount, modification.currency)


def _undo_seconds(modification: Modification, now: datetime) -> int:
    fresh = (
        modification.state == ModificationState.QUEUED and modification.never_sent and not modification.attempts_made
    )
    if not fresh or modification.due_at is None:
        return 0
    return max(0, math.ceil((modification.due_at - now).total_seconds()))


def _next_step(modification: Modification) -> str:
    if modification.finished or modification.due_at is None:
        return ""
    if modification.state == ModificationState.IN_FLIGHT:
        return ""
    account = modification.account
    if account.paused:
        return f"Sending through {account.name} is paused: {account.paused_reason.rstrip('.')}"
    if modification.next_step == Purpose.QUERY and modification.kind == Kind.AUTHORIZE:
        return "Without word from the gateway a person is asked to look"
    if modification.next_step == Purpose.QUERY:
        return _question(modification)
    return "The same request is sent again" if modification.attempts_made else "It is sent to the gateway"


def _question(modification: Modification) -> str:
    """Where nothing can be asked, word is waited for until the quarantine ends."""
    capability = capability_of(modification.account).for_kind(Kind(modification.kind))
    if capability.finds_by_modification_id:
        return "The gateway is asked what became of it"
    return "This gateway cannot be asked, so its own word is waited for; without it a person must look"


def _queued(modification: Modification) -> str:
    if modification.attempts_made:
        why = modification.reason_text or "The gateway could not be reached."
        return f"{full_stop(why)} Nothing was sent, so no money moved; it is tried again by itself."
    return "Queued; nothing was sent yet. The amount is reserved, so nobody else can use it."


def _in_flight(modification: Modification) -> str:
    return "The gateway is being asked now. The amount stays reserved until it answers."


def _pending(modification: Modification) -> str:
    return "The gateway accepted it and is working on it. The amount stays reserved; nothing needs to be done."


def _unknown(modification: Modification) -> str:
    why = modification.reason_text or "The gateway gave no clear answer."
    return (
        f"{full_stop(why)} Nobody knows yet whether the money moved, so the amount stays reserved and this transaction "
        "is closed to other movements. The answer is being found out by itself; do not give the money back another way."
    )


def _review(modification: Modification) -> str:
    why = modification.reason_text or "The answer could not be found out by itself."
    return (
        f"{full_stop(why)} A person must look. The amount stays reserved until two people with the repair permission "
        "have said how it ended."
    )


def _succeeded(modification: Modification) -> str:
    moved = money_text(
        modification.amount if modification.executed_amount is None else modification.executed_amount,
        modification.currency,
    )
    done = _DONE[Kind(modification.executed_kind or modification.kind)]
    chosen = (
        " The gateway chose this." if modification.kind == Kind.CANCEL_OR_REFUND and modification.executed_kind else ""
    )
    return f"Done: {moved} {done}.{chosen}"


def _failed(modification: Modification) -> str:
    why = modification.reason_text or modification.failure_code or "It gave no reason."
    if why.startswith(FOUND_OUT):
        return f"{full_stop(why)} So it did not happen as asked, and the amount is free again."
    return f"The gateway refused it: {full_stop(why)} No money moved, and the amount is free again."


def _withdrawn(modification: Modification) -> str:
    return "Withdrawn before anything was sent. No money moved, and the amount is free again."


_SENTENCES: dict[ModificationState, Callable[[Modification], str]] = {
    ModificationState.QUEUED: _queued,
    ModificationState.IN_FLIGHT: _in_flight,
    ModificationState.PENDING: _pending,
    ModificationState.UNKNOWN: _unknown,
    ModificationState.REVIEW: _review,
    ModificationState.SUCCEEDED: _succeeded,
    ModificationState.FAILED: _failed,
    ModificationState.WITHDRAWN: _withdrawn,
}
