"""The words of gateway A and what they mean in the house; every table is open, an unknown word is kept."""

from __future__ import annotations

from orders.gateways.base import Kind, TransactionState, Verdict

TITLE = "SmartPay"

PATHS = {
    Kind.CAPTURE: "/payment/capture",
    Kind.CANCEL: "/payment/cancel",
    Kind.CANCEL_OR_REFUND: "/payment/cancelOrRefund",
    Kind.REFUND: "/payment/refund",
    Kind.AUTHORIZE: "/payment/authorize/",
}
STATUS_PATH = "/payment/status/"

# Both spellings of one state: seed 000 says AUTHORIZED, seeds 001 and 002 say AUTHORIZATION_COMPLETED.
# AUTORIZATION is the spelling of the vendor's status model (gateway A notes, A.10 rows 1 to 3).
TRANSACTION_STATES = {
    "CREATED": TransactionState.PENDING_AUTHORIZATION,
    "AUTORIZATION_INITIALIZED": TransactionState.PENDING_AUTHORIZATION,
    "AUTHORIZATION_INITIALIZED": TransactionState.PENDING_AUTHORIZATION,
    "AUTHORIZATION_PENDING": TransactionState.PENDING_AUTHORIZATION,
    "AUTHORIZED": TransactionState.AUTHORIZED,
    "AUTHORIZATION_COMPLETED": TransactionState.AUTHORIZED,
    "CAPTURE_PENDING": TransactionState.CAPTURE_PENDING,
    "CAPTURED": TransactionState.CAPTURED,
    "SETTLED": TransactionState.SETTLED,
    "CANCELLATION_PENDING": TransactionState.CANCEL_PENDING,
    "CANCELATION_PENDING": TransactionState.CANCEL_PENDING,
    "CANCELLED": TransactionState.CANCELLED,
    "CANCELED": TransactionState.CANCELLED,
    "REFUNDED": TransactionState.REFUNDED,
    "CHARGEBACK": TransactionState.CHARGEBACK,
    "EXPIRED": TransactionState.EXPIRED,
    "FAILED": TransactionState.FAILED,
}

# The schemas spell CANCELATION, the prose and the real answers CANCELLATION (A.10 row 4).
MOVEMENT_TYPES = {
    "CAPTURE": "capture",
    "CANCELATION": "cancel",
    "CANCELLATION": "cancel",
    "REFUND": "refund",
    "CHARGEBACK": "chargeback",
    "SETTLEMENT": "settlement",
}
EXECUTED_KINDS = {"capture": Kind.CAPTURE, "cancel": Kind.CANCEL, "refund": Kind.REFUND}

TYPES_OF_KIND = {
    Kind.CAPTURE: frozenset({"capture"}),
    Kind.CANCEL: frozenset({"cancel"}),
    Kind.CANCEL_OR_REFUND: frozenset({"cancel", "refund"}),
    Kind.REFUND: frozenset({"refund"}),
}

# modification.status is a free text in the schemas; these are the words assumed (A.4). A word that ends one type of
# modification does not end another: CAPTURED beside a refund may be the state of the payment, so it stays pending.
DONE_STATUSES = {
    "capture": frozenset({"CAPTURED", "SETTLED"}),
    "cancel": frozenset({"CANCELLED", "CANCELED"}),
    "refund": frozenset({"REFUNDED", "SETTLED"}),
    "chargeback": frozenset({"CHARGEBACK", "SETTLED"}),
    "settlement": frozenset({"SETTLED"}),
}
FAILED_STATUSES = frozenset({"FAILED"})
PENDING_SUFFIX = "_PENDING"

# Online bank transfers “do not support authorize / capture flows” (seed 000); with a prepayment and a payment upon
# invoice the buyer transfers the money later, all of it, and nothing is reserved before.
PAID_AT_ONCE = frozenset({"GIROPAY", "IDEAL", "PAYBBNK", "PAYUBLK", "PREPMNT", "PAYINVC"})

GATEWAY_ID_FIELDS = {"capture": "captureId", "cancel": "cancelId", "refund": "refundId"}


def state_of(word: str) -> TransactionState:
    """The transaction state behind a paymentStatus; UNRECOGNISED for a word we do not know."""
    return TRANSACTION_STATES.get(word.upper(), TransactionState.UNRECOGNISED)


def is_done(movement_type: str, status: str) -> bool:
    """Whether this status ends this type of modification well. With no known type, any word that ends one of them."""
    if movement_type:
        return status.upper() in DONE_STATUSES[movement_type]
    return any(status.upper() in words for words in DONE_STATUSES.values())


def verdict_of(movement_type: str, status: str, *, has_error: bool) -> Verdict:
    """What type, status and error of one modification mean together.

    An error beside a status that says done contradicts itself: UNKNOWN, never DECLINED, for the money may have moved.
    Beside one that says pending it is no end either: whatever is in flight may still arrive (A.4).
    """
    if has_error and status.upper().endswith(PENDING_SUFFIX):
        return Verdict.PENDING
    if has_error:
        return Verdict.UNKNOWN if is_done(movement_type, status) else Verdict.DECLINED
    if status.upper() in FAILED_STATUSES:
        return Verdict.DECLINED
    if not status:
        return Verdict.UNKNOWN
    return Verdict.SUCCEEDED if movement_type and is_done(movement_type, status) else Verdict.PENDING
