"""The filters of the orders list: read from the address, told in words, applied to a query."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q
from django.utils import timezone

from orders.models import OrderState
from orders.money import AmountRefused, is_currency, parse_amount

FLAGS = (
    ("attention", "Needs attention"),
    ("in_flight", "In flight"),
    ("expiring", "Expiring in 48 h"),
    ("partly_captured", "Partly captured"),
    ("partly_refunded", "Partly refunded"),
)
EXPIRING_WITHIN = timedelta(hours=48)
_FLAG_STATES = {"partly_captured": OrderState.PARTLY_CAPTURED, "partly_refunded": OrderState.PARTLY_REFUNDED}
_NO_CHOICE = "“%(value)s” is not one of the choices; the filter was left out."
_NO_DATE = "Write the day as 2026-11-20; the filter was left out."
_YEARS = range(1970, 2200)


class OrderFilter(forms.Form):
    """Every field is optional; a value that cannot be used is told beside its field and leaves the list unfiltered."""

    use_required_attribute = False

    merchant = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    state = forms.ChoiceField(required=False, choices=[("", "Any state"), *OrderState.choices])
    account = forms.TypedChoiceField(required=False, coerce=int, empty_value=None)
    currency = forms.CharField(required=False)
    amount_from = forms.CharField(required=False, label="Amount from")
    amount_to = forms.CharField(required=False, label="Amount to")
    placed_from = forms.DateField(required=False, input_formats=["%Y-%m-%d"], label="Placed from")
    placed_to = forms.DateField(required=False, input_formats=["%Y-%m-%d"], label="Placed to")
    flag = forms.ChoiceField(required=False, choices=[("", "All"), *FLAGS])

    def __init__(self, given: Any, *, merchants: Any, accounts: Any, zone: str) -> None:
        super().__init__(given, auto_id="filter-%s", label_suffix="")
        self.zone = ZoneInfo(zone)
        self._choices("merchant", [("", "All merchants"), *((choice.id, choice.name) for choice in merchants)])
        self._choices("account", [("", "Any account"), *((choice.id, choice.name) for choice in accounts)])
        for name in ("merchant", "state", "account", "flag"):
            self.fields[name].error_messages["invalid_choice"] = _NO_CHOICE
        for name in ("placed_from", "placed_to"):
            self.fields[name].error_messages["invalid"] = _NO_DATE
        self._dress()

    def clean_currency(self) -> str:
        """Three capitals, typed in any case."""
        code = str(self.cleaned_data["currency"]).strip().upper()
        if code and not is_currency(code):
            raise forms.ValidationError("A currency has three letters, such as EUR; the filter was left out.")
        return code

    def clean_placed_from(self) -> date | None:
        """A day of this age: days at the edge of the calendar cannot be brought into another zone."""
        return self._day("placed_from")

    def clean_placed_to(self) -> date | None:
        """As `placed_from`; the day itself is included."""
        return self._day("placed_to")

    def clean(self) -> dict[str, Any]:
        """Amounts become minor units: they can only be read together with a currency."""
        cleaned = super().clean() or self.cleaned_data
        for name in ("amount_from", "amount_to"):
            if typed := str(cleaned.get(name) or "").strip():
                cleaned[name] = self._minor(name, typed, cleaned.get("currency") or "")
        return cleaned

    def conditions(self) -> Q:
        """What the query must hold."""
        found = Q()
        for name, lookup in _LOOKUPS.items():
            if (value := self.value(name)) not in (None, ""):
                found &= Q(**{lookup: value})
        if day := self.value("placed_from"):
            found &= Q(placed_at__gte=self._midnight(day))
        if day := self.value("placed_to"):
            found &= Q(placed_at__lt=self._midnight(day + timedelta(days=1)))
        return found & self._flag()

    def value(self, name: str) -> Any:
        """The usable value of a field; None when empty or refused."""
        return getattr(self, "cleaned_data", {}).get(name) or None

    def in_words(self, *, without: Container[str] = ()) -> list[str]:
        """Each active filter as a phrase, for the sentence of an empty list."""
        words = []
        for name, field in self.fields.items():
            if name in without:
                continue
            value = self.value(name)
            if value is None:
                continue
            choices = dict(getattr(field, "choices", []))
            shown = choices.get(value, self.data.get(name, value))
            words.append(f"{(field.label or name).lower()} “{shown}”")
        return words

    def _day(self, name: str) -> date | None:
        day: date | None = self.cleaned_data[name]
        if day is not None and day.year not in _YEARS:
            raise forms.ValidationError(_NO_DATE)
        return day

    def _minor(self, name: str, typed: str, currency: str) -> int | None:
        if not currency:
            self.add_error(name, "Choose a currency too: amounts are compared within one. The filter was left out.")
            return None
        try:
            return parse_amount(typed, currency).amount_minor
        except AmountRefused as refusal:
            self.add_error(name, str(refusal))
            return None

    def _flag(self) -> Q:
        flag = self.value("flag")
        if flag in ("attention", "in_flight"):
            return Q(**{flag: True})
        if flag == "expiring":
            return Q(expires_at__lte=timezone.now() + EXPIRING_WITHIN)
        return Q(state=_FLAG_STATES[flag]) if flag else Q()

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, tzinfo=self.zone)

    def _choices(self, name: str, choices: list[tuple[Any, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def _dress(self) -> None:
        """Inputs as browsers know them; a faulty field points at its sentence."""
        for name in ("placed_from", "placed_to"):
            self.fields[name].widget.input_type = "date"
        for name in ("amount_from", "amount_to"):
            self.fields[name].widget.attrs |= {"inputmode": "decimal", "placeholder": "0.00", "autocomplete": "off"}
        self.fields["currency"].widget.attrs |= {"maxlength": 3, "placeholder": "Any", "autocomplete": "off"}
        self.fields["merchant"].widget = forms.HiddenInput()
        self.fields["flag"].widget = forms.HiddenInput()


_LOOKUPS = {
    "merchant": "merchant_id",
    "state": "state",
    "account": "account_id",
    "currency": "currency",
    "amount_from": "amount__gte",
    "amount_to": "amount__lte",
}
