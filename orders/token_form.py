"""A new token as a person fills it in on the page; the rules live in `tokens.py`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from orders.models import Merchant
from orders.tokens import SCOPES

LIVES = (("30", "30 days"), ("90", "90 days"), ("365", "One year"), ("", "No end"))


class TokenForm(forms.Form):
    """For which merchant, under which name, with which scopes, for how long."""

    use_required_attribute = False

    merchant = forms.ModelChoiceField(
        queryset=Merchant.objects.none(), error_messages={"required": "Choose a merchant; nothing was made."}
    )
    # No `max_length`: a browser would cut what is pasted without a word, and the verb says it in a sentence.
    name = forms.CharField(
        help_text="What the audit log calls it, such as the shop system that uses it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Give it a name; nothing was made."},
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, meaning) for scope, (meaning, _) in SCOPES.items()],
        error_messages={"required": "Choose at least one scope: a token without any could do nothing."},
    )
    days = forms.ChoiceField(choices=LIVES, required=False, label="Expires after", initial="365")

    def __init__(self, *arguments: Any, merchants: QuerySet[Merchant], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.label_suffix = ""
        choice = self.fields["merchant"]
        assert isinstance(choice, forms.ModelChoiceField)
        choice.queryset = merchants.order_by("name")
        choice.empty_label = None

    @property
    def expires_at(self) -> datetime | None:
        """The end of its life; None when it has none."""
        days = self.cleaned_data["days"]
        return timezone.now() + timedelta(days=int(days)) if days else None

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """The fields that are drawn like any other."""
        return [self["merchant"], self["name"], self["days"]]

    @property
    def scope_rows(self) -> list[tuple[str, str, bool]]:
        """Scope, meaning, and whether it is ticked."""
        ticked = self["scopes"].value() or []
        return [(scope, meaning, scope in ticked) for scope, (meaning, _) in SCOPES.items()]
