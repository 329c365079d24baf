"""How one kind of settlement file is read: a plain value that a profile stores as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import available_timezones

from django.db.models import TextChoices

from orders.models.settlement import LineType
from orders.money import is_currency
from orders.reconciliation.files import choices
from orders.reconciliation.files.plain import BadMapping, known, part, table, word_list

IGNORE = "ignore"
"""Not a line type: lines of such a word, such as an opening balance, are counted and left out."""
FIELDS = (
    "type",
    "gross",
    "fee",
    "net",
    "currency",
    "booked_on",
    "reference",
    "transaction_reference",
    "gateway_id",
    "custom_reference",
    "payout_reference",
    "original_currency",
    "original_amount",
    "text",
    "debit_credit",
    "account",
)
"""Where a line's parts may come from. `debit_credit` is the marker column, `account` whose file it is."""
MOST_COLUMNS = 200
_CHOICES: dict[str, type[TextChoices]] = {
    "layout": choices.Layout,
    "format": choices.FileFormat,
    "encoding": choices.Encoding,
    "delimiter": choices.Delimiter,
    "unknown_words": choices.UnknownWords,
    "decimal_mark": choices.DecimalMark,
    "thousands_mark": choices.ThousandsMark,
    "units": choices.Units,
    "signs": choices.Signs,
    "fee_sign": choices.FeeSign,
    "payout_sign": choices.PayoutSign,
    "date_form": choices.DateForm,
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a field's text comes from: a column by its header, by its place (from 1), or the same text in each line."""

    column: str = ""
    position: int = 0
    constant: str = ""
    optional: bool = False
    """A named column that may be missing; then the field is empty."""
    or_column: str = ""
    """Another column that is read where the first one is empty or missing."""


@dataclass(frozen=True, kw_only=True)
class TypeWord:
    """What a word of the type column means, by the sign of the amount; the same twice where the sign tells nothing."""

    positive: str
    negative: str


@dataclass(frozen=True, kw_only=True)
class Trailer:
    """The closing rows that say what the file holds; places count from 1, 0 means that the row does not say it."""

    marker: str
    marker_at: int = 1
    count_at: int = 0
    gross_at: int = 0
    net_at: int = 0
    currency_at: int = 0
    count_per_currency: bool = False
    """The count is that of the row's currency, not that of the whole file."""
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Mapping:
    """One way of reading files; `orders.reconciliation.files.choices` explains each word. Raises BadMapping.

    `types` maps words (compared without case) to meanings. `account_value` is what the `account` column must say.
    `padded_decimals` takes zeros beyond the currency's decimals, such as 1000.00 JPY. A `time_zone` decides on which
    day a moment with a zone falls; without one the day is taken as written.
    """

    layout: str = choices.Layout.MOVEMENTS.value
    format: str = choices.FileFormat.AUTO.value
    encoding: str = choices.Encoding.AUTO.value
    delimiter: str = choices.Delimiter.AUTO.value
    sheet: str = ""
    skip_rows: int = 0
    header: bool = True
    columns: dict[str, Source] = field(default_factory=dict)
    types: dict[str, TypeWord] = field(default_factory=dict)
    unknown_words: str = choices.UnknownWords.REFUSE.value
    decimal_mark: str = choices.DecimalMark.AUTO.value
    thousands_mark: str = choices.ThousandsMark.NONE.value
    units: str = choices.Units.MAJOR.value
    padded_decimals: bool = False
    signs: str = choices.Signs.MERCHANT.value
    debit_words: tuple[str, ...] = ("D", "DR", "DEBIT")
    credit_words: tuple[str, ...] = ("C", "CR", "CREDIT")
    fee_sign: str = choices.FeeSign.POSITIVE.value
    payout_sign: str = choices.PayoutSign.NEGATIVE.value
    default_currency: str = ""
    only_currency: str = ""
    date_form: str = choices.DateForm.AUTO.value
    time_zone: str = ""
    account_value: str = ""
    trailer: Trailer | None = None

    def __post_init__(self) -> None:
        _check_words(self)
        _check_columns(self)
        _check_types(self)
        _check_trailer(self.trailer)

    def to_json(self) -> dict[str, Any]:
        """The plain form that `from_json` reads."""
        plain = asdict(self)
        return {**plain, "debit_words": list(self.debit_words), "credit_words": list(self.credit_words)}

    @classmethod
    def from_json(cls, plain: Any) -> Mapping:
        """The mapping of a stored profile; whatever is missing has its default. Raises BadMapping with a sentence."""
        told = known(plain, cls, "mapping")
        trailer = told.get("trailer")
        columns = {name: part(Source, value, f"column “{name}”") for name, value in table(told, "columns").items()}
        types = {word.strip().casefold(): _meaning(word, value) for word, value in table(told, "types").items()}
        lists: dict[str, Any] = {
            name: word_list(told[name], name) for name in ("debit_words", "credit_words") if name in told
        }
        closing = None if trailer is None else part(Trailer, trailer, "trailer")
        made: dict[str, Any] = {**told, "columns": columns, "types": types, "trailer": closing, **lists}
        return cls(**made)


def _meaning(word: str, plain: Any) -> TypeWord:
    return TypeWord(positive=plain, negative=plain) if isinstance(plain, str) else part(TypeWord, plain, f"“{word}”")


def _check_words(mapping: Mapping) -> None:
    for name, kind in _CHOICES.items():
        if getattr(mapping, name) not in kind.values:
            raise BadMapping(f"“{name}” cannot be “{str(getattr(mapping, name))[:40]}”.")
    if mapping.decimal_mark == mapping.thousands_mark:
        raise BadMapping("The decimal mark and the thousands mark cannot be the same.")
    if mapping.thousands_mark and mapping.decimal_mark == choices.DecimalMark.AUTO:
        raise BadMapping("With a thousands mark the decimal mark must be said, too.")
    for name in ("default_currency", "only_currency"):
        code = getattr(mapping, name)
        if code and not is_currency(code):
            raise BadMapping(f"“{code[:20]}” is not a three-letter currency code such as EUR.")
    if mapping.time_zone and mapping.time_zone not in available_timezones():
        raise BadMapping(f"“{mapping.time_zone[:60]}” is not a time zone such as Europe/Berlin.")
    if not 0 <= mapping.skip_rows <= 100:
        raise BadMapping("Between 0 and 100 rows can be skipped before the header.")


def _check_columns(mapping: Mapping) -> None:
    columns = mapping.columns
    if unknown := sorted(set(columns) - set(FIELDS)):
        raise BadMapping(f"A line has no part “{unknown[0][:40]}”.")
    for name, source in columns.items():
        ways = bool(source.column.strip()) + bool(source.position) + bool(source.constant)
        if ways != 1:
            raise BadMapping(f"Say for “{name}” either a column's name, its place or a fixed text.")
        if not 0 <= source.position <= MOST_COLUMNS:
            raise BadMapping(f"The place of “{name}” must be between 1 and {MOST_COLUMNS}.")
        if source.column and not mapping.header:
            raise BadMapping(f"A file without header has no column named “{source.column[:60]}”; say its place.")
    if not {"gross", "net"} & set(columns):
        raise BadMapping("Say which column holds the gross or the net amount.")
    if "booked_on" not in columns:
        raise BadMapping("Say which column holds the booking date.")
    if mapping.layout == choices.Layout.MOVEMENTS and "type" not in columns:
        raise BadMapping("Say which column tells captures from refunds.")
    if "currency" not in columns and not (mapping.default_currency or mapping.only_currency):
        raise BadMapping("Say which column holds the currency, or the currency of every line.")
    if (mapping.signs == choices.Signs.BY_MARKER) != ("debit_credit" in columns):
        raise BadMapping("A debit/credit column and amounts without signs belong together.")
    if ("account" in columns) != bool(mapping.account_value):
        raise BadMapping("The column that names the account needs the text it must hold, and the text the column.")
    if "original_amount" in columns and "original_currency" not in columns:
        raise BadMapping("The original amount needs its currency's column.")


def _check_types(mapping: Mapping) -> None:
    known = {*LineType.values, IGNORE}
    for word, meaning in mapping.types.items():
        for kind in (meaning.positive, meaning.negative):
            if kind not in known:
                raise BadMapping(f"“{word[:40]}” cannot mean “{str(kind)[:40]}”.")
        if meaning.positive != meaning.negative and mapping.signs == choices.Signs.BY_TYPE:
            raise BadMapping(f"“{word[:40]}” has two meanings by sign, but the amounts have no signs.")
    if mapping.layout == choices.Layout.MOVEMENTS and not mapping.types:
        raise BadMapping("Say what the words of the type column mean.")


def _check_trailer(trailer: Trailer | None) -> None:
    if trailer is None:
        return
    places = (trailer.count_at, trailer.gross_at, trailer.net_at, trailer.currency_at)
    if not trailer.marker.strip() or not 1 <= trailer.marker_at <= MOST_COLUMNS:
        raise BadMapping("The trailer needs the word that marks it and the column where that word stands.")
    if any(not 0 <= place <= MOST_COLUMNS for place in places):
        raise BadMapping(f"The trailer's places must be between 1 and {MOST_COLUMNS}.")
    if not any((trailer.count_at, trailer.gross_at, trailer.net_at)):
        raise BadMapping("The trailer must say at least how many lines there are or what they sum to.")
