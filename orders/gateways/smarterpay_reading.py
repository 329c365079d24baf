"""The tolerant reader of gateway C's answers: the normalised result of a transaction, and the list of cards.

Nothing here judges; what is missing is None or "", and an empty text is a missing one (C.8 row 6). Only text that is no
JSON object raises (Unreadable).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Kind
from orders.gateways.smarterpay_words import KINDS, PLATFORM
from orders.gateways.values import Warn, identifier, text, whole_money
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Result:
    """The normalised words of one transaction, in an answer or in a webhook."""

    card_id: str
    payment_id: str
    payment_type: str
    status: str
    code: str
    """status_code: the vendor's."""
    gateway_code: str
    """The acquirer's, which decides nothing: acquirers have no codes in common."""
    details: str
    """What the vendor and the acquirer say of it, for staff."""
    amount: Money | None
    warnings: tuple[str, ...] = ()

    @property
    def failure_code(self) -> str:
        """What staff are shown of a failure: the vendor's code, else the acquirer's."""
        return self.code or self.gateway_code

    @property
    def kind(self) -> Kind | None:
        """Which modification this type of payment is; None for a new payment and for an unknown word."""
        return KINDS.get(self.payment_type.lower())


@dataclass(frozen=True, kw_only=True)
class Card:
    """One line of the list of cards: its latest transaction, without the payment it belongs to."""

    card_id: str
    transaction_type: str
    status: str


def read_result(body: bytes, *, currency: str) -> Result:
    """Read one answer. `currency` is that of the order, for an amount without one. Raises Unreadable."""
    warnings: list[str] = []
    warn = warnings.append
    tree = exact_json.read_object(body, warn=warn)
    platform = text(tree.get("platform"))
    if platform and platform.lower() != PLATFORM.lower():
        warn(f"The answer names another platform: {platform[:40]}.")
    return Result(
        card_id=identifier(tree.get("card_id"), warn),
        payment_id=identifier(tree.get("payment_id"), warn),
        payment_type=identifier(tree.get("payment_type"), warn),
        status=identifier(tree.get("status"), warn),
        code=text(tree.get("status_code"), maximum=100),
        gateway_code=text(tree.get("gateway_status_code"), maximum=100),
        details=details_of(tree),
        # No answer of the documents carries an amount; one that does must not contradict.
        amount=minor_units(tree.get("amount"), tree.get("currency_code") or currency, warn),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def read_cards(body: bytes) -> list[Card]:
    """The lines of the list of cards; `ID` and `id` are one field (C.8 row 10). Raises Unreadable."""
    tree = exact_json.read_object(body, warn=_ignore)
    lines = tree.get("cards")
    if not isinstance(lines, list):
        raise exact_json.Unreadable("The answer holds no list of cards.")
    return [_card(line) for line in lines if isinstance(line, dict)]


def details_of(tree: dict[str, Any]) -> str:
    """The sentences of vendor and acquirer. They are text for people: “The Authorisation was Successful.” answers a
    cancel in seed 004 (C.8 row 4)."""
    said = [text(tree.get("status_details")), text(tree.get("gateway_status_details"))]
    return ". ".join(dict.fromkeys(part.removesuffix(".") for part in said if part))


def minor_units(value: Any, currency: Any, warn: Warn) -> Money | None:
    """An integer of minor units. Anything with a point might be major units, so it is not read at all."""
    if isinstance(value, str) and "." in value:
        warn(f"An amount could not be read and was not used: {value[:40]}.")
        return None
    return whole_money(value, currency, warn)


def _card(line: dict[str, Any]) -> Card:
    return Card(
        card_id=identifier(line.get("ID") or line.get("id"), _ignore),
        transaction_type=text(line.get("transaction_type"), maximum=40),
        status=text(line.get("status"), maximum=40),
    )


def _ignore(_warning: str) -> None:
    """The list is a hint; what is odd in it changes nothing."""
