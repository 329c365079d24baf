"""What people type at the desk of discrepancies, made into plain values. The rules live with the verbs."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import date
from typing import Any

from django import forms

from orders.discrepancy_filters import month_of
from orders.reconciliation.discrepancies.sheets_reading import Instruction

TEXT_MAXIMUM = 4000
ROWS_MAXIMUM = 200
NOBODY = "nobody"
ACTS = (
    ("assign", "Set the owner"),
    ("due", "Set the due date"),
    ("comment", "Comment"),
    ("accept", "Accept the difference"),
    ("carry", "Carry into a later month"),
)
_DAY = "Write the day as 2026-11-20; nothing was changed."
_MONTH = "Write the month as 2026-12; nothing was changed."
_TOO_LONG = f"At most {TEXT_MAXIMUM} characters; nothing was changed."


class DeskForm(forms.Form):
    """One act with what it needs: an owner, a day, a month, or words."""

    use_required_attribute = False

    act = forms.ChoiceField(
        label="What to do",
        error_messages={"required": "Choose what to do; nothing was changed."},
    )
    owner = forms.ChoiceField(required=False)
    due_on = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        label="Due date",
        error_messages={"invalid": _DAY},
        widget=forms.DateInput(attrs={"type": "date"}),
    )
    to_month = forms.CharField(required=False, label="Month", widget=forms.TextInput(attrs={"type": "month"}))
    text = forms.CharField(
        required=False,
        label="Reason or comment",
        max_length=TEXT_MAXIMUM,
        error_messages={"max_length": _TOO_LONG},
        widget=forms.Textarea(attrs={"rows": "2"}),
    )

    def __init__(self, data: Any = None, *, people: Iterable[tuple[int, str]], without: Container[str] = ()) -> None:
        super().__init__(data, auto_id="desk-%s", label_suffix="")
        act = self.fields["act"]
        assert isinstance(act, forms.ChoiceField)
        act.choices = [("", "Choose …"), *((name, label) for name, label in ACTS if name not in without)]
        act.error_messages["invalid_choice"] = "There is no such act; nothing was changed."
        field = self.fields["owner"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose …"), (NOBODY, "Nobody"), *((str(pk), name) for pk, name in people)]
        field.error_messages["invalid_choice"] = "This person cannot own it; nothing was changed."

    def clean_to_month(self) -> date | None:
        text = str(self.cleaned_data["to_month"]).strip()
        month = month_of(text)
        if text and month is None:
            raise forms.ValidationError(_MONTH)
        return month

    def clean(self) -> dict[str, Any]:
        """Each act demands its own."""
        cleaned = super().clean() or self.cleaned_data
        name, sentence = _NEEDED.get(cleaned.get("act", ""), ("", ""))
        if name and not cleaned.get(name) and name not in self.errors:
            self.add_error(name, sentence)
        if cleaned.get("act") == "carry" and not cleaned.get("to_month") and "to_month" not in self.errors:
            self.add_error("to_month", "Choose the month that takes them; nothing was carried.")
        return cleaned

    def instruction(self, pk: int, version: int, *, number: int = 1) -> Instruction:
        """What a valid form asks for about one discrepancy."""
        cleaned = self.cleaned_data
        owners = dict(self.fields["owner"].choices)  # type: ignore[attr-defined]
        return Instruction(
            number=number,
            pk=pk,
            version=version,
            action=cleaned["act"],
            reason=cleaned["text"],
            owner="" if cleaned["owner"] in ("", NOBODY) else owners[cleaned["owner"]],
            due_on=cleaned["due_on"],
            carry_to=cleaned["to_month"],
        )


_NEEDED = {
    "assign": ("owner", "Choose who takes them; nothing was changed."),
    "due": ("due_on", _DAY),
    "comment": ("text", "Write the comment; nothing was changed."),
    "accept": ("text", "Say why the difference is accepted; nothing was accepted."),
    "carry": ("text", "Say why they are carried; nothing was carried."),
}


def chosen_rows(values: Iterable[str]) -> dict[int, int]:
    """`{id: version}` of the ticked boxes (`12:3`), each once, at most ROWS_MAXIMUM; damaged ones are left out."""
    found: dict[int, int] = {}
    for value in values:
        pk, _, version = value.partition(":")
        if all(part.isascii() and part.isdigit() and len(part) < 19 for part in (pk, version)):
            found.setdefault(int(pk), int(version))
        if len(found) == ROWS_MAXIMUM:
            break
    return found
