"""The tolerant reader of gateway A's answers: any shape in which the documents and real answers tell the same.

Nothing here judges; what is missing is None or "", what is odd becomes a warning, and only text that is no JSON object
raises (Unreadable). The rows named in comments are those of the gateway A notes, A.10.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orders.gateways import exact_json
from orders.gateways.base import Deal, Observation, SplitResult
from orders.gateways.problems import Problem
from orders.gateways.smartpay_values import money
from orders.gateways.smartpay_words import GATEWAY_ID_FIELDS, MOVEMENT_TYPES
from orders.gateways.values import Warn, date, identifier, mapping, text, unheard
from orders.money import Money


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One modification in an answer. `type` is our word, "" when theirs is unknown."""

    modification_id: str
    type: str
    raw_type: str
    status: str
    amount: Money | None
    amount_stated: bool
    reference: str
    gateway_id: str
    at: datetime | None
    problem: Problem
    legs: tuple[SplitResult, ...]
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One JSON answer of any endpoint: what it says of the transaction and of each modification."""

    transaction_id: str
    payment_status: str
    status_at: datetime | None
    created_at: datetime | None
    amount: Money | None
    reference: str
    partner_reference: str
    payment_reference: str
    payment_method: str
    description: str
    acquirer_response: str
    """What the payment provider said when an authorization failed."""
    deal: Deal | None
    entries: tuple[Entry, ...]
    lists_modifications: bool
    """Whether the answer has a place for modifications at all; without one nothing is known to be absent."""
    problem: Problem
    warnings: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)

    @property
    def speaks_of_a_transaction(self) -> bool:
        return bool(self.payment_status or self.entries)


def read_answer(body: bytes, *, currency: str = "") -> Answer:
    """Read one answer. `currency` is that of the order, for a transaction amount without one. Raises Unreadable."""
    warnings: list[str] = []
    warn = warnings.append
    tree = exact_json.read_object(body, warn=warn)
    overview = mapping(tree.get("transactionOverview"))
    _warn_of_ignored(tree, warn)
    return Answer(
        transaction_id=identifier(overview.get("transactionId") or tree.get("transactionId"), warn),
        payment_status=identifier(tree.get("paymentStatus"), warn),
        status_at=date(tree.get("lastStatusDate"), warn),
        created_at=date(tree.get("creationDate"), warn),
        amount=money(overview, warn, currency=currency),
        reference=identifier(tree.get("reconciliationReferenceId"), warn),
        partner_reference=identifier(tree.get("partnerReference"), warn),
        # Row 15: it follows the overview's last field in one schema and is top level in the examples.
        payment_reference=identifier(tree.get("transactionReference") or overview.get("transactionReference"), warn),
        payment_method=identifier(overview.get("paymentMethod"), warn),
        description=text(tree.get("description")),
        acquirer_response=text(overview.get("acquirerResponse")),
        deal=_deal(overview, warn),
        entries=tuple(_entry(item, warn) for item in _entries(tree)),
        lists_modifications=any(isinstance(tree.get(name), list | dict) for name in _ENTRY_PLACES),
        problem=read_problem(tree),
        raw=exact_json.plain(tree),
        warnings=tuple(dict.fromkeys(warnings)),
    )


def stated_problem(seen: Observation) -> Problem:
    """The gateway's own error body, either shape; `stated` is False for HTML, an empty body or somebody else's JSON."""
    try:
        return read_problem(exact_json.read_object(seen.body, warn=unheard))
    except exact_json.Unreadable:
        return Problem()


def read_problem(tree: dict[str, Any]) -> Problem:
    """The error of either body: {error, errorDetails, message} or {traceId, errors: [...]} (row 16)."""
    if isinstance(tree.get("errors"), list):
        return _listed_problem(tree["errors"])
    details = mapping(tree.get("errorDetails"))
    message = tree.get("message")
    # Row 16: message is oneOf string and object.
    said = text(message) or text(mapping(message).get("message")) or text(mapping(message).get("text"))
    parts = [said, text(details.get("gatewayDescription")), text(details.get("paymentProviderDescription"))]
    sentences = dict.fromkeys(part.removesuffix(".") for part in parts if part)
    code = text(tree.get("error"), maximum=100)
    stated = bool(code or any(parts) or _holds_something(tree.get("error")) or _holds_something(message))
    return Problem(code=code, text=". ".join(sentences)[:1000], stated=stated)


def _listed_problem(errors: list[Any]) -> Problem:
    items = [mapping(item) for item in errors]
    # Row 17: the item of a 500 has no code.
    code = next((text(item.get("code"), maximum=100) for item in items if item.get("code")), "")
    sentences = [_sentence_of(item) for item in items]
    return Problem(code=code, text=" ".join(filter(None, sentences))[:1000], stated=any(items))


def _sentence_of(item: dict[str, Any]) -> str:
    said, about = text(item.get("message")) or text(item.get("code")), text(item.get("property"))
    return f"{said} ({about})" if said and about else said


_ENTRY_PLACES = ("modification", "modifications")


def _entries(tree: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows 7 and 8: an object, an array, the plural, or nothing at all."""
    found: list[Any] = []
    for name in _ENTRY_PLACES:
        value = tree.get(name)
        found += value if isinstance(value, list) else [value]
    return [item for item in found if isinstance(item, dict) and item]


def _entry(item: dict[str, Any], warn: Warn) -> Entry:
    about = mapping(item.get("modificationData"))
    raw_type = identifier(about.get("type") or item.get("type"), warn)
    movement_type = MOVEMENT_TYPES.get(raw_type.upper(), "")
    if raw_type and not movement_type:
        warn(f"The gateway uses a type of modification that is not known here: {raw_type}.")
    amount = item.get("modificationAmount")
    return Entry(
        # Row 14: only the id inside the entry says which modification this is, never the one at the top.
        modification_id=identifier(about.get("modificationId") or item.get("modificationId"), warn),
        type=movement_type,
        raw_type=raw_type,
        status=identifier(item.get("status"), warn),
        amount=money(amount, warn),
        amount_stated=_holds_something(amount),
        reference=identifier(about.get("reconciliationReferenceId"), warn),
        gateway_id=_gateway_id(about, movement_type, warn),
        at=date(item.get("lastStatusDate"), warn) or date(item.get("creationDate"), warn),
        problem=_entry_problem(item.get("error")),
        legs=_legs(about, warn),
        raw=exact_json.plain(item),
    )


def _entry_problem(value: Any) -> Problem:
    if isinstance(value, dict):
        found = read_problem(value)
        return found if found.stated or not _holds_something(value) else Problem(stated=True)
    return Problem(text=text(value), stated=_holds_something(value))


def _gateway_id(about: dict[str, Any], movement_type: str, warn: Warn) -> str:
    """Row 20: an example carries all three ids; the one of its type counts."""
    own = GATEWAY_ID_FIELDS.get(movement_type)
    names = [own] if own else list(GATEWAY_ID_FIELDS.values())
    return next((found for name in names if (found := identifier(about.get(name), warn))), "")


def _legs(about: dict[str, Any], warn: Warn) -> tuple[SplitResult, ...]:
    results = about.get("paymentSplitResults")
    legs = [_leg(item, warn) for item in results if isinstance(item, dict)] if isinstance(results, list) else []
    if text(about.get("programRefundStatus")) or text(about.get("programRefundErrorMessage")):
        legs.append(_programme_leg(about, warn))
    return tuple(legs)


def _leg(item: dict[str, Any], warn: Warn) -> SplitResult:
    """ "If the code returns 0000, it is a SUCCESS, otherwise it's ERROR" (seed 001)."""
    status, error = identifier(item.get("status"), warn), text(item.get("error"))
    return SplitResult(
        destination=identifier(item.get("destinationReference"), warn),
        status=status,
        reference=identifier(item.get("splitUniqueReference"), warn),
        error=error,
        failed=bool(error) or status.upper() not in {"", "0000", "SUCCESS"},
    )


def _programme_leg(about: dict[str, Any], warn: Warn) -> SplitResult:
    status, error = identifier(about.get("programRefundStatus"), warn), text(about.get("programRefundErrorMessage"))
    return SplitResult(
        destination="programme refund",
        status=status,
        reference=identifier(about.get("programRefundId"), warn),
        error=error,
        failed=bool(error) or status.lower() not in {"", "success"},
    )


def _deal(overview: dict[str, Any], warn: Warn) -> Deal | None:
    """A 3RI deal names its amount without a currency, so it is the transaction's (seed 002)."""
    found = mapping(overview.get("deal"))
    reference = identifier(found.get("dealReference"), warn)
    if not reference:
        return None
    said = {"currencyCode": overview.get("currencyCode"), **found}
    return Deal(reference=reference, type_code=identifier(found.get("typeCode"), warn), amount=money(said, warn))


def _warn_of_ignored(tree: dict[str, Any], warn: Warn) -> None:
    ignored = tree.get("ignoredProperties")
    if isinstance(ignored, list) and ignored:
        warn("The gateway did not recognise these fields of the request: " + ", ".join(map(text, ignored[:20])) + ".")


def _holds_something(value: Any) -> bool:
    """Whether anything but emptiness is in there; {"error": "", "errorDetails": {"context": {}}} holds nothing."""
    if isinstance(value, dict):
        return any(_holds_something(part) for part in value.values())
    if isinstance(value, list):
        return any(_holds_something(part) for part in value)
    return value not in (None, "", False)
