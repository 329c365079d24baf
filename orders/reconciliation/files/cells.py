"""The text of a cell made a value, exactly and never by guessing. Each reader is a table that fills itself.

A million lines repeat dates, currencies and many amounts: a text met before costs one look into a dict.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from orders.money import MAXIMUM_MINOR, decimals_in_words, exponent_of, is_currency
from orders.reconciliation.files.choices import DateForm, DecimalMark, Units
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.refusals import BadCell, shown

REMEMBERED = 5_000
"""Texts a table keeps before it starts again, so that memory stays flat."""
EARLIEST = date(2000, 1, 1)
DAYS_AHEAD = 7
_SIGNS = str.maketrans({"−": "-", "–": "-", "\u00a0": " ", "\u202f": " ", "’": "'"})
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d.*))?", re.ASCII)
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ](\d.*))?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?: \d.*)?", re.ASCII)
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: \d.*)?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)


class Amounts(dict[str, int]):
    """Text → minor units of one currency, signed as written."""

    def __init__(self, currency: str, mapping: Mapping) -> None:
        super().__init__()
        self._currency = currency
        self._exponent = 0 if mapping.units == Units.MINOR else exponent_of(currency)
        self._mark = mapping.decimal_mark
        self._padded = mapping.padded_decimals
        self._thousands = mapping.thousands_mark
        mark = re.escape(mapping.decimal_mark if mapping.decimal_mark != DecimalMark.AUTO else ".")
        certain = mapping.decimal_mark != DecimalMark.AUTO or self._exponent != 3
        self._quick_mark = (
            ("." if mapping.decimal_mark == DecimalMark.AUTO else mapping.decimal_mark) if certain else "\0"
        )
        group = re.escape(mapping.thousands_mark)
        whole = rf"[0-9]{{1,3}}(?:{group}[0-9]{{3}})+|[0-9]+" if group else r"[0-9]+"
        self._declared = re.compile(rf"({whole})(?:{mark}([0-9]*))?").fullmatch

    def __missing__(self, text: str) -> int:
        whole, _, decimals = text.partition(self._quick_mark)
        digits = whole + decimals
        if len(decimals) == self._exponent and digits.isdigit() and digits.isascii() and len(digits) <= 15:
            value = int(digits)
        else:
            value = self._slowly(text)
            if not -MAXIMUM_MINOR <= value <= MAXIMUM_MINOR:
                raise BadCell(f"The amount {shown(text)} is larger than this system counts.")
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = value
        return value

    def _slowly(self, text: str) -> int:
        figure, negative = _unsigned(text)
        whole, decimals = self._halves(figure, text)
        if len(decimals) > self._exponent:
            if not self._padded or decimals[self._exponent :].strip("0"):
                raise BadCell(
                    f"The amount {shown(text)} has more decimals than {self._currency}, which has "
                    f"{decimals_in_words(self._exponent)}; nothing was rounded."
                )
            decimals = decimals[: self._exponent]
        if len(whole) > 18:
            raise BadCell(f"The amount {shown(text)} is larger than this system counts.")
        value = int(whole + decimals.ljust(self._exponent, "0"))
        return -value if negative else value

    def _halves(self, figure: str, text: str) -> tuple[str, str]:
        found = self._guessed(figure, text) if self._mark == DecimalMark.AUTO else self._declared(figure)
        if not found:
            raise BadCell(
                f"{shown(text)} is not an amount in the form this profile declares."
                if text.strip()
                else "The amount is empty."
            )
        return re.sub(r"[^0-9]", "", found[1]), found[2] or ""

    def _guessed(self, figure: str, text: str) -> re.Match[str] | None:
        marks = [sign for sign in figure if sign in ".,"]
        if len(marks) == 1 and re.fullmatch(r"[0-9]{1,3}[.,][0-9]{3}", figure):
            raise BadCell(
                f"The amount {shown(text)} can be read in two ways; say in the profile which mark stands before the "
                "decimals."
            )
        if len(marks) == 1 or (len(marks) > 1 and marks[-1] != marks[-2]):
            other = "," if marks[-1] == "." else "."
            return re.fullmatch(rf"([0-9]{{1,3}}(?:[{other}][0-9]{{3}})+|[0-9]+)[{marks[-1]}]([0-9]*)", figure)
        return re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)()", figure)


def _unsigned(text: str) -> tuple[str, bool]:
    """The figure without its sign: -5, 5-, (5) and +5 are read; two signs are none."""
    figure = text.translate(_SIGNS).strip()
    if figure.startswith("(") and figure.endswith(")"):
        return figure[1:-1].strip(), True
    if figure.startswith(("-", "+")):
        return figure[1:].strip(), figure[0] == "-"
    if figure.endswith("-"):
        return figure[:-1].strip(), True
    return figure, False


class Dates(dict[str, tuple[date, str]]):
    """Text → booking day, and that day in ISO form. Far ahead or before 2000 is refused: a wrong column."""

    def __init__(self, mapping: Mapping, today: date) -> None:
        super().__init__()
        self._read = _FORMS[mapping.date_form]
        self._zone = ZoneInfo(mapping.time_zone) if mapping.time_zone else None
        self._latest = today + timedelta(days=DAYS_AHEAD)

    def __missing__(self, text: str) -> tuple[date, str]:
        plain = text.strip()
        try:
            day = self._read(plain, self._zone)
        except (ValueError, OverflowError):
            day = None
        if day is None:
            raise BadCell(
                f"{shown(text)} is not a date in the form this profile declares." if plain else "The date is empty."
            )
        if day > self._latest:
            raise BadCell(f"The date {day} lies in the future.")
        if day < EARLIEST:
            raise BadCell(f"The date {day} lies before the year 2000.")
        if len(self) >= REMEMBERED:
            self.clear()
        self[text] = both = (day, day.isoformat())
        return both


def _year_first(text: str, zone: ZoneInfo | None, form: re.Pattern[str] = _YEAR_FIRST) -> date | None:
    found = form.fullmatch(text)
    if found is None:
        return None
    day = date(int(found[1]), int(found[2]), int(found[3]))
    if found[4] is None:
        return day
    moment = datetime.fromisoformat(text.replace("/", "-"))
    if zone is None:
        return day
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone).date()


def _day_first(text: str, zone: ZoneInfo | None, form: re.Pattern[str] = _YEAR_LAST) -> date | None:
    found = form.fullmatch(text)
    return date(int(found[3]), int(found[2]), int(found[1])) if found else None


def _month_first(text: str, zone: ZoneInfo | None) -> date | None:
    found = _YEAR_LAST.fullmatch(text)
    return date(int(found[3]), int(found[1]), int(found[2])) if found else None


def _compact(text: str, zone: ZoneInfo | None) -> date | None:
    found = _COMPACT.fullmatch(text)
    return date(int(found[1]), int(found[2]), int(found[3])) if found else None


def _unambiguous(text: str, zone: ZoneInfo | None) -> date | None:
    return _year_first(text, zone, _ISO) or _compact(text, zone) or _day_first(text, zone, _DOTTED)


_FORMS: dict[str, Callable[[str, ZoneInfo | None], date | None]] = {
    DateForm.AUTO.value: _unambiguous,
    DateForm.YEAR_FIRST.value: _year_first,
    DateForm.DAY_FIRST.value: _day_first,
    DateForm.MONTH_FIRST.value: _month_first,
    DateForm.COMPACT.value: _compact,
}


def currency_code(text: str, mapping: Mapping) -> str:
    """The line's currency; an empty cell takes the profile's default. Raises BadCell."""
    code = text.strip().upper() or mapping.default_currency or mapping.only_currency
    if not is_currency(code):
        raise BadCell(f"{shown(text)} is not a three-letter currency code." if code else "The currency is empty.")
    if mapping.only_currency and code != mapping.only_currency:
        raise BadCell(f"The line is in {code}, and this profile's files hold {mapping.only_currency} only.")
    return code
