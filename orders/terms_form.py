"""What people type about an account's settlement terms. The verb says what cannot be."""

from __future__ import annotations

from datetime import date

from django import forms

from orders.forms import PlainForm
from orders.reconciliation.terms_desk import NewTerms


class TermsForm(PlainForm):
    """The terms of one account; the verb says what cannot be."""

    time_zone = forms.CharField(
        max_length=64, label="Time zone", help_text="Of the gateway’s clock, such as Europe/Berlin."
    )
    cut_off = forms.TimeField(
        label="Cut-off", help_text="What is executed later belongs to the next business day.",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )  # fmt: skip
    business_days = forms.MultipleChoiceField(
        label="Business days",
        choices=list(zip("1234567", ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
                         strict=True)),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one day of the week; nothing was changed."},
    )  # fmt: skip
    holidays = forms.CharField(
        required=False, max_length=10_000, help_text="One day per line, as 2026-12-25.",
        widget=forms.Textarea(attrs={"rows": "4"}),
    )  # fmt: skip
    delay_days = forms.IntegerField(label="Delay", help_text="Business days from execution to settlement.")
    patience_days = forms.IntegerField(label="Patience", help_text="Business days more before something is missed.")
    fee_basis_points = forms.IntegerField(
        required=False, label="Fee in basis points", help_text="150 is 1.5 %. Empty: no fee is checked."
    )
    fee_fixed = forms.IntegerField(label="Fixed fee in minor units")
    fee_currency = forms.CharField(required=False, max_length=3, label="Currency of the fixed fee")
    accept_limit = forms.IntegerField(
        label="Limit of accepting alone, in minor units", help_text="Changed only with the “configure” permission."
    )
    expected_from = forms.DateField(
        required=False, label="Expected from", help_text="Money from before this day is not missed.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip
    drop_folder = forms.CharField(
        required=False, max_length=100, label="Drop folder", help_text="Its name below the drop directory."
    )

    def clean_holidays(self) -> tuple[date, ...]:
        lines = [line.strip() for line in self.cleaned_data["holidays"].splitlines() if line.strip()]
        try:
            return tuple(date.fromisoformat(line) for line in lines)
        except ValueError as problem:
            raise forms.ValidationError("Write each holiday as 2026-12-25; nothing was changed.") from problem

    @property
    def terms(self) -> NewTerms:
        """The cleaned values; ask only when the form is valid."""
        given = self.cleaned_data
        return NewTerms(
            **{**given, "business_days": "".join(sorted(given["business_days"])),
               "fee_currency": given["fee_currency"].strip().upper(), "drop_folder": given["drop_folder"].strip()}
        )  # fmt: skip
