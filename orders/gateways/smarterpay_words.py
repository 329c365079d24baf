"""The words of gateway C and what they mean in the house; every table is open, an unknown word is kept."""

from __future__ import annotations

from orders.gateways.base import Kind, TransactionState, Verdict

TITLE = "SmarterPay Cloud"
PLATFORM = "SmarterPayCloud"

PAYMENT_TYPES = {
    Kind.CAPTURE: "DeferredRelease",
    Kind.CANCEL: "DeferredCancel",
    Kind.VOID: "Void",
    Kind.REFUND: "Refund",
}
"""What each modification is called when it is sent."""

# In lower case, for the vendor compares and prints its words in either. AuthoriseRelease is the capture of the
# authenticate-and-authorise flow (C.2).
KINDS = {**{word.lower(): kind for kind, word in PAYMENT_TYPES.items()}, "authoriserelease": Kind.CAPTURE}
MOVEMENT_TYPES = {Kind.CAPTURE: "capture", Kind.CANCEL: "cancel", Kind.VOID: "refund", Kind.REFUND: "refund"}

# The payment types that make a payment (C.2): these hold the money back, those take it at once.
RESERVING = frozenset({"deferredmoto", "deferredecommerce", "authenticatemoto", "authenticateecommerce"})
TAKING = frozenset({"moto", "ecommerce", "repeat"})
METHODS_WITHOUT_CAPTURE = frozenset({"MOTO", "Ecommerce", "Repeat"})

SUCCESSFUL, PENDING, CANCELLED, FAILED, ERROR = "successful", "pending", "cancelled", "failed", "error"

KEY_CODE = "101"
"""Unauthorised: the token was not taken."""
UNPROCESSED_CODES = frozenset({KEY_CODE, "102", "103"})
"""With the status “error”, these prove that nothing was processed: bad token, platform or payment gateway (C.3)."""

_TAKEN_BACK = frozenset({Kind.CANCEL, Kind.VOID})


def verdict_of(kind: Kind | None, status: str) -> Verdict:
    """What a normalised status means for a modification of this kind; None for a kind that is not known.

    `error` may or may not have happened, so it is UNKNOWN, as is every word that is not in the documents. “cancelled”
    beside a cancel or a void can be read as its success and as its end without effect: UNKNOWN too.
    """
    word = status.lower()
    if word == CANCELLED and kind in _TAKEN_BACK:
        return Verdict.UNKNOWN
    return _VERDICTS.get(word, Verdict.UNKNOWN)


def is_registration(payment_type: str) -> bool:
    """Whether this type of payment is a new one and not a modification of another."""
    return payment_type.lower() in RESERVING | TAKING


def state_of_registration(payment_type: str, status: str) -> TransactionState:
    """The transaction state behind a new payment's type and status; UNRECOGNISED for a word we do not know."""
    if status.lower() == SUCCESSFUL:
        return TransactionState.CAPTURED if payment_type.lower() in TAKING else TransactionState.AUTHORIZED
    return _REGISTRATION_STATES.get(status.lower(), TransactionState.UNRECOGNISED)


_VERDICTS = {
    SUCCESSFUL: Verdict.SUCCEEDED,
    PENDING: Verdict.PENDING,
    CANCELLED: Verdict.DECLINED,
    FAILED: Verdict.DECLINED,
    ERROR: Verdict.UNKNOWN,
}
_REGISTRATION_STATES = {
    PENDING: TransactionState.PENDING_AUTHORIZATION,
    CANCELLED: TransactionState.FAILED,
    FAILED: TransactionState.FAILED,
}
