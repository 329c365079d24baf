"""The secret that an account's webhooks are signed with, as a person enters it; it is never shown again."""

from __future__ import annotations

from typing import Any

from django import forms

from orders.accounts import AUTHENTICATION_KEY_MAXIMUM
from orders.forms import PlainForm


class WebhookSecretForm(PlainForm):
    """A new secret, or that there shall be none: an empty field alone removes nothing."""

    secret = forms.CharField(
        max_length=AUTHENTICATION_KEY_MAXIMUM,
        required=False,
        label="New secret",
        help_text="As the gateway shows it; for SmartPay the user name and password with a colon between them. "
        "It is never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    exposed = forms.BooleanField(
        required=False,
        label="The old one was exposed",
        help_text="Then it counts no longer from now on; otherwise both count for 24 hours.",
    )
    remove = forms.BooleanField(
        required=False, label="Remove the secret", help_text="Then every webhook is only a hint."
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if bool(given.get("secret", "").strip()) == given.get("remove", False) and "secret" not in self.errors:
            self.add_error("secret", "Enter the new secret, or tick that it is to be removed; nothing was changed.")
        return given

    @property
    def ticks(self) -> list[forms.BoundField]:
        """The tick boxes, for the template."""
        return [self["exposed"], self["remove"]]
