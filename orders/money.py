"""Money: integer minor units beside an ISO 4217 currency. No float ever touches an amount."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

MAXIMUM_MINOR = 10**15
"""The largest amount we accept, in minor units: it fits a 64-bit integer with room for sums."""

# ISO 4217 exponents that differ from two.
_EXPONENTS = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
_CURRENCY = re.compile(r"[A-Z]{3}")
_AMOUNT = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,4})?")


class AmountRefused(ValueError):
    """The text is not an amount of this currency; the message is a sentence for the person who typed it."""


def is_currency(code: str) -> bool:
    """Whether the code has the shape of an ISO 4217 alpha-3 code: three ASCII capitals."""
    return _CURRENCY.fullmatch(code) is not None


def exponent_of(currency: str) -> int:
    """How many decimals the currency has (ISO 4217): JPY 0, EUR 2, KWD 3."""
    if not is_currency(currency):
        raise AmountRefused(f"“{currency}” is not a three-letter currency code such as EUR.")
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, order=False)
class Money:
    """An amount in minor units of one currency; may be zero or negative when it is a difference."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise TypeError("Money is made of whole minor units.")
        exponent_of(self.currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact, with the currency's decimals: 2500 EUR is Decimal('25.00')."""
        return Decimal(self.amount_minor).scaleb(-exponent_of(self.currency))

    def __str__(self) -> str:
        return f"{self.decimal:f} {self.currency}"


def parse_amount(text: str, currency: str) -> Money:
    """Read what a person typed or a shop sent as an amount above zero, exactly.

    ASCII digits with at most one point and no more decimals than the currency has; `12,5` is refused, not guessed.
    Raises AmountRefused with a sentence.
    """
    exponent = exponent_of(currency)
    plain = text.strip()
    if not plain:
        raise AmountRefused("Enter an amount; nothing was sent.")
    if _AMOUNT.fullmatch(plain) is None:
        raise AmountRefused(
            f"“{plain[:40]}” is not an amount. Use digits with a point for the decimals, such as {example(currency)}."
        )
    if len(plain.partition(".")[2]) > exponent:
        raise AmountRefused(f"{currency} has {decimals_in_words(exponent)}; “{plain}” has more. Nothing was rounded.")
    amount_minor = int(Decimal(plain).scaleb(exponent))
    if amount_minor <= 0:
        raise AmountRefused("The amount must be greater than zero.")
    if amount_minor > MAXIMUM_MINOR:
        raise AmountRefused(f"The amount is larger than {Money(MAXIMUM_MINOR, currency)}, the most this system moves.")
    return Money(amount_minor, currency)


def example(currency: str) -> str:
    """A well-formed amount in this currency, for hints and refusals."""
    return f"{Money(1250, currency).decimal:f}"


def decimals_in_words(exponent: int) -> str:
    """“no decimals”, “1 decimal”, “2 decimals”."""
    return {0: "no decimals", 1: "1 decimal"}.get(exponent, f"{exponent} decimals")
