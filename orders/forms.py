"""What people type, made into plain values: amounts in minor units, ids, verdicts. The rules live elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.core.validators import MaxLengthValidator
from django.db.models import QuerySet

from orders.announce import TYPES
from orders.gateways.base import Capability, Kind
from orders.models import Merchant, Modification, Source
from orders.modifications.refusals import INVALID_ID
from orders.modifications.request import CUSTOM_REFERENCE_MAXIMUM, DESCRIPTION_MAXIMUM, REASONS
from orders.modifications.wish import Wish
from orders.modifications.words import offers_release
from orders.money import AmountRefused, Money, parse_amount

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CUSTOM_REFERENCES = ("custom1", "custom2", "custom3")
_DESCRIPTION_TOO_LONG = (
    f"The description has %(show_value)s characters; the gateway takes {DESCRIPTION_MAXIMUM}. "
    "Nothing was sent; shorten it."
)
EVIDENCE_MAXIMUM = 2000
REASON_MAXIMUM = 300


class PlainForm(forms.Form):
    """A form whose refusals are our own sentences: the browser's bubbles stay away."""

    use_required_attribute = False


class AmountField(forms.CharField):
    """An amount as text in major units, cleaned to Money by the owner form, which knows the currency."""

    def __init__(self, **keywords: Any) -> None:
        attributes = {"inputmode": "decimal", "autocomplete": "off", "spellcheck": "false"}
        super().__init__(max_length=40, widget=forms.TextInput(attrs=attributes), **keywords)


class ModificationForm(PlainForm):
    """One capture, cancellation or refund as it is asked for."""

    amount = AmountField(error_messages={"required": "Enter an amount; nothing was sent."})
    reason = forms.ChoiceField(choices=[("", "No reason given"), *REASONS], required=False)
    # No `maxlength`: a browser would cut what is pasted without a word.
    description = forms.CharField(
        required=False,
        validators=[MaxLengthValidator(DESCRIPTION_MAXIMUM, _DESCRIPTION_TOO_LONG)],
        help_text=f"The gateway keeps it with the money; at most {DESCRIPTION_MAXIMUM} characters.",
        widget=forms.TextInput(
            attrs={"data-counter": "description-count", "data-maximum": str(DESCRIPTION_MAXIMUM), "autocomplete": "off"}
        ),
    )
    custom1 = forms.CharField(max_length=CUSTOM_REFERENCE_MAXIMUM, required=False, label="Custom reference 1")
    custom2 = forms.CharField(max_length=CUSTOM_REFERENCE_MAXIMUM, required=False, label="Custom reference 2")
    custom3 = forms.CharField(max_length=CUSTOM_REFERENCE_MAXIMUM, required=False, label="Custom reference 3")
    modification_id = forms.CharField(widget=forms.HiddenInput, max_length=64)
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1)
    confirmed_twin = forms.BooleanField(required=False, label="I mean a second one.")
    release_rest = forms.BooleanField(required=False, label="Release the rest to the shopper")
    customer_may_see = forms.BooleanField(required=False, label="The customer may see this text")

    def __init__(self, *arguments: Any, currency: str, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.currency = currency

    def clean_amount(self) -> Money:
        return _amount(self.cleaned_data["amount"], self.currency)

    def clean_modification_id(self) -> UUID:
        try:
            return UUID(self.cleaned_data["modification_id"])
        except ValueError as unreadable:
            raise forms.ValidationError(INVALID_ID) from unreadable

    def suit(self, capability: Capability) -> None:
        """Say how long a description this gateway takes; what is longer is refused when it is asked for."""
        most = min(DESCRIPTION_MAXIMUM, capability.description_maximum)
        field = self.fields["description"]
        field.help_text = f"The gateway keeps it with the money; at most {most} characters."
        field.widget.attrs["data-maximum"] = str(most)

    def leave_out(self, kind: Kind, capability: Capability) -> None:
        """Take away the choices that this gateway does not leave to us."""
        if not offers_release(kind, capability):
            del self.fields["release_rest"]
        if not capability.shows_description:
            del self.fields["customer_may_see"]

    def wish(self, kind: Kind, *, transaction_id: int, by: User, source: Source) -> Wish:
        """What a valid form asks for."""
        return Wish(
            modification_id=self.cleaned_data["modification_id"],
            transaction_id=transaction_id,
            kind=kind,
            amount=self.cleaned_data["amount"].amount_minor,
            reason=self.cleaned_data["reason"],
            description=self.cleaned_data["description"],
            by=by,
            source=source,
            expected_version=self.cleaned_data["version"],
            custom_references=self.custom_references,
            confirmed_twin=self.cleaned_data["confirmed_twin"],
            release_rest=self.cleaned_data.get("release_rest", False),
            customer_may_see=self.cleaned_data.get("customer_may_see", False),
        )

    @property
    def custom_references(self) -> dict[str, str]:
        """The custom references that were filled in."""
        return {name: self.cleaned_data[name] for name in CUSTOM_REFERENCES if self.cleaned_data[name]}

    @property
    def fixed_fields(self) -> list[forms.BoundField]:
        """The folded fields, for the template."""
        return [self[name] for name in CUSTOM_REFERENCES]


class VersionForm(forms.Form):
    """A button that acts on a transaction: it carries the version that it was drawn from."""

    version = forms.IntegerField(min_value=0, max_value=2**63 - 1)


class EvidenceForm(PlainForm):
    """What was seen, in words or as a link: every proposal needs it."""

    evidence_text = forms.CharField(
        max_length=EVIDENCE_MAXIMUM,
        label="Evidence",
        help_text="What you saw and where, in words or as a link.",
        widget=forms.Textarea(attrs={"rows": "3"}),
        error_messages={"required": "Say what you saw and where; nothing was proposed."},
    )


class ResolutionForm(EvidenceForm):
    """How a doubtful modification ended, as one person found out."""

    field_order = ["verdict", "amount", "executed_kind", "gateway_reference", "evidence_text"]

    verdict = forms.ChoiceField(
        label="How it ended",
        choices=[
            ("", "Choose …"),
            ("succeeded", "It succeeded: the money moved"),
            ("failed", "It failed: what was asked for did not happen"),
        ],
        error_messages={"required": "Say whether the money moved; nothing was proposed."},
    )
    amount = AmountField(required=False, label="Amount that moved")
    executed_kind = forms.ChoiceField(
        required=False,
        label="What the gateway did",
        choices=[("", "Not known"), (Kind.CANCEL.value, "It cancelled"), (Kind.REFUND.value, "It refunded")],
    )
    gateway_reference = forms.CharField(max_length=64, required=False, label="Reference at the gateway")

    def __init__(self, *arguments: Any, modification: Modification, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.currency = modification.currency
        if modification.kind != Kind.CANCEL_OR_REFUND:
            del self.fields["executed_kind"]
        if modification.kind == Kind.AUTHORIZE:
            self._ask_for_the_new_payment(modification)

    def _ask_for_the_new_payment(self, modification: Modification) -> None:
        """Nothing moves by a new payment, and what names it is the gateway's transactionId."""
        verdict = self.fields["verdict"]
        assert isinstance(verdict, forms.ChoiceField)
        verdict.choices = [
            ("", "Choose …"),
            ("succeeded", "The payment exists at the gateway"),
            ("failed", "The gateway has no such payment"),
        ]
        verdict.error_messages["required"] = "Say whether the payment exists; nothing was proposed."
        self.fields["amount"].label = "Amount of the payment"
        self.fields["gateway_reference"].label = "transactionId"
        self.fields["gateway_reference"].help_text = (
            "As the gateway’s portal shows it for the payment with the partner reference "
            f"{modification.transaction.partner_reference}."
        )

    def clean_amount(self) -> Money | None:
        text = self.cleaned_data["amount"]
        return _amount(text, self.currency) if text else None


class PauseForm(PlainForm):
    """Why nothing may be sent from now on."""

    reason = forms.CharField(
        max_length=REASON_MAXIMUM, error_messages={"required": "Give a reason; nothing was paused."}
    )


class EndpointForm(PlainForm):
    """An address of a shop and what it wants to hear."""

    merchant = forms.ModelChoiceField(queryset=Merchant.objects.none(), empty_label=None)
    url = forms.CharField(max_length=300, label="Address", error_messages={"required": "Enter an address."})
    description = forms.CharField(max_length=100, required=False)
    types = forms.MultipleChoiceField(
        choices=[(name, name) for name in TYPES if name != "endpoint.test"],
        required=False,
        label="What it is told",
        help_text="None chosen means everything.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *arguments: Any, merchants: QuerySet[Merchant], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        field = self.fields["merchant"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = merchants


class ConfirmationForm(forms.Form):
    """The second person's yes: it carries the fingerprint of what they saw."""

    fingerprint = forms.RegexField(
        r"^[0-9a-f]{64}$", error_messages={"invalid": "This form is damaged; nothing was confirmed. Reload the page."}
    )


class RejectionForm(PlainForm):
    """The second person's no, with the reason."""

    decision_text = forms.CharField(
        max_length=EVIDENCE_MAXIMUM,
        label="Reason",
        widget=forms.Textarea(attrs={"rows": "2"}),
        error_messages={"required": "Say why; nothing was rejected."},
    )


def fresh_resolution(modification: Modification) -> ResolutionForm:
    """An empty form with the amount that was asked for filled in."""
    return ResolutionForm(
        modification=modification, initial={"amount": amount_text(modification.amount, modification.currency)}
    )


def amount_text(amount_minor: int, currency: str) -> str:
    """An amount as people type it: `12.50`, without symbol or separators."""
    return f"{Money(amount_minor, currency).decimal:f}"


def _amount(text: str, currency: str) -> Money:
    try:
        return parse_amount(text, currency)
    except AmountRefused as refusal:
        raise forms.ValidationError(str(refusal)) from refusal
