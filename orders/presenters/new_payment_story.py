"""A request for a new payment told to people: nothing is reserved or moved by it, and it is never sent twice."""

from __future__ import annotations

from collections.abc import Callable

from orders.models import Modification, ModificationState
from orders.modifications.proposals import FOUND_OUT
from orders.sentences import full_stop


def sentence_of_new_payment(modification: Modification) -> str:
    """What happened to the request, what it means for the money, what to do."""
    return _SENTENCES[ModificationState(modification.state)](modification)


def _queued(modification: Modification) -> str:
    if modification.attempts_made:
        why = modification.reason_text or "The gateway could not be reached."
        return f"{full_stop(why)} Nothing was sent, so there is no payment yet; it is tried again by itself."
    return "Queued; nothing was sent yet, so there is no payment yet."


def _in_flight(_: Modification) -> str:
    return "The gateway is being asked for the payment now."


def _pending(_: Modification) -> str:
    return "The gateway accepted it and is working on it; nothing needs to be done."


def _unknown(modification: Modification) -> str:
    why = modification.reason_text or "The gateway gave no clear answer."
    return (
        f"{full_stop(why)} Nobody knows yet whether the payment exists, and it is not asked for again: that "
        "could make a second one. What is awaited is the gateway’s notification; when it does not come, a person looks "
        "at the gateway’s portal and enters the transactionId."
    )


def _review(modification: Modification) -> str:
    why = modification.reason_text or "No word came from the gateway."
    return (
        f"{full_stop(why)} A person must look for the payment at the gateway’s portal and enter its "
        "transactionId, or say that there is none; a second person confirms it. Do not ask for it again before."
    )


def _succeeded(_: Modification) -> str:
    return "Done: the gateway has the payment. It is paid when the buyer’s money has come, not before."


def _failed(modification: Modification) -> str:
    why = modification.reason_text or modification.failure_code or "It gave no reason."
    if why.startswith(FOUND_OUT):
        return f"{full_stop(why)} So there is no payment, and it can be asked for anew."
    return f"The gateway refused it: {full_stop(why)} There is no payment and no money moved."


def _withdrawn(_: Modification) -> str:
    return "Withdrawn before anything was sent. There is no payment and no money moved."


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
