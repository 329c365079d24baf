"""The words of gateway B and what they mean in the house; every table is open, an unknown word is kept."""

from __future__ import annotations

from orders.gateways.base import Kind, TransactionState, Verdict

TITLE = "Smartpay order API"
CURRENCY = "JPY"

METHODS = {Kind.CAPTURE: "POST", Kind.CANCEL: "PUT", Kind.REFUND: "POST"}
PAYMENTS_PATH = "/payments"
REFUNDS_PATH = "/refunds"
ORDERS_PATH = "/orders"
CANCELLATION = "/cancellation"
WHOLE = "expand=all"
"""With this, payments and refunds come as objects instead of ids."""

# The SDKs' constants say “autommatic”, which the gateway refuses (gateway notes, B.11 row 1).
KEEPS_REST, RELEASES_REST = "manual", "automatic"

# Our reason codes that have a word of their own there; a refund must give one of two.
REASONS = {"fraud": "fraudulent"}
OTHER_REASON = "requested_by_customer"

REQUIRES_CAPTURE = "requires_capture"
SUCCEEDED = "succeeded"
CANCELED = frozenset({"canceled", "cancelled"})
NOT_YET_AUTHORIZED = frozenset({"requires_authorization", "pending"})
NEVER_AUTHORIZED = frozenset({"rejected", "failed"})

PAYMENT_VERDICTS = {"processed": Verdict.SUCCEEDED, "refunded": Verdict.SUCCEEDED}
"""A payment that was refunded meanwhile was captured all the same."""
REFUND_VERDICTS = {"succeeded": Verdict.SUCCEEDED, "failed": Verdict.DECLINED}
REFUNDED = "refunded"

BELIEVED_STATUSES = frozenset({400, 404, 422})
"""Any code of the gateway's own is a refusal here."""
BELIEVED_CODES = frozenset(
    {
        "amount.insufficient",
        "order.cannot-capture",
        "order.cannot-cancel",
        "payment.excessive-amount",
        "order.not-found",
        "payment.not-found",
    }
)
"""These are refusals whatever status they come with: over-refund is a 403, over-capture a 409 (B.11 row 7)."""
DOUBTFUL_CODES = ("unexpected_error", "idempotency")
"""Beginnings of codes that speak of the exchange and not of the money."""

_STATES = {
    **dict.fromkeys(NOT_YET_AUTHORIZED, TransactionState.PENDING_AUTHORIZATION),
    **dict.fromkeys(NEVER_AUTHORIZED, TransactionState.FAILED),
    REQUIRES_CAPTURE: TransactionState.AUTHORIZED,
    SUCCEEDED: TransactionState.CAPTURED,
    **dict.fromkeys(CANCELED, TransactionState.CANCELLED),
}


def state_of(word: str) -> TransactionState:
    """The transaction state behind an order's status alone; UNRECOGNISED for a word we do not know."""
    return _STATES.get(word.lower(), TransactionState.UNRECOGNISED)


def payment_verdict(word: str) -> Verdict:
    """What a payment's status says of the capture. An unknown word ends nothing: PENDING; none at all: UNKNOWN."""
    return PAYMENT_VERDICTS.get(word.lower(), Verdict.PENDING if word else Verdict.UNKNOWN)


def refund_verdict(word: str) -> Verdict:
    """The same of a refund."""
    return REFUND_VERDICTS.get(word.lower(), Verdict.PENDING if word else Verdict.UNKNOWN)
