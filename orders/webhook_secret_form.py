"""The secret that an account's webhooks are signed with, as a person enters it; it is never shown again."""

from __future__ import annotations

from django import forms

from orders.accounts import AUTHENTICATION_KEY_MAXIMUM
from orders.forms import PlainForm


class WebhookSecretForm(PlainForm):
    """A new secret, or none: then webhooks are hints."""

    secret = forms.CharField(
        max_length=AUTHENTICATION_KEY_MAXIMUM,
        required=False,
        label="New secret",
        help_text="As the gateway shows it; for SmartPay the user name and password with a colon between them. "
        "Leave it empty to remove the secret.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    exposed = forms.BooleanField(
        required=False,
        label="The old one was exposed",
        help_text="Then it counts no longer from now on; otherwise both count for 24 hours.",
    )
