"""The filters of the list of discrepancies: read from the address, told in words, applied to a query."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import date
from typing import Any

from django import forms
from django.db.models import Q
from django.db.models.lookups import GreaterThanOrEqual

from orders.models import Cause, DiscrepancyState, DiscrepancyType, Reference
from orders.models.discrepancy import WORTH
from orders.money import AmountRefused, is_currency, parse_amount
from orders.reconciliation.ageing import BUCKETS, bucket_named

UNSETTLED, CLOSED, EVERYTHING = "unsettled", "closed", "all"
MINE, NOBODY = "mine", "nobody"
_OPEN_STATES = (DiscrepancyState.OPEN.value, DiscrepancyState.WAITING.value)
_LEFT_OUT = "the filter was left out."
_NO_CHOICE = f"“%(value)s” is not one of the choices; {_LEFT_OUT}"
STATES = (
    (UNSETTLED, "Unsettled"),
    (CLOSED, "Closed"),
    (EVERYTHING, "All"),
    *((state.value, str(state.label)) for state in DiscrepancyState),
)


class DiscrepancyFilter(forms.Form):
    """Every field is optional; a value that cannot be used is told beside its field and leaves the list unfiltered."""

    use_required_attribute = False

    q = forms.CharField(required=False, label="Reference")
    state = forms.ChoiceField(required=False, choices=STATES)
    merchant = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    account = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    type = forms.ChoiceField(required=False, choices=[("", "Any type"), *DiscrepancyType.choices])
    cause = forms.ChoiceField(required=False, choices=[("", "Any cause"), *Cause.choices], label="Likely cause")
    owner = forms.ChoiceField(required=False)
    age = forms.ChoiceField(required=False, choices=[("", "Any age"), *((b.name, b.label) for b in BUCKETS)])
    month = forms.CharField(required=False)
    currency = forms.CharField(required=False)
    amount_from = forms.CharField(required=False, label="Value from")

    def __init__(
        self,
        given: Any,
        *,
        merchants: Iterable[tuple[int, str]],
        accounts: Iterable[tuple[int, str]],
        people: Iterable[tuple[int, str]],
        today: date,
    ) -> None:
        super().__init__(_readable(given), auto_id="filter-%s", label_suffix="")
        self.today = today
        self._choices("merchant", [("", "Any merchant"), *merchants])
        self._choices("account", [("", "Any account"), *accounts])
        names = [(str(pk), name) for pk, name in people]
        self._choices("owner", [("", "Anybody"), (MINE, "Mine"), (NOBODY, "Nobody"), *names])
        for name in ("state", "merchant", "account", "type", "cause", "owner", "age"):
            self.fields[name].error_messages["invalid_choice"] = _NO_CHOICE
        self._dress()
        self.is_valid()

    def clean_q(self) -> str:
        """What no column can hold finds nothing and is said."""
        text = str(self.cleaned_data["q"]).strip()
        if "\0" in text or len(text) > 64:
            raise forms.ValidationError(f"A reference has at most 64 characters; {_LEFT_OUT}")
        return text

    def clean_month(self) -> date | None:
        """The first day of a month written as 2026-11."""
        text = str(self.cleaned_data["month"]).strip()
        if not text:
            return None
        month = month_of(text)
        if month is None:
            raise forms.ValidationError(f"Write the month as 2026-11; {_LEFT_OUT}")
        return month

    def clean_currency(self) -> str:
        """Three capitals, typed in any case."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code and not is_currency(code):
            raise forms.ValidationError(f"A currency has three letters, such as EUR; {_LEFT_OUT}")
        return code

    def clean(self) -> dict[str, Any]:
        """The amount becomes minor units: it can only be read together with a currency."""
        cleaned = super().clean() or self.cleaned_data
        if typed := str(cleaned.get("amount_from") or "").strip():
            cleaned["amount_from"] = self._minor(typed, cleaned.get("currency") or "")
        return cleaned

    @property
    def shown(self) -> str:
        """The list that is shown: one of STATES."""
        return str(self.value("state") or UNSETTLED)

    @property
    def shows_unsettled(self) -> bool:
        """Whether only such rows are shown that still need somebody."""
        return self.shown in (UNSETTLED, *_OPEN_STATES)

    def conditions(self, *, mine: int) -> Q:
        """What the query must hold; `mine` is the id of the person who looks."""
        found = self._state()
        for name, lookup in _LOOKUPS.items():
            if (value := self.value(name)) is not None:
                found &= Q(**{lookup: value})
        return found & self._worth() & self._owner(mine) & self._age() & self._reference()

    def value(self, name: str) -> Any:
        """The usable value of a field; None when empty or refused."""
        return self.cleaned_data.get(name) or None

    def in_words(self, *, without: Container[str] = ()) -> list[str]:
        """Each active filter as a phrase, for the sentence of an empty list and the fold of the filters."""
        words = []
        for name, field in self.fields.items():
            value = self.value(name)
            if value is None or name in without:
                continue
            shown = dict(getattr(field, "choices", [])).get(value, self.data.get(name, value))
            words.append(f"{(field.label or name).lower()} “{shown}”")
        return words

    def _state(self) -> Q:
        if self.shown == EVERYTHING:
            return Q()
        if self.shown == UNSETTLED:
            return Q(state__in=_OPEN_STATES)
        return ~Q(state__in=_OPEN_STATES) if self.shown == CLOSED else Q(state=self.shown)

    def _worth(self) -> Q:
        least = self.value("amount_from")
        return Q() if least is None else Q(GreaterThanOrEqual(WORTH, least))

    def _owner(self, mine: int) -> Q:
        owner = self.value("owner")
        if owner is None:
            return Q()
        return Q(owner__isnull=True) if owner == NOBODY else Q(owner_id=mine if owner == MINE else int(owner))

    def _age(self) -> Q:
        bucket = bucket_named(self.value("age") or "")
        if bucket is None:
            return Q()
        # What lies ahead (a booking date of tomorrow) is new.
        found = Q(occurred_on__lte=bucket.newest_day(self.today)) if bucket.first else Q()
        oldest = bucket.oldest_day(self.today)
        return found if oldest is None else found & Q(occurred_on__gte=oldest)

    def _reference(self) -> Q:
        """By the beginning of its own reference, or by any whole word that leads to an order."""
        text = self.value("q")
        if text is None:
            return Q()
        orders = Reference.objects.filter(value=text.lower()).values("order_id")
        return Q(reference__istartswith=text) | Q(transaction__order__in=orders)

    def _minor(self, typed: str, currency: str) -> int | None:
        if not currency:
            self.add_error("amount_from", f"Choose a currency too: values are compared within one; {_LEFT_OUT}")
            return None
        try:
            return parse_amount(typed, currency).amount_minor
        except AmountRefused as refusal:
            self.add_error("amount_from", str(refusal))
            return None

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _dress(self) -> None:
        """Inputs as browsers know them."""
        self.fields["month"].widget.input_type = "month"
        self.fields["q"].widget.attrs |= {"autocomplete": "off", "spellcheck": "false", "placeholder": "Any"}
        self.fields["amount_from"].widget.attrs |= {
            "inputmode": "decimal",
            "placeholder": "0.00",
            "autocomplete": "off",
        }
        self.fields["currency"].widget.attrs |= {"maxlength": 3, "placeholder": "Any", "autocomplete": "off"}


def month_of(text: str) -> date | None:
    """The first day of the month that `2026-11` (or a day in it) names; None for anything else."""
    try:
        return date.fromisoformat(f"{text.strip()[:7]}-01")
    except ValueError:
        return None


def _readable(given: Any) -> Any:
    """The age `30+` as it arrives when an address leaves its plus sign bare: as a space."""
    if given.get("age", "").endswith(" "):
        given = given.copy()
        given["age"] = given["age"].replace(" ", "+")
    return given


_LOOKUPS = {
    "merchant": "merchant_id",
    "account": "account_id",
    "type": "type",
    "cause": "cause",
    "month": "month",
    "currency": "currency",
}
