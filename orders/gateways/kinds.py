"""The words that every gateway shares with the house: what is done, how it ended, where a transaction stands."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a modification does to money. The words of the house; each gateway has its own."""

    CAPTURE = "capture"
    CANCEL = "cancel"
    CANCEL_OR_REFUND = "cancel_or_refund"
    VOID = "void"
    """Take back a whole capture before it has cleared at the bank."""
    REFUND = "refund"
    AUTHORIZE = "authorize"
    """Ask a gateway for a new payment; the transaction has no reference of the gateway's before it succeeds."""


ACTIONS = (Kind.CAPTURE, Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.VOID, Kind.REFUND)
"""What can be done to a transaction that exists, in the order the buttons stand."""
GIVES_BACK = frozenset({Kind.VOID, Kind.REFUND})
"""What draws on a capture."""


class Verdict(StrEnum):
    """What an answer means for one modification. A timeout is UNKNOWN and never DECLINED."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    DECLINED = "declined"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    MISMATCH = "mismatch"


class Fault(StrEnum):
    """Why an exchange brought no whole answer."""

    RESOLVE = "resolve"  # the host name did not resolve: nothing was sent
    REFUSED = "refused"  # nobody listened: nothing was sent
    TLS = "tls"  # the handshake failed: nothing was sent
    LEASE = "lease"  # the worker's lease was too old to send: nothing was sent
    TIMEOUT = "timeout"
    RESET = "reset"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    MALFORMED = "malformed"  # not HTTP


class TransactionState(StrEnum):
    """The mirrored state of a transaction, normalised over the gateways (gateway notes, section 4)."""

    PENDING_AUTHORIZATION = "pending_authorization"
    AUTHORIZED = "authorized"
    CAPTURE_PENDING = "capture_pending"
    CAPTURED = "captured"
    SETTLED = "settled"
    CANCEL_PENDING = "cancel_pending"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    CHARGEBACK = "chargeback"
    EXPIRED = "expired"
    FAILED = "failed"
    UNRECOGNISED = "unrecognised"
