"""The tolerant reader of gateway B's answers: orders, payments, refunds, collections and errors.

Nothing here judges; what is missing is None or "", what is odd becomes a warning, and only text that is no JSON object
of the expected sort raises (Unreadable). With and without `expand` a field holds objects or ids, so both are read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from orders.gateways import exact_json
from orders.gateways.base import Line, Observation
from orders.gateways.exact_json import Numeral, Unreadable
from orders.gateways.problems import Problem
from orders.gateways.values import Warn, date, identifier, mapping, modification_id, text, unheard, whole_money
from orders.money import Money

Thing = TypeVar("Thing")

_FIRST_MILLISECONDS = 10**11
"""Smaller numbers are seconds (B.11 row 3)."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What payments and refunds have in common. `owner` is a payment's order, a refund's payment; "" if not said."""

    id: str
    owner: str
    amount: Money | None
    status: str
    reference: str
    at: datetime | None
    warnings: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)

    @property
    def modification_id(self) -> str:
        """The reference when it is one of our ids; what was done elsewhere has another reference or none."""
        return modification_id(self.reference)


@dataclass(frozen=True, kw_only=True)
class Refund(Entry):
    """Money given back from one payment."""


@dataclass(frozen=True, kw_only=True)
class Payment(Entry):
    """One capture, with as much of its refunds as the answer shows."""

    order: Order | None = None
    """The order, where it came as an object."""
    refunds: tuple[Refund, ...] = ()
    refund_ids: tuple[str, ...] = ()
    """Refunds of which only the id was said."""
    lists_refunds: bool = False
    """Whether there is a place for refunds; without one nothing is known to be absent."""

    @property
    def whole(self) -> bool:
        return self.lists_refunds and not self.refund_ids


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order with as much of its payments as the answer shows."""

    id: str
    status: str
    amount: Money | None
    reference: str
    description: str
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    customer_name: str
    customer_email: str
    lines: tuple[Line, ...]
    payments: tuple[Payment, ...]
    payment_ids: tuple[str, ...]
    """Payments of which only the id was said."""
    lists_payments: bool
    warnings: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)

    @property
    def whole(self) -> bool:
        """Whether every payment and every refund is there to be seen."""
        return self.shows_payments and all(payment.whole for payment in self.payments)

    @property
    def shows_payments(self) -> bool:
        return self.lists_payments and not self.payment_ids

    @property
    def captured(self) -> int | None:
        """The sum of all payments in minor units; None when the answer does not show it."""
        amounts = [payment.amount for payment in self.payments]
        if not self.shows_payments or any(amount is None for amount in amounts):
            return None
        return sum(amount.amount_minor for amount in amounts if amount is not None)


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a collection; `next_page` is empty at the end."""

    orders: tuple[Order, ...]
    next_page: str


def read_order(body: bytes) -> Order:
    """Raises Unreadable for anything that is not an order."""
    return _read(body, "order", order_in)


def read_payment(body: bytes) -> Payment:
    """Raises Unreadable for anything that is not a payment."""
    return _read(body, "payment", payment_in)


def read_refund(body: bytes) -> Refund:
    """Raises Unreadable for anything that is not a refund."""
    return _read(body, "refund", refund_in)


def read_page(body: bytes) -> Page:
    """Raises Unreadable for anything that is not a collection of orders; something else among them is left out."""
    tree = exact_json.read_object(body, warn=unheard)
    data = tree.get("data")
    if not isinstance(data, list):
        raise Unreadable("The answer holds no list.")
    orders = tuple(order_in(item, []) for item in data if isinstance(item, dict) and text(item.get("id")))
    if data and not orders:
        raise Unreadable("The answer lists no orders.")
    return Page(orders=orders, next_page=text(tree.get("nextPageToken"), maximum=2000))


def stated_problem(seen: Observation) -> Problem:
    """The gateway's own error body: {statusCode, errorCode, message, details}; details hold texts or objects."""
    try:
        tree = exact_json.read_object(seen.body, warn=unheard)
    except Unreadable:
        return Problem()
    code = text(tree.get("errorCode"), maximum=100)
    details = tree.get("details")
    parts = [tree.get("message"), *(details if isinstance(details, list) else [details])]
    said = [text(part) or text(mapping(part).get("message")) for part in parts]
    sentences = dict.fromkeys(part.removesuffix(".") for part in said if part)
    return Problem(code=code, text=". ".join(sentences)[:1000], stated=bool(code))


def order_in(tree: dict[str, Any], warnings: list[str]) -> Order:
    """The order in an object that was read already, such as a webhook's."""
    warn = warnings.append
    objects, ids, listed = _listed(tree.get("payments"), warn)
    payments = tuple(payment_in(item, []) for item in objects)
    customer = mapping(tree.get("customerInfo"))
    name = f"{text(customer.get('lastName'), maximum=100)} {text(customer.get('firstName'), maximum=100)}"
    return Order(
        id=identifier(tree.get("id"), warn),
        status=identifier(tree.get("status"), warn),
        amount=whole_money(tree.get("amount"), tree.get("currency"), warn),
        reference=identifier(tree.get("reference"), warn),
        description=text(tree.get("description")),
        created_at=moment(tree.get("createdAt"), warn),
        updated_at=moment(tree.get("updatedAt"), warn),
        expires_at=moment(tree.get("expiresAt"), warn),
        customer_name=name.strip(),
        customer_email=text(customer.get("emailAddress") or customer.get("email"), maximum=255),
        lines=_lines(tree.get("lineItems"), warn),
        payments=payments,
        payment_ids=ids,
        lists_payments=listed,
        raw=exact_json.plain(tree),
        warnings=_once(warnings, *(payment.warnings for payment in payments)),
    )


def payment_in(tree: dict[str, Any], warnings: list[str]) -> Payment:
    """The payment in an object that was read already."""
    objects, ids, listed = _listed(tree.get("refunds"), warnings.append)
    refunds = tuple(refund_in(item, []) for item in objects)
    order = tree.get("order")
    entry = _entry(tree, order, warnings)
    warned = _once(warnings, *(refund.warnings for refund in refunds))
    return Payment(
        **{**entry, "warnings": warned},
        order=order_in(order, []) if isinstance(order, dict) else None,
        refunds=refunds,
        refund_ids=ids,
        lists_refunds=listed,
    )


def refund_in(tree: dict[str, Any], warnings: list[str]) -> Refund:
    """The refund in an object that was read already."""
    return Refund(**_entry(tree, tree.get("payment"), warnings))


def moment(value: Any, warn: Warn) -> datetime | None:
    """Milliseconds since 1970, seconds where the number is too small for that, or a written date; in UTC."""
    if value is None or isinstance(value, bool):
        return None
    digits = str(value).partition(".")[0] if isinstance(value, int | Numeral) else ""
    if not digits.isascii() or not digits.isdigit():
        return date(value, warn)
    number = int(digits[:18])
    try:
        return datetime.fromtimestamp(0, UTC) + _span(number)
    except OverflowError:
        warn(f"A date could not be read: {digits[:40]}.")
        return None


def with_payments(order: Order, payments: tuple[Payment, ...]) -> Order:
    """The same order with all its payments as objects."""
    return replace(order, payments=payments, payment_ids=())


def _read(body: bytes, word: str, read: Callable[[dict[str, Any], list[str]], Thing]) -> Thing:
    warnings: list[str] = []
    tree = exact_json.read_object(body, warn=warnings.append)
    said = text(tree.get("object"))
    if not text(tree.get("id")) or said.lower() not in {"", word}:
        raise Unreadable(f"The answer holds no {word}.")
    return read(tree, warnings)


def _entry(tree: dict[str, Any], owner: Any, warnings: list[str]) -> dict[str, Any]:
    warn = warnings.append
    return {
        "id": identifier(tree.get("id"), warn),
        "owner": identifier(mapping(owner).get("id") or owner, warn),
        "amount": whole_money(tree.get("amount"), tree.get("currency"), warn),
        "status": identifier(tree.get("status"), warn),
        "reference": identifier(tree.get("reference"), warn),
        "at": moment(tree.get("createdAt"), warn) or moment(tree.get("updatedAt"), warn),
        "raw": exact_json.plain(tree),
        "warnings": _once(warnings),
    }


def _listed(value: Any, warn: Warn) -> tuple[list[dict[str, Any]], tuple[str, ...], bool]:
    """Objects, bare ids, and whether there is a list at all; a collection's list stands in `data`."""
    items = mapping(value).get("data") if isinstance(value, dict) else value
    if not isinstance(items, list):
        return [], (), False
    objects = [item for item in items if isinstance(item, dict) and text(item.get("id"))]
    ids = tuple(found for item in items if isinstance(item, str) and (found := identifier(item, warn)))
    # Something that is neither: then the list does not show all that is in it.
    return objects, ids, len(objects) + len(ids) == len(items)


def _lines(value: Any, warn: Warn) -> tuple[Line, ...]:
    objects, _ids, _listed_all = _listed(value, warn)
    lines = (_line(item, warn) for item in objects)
    return tuple(line for line in lines if line is not None)


def _line(item: dict[str, Any], warn: Warn) -> Line | None:
    """A line item holds a price that holds a product, or says it all itself; a discount counts against the sum."""
    price = mapping(item.get("price")) or item
    amount = whole_money(price.get("amount"), price.get("currency") or item.get("currency"), warn)
    quantity = item.get("quantity", 1)
    if amount is None or isinstance(quantity, bool) or not isinstance(quantity, int) or quantity < 1:
        return None
    name = text(mapping(price.get("product")).get("name"), maximum=200) or text(item.get("name"), maximum=200)
    discount = text(item.get("kind")).lower() == "discount"
    return Line(name=name, quantity=quantity, unit_amount=-amount.amount_minor if discount else amount.amount_minor)


def _span(number: int) -> timedelta:
    return timedelta(milliseconds=number) if number >= _FIRST_MILLISECONDS else timedelta(seconds=number)


def _once(warnings: list[str], *inner: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*warnings, *(warning for more in inner for warning in more)]))
