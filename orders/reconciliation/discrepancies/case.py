"""Everything the hypotheses about one discrepancy may look at, read at one moment: plain facts, nothing of Django's."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from orders.reconciliation.calendar import Terms

OUTGOING = frozenset({"refund", "chargeback"})
"""The kinds that take money away from the merchant; a line of them is negative."""


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """A settlement line. Amounts are signed minor units of `currency`, as in the file."""

    id: int = 0
    identity: str
    type: str
    gross: int
    fee: int = 0
    net: int = 0
    currency: str
    booked_on: date
    reference: str = ""
    transaction_reference: str = ""
    gateway_id: str = ""
    custom_reference: str = ""
    original_currency: str = ""
    original_amount: int | None = None
    file_id: int = 0
    file_name: str = ""
    number: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        """Every id the line carries that could name one of our movements or payments."""
        told = (self.reference, self.gateway_id, self.custom_reference, self.transaction_reference)
        return tuple(name for name in told if name)


@dataclass(frozen=True, kw_only=True)
class ItemFacts:
    """One movement on our side: a modification of ours or one that was not ours. `amount` is positive minor units."""

    key: str
    ours: bool = True
    kind: str
    """capture, refund or chargeback, as a line would say it."""
    state: str = "succeeded"
    amount: int
    currency: str
    at: datetime | None = None
    reference: str = ""
    gateway_id: str = ""
    names: tuple[str, ...] = ()
    """The ids of ours that it was sent under."""
    failed_legs: tuple[str, ...] = ()
    legs: int = 0
    never_sent: bool = False
    reason: str = ""
    transaction_id: int = 0
    met: bool = False
    """Whether a line that counts is matched with it."""

    @property
    def signed(self) -> int:
        """What a line of it would show as gross."""
        return -self.amount if self.kind in OUTGOING else self.amount

    @property
    def moved(self) -> bool:
        """Whether our books say that this money moved."""
        return self.state == "succeeded"

    @property
    def open(self) -> bool:
        """Whether its end is not known."""
        return self.state not in ("succeeded", "failed", "withdrawn")


@dataclass(frozen=True, kw_only=True)
class TransactionFacts:
    """A payment of the account as our books know it. Amounts in minor units."""

    id: int
    reference: str
    state: str
    currency: str
    authorized: int = 0
    captured: int = 0
    refunded: int = 0
    charged_back: int = 0
    refreshed_at: datetime | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """An applied file: the days it covers and how many lines count."""

    id: int
    name: str
    first: date
    last: date
    lines: int

    def covers(self, day: date) -> bool:
        """Whether a line of this day would stand in it."""
        return self.first <= day <= self.last


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Where the line of a missed item should have stood, and by what that is known."""

    executed_on: date
    day: date
    in_time_until: date
    neighbours: int = 0
    """Movements of the same business day that did settle on that day."""
    learned: bool = False
    """Whether the day follows from how the account settled before; otherwise from its terms."""
    file: FileFacts | None = None
    """The applied file that covers the day."""


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """The payment stands under another account; without a name it is another merchant's."""

    account: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One discrepancy with its surroundings. `difference` is signed: what their side says more than ours."""

    id: int
    type: str
    amount: int
    difference: int
    currency: str
    occurred_on: date
    today: date
    terms: Terms = field(default_factory=Terms)
    line: LineFacts | None = None
    item: ItemFacts | None = None
    transaction: TransactionFacts | None = None
    items: tuple[ItemFacts, ...] = ()
    """Everything of the payment that moved, may move or failed to, the item included."""
    met_by: tuple[LineFacts, ...] = ()
    """The lines that the item has met, in the order they came."""
    alike_lines: tuple[LineFacts, ...] = ()
    """Lines that met nothing, of the item's kind, amount and currency, booked about when it was due."""
    alike_items: tuple[ItemFacts, ...] = ()
    """Movements that met nothing, of the line's kind, amount and currency, about due when it was booked."""
    brothers: tuple[LineFacts, ...] = ()
    """Lines of the same payment and kind that met nothing, this one left out."""
    expectation: Expectation | None = None
    elsewhere: Elsewhere | None = None
    taken_back: str = ""
    """Of a missed item: which file listed it that was replaced since, as a sentence."""
    expected_fee: int | None = None
    """By the account's terms, of our amount where there is an item, else of the line's gross."""
    auto_capture: bool = False
    """Whether the gateway captures by itself."""
