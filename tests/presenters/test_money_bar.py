"""The money bar: its parts fill it exactly, in whole units, and every pending amount has its twin."""

from __future__ import annotations

import itertools
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Kind
from orders.modifications.conservation import Books, conservation_of
from orders.presenters.money_bar import LENGTH, MoneyBar, PendingReversal, money_bar_of

EMPTY = Books(
    currency="EUR",
    authorized=0,
    capturing=0,
    captured=0,
    released=0,
    refunding=0,
    refunded=0,
    charged_back=0,
    captures_sum=0,
    captures_refunded=0,
    open_captures=0,
    open_refunds=0,
)
AUTHORIZED = replace(EMPTY, authorized=10_000)
CAPTURED = replace(EMPTY, authorized=10_000, captured=10_000, captures_sum=10_000)


def _bar(books: Books, reversal: PendingReversal | None = None) -> MoneyBar:
    return money_bar_of(books, conservation_of(books), reversal=reversal)


def _pending(bar: MoneyBar) -> dict[str, int]:
    return {figure.name: figure.pending.amount_minor for figure in bar.figures if figure.pending}


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**15), st.integers(0, 10**15))
def test_the_parts_fill_the_bar_without_gap_or_overlap(kept: int, refunded: int, capturing: int, released: int) -> None:
    captured = kept + refunded
    books = replace(
        EMPTY,
        authorized=captured + capturing + released,
        captured=captured,
        refunded=refunded,
        capturing=capturing,
        released=released,
    )

    parts = _bar(books).parts

    assert sum(part.length for part in parts) == (LENGTH if books.authorized else 0)
    assert all(before.start + before.length == after.start for before, after in itertools.pairwise(parts))


def test_an_empty_authorization_has_an_empty_bar() -> None:
    assert _bar(EMPTY).parts == ()


def test_a_capture_and_a_refund_under_way_stand_as_pending_twins() -> None:
    capturing = _bar(replace(AUTHORIZED, capturing=4_000))
    refunding = _bar(replace(CAPTURED, refunding=1_500))

    assert _pending(capturing) == {"captured": 4_000}
    assert _pending(refunding) == {"refunded": 1_500}


def test_an_open_cancellation_shows_what_it_would_release() -> None:
    bar = _bar(AUTHORIZED, PendingReversal(kind=Kind.CANCEL, amount=10_000))

    assert _pending(bar) == {"released": 10_000}


def test_an_open_cancel_or_refund_shows_the_side_it_would_move() -> None:
    before_capture = _bar(AUTHORIZED, PendingReversal(kind=Kind.CANCEL_OR_REFUND, amount=10_000))
    after_capture = _bar(CAPTURED, PendingReversal(kind=Kind.CANCEL_OR_REFUND, amount=10_000))

    assert _pending(before_capture) == {"released": 10_000}
    assert _pending(after_capture) == {"refunded": 10_000}


def test_the_bar_is_told_in_words_too() -> None:
    words = _bar(replace(CAPTURED, refunding=1_500)).in_words

    assert "Captured 100.00 EUR" in words
    assert "Refunded 0.00 EUR, 15.00 EUR pending" in words
