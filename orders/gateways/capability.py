"""What one gateway account can do: the one thing that rules, pages and workers ask."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orders.gateways.kinds import Kind


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
