"""The money bar: one authorization as coloured parts of a line, and the same figures as a table."""

from __future__ import annotations

from dataclasses import dataclass

from orders.gateways.base import Kind
from orders.modifications.conservation import Books, Conservation
from orders.money import Money

LENGTH = 1000
"""The bar is an SVG of this many units across; parts are whole units, so no fraction is ever computed."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A rectangle of the bar."""

    name: str
    pending: bool
    start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A row of the table under the bar: what is done, and its pending twin."""

    name: str
    label: str
    done: Money
    pending: Money | None


@dataclass(frozen=True, kw_only=True)
class MoneyBar:
    """Everything the money card of a transaction shows."""

    parts: tuple[Part, ...]
    figures: tuple[Figure, ...]
    conservation: Conservation
    in_words: str
    """The bar for those who cannot see it."""


@dataclass(frozen=True, kw_only=True)
class PendingReversal:
    """An open cancel or cancel-or-refund: it holds the transaction without standing in a money column."""

    kind: Kind
    amount: int


def money_bar_of(books: Books, conservation: Conservation, *, reversal: PendingReversal | None = None) -> MoneyBar:
    """The bar of one transaction."""
    releasing, giving_back = _reversal_twins(books, reversal)
    figures = _figures(books, releasing=releasing, giving_back=giving_back)
    return MoneyBar(
        parts=_parts(books, releasing=releasing, giving_back=giving_back),
        figures=figures,
        conservation=conservation,
        in_words="; ".join(_in_words(figure) for figure in figures),
    )


def _reversal_twins(books: Books, reversal: PendingReversal | None) -> tuple[int, int]:
    """(being released, being refunded) by an open reversal: released while nothing is captured, else refunded."""
    if reversal is None:
        return 0, 0
    if reversal.kind is Kind.CANCEL or not books.captured:
        return reversal.amount, 0
    return 0, reversal.amount


def _figures(books: Books, *, releasing: int, giving_back: int) -> tuple[Figure, ...]:
    def figure(name: str, label: str, done: int, pending: int = 0) -> Figure:
        twin = Money(pending, books.currency) if pending else None
        return Figure(name=name, label=label, done=Money(done, books.currency), pending=twin)

    rows = [
        figure("authorized", "Authorized", books.authorized),
        figure("captured", "Captured", books.captured, books.capturing),
        figure("refunded", "Refunded", books.refunded, books.refunding + giving_back),
        figure("released", "Released", books.released, releasing),
        figure("open", "Still open", max(0, books.still_open)),
        figure("kept", "Kept by the merchant", books.captured - books.refunded - books.charged_back),
    ]
    if books.charged_back:
        rows.insert(3, figure("charged_back", "Charged back", books.charged_back))
    return tuple(rows)


def _parts(books: Books, *, releasing: int, giving_back: int) -> tuple[Part, ...]:
    being_refunded = books.refunding + giving_back
    lengths = (
        ("kept", False, max(0, books.captured - books.refunded - being_refunded - books.charged_back)),
        ("refunded", True, being_refunded),
        ("refunded", False, books.refunded),
        ("charged_back", False, books.charged_back),
        ("kept", True, books.capturing),
        ("open", False, max(0, books.still_open - releasing)),
        ("released", True, releasing),
        ("released", False, books.released),
    )
    whole = sum(amount for _, _, amount in lengths)
    parts, amount_before = [], 0
    for name, pending, amount in lengths:
        start, end = (edge * LENGTH // whole if whole else 0 for edge in (amount_before, amount_before + amount))
        if end > start:
            parts.append(Part(name=name, pending=pending, start=start, length=end - start))
        amount_before += amount
    return tuple(parts)


def _in_words(figure: Figure) -> str:
    pending = f", {figure.pending} pending" if figure.pending else ""
    return f"{figure.label} {figure.done}{pending}"
