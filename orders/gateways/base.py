"""What every gateway speaks with the house: frozen data in, frozen data out, one small protocol."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from orders.money import Money


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


@dataclass(frozen=True, kw_only=True)
class Capability:
    """What one gateway account can do; rules read nothing else. Durations in seconds."""

    kinds: frozenset[Kind]
    partial_capture: bool
    multiple_capture: bool
    partial_refund: bool
    releases_remainder: bool
    """A partial capture gives the rest back to the shopper (seed 000)."""
    authorization_days: int
    replays: bool
    """The same id and bytes return the first answer instead of acting twice."""
    replays_errors: bool
    """A refusal on a repeat is the stored first refusal, so it is as definitive as on the first send."""
    replay_window_seconds: int
    """From the first send; after it nothing is re-sent."""
    finds_by_modification_id: bool
    late_processing_seconds: int
    """How long after a send the gateway may still act; before that “not found” is no evidence."""
    decimals_maximum: int
    deadline_seconds: int
    description_maximum: int
    auto_capture: bool = False
    remainder_choice: bool = False
    """Each capture says whether the rest is released or stays open (B's cancelRemainder)."""
    cancels_after_capture: bool = False
    """A cancel releases what is uncaptured although a part is captured (B)."""
    refunds_captures: bool = False
    """A refund names one capture at the gateway, so a larger one is a plan of several (B)."""
    void_seconds: int = 0
    """From the capture on: until then it can be voided in full instead of refunded; 0 where there is no void."""
    reads: bool = True
    """The gateway shows a transaction when asked; without it only answers and webhooks tell."""
    lists: bool = False
    """The gateway lists its transactions, so that orders can be collected from it."""
    quarantine_seconds: int = 0
    """Where an unclear send can neither be repeated nor looked up: how long to wait for word before a person looks."""
    never_resent: frozenset[Kind] = frozenset()
    """Kinds whose unclear send is neither repeated nor found by asking, whatever holds for the others."""
    asynchronous: bool = False
    """Ask the gateway to answer 202 and to tell the result by webhook (C's isAsnyc)."""
    methods_without_capture: frozenset[str] = frozenset()
    """Payment methods that take the money at once; there is no authorization to capture or cancel (seed 000)."""
    currencies: frozenset[str] = frozenset()
    """Empty: any."""
    amount_format: str = ""
    """How amounts are written, for the capability page."""
    query_key: str = ""
    """By which word our modification is found at the gateway; empty where it cannot be found."""
    webhook_trust: str = "hint"
    """“hint”: a webhook makes us read; “signed”: it may settle."""
    instalments: int = 0
    """Monthly parts of the shopper's plan; 0 hides the schedule."""
    shows_description: bool = False
    """Staff may let the shopper see the description (C's gateway_payment_description)."""

    def for_kind(self, kind: Kind) -> Capability:
        """The same account as far as repeating and finding this kind is concerned."""
        if kind not in self.never_resent:
            return self
        return replace(self, replays=False, replays_errors=False, finds_by_modification_id=False)


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """One modification as the house wants it done."""

    modification_id: str
    kind: Kind
    transaction_reference: str
    merchant_key: str
    amount: Money
    """What we expect to move: the capture or refund amount; for cancel and cancel-or-refund everything that is left."""
    description: str = ""
    custom_references: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    """Our reason code (`modifications/words.py`), where a gateway has a list of its own."""
    card_reference: str = ""
    """C: the card record that the payment stands under."""
    capture_reference: str = ""
    """B and C: the gateway's id of the capture that a refund or void draws on."""
    release_rest: bool = False
    """A partial capture gives the rest back (where that is a choice)."""
    customer_may_see: bool = False
    """The description may reach the shopper (C's gateway_payment_description)."""
    asynchronous: bool = False


@dataclass(frozen=True, kw_only=True)
class FrozenRequest:
    """The bytes to send, the same at every attempt, without Authorization: the key may be rotated meanwhile."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where an account's gateway stands and how to be let in."""

    base_url: str
    merchant_key: str
    authentication_key: str
    origin: str
    deadline_seconds: int
    address: str = ""
    """The IP address to connect to, resolved beforehand; empty means resolve now."""
    data_url: str = ""
    """Where the gateway keeps its lists, when that is another address (C); empty when it cannot be asked."""
    data_address: str = ""
    before_write: Callable[[], None] | None = None
    """Called immediately before the first byte is written; raises LeaseTooOld to keep the request at home."""
    crash_point: Callable[[str], None] | None = None
    """Called at before_send, after_send and after_response; only proofs pass one."""

    def __repr__(self) -> str:
        return f"Door({self.base_url})"


class LeaseTooOld(Exception):
    """The worker was paused for so long that another may have taken over; nothing was sent."""


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


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One modification as the gateway lists it: ours, a portal user's, or the gateway's own."""

    type: str
    """capture, cancel, refund, chargeback, settlement or "" when the word is unknown."""
    raw_type: str
    modification_id: str
    amount: Money | None
    reference: str
    gateway_id: str
    raw_status: str
    verdict: Verdict
    at: datetime | None
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The entry as it came, parsed with exact decimals turned to text, for storage."""
    capture_reference: str = ""
    """The gateway's id of the capture that a refund drew on, where it says (B)."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A transaction as the gateway shows it at one moment."""

    transaction_reference: str
    state: TransactionState
    raw_status: str
    status_at: datetime | None
    created_at: datetime | None
    amount: Money | None
    """The authorized amount."""
    reconciliation_reference: str = ""
    partner_reference: str = ""
    payment_reference: str = ""
    """transactionReference of a prepayment or pay-upon-invoice."""
    payment_method: str = ""
    description: str = ""
    movements: tuple[Movement, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)
    """The whole answer, exact decimals turned to text, for storage and display."""
    warnings: tuple[str, ...] = ()
    card_reference: str = ""
    """C: the card record."""
    expires_at: datetime | None = None
    """When the gateway itself says the authorization ends (B)."""
    deal: Deal | None = None
    customer_name: str = ""
    customer_email: str = ""
    order_reference: str = ""
    """What the shop calls the order, for an order that we first hear of from the gateway."""
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Deal:
    """A 3RI deal (seed 002): all payments of one reference together stay within its amount."""

    reference: str
    type_code: str
    """3RIPSS (split shipment) or 3RIDS (delayed shipment)."""
    amount: Money | None


@dataclass(frozen=True, kw_only=True)
class Line:
    """One article of an order as the gateway shows it."""

    name: str
    quantity: int
    unit_amount: int
    """Minor units of the transaction's currency."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One page of a gateway's own list of transactions, newest first."""

    snapshots: tuple[Snapshot, ...] = ()
    next_page: str = ""
    """The token that brings the next page; empty at the end."""
    reason: str = ""
    """A sentence when the page could not be read; then there are no snapshots."""
    pause_account: str = ""
    observation: Observation | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """A webhook as it came in. Header names in lower case."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


class Rejected(Exception):
    """A webhook that must not be believed or cannot be read; the message is a sentence, `status` the HTTP answer."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Told:
    """One event in a webhook. What it says settles something only where the account's webhooks are signed."""

    key: str
    """Unique for the account: the same event again has the same key."""
    type: str
    summary: str
    """A sentence for the inbox page; no personal data."""
    at: datetime | None = None
    known: bool = True
    """False for a type of event we do not use; C wants 204 for those."""
    transaction_reference: str = ""
    gateway_ids: tuple[str, ...] = ()
    """Capture, refund or payment ids by which the transaction can be found when its reference is not said."""
    card_reference: str = ""
    """C: the card record, for an event that names no payment; it leads to a transaction only if it has just one."""
    modification_id: str = ""
    outcome: Outcome | None = None
    """What it means for that modification (C); None where the gateway must be read instead."""
    movement: Movement | None = None
    """What moved, when it is none of our modifications (C)."""
    snapshot: Snapshot | None = None
    """A transaction as the event shows it, enough to know it from now on (C) or to ask about it (B)."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A delivery whose sender is proved, or needs no proof: its events in order, and how to acknowledge it."""

    key: str
    """Unique for the account: the same delivery again has the same key."""
    signed: bool
    events: tuple[Told, ...]
    acknowledge: int = 200


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """The answer to a status read: a snapshot, or a sentence why there is none."""

    snapshot: Snapshot | None
    reason: str
    missing: bool = False
    """The gateway answered that it has no such transaction."""
    pause_account: str = ""
    retry_after_seconds: int | None = None
    observation: Observation | None = None


class CannotSay(ValueError):
    """The instruction cannot be said to this gateway (decimals, currency, length); the message is a sentence."""


class Gateway(Protocol):
    """One of the three doors. Modules implement it as functions of the same silhouette."""

    name: str
    title: str

    def capability(self, overrides: Mapping[str, Any]) -> Capability:
        """What an account can do; overrides come from the account. Raises CannotSay for an unknown override."""

    def compose(self, instruction: Instruction) -> FrozenRequest:
        """The bytes of the request, fixed once. Raises CannotSay."""

    def send(self, door: Door, request: FrozenRequest, instruction: Instruction) -> Outcome:
        """One attempt. Never raises for anything the outside did."""

    def look_up(self, door: Door, instruction: Instruction) -> Outcome:
        """Ask what became of it; `absent` when the gateway does not list it."""

    def fetch(self, door: Door, transaction_reference: str, currency: str) -> Fetched:
        """Read the whole transaction; a Fetched without snapshot where the gateway shows none (C)."""

    def fetch_list(self, door: Door, page: str) -> Listed:
        """One page of the gateway's own list; "" asks for the first. An empty Listed where it has none (A)."""

    def find(self, door: Door, gateway_id: str) -> Fetched:
        """The transaction that a capture or refund id belongs to (B); a Fetched without snapshot elsewhere."""

    def open_delivery(self, delivery: Delivery, secrets: Sequence[str], options: Mapping[str, Any]) -> Opened:
        """Check and read a webhook. `secrets` are the account's, newest first; `options` its webhook settings.

        Pure: no network, no database. Raises Rejected. A delivery that is not signed is only a hint.
        """

    def read_delivery(self, delivery: Delivery) -> Opened:
        """What a webhook says, whoever sent it; `signed` is False. Raises Rejected for what cannot be read.

        For one whose sender was checked when it came, and for an account without a secret.
        """
