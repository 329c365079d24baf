"""What every gateway speaks with the house: frozen data in, frozen data out, one small protocol.

The words and the shapes of answers stand in modules of their own; whoever speaks with a gateway finds all of them here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from orders.gateways.capability import Capability
from orders.gateways.kinds import ACTIONS, GIVES_BACK, Fault, Kind, TransactionState, Verdict
from orders.gateways.outcomes import Facts, Observation, Outcome, SplitResult
from orders.gateways.snapshots import Deal, Fetched, Line, Listed, Movement, Snapshot
from orders.gateways.telling import Delivery, Opened, Rejected, Told
from orders.money import Money

__all__ = [
    "ACTIONS",
    "GIVES_BACK",
    "CannotSay",
    "Capability",
    "Deal",
    "Delivery",
    "Door",
    "Facts",
    "Fault",
    "Fetched",
    "FrozenRequest",
    "Gateway",
    "Instruction",
    "Kind",
    "LeaseTooOld",
    "Line",
    "Listed",
    "Movement",
    "Observation",
    "Opened",
    "Outcome",
    "Rejected",
    "Snapshot",
    "SplitResult",
    "Told",
    "TransactionState",
    "Verdict",
]


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
