"""What people give with settlement files and with links made by hand, as plain values. Rules live with the verbs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from uuid import UUID

from django import forms

REASON_MAXIMUM = 300
NAME_MAXIMUM = 200
SIZE_MAXIMUM = 2**53
FROM_FILE = "file"
"""Chosen in place of an account: the file's own lines say whose it is."""
_DAY = "Write the day as 2026-11-20; nothing was received."
_SHAPED = re.compile(r"\s*(?:#|movement\s+)?([0-9]{1,18})\s*", re.IGNORECASE)


class FileForm(forms.Form):
    """To which account the files belong, and what is known of them beside their bytes."""

    use_required_attribute = False

    account = forms.TypedChoiceField(
        coerce=lambda text: None if text == FROM_FILE else int(text),
        empty_value=None,
        error_messages={
            "required": "Choose the account that the files belong to; nothing was received.",
            "invalid_choice": "This is none of the accounts you reconcile; nothing was received.",
        },
    )
    business_date = forms.DateField(
        required=False,
        label="Business date",
        help_text="Empty: the last booking date in the file.",
        error_messages={"invalid": _DAY},
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    profile = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="Read it as",
        error_messages={"invalid_choice": "This is no profile in use; nothing was received."},
    )
    replaces = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        label="It corrects",
        help_text="The lines of that file stop counting when the lines of this one begin to.",
        error_messages={"invalid_choice": "The file to correct is none that counts; nothing was received."},
    )

    def __init__(
        self,
        given: object = None,
        *,
        accounts: Iterable[tuple[int, str]],
        profiles: Iterable[tuple[int, str]],
        files: Iterable[tuple[int, str]],
        initial: dict[str, object] | None = None,
    ) -> None:
        super().__init__(given, auto_id="upload-%s", label_suffix="", initial=initial)  # type: ignore[arg-type]
        accounts = list(accounts)
        several = [("", "Choose …"), (FROM_FILE, "Find it out from the file")] if len(accounts) > 1 else []
        self._choices("account", [*several, *accounts])
        self.account_ids = [pk for pk, _ in accounts]
        self._choices("profile", [("", "The account’s own way"), *profiles])
        self._choices("replaces", [("", "No other file"), *files])

    def first_error(self) -> str:
        """One sentence for programs; empty when there is none."""
        return next((str(error) for errors in self.errors.values() for error in errors), "")

    def _choices(self, name: str, choices: list[tuple[object, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class UploadForm(FileForm):
    """The same, for a file that goes up in pieces: its name and its size are told first."""

    name = forms.CharField(
        max_length=NAME_MAXIMUM,
        error_messages={
            "required": "The file has no name; nothing was received.",
            "max_length": f"A file's name has at most {NAME_MAXIMUM} characters; nothing was received.",
        },
    )
    size = forms.IntegerField(
        min_value=1,
        max_value=SIZE_MAXIMUM,
        error_messages={
            "required": "The size of the file was not told; nothing was received.",
            "invalid": "The size of the file is no number; nothing was received.",
            "min_value": "The file is empty; nothing was received.",
        },
    )


class LinkForm(forms.Form):
    """A movement of ours for a line: the id of a modification, or the number of one that came from outside."""

    use_required_attribute = False

    item = forms.CharField(
        max_length=60,
        label="Movement",
        help_text="The modification id, or the number of a movement that happened at the gateway.",
        error_messages={"required": "Say which movement the line belongs to; nothing was linked."},
    )
    reason = forms.CharField(
        max_length=REASON_MAXIMUM,
        strip=True,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Say why they belong together; nothing was linked.",
            "max_length": f"A reason has at most {REASON_MAXIMUM} characters; nothing was linked.",
        },
    )

    def clean_item(self) -> UUID | int:
        """A modification's id or a movement's number."""
        text = str(self.cleaned_data["item"]).strip()
        if number := _SHAPED.fullmatch(text):
            return int(number[1])
        try:
            return UUID(text)
        except ValueError:
            raise forms.ValidationError(
                "This is neither a modification id nor the number of a movement; nothing was linked."
            ) from None


class UnlinkForm(forms.Form):
    """Why a line and a movement do not belong together after all."""

    use_required_attribute = False

    reason = forms.CharField(
        max_length=REASON_MAXIMUM,
        strip=True,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Say why they do not belong together; nothing was changed.",
            "max_length": f"A reason has at most {REASON_MAXIMUM} characters; nothing was changed.",
        },
    )


class SetAsideForm(forms.Form):
    """Why a refused file needs nothing more."""

    use_required_attribute = False

    reason = forms.CharField(
        max_length=REASON_MAXIMUM,
        strip=True,
        label="Reason",
        help_text="For example: the gateway sent the day in another file.",
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={
            "required": "Say why this file needs nothing more; nothing was changed.",
            "max_length": f"A reason has at most {REASON_MAXIMUM} characters; nothing was changed.",
        },
    )
