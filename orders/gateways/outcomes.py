"""What came of one exchange: what was seen, what it said of our modification, and what that means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orders.gateways.kinds import Fault, Kind, TransactionState, Verdict
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one HTTP exchange showed, without any judgement of what it means for money."""

    sent: bool
    """False only when it is certain that no byte of the request left this machine."""
    fault: Fault | None = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    duration_ms: int = 0
    request_transcript: str = ""
    """Scrubbed: no Authorization, merchant key masked."""
    response_transcript: str = ""
    """Scrubbed and at most 64 KiB."""


@dataclass(frozen=True, kw_only=True)
class SplitResult:
    """One leg of a split payment or a programme refund; it can fail while the modification succeeds (seed 001)."""

    destination: str
    status: str
    reference: str = ""
    error: str = ""
    failed: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What an answer said about our modification. None and "" mean that the answer did not say."""

    modification_id: str = ""
    executed_kind: Kind | None = None
    """For cancel-or-refund: what the gateway chose to do, CANCEL or REFUND."""
    amount: Money | None = None
    reference: str = ""
    """reconciliationReferenceId of the modification: the id that comes home in the settlement file."""
    gateway_id: str = ""
    """captureId, cancelId or refundId."""
    raw_status: str = ""
    at: datetime | None = None
    transaction_state: TransactionState | None = None
    transaction_raw_status: str = ""
    transaction_status_at: datetime | None = None
    transaction_reference: str = ""
    payment_reference: str = ""
    """A: transactionReference, which the buyer quotes when paying."""
    failure_code: str = ""
    failure_text: str = ""
    legs: tuple[SplitResult, ...] = ()
    warnings: tuple[str, ...] = ()
    """Oddities that changed nothing, such as ignoredProperties; kept for the evidence board."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One answer judged: what it means if it were the only one. `resolve` alone applies what earlier sends mean."""

    verdict: Verdict
    reason: str
    """A sentence for staff: what was seen."""
    facts: Facts = field(default_factory=Facts)
    absent: bool = False
    """A look-up worked and the gateway does not list our modification."""
    retry_after_seconds: int | None = None
    pause_account: str = ""
    """A sentence when the account must not send any more until somebody looks (401, 403, redirect)."""
    review: bool = False
    """A person must look (a redirect, a mismatch)."""
    observation: Observation | None = None
