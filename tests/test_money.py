"""Amounts are read exactly or refused with a sentence; no float, no rounding, no guess."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.money import (
    MAXIMUM_MINOR,
    AmountRefused,
    Money,
    decimals_in_words,
    example,
    exponent_of,
    is_currency,
    parse_amount,
)

EXPONENTS = {"JPY": 0, "KRW": 0, "EUR": 2, "USD": 2, "GBP": 2, "KWD": 3, "BHD": 3, "CLF": 4}


@pytest.mark.parametrize(
    ("text", "currency", "amount_minor"),
    [
        ("25", "EUR", 2_500),
        ("25.5", "EUR", 2_550),
        ("25.00", "EUR", 2_500),
        ("0.01", "EUR", 1),
        ("007", "EUR", 700),
        ("  12.50 ", "EUR", 1_250),
        ("1000", "JPY", 1_000),
        ("1.234", "KWD", 1_234),
        ("1.2", "KWD", 1_200),
        ("1.2345", "CLF", 12_345),
        ("10000000000000.00", "EUR", MAXIMUM_MINOR),
        ("1000000000000000", "JPY", MAXIMUM_MINOR),
    ],
)
def test_an_amount_is_read_exactly(text: str, currency: str, amount_minor: int) -> None:
    assert parse_amount(text, currency) == Money(amount_minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "told"),
    [
        ("", "EUR", "Enter an amount"),
        ("   ", "EUR", "Enter an amount"),
        ("0", "EUR", "greater than zero"),
        ("0.00", "EUR", "greater than zero"),
        ("-1", "EUR", "not an amount"),
        ("+1", "EUR", "not an amount"),
        ("1e2", "EUR", "not an amount"),
        ("NaN", "EUR", "not an amount"),
        ("Infinity", "EUR", "not an amount"),
        ("0x10", "EUR", "not an amount"),
        ("1_000", "EUR", "not an amount"),
        ("1 000", "EUR", "not an amount"),
        ("1,000.00", "EUR", "not an amount"),
        ("12,5", "EUR", "not an amount"),
        (".5", "EUR", "not an amount"),
        ("5.", "EUR", "not an amount"),
        ("1.2.3", "EUR", "not an amount"),
        ("10 EUR", "EUR", "not an amount"),
        ("€10", "EUR", "not an amount"),
        ("\uff11\uff12.\uff15\uff10", "EUR", "not an amount"),
        ("\u0661\u0662", "EUR", "not an amount"),
        ("1\x000", "EUR", "not an amount"),
        ("1\n2", "EUR", "not an amount"),
        ("1" * 19, "EUR", "not an amount"),
        ("1.23456", "EUR", "not an amount"),
        ("12.345", "EUR", "EUR has 2 decimals"),
        ("12.300", "EUR", "EUR has 2 decimals"),
        ("1.0", "JPY", "JPY has no decimals"),
        ("1.2345", "KWD", "KWD has 3 decimals"),
        ("10000000000000.01", "EUR", "the most this system moves"),
        ("1000000000000001", "JPY", "the most this system moves"),
        ("10", "eur", "three-letter currency code"),
        ("10", "EURO", "three-letter currency code"),
        ("10", "", "three-letter currency code"),
    ],
)
def test_what_is_no_amount_is_refused_with_a_sentence(text: str, currency: str, told: str) -> None:
    with pytest.raises(AmountRefused) as refusal:
        parse_amount(text, currency)

    assert told in str(refusal.value)
    assert str(refusal.value).endswith(".")


def test_a_long_word_is_not_repeated_in_full() -> None:
    with pytest.raises(AmountRefused) as refusal:
        parse_amount("x" * 5_000, "EUR")

    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("wrong", [1.0, "1", Decimal(1), True, None])
def test_money_is_made_of_whole_minor_units(wrong: Any) -> None:
    with pytest.raises(TypeError):
        Money(wrong, "EUR")


def test_money_has_a_currency() -> None:
    with pytest.raises(AmountRefused):
        Money(1, "euro")


def test_money_never_changes() -> None:
    price = Money(100, "EUR")

    with pytest.raises(FrozenInstanceError):
        price.amount_minor = 1  # type: ignore[misc]


def test_equal_numbers_of_different_currencies_are_different_money() -> None:
    assert Money(100, "EUR") == Money(100, "EUR")
    assert Money(100, "EUR") != Money(100, "USD")


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(2_500, "EUR"), "25.00 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(1_000, "JPY"), "1000 JPY"),
        (Money(1_234, "KWD"), "1.234 KWD"),
        (Money(MAXIMUM_MINOR, "EUR"), "10000000000000.00 EUR"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(money: Money, text: str) -> None:
    assert str(money) == text


@pytest.mark.parametrize(("currency", "exponent"), sorted(EXPONENTS.items()))
def test_currencies_have_their_iso_4217_decimals(currency: str, exponent: int) -> None:
    assert exponent_of(currency) == exponent


@pytest.mark.parametrize("code", ["EU", "eur", "EURO", "E1R", "ÉUR", "EUR\n", ""])
def test_a_currency_code_is_three_ascii_capitals(code: str) -> None:
    assert not is_currency(code)
    assert is_currency("EUR")


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_the_example_is_itself_an_amount(currency: str) -> None:
    assert parse_amount(example(currency), currency).amount_minor == 1_250


def test_decimals_are_said_in_words() -> None:
    assert [decimals_in_words(count) for count in range(4)] == ["no decimals", "1 decimal", "2 decimals", "3 decimals"]


@given(amount_minor=st.integers(1, MAXIMUM_MINOR), currency=st.sampled_from(sorted(EXPONENTS)))
def test_what_is_written_is_read_back_as_the_same_money(amount_minor: int, currency: str) -> None:
    money = Money(amount_minor, currency)

    assert parse_amount(str(money).partition(" ")[0], currency) == money
    assert money.decimal * 10 ** exponent_of(currency) == amount_minor


@given(text=st.text(max_size=24), currency=st.sampled_from(sorted(EXPONENTS)))
def test_any_text_is_an_amount_or_a_refusal(text: str, currency: str) -> None:
    try:
        money = parse_amount(text, currency)
    except AmountRefused:
        return

    assert 0 < money.amount_minor <= MAXIMUM_MINOR
    assert money.decimal == Decimal(text.strip())
