"""Amounts: integer minor units inside, exact decimals on the wire, and never a float in between."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

ZERO_DECIMAL = frozenset(
    (
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
    )
)
THREE_DECIMAL = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))
AMOUNT_LIMIT_MINOR = 10**15
CENT = Decimal("0.01")


class BadAmount(ValueError):
    """The number cannot be an amount of this currency; the text says why."""


def exponent_of(currency: str) -> int:
    """Digits after the point in ISO 4217."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def minor_from_wire(value: object, currency: str) -> int:
    """Minor units from a JSON number or its text (gateways.md A.10, line 10). Raises BadAmount."""
    amount = _decimal(value)
    if amount != (rounded := amount.quantize(CENT)):
        raise BadAmount("Value must have at most two decimals.")
    scaled = rounded.scaleb(exponent_of(currency))
    if scaled != scaled.to_integral_value():
        raise BadAmount(f"Value has more decimals than {currency} knows.")
    return int(scaled)


def minor_from_control(value: object, currency: str) -> int:
    """A control call says integer minor units, or a text such as "49.99" in major units. Raises BadAmount."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str):
        return minor_from_wire(value.strip(), currency)
    raise BadAmount('An amount is an integer in minor units (4999) or a text in major units ("49.99").')


def major(amount_minor: int, currency: str) -> Decimal:
    """The exact decimal in major units."""
    return Decimal(amount_minor).scaleb(-exponent_of(currency))


def for_json(amount_minor: int, currency: str) -> Decimal:
    """As the gateway writes it: 25, 49.99 or 800.2, without needless zeros (gateways.md A.10, line 10)."""
    amount = major(amount_minor, currency).normalize()
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount


def for_people(amount_minor: int, currency: str) -> str:
    return f"{major(amount_minor, currency):,f} {currency}"


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise BadAmount("Value must be a number.")
    if isinstance(value, str) and not value.isascii():
        raise BadAmount("Value must be written with the digits 0 to 9.")
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise BadAmount("Value must be a number.") from error
    if not amount.is_finite() or amount.copy_abs() > AMOUNT_LIMIT_MINOR:
        raise BadAmount("Value must be a number of at most 15 digits.")
    return amount
