"""The conservation tick: it holds exactly when every figure is explained, and names what is missing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.modifications.conservation import Books, Unbooked, conservation_of
from orders.money import Money

amounts = st.integers(min_value=0, max_value=10**12)

SOUND = Books(
    currency="EUR",
    authorized=24_990,
    capturing=0,
    captured=15_000,
    released=9_990,
    refunding=1_500,
    refunded=2_500,
    charged_back=0,
    captures_sum=15_000,
    captures_refunded=2_500,
    open_captures=0,
    open_refunds=1_500,
)


@st.composite
def sound_books(draw: st.DrawFn) -> Books:
    """Books as the constraints allow them: parts first, sums made from them."""
    kept, refunding, refunded, lost = draw(amounts), draw(amounts), draw(amounts), draw(amounts)
    captured = kept + refunding + refunded + lost
    capturing, released, still_open = draw(amounts), draw(amounts), draw(amounts)
    return Books(
        currency="EUR",
        authorized=captured + capturing + released + still_open,
        capturing=capturing,
        captured=captured,
        released=released,
        refunding=refunding,
        refunded=refunded,
        charged_back=lost,
        captures_sum=captured,
        captures_refunded=refunded,
        open_captures=capturing,
        open_refunds=refunding,
    )


@given(sound_books())
def test_sound_books_hold(books: Books) -> None:
    conservation = conservation_of(books)

    assert conservation.holds
    assert conservation.sentence == "All figures add up."


@pytest.mark.parametrize(
    ("column", "by"),
    [
        ("authorized", -1),
        ("captured", 1),
        ("captures_sum", -1),
        ("captures_refunded", 1),
        ("open_captures", 1),
        ("open_refunds", -1),
        ("charged_back", 11_001),
    ],
)
def test_a_figure_that_is_off_is_named(column: str, by: int) -> None:
    books = replace(SOUND, **{column: getattr(SOUND, column) + by})

    conservation = conservation_of(books)

    assert not conservation.holds
    assert "0.01 EUR is missing" in conservation.sentence


@given(sound_books(), st.integers(min_value=1, max_value=10**9))
def test_the_missing_amount_is_exact(books: Books, missing: int) -> None:
    conservation = conservation_of(replace(books, captures_sum=books.captures_sum + missing))

    assert [equation.missing for equation in conservation.equations if not equation.holds] == [Money(missing, "EUR")]


def test_money_that_is_not_booked_breaks_the_tick() -> None:
    outside = Unbooked(kind="refund", amount=Money(20_000, "EUR"), reason="It is more than was captured.")

    conservation = conservation_of(SOUND, (outside,))

    assert not conservation.holds
    assert conservation.sentence == "200.00 EUR moved at the gateway and is not in our books."
