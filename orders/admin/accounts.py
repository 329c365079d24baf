"""Gateway accounts: made and changed through the verbs; the authentication key goes in and never comes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from orders import accounts, audit
from orders.admin import actions
from orders.admin.scope import ReadOnly, person_of
from orders.gateways.base import CannotSay
from orders.gateways.registry import gateway_choices, gateway_named
from orders.models import GatewayAccount, Merchant, Source
from orders.permissions import permissions_anywhere

EDITABLE = ("name", "profile", "concurrency", "data_url", "collects")
# Never changed: frozen modifications point at them; another address is another account.
FIXED = ("merchant", "gateway", "base_url", "masked_merchant_key")

if TYPE_CHECKING:
    AccountModelForm = forms.ModelForm[Any]
else:
    AccountModelForm = forms.ModelForm


class AccountForm(AccountModelForm):
    """A new account, or the few things that may change about one."""

    authentication_key = forms.CharField(
        required=False,
        max_length=accounts.AUTHENTICATION_KEY_MAXIMUM,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text="Stored encrypted and never shown again. Leave it empty to keep the present one.",
    )
    gateway = forms.ChoiceField(choices=gateway_choices)

    class Meta:
        model = GatewayAccount
        fields = ("merchant", "name", "gateway", "base_url", "merchant_key", *EDITABLE[1:])
        # Our own check says what is wrong with an address; a URL field would also guess a scheme.
        field_classes = {"base_url": forms.CharField, "data_url": forms.CharField}

    def clean_base_url(self) -> str:
        return _checked(accounts.checked_base_url, self.cleaned_data["base_url"])

    def clean_data_url(self) -> str:
        typed: str = self.cleaned_data["data_url"]
        return _checked(accounts.checked_base_url, typed) if typed else ""

    def clean_merchant_key(self) -> str:
        return _checked(accounts.checked_merchant_key, self.cleaned_data["merchant_key"])

    def clean_authentication_key(self) -> str:
        typed: str = self.cleaned_data["authentication_key"]
        if not typed and self.instance.pk:
            return ""
        return _checked(accounts.checked_authentication_key, typed)

    def clean_profile(self) -> dict[str, Any]:
        overrides = self.cleaned_data["profile"] or {}
        gateway = self.instance.gateway or self.data.get("gateway", "")
        try:
            gateway_named(gateway).capability(overrides)
        except (CannotSay, LookupError, AttributeError, TypeError) as refusal:
            raise forms.ValidationError(f"This cannot be a profile: {refusal}") from refusal
        return dict(overrides)


def _checked(check: Callable[[str], str], typed: str) -> str:
    try:
        return check(typed)
    except accounts.AccountRefused as refusal:
        raise forms.ValidationError(str(refusal)) from refusal


@admin.register(GatewayAccount)
class GatewayAccountAdmin(ReadOnly):
    form = AccountForm
    list_display = ("name", "merchant", "gateway", "base_url", "masked_merchant_key", "paused", "paused_reason")
    list_select_related = ("merchant",)
    search_fields = ("name",)
    ordering = ("name",)
    actions = [actions.pause_accounts, actions.propose_resuming_accounts]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return "configure" in permissions_anywhere(person_of(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_add_permission(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:  # type: ignore[override]
        if obj is None:
            return ["merchant", "name", "gateway", "base_url", "merchant_key", "authentication_key", *EDITABLE[1:]]
        if not self.has_change_permission(request, obj):
            return [*FIXED, *EDITABLE, "paused_reason", "paused_at"]
        return [*FIXED, *EDITABLE, "authentication_key", "paused_reason", "paused_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [] if obj is None else [*FIXED, "paused_reason", "paused_at"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "merchant":
            options["queryset"] = Merchant.objects.of(person_of(request))
        return super().formfield_for_foreignkey(db_field, request, **options)

    @admin.display(boolean=True)
    def paused(self, account: GatewayAccount) -> bool:
        return account.paused

    def save_model(self, request: HttpRequest, obj: GatewayAccount, form: Any, change: bool) -> None:
        """Through the verbs, so that page, command and admin check and record the same."""
        if change:
            _change(obj, form, request)
            return
        made = accounts.create_account(
            merchant=obj.merchant,
            name=obj.name,
            gateway=obj.gateway,
            base_url=obj.base_url,
            merchant_key=obj.merchant_key,
            authentication_key=form.cleaned_data["authentication_key"],
            by=person_of(request),
            source=Source.ADMIN,
        )
        GatewayAccount.objects.filter(pk=made.pk).update(**{name: getattr(obj, name) for name in EDITABLE[1:]})
        obj.pk = made.pk


def _change(account: GatewayAccount, form: Any, request: HttpRequest) -> None:
    stored = GatewayAccount.objects.get(pk=account.pk)
    changed = [name for name in EDITABLE if getattr(stored, name) != getattr(account, name)]
    if changed:
        account.save(update_fields=changed)
        sentence = f"Of account {account.name} was changed: {', '.join(changed)}."
        audit.record(
            verb="account.changed", sentence=sentence, source=Source.ADMIN, by=person_of(request), account=account
        )
    if form.cleaned_data["authentication_key"]:
        accounts.rotate_authentication_key(
            account_id=account.pk,
            authentication_key=form.cleaned_data["authentication_key"],
            by=person_of(request),
            source=Source.ADMIN,
        )
