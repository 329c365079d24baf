"""How facts look: exact amounts in every currency, times in a zone, states that nobody knows, text that is hostile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import TransactionState
from orders.models import ModificationState, OrderState, ProposalState
from orders.money import MAXIMUM_MINOR, Money
from orders.templatetags import presentation

NOON = datetime(2026, 11, 20, 12, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "shown"),
    [
        (125_000, "EUR", "€1,250.00"),
        (5, "EUR", "€0.05"),
        (0, "EUR", "€0.00"),
        (-2_500, "EUR", "−€25.00"),
        (989_900, "JPY", "¥989,900"),
        (1_234, "IQD", "IQD\N{NO-BREAK SPACE}1.234"),
        (1_250, "CHF", "CHF\N{NO-BREAK SPACE}12.50"),
        (1_250, "XYZ", "XYZ\N{NO-BREAK SPACE}12.50"),
        (MAXIMUM_MINOR, "EUR", "€10,000,000,000,000.00"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount_minor: int, currency: str, shown: str) -> None:
    assert presentation.money_text(amount_minor, currency) == shown
    assert presentation.money(amount_minor, currency) == shown
    assert presentation.money(Money(amount_minor, currency)) == shown


@given(
    amount_minor=st.integers(-MAXIMUM_MINOR, MAXIMUM_MINOR),
    currency=st.sampled_from(["EUR", "JPY", "KWD", "CLF", "ISK"]),
)
def test_no_digit_of_an_amount_is_ever_lost(amount_minor: int, currency: str) -> None:
    shown = presentation.money_text(amount_minor, currency)

    digits = "".join(sign for sign in shown if sign.isdigit() or sign == ".")
    assert Decimal(digits) == abs(Money(amount_minor, currency).decimal)
    assert shown.startswith("−") is (amount_minor < 0)


@pytest.mark.parametrize("nothing", [None, "", "12.50", 12.5])
def test_what_is_no_amount_is_shown_as_nothing(nothing: object) -> None:
    assert presentation.money(nothing, "EUR") == ""


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "20 Nov, 12:04"),
        ("Asia/Tokyo", "20 Nov, 21:04"),
        ("Pacific/Kiritimati", "21 Nov, 02:04"),
        ("No/Such", "20 Nov, 12:04"),
        ("../../etc/passwd", "20 Nov, 12:04"),
    ],
)
def test_a_time_is_shown_in_its_zone_and_an_unknown_zone_is_utc(zone: str, shown: str) -> None:
    assert presentation.moment_text(NOON, zone) == shown


@time_machine.travel(NOON, tick=False)
def test_a_time_of_another_year_names_the_year_and_utc_stands_beside_every_time() -> None:
    assert presentation.moment_text(NOON - timedelta(days=400)) == "16 Oct 2025, 12:04"
    assert 'title="2026-11-20 12:04:05 UTC"' in presentation.moment(NOON, "Asia/Tokyo")
    assert presentation.moment(None) == "—"


@time_machine.travel(NOON, tick=False)
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (3_600, "1 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 days ago"),
        (-7_200, "in 2 h"),
    ],
)
def test_a_distance_in_time_is_told_in_its_largest_unit(seconds: int, shown: str) -> None:
    assert presentation.ago(NOON - timedelta(seconds=seconds)) == shown


def test_every_state_has_one_of_the_five_tones() -> None:
    for state in (*OrderState, *TransactionState):
        assert presentation.order_tone(state.value) in presentation.TONES
        assert presentation.order_word(state.value)
    assert set(presentation.ORDER_TONES) == set(OrderState)
    assert set(presentation.MODIFICATION_TONES) == set(ModificationState)
    assert set(presentation.PROPOSAL_TONES) == set(ProposalState)


def test_a_state_nobody_knows_asks_for_care_instead_of_crashing() -> None:
    assert presentation.order_tone("half_captured") == "careful"
    assert presentation.order_badge("half_captured") == '<span class="badge" data-tone="careful">Half captured</span>'


def test_hostile_text_is_escaped_in_every_tag() -> None:
    hostile = "\"><script>alert('x')</script>"

    for shown in (
        presentation.badge("good", hostile),
        presentation.order_badge(hostile),
        presentation.copy_button(hostile, hostile),
    ):
        assert "<script>" not in shown
        assert "alert('x')" not in shown
