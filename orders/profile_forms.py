"""What people type about mapping profiles, made into plain values. The rules live with the verbs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from orders.forms import PlainForm
from orders.reconciliation.files import choices
from orders.reconciliation.files.mapping import FIELDS, IGNORE, Mapping, TypeWord
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.profiles_desk import DAYS_MAXIMUM, NAME_MAXIMUM, NOTE_MAXIMUM, TOLERANCE_MAXIMUM

HOWS = (
    ("", "Not in the file"),
    ("column", "Column named"),
    ("optional", "Column, if there"),
    ("position", "Column number"),
    ("constant", "Always the text"),
)
FIELD_WORDS = {
    "type": "Type",
    "gross": "Gross",
    "fee": "Fee",
    "net": "Net",
    "currency": "Currency",
    "booked_on": "Booking date",
    "reference": "Reconciliation reference",
    "transaction_reference": "Transaction id",
    "gateway_id": "Capture, refund or payment id",
    "custom_reference": "Our own reference",
    "payout_reference": "Payout reference",
    "original_currency": "Original currency",
    "original_amount": "Original amount",
    "text": "Text",
    "debit_credit": "Debit/credit",
    "account": "Account",
}
_PLACES = ("marker_at", "count_at", "gross_at", "net_at", "currency_at")
_CHOSEN = {
    "layout": (choices.Layout, "A line is"),
    "format": (choices.FileFormat, "Format"),
    "encoding": (choices.Encoding, "Letters"),
    "delimiter": (choices.Delimiter, "Delimiter"),
    "decimal_mark": (choices.DecimalMark, "Decimal mark"),
    "thousands_mark": (choices.ThousandsMark, "Thousands mark"),
    "units": (choices.Units, "Amounts are written"),
    "signs": (choices.Signs, "Signs"),
    "fee_sign": (choices.FeeSign, "Fees"),
    "payout_sign": (choices.PayoutSign, "Payouts"),
    "date_form": (choices.DateForm, "Dates"),
    "unknown_words": (choices.UnknownWords, "Unknown types"),
}
_TEXTS = {
    "default_currency": ("Currency where none is given", 3),
    "only_currency": ("The only currency allowed", 3),
    "time_zone": ("Time zone that decides on the day", 64),
    "sheet": ("Sheet of a workbook", 60),
    "account_value": ("Text that the account column must hold", 100),
}


class ProfileForm(PlainForm):
    """A mapping as flat fields; `mapping` is made by `clean`."""

    tolerance_minor = forms.IntegerField(
        min_value=0, max_value=TOLERANCE_MAXIMUM, label="Tolerance in minor units", initial=0
    )
    tolerance_days = forms.IntegerField(min_value=0, max_value=DAYS_MAXIMUM, label="Tolerance in days", initial=5)
    header = forms.BooleanField(required=False, label="The file has a header")
    skip_rows = forms.IntegerField(min_value=0, max_value=100, label="Rows to skip before it", initial=0)
    padded_decimals = forms.BooleanField(required=False, label="Zeros beyond the currency’s decimals are fine")
    types = forms.CharField(
        required=False,
        max_length=8000,
        label="Words of the type column",
        help_text="One per line: CAPTURE = capture. Two meanings by sign: PAYMENT = capture / refund. Meanings: "
        f"capture, refund, chargeback, reversal, fee, fx, payout, adjustment, other, {IGNORE}.",
        widget=forms.Textarea(attrs={"rows": "8", "spellcheck": "false"}),
    )
    debit_words = forms.CharField(required=False, max_length=300, label="Words for debit")
    credit_words = forms.CharField(required=False, max_length=300, label="Words for credit")
    trailer_marker = forms.CharField(
        required=False, max_length=60, label="Word that marks the closing row", help_text="Empty: there is none."
    )
    trailer_required = forms.BooleanField(required=False, label="A file without closing row is cut")
    trailer_count_per_currency = forms.BooleanField(required=False, label="The count is that of the row’s currency")

    def __init__(
        self, data: Any = None, *, mapping: Mapping, tolerance_minor: int = 0, tolerance_days: int = 5
    ) -> None:
        initial = {**flat(mapping), "tolerance_minor": tolerance_minor, "tolerance_days": tolerance_days}
        super().__init__(data, initial=initial, auto_id="profile-%s", label_suffix="")
        self.mapping = mapping
        for name, (kind, label) in _CHOSEN.items():
            self.fields[name] = forms.ChoiceField(choices=kind.choices, label=label, required=name != "thousands_mark")
        for name, (label, most) in _TEXTS.items():
            self.fields[name] = forms.CharField(required=False, max_length=most, label=label)
        for place in _PLACES:
            label = {"marker_at": "Column of that word"}.get(place, f"Column of the {place[:-3]}")
            self.fields[f"trailer_{place}"] = forms.IntegerField(
                required=False, min_value=0, max_value=200, label=label
            )
        for name in FIELDS:
            self.fields[f"how_{name}"] = forms.ChoiceField(
                choices=HOWS, required=False, label=f"{FIELD_WORDS[name]}: from"
            )
            self.fields[f"text_{name}"] = forms.CharField(
                required=False, max_length=200, label=f"{FIELD_WORDS[name]}: name, number or text"
            )
            self.fields[f"or_{name}"] = forms.CharField(
                required=False, max_length=200, label=f"{FIELD_WORDS[name]}: or else the column"
            )
            for part in ("how", "text", "or"):
                field = self.fields[f"{part}_{name}"]
                field.widget.attrs["aria-label"] = field.label
                if part != "how":
                    field.widget.attrs |= {
                        "list": "profile-headers",
                        "autocomplete": "off",
                        "spellcheck": "false",
                        "size": "8",
                    }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            try:
                self.mapping = Mapping.from_json(_plain(given))
            except BadMapping as problem:
                self.add_error(None, f"{problem} Nothing was saved.")
        return given

    def group(self, *names: str) -> list[forms.BoundField]:
        """Some fields in this order, for the template."""
        return [self[name] for name in names]

    @property
    def columns(self) -> list[tuple[str, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """For each part of a line: its word and where it comes from."""
        return [(FIELD_WORDS[name], self[f"how_{name}"], self[f"text_{name}"], self[f"or_{name}"]) for name in FIELDS]

    @property
    def file_fields(self) -> list[forms.BoundField]:
        return self.group("layout", "format", "encoding", "delimiter", "skip_rows", "sheet")

    @property
    def amount_fields(self) -> list[forms.BoundField]:
        return self.group("decimal_mark", "thousands_mark", "units", "signs", "debit_words", "credit_words",
                          "fee_sign", "payout_sign", "default_currency", "only_currency")  # fmt: skip

    @property
    def other_fields(self) -> list[forms.BoundField]:
        return self.group("date_form", "time_zone", "unknown_words", "account_value")

    @property
    def trailer_fields(self) -> list[forms.BoundField]:
        return self.group("trailer_marker", *(f"trailer_{place}" for place in _PLACES))


class NewProfileForm(PlainForm):
    """Whose files, under which name, and what to start from."""

    account = forms.ChoiceField(label="Account", error_messages={"required": "Choose an account; nothing was saved."})
    name = forms.CharField(
        max_length=NAME_MAXIMUM,
        label="Name",
        error_messages={"required": "Give the profile a name; nothing was saved."},
    )
    start = forms.ChoiceField(label="Start from")

    def __init__(
        self, data: Any = None, *, accounts: Iterable[tuple[int, str]], starts: Iterable[tuple[str, str]], **more: Any
    ) -> None:
        super().__init__(data, auto_id="new-profile-%s", label_suffix="", **more)
        self.fields["account"] = forms.ChoiceField(
            label="Account",
            choices=list(accounts),
            error_messages={"required": "Choose an account; nothing was saved."},
        )
        self.fields["start"] = forms.ChoiceField(label="Start from", choices=list(starts))


class ActivationForm(PlainForm):
    """Why this version shall be used from now on."""

    note = forms.CharField(
        max_length=NOTE_MAXIMUM,
        label="Why",
        help_text="It stays with the version and in the audit log.",
        error_messages={"required": "Say why; nothing was activated."},
    )


def flat(mapping: Mapping) -> dict[str, Any]:
    """A mapping as the form's fields show it."""
    fields: dict[str, Any] = {name: getattr(mapping, name) for name in (*_CHOSEN, *_TEXTS)}
    fields |= {name: getattr(mapping, name) for name in ("header", "skip_rows", "padded_decimals")}
    fields |= {"debit_words": ", ".join(mapping.debit_words), "credit_words": ", ".join(mapping.credit_words)}
    fields["types"] = "\n".join(f"{word} = {_meaning(meaning)}" for word, meaning in mapping.types.items())
    for name, source in mapping.columns.items():
        how = "constant" if source.constant else "position" if source.position else "column"
        fields[f"how_{name}"] = "optional" if source.optional and how == "column" else how
        fields[f"text_{name}"] = source.constant or source.column or str(source.position)
        fields[f"or_{name}"] = source.or_column
    if mapping.trailer is not None:
        fields |= {f"trailer_{name}": getattr(mapping.trailer, name) for name in ("marker", *_PLACES, "required")}
        fields["trailer_count_per_currency"] = mapping.trailer.count_per_currency
    return fields


def _meaning(meaning: TypeWord) -> str:
    same = meaning.positive == meaning.negative
    return meaning.positive if same else f"{meaning.positive} / {meaning.negative}"


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """The fields as the stored form of a mapping. Raises BadMapping."""
    plain: dict[str, Any] = {name: given[name] for name in (*_CHOSEN, "header", "skip_rows", "padded_decimals")}
    plain |= {name: given[name].strip() for name in _TEXTS}
    plain |= {name: given[name].strip().upper() for name in ("default_currency", "only_currency")}
    plain |= {name: given[name].split(",") for name in ("debit_words", "credit_words")}
    plain["columns"] = {name: source for name in FIELDS if (source := _source(given, name)) is not None}
    plain["types"] = dict(_word(line) for line in given["types"].splitlines() if line.strip())
    if given["trailer_marker"].strip():
        plain["trailer"] = {name: given[f"trailer_{name}"] or 0 for name in _PLACES}
        plain["trailer"] |= {name: given[f"trailer_{name}"] for name in ("required", "count_per_currency")}
        plain["trailer"]["marker"] = given["trailer_marker"].strip()
    return plain


def _source(given: dict[str, Any], name: str) -> dict[str, Any] | None:
    how, text, other = given[f"how_{name}"], given[f"text_{name}"].strip(), given[f"or_{name}"].strip()
    if not how:
        return None
    if not text:
        raise BadMapping(f"Say for “{FIELD_WORDS[name]}” which column or text it is.")
    if how == "position":
        if not (text.isascii() and text.isdigit() and len(text) <= 3):
            raise BadMapping(f"The column number of “{FIELD_WORDS[name]}” is not a number.")
        return {"position": int(text), "or_column": other}
    if how == "constant":
        return {"constant": text}
    return {"column": text, "optional": how == "optional", "or_column": other}


def _word(line: str) -> tuple[str, Any]:
    word, _, meaning = line.rpartition("=")
    positive, _, negative = (part.strip().casefold() for part in meaning.partition("/"))
    if not word.strip() or not positive:
        raise BadMapping(f"“{line.strip()[:60]}” does not say what a word means; write it as CAPTURE = capture.")
    return word.strip(), {"positive": positive, "negative": negative or positive}
