"""Who takes the money and through which door: merchants, their people, their gateway accounts."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders import crypto

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


def new_webhook_token() -> str:
    """The unguessable last part of an account's webhook address."""
    return secrets.token_urlsafe(24)


class MerchantQuerySet(models.QuerySet["Merchant"]):
    """Merchants a person works for."""

    def of(self, person: User | AnonymousUser) -> MerchantQuerySet:
        """All of them for a superuser, otherwise those with a membership; none for a stranger or a disabled person."""
        if person.pk is None or not person.is_active:
            return self.none()
        if person.is_superuser:
            return self
        return self.filter(memberships__user_id=person.pk)


class Merchant(models.Model):
    """A business whose staff use the dashboard. Rows of one merchant are never shown to another's staff."""

    name = models.CharField(max_length=100, unique=True)
    time_zone = models.CharField(max_length=64, default="UTC")

    objects = MerchantQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person works for a merchant; what they may do there follows from their groups."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "merchant"], name="a_person_joins_a_merchant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.merchant}"


class GatewayAccount(models.Model):
    """One merchant's account at one gateway.

    Gateway, base URL and merchant key never change (frozen modifications point at them); another address is another
    account. The authentication key may be rotated at any time.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="accounts")
    name = models.CharField(max_length=60, unique=True, help_text="Unique; commands name the account by it.")
    gateway = models.CharField(max_length=30)
    base_url = models.URLField(max_length=300)
    merchant_key = models.CharField(max_length=36)
    authentication_key_sealed = models.TextField(editable=False)
    data_url = models.URLField(
        max_length=300, blank=True, help_text="Where the gateway keeps its lists, when that is another address."
    )
    webhook_token = models.CharField(max_length=64, unique=True, default=new_webhook_token, editable=False)
    webhook_secret_sealed = models.TextField(blank=True, editable=False)
    webhook_secret_before_sealed = models.TextField(blank=True, editable=False)
    webhook_secret_before_until = models.DateTimeField(null=True, blank=True, editable=False)
    webhook_options = models.JSONField(
        default=dict, blank=True, help_text="How this account's webhooks are checked (scheme, header)."
    )
    collects = models.BooleanField(default=True, help_text="Take in orders that the gateway lists or tells about.")
    collected_at = models.DateTimeField(null=True, blank=True, editable=False)
    profile = models.JSONField(default=dict, blank=True, help_text="Overrides of what the gateway declares it can do.")
    concurrency = models.PositiveSmallIntegerField(default=32, help_text="Requests to this account at the same time.")
    paused_reason = models.CharField(max_length=300, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    breaker_failures = models.PositiveIntegerField(default=0, editable=False)
    breaker_opened_at = models.DateTimeField(null=True, blank=True, editable=False)
    breaker_until = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        permissions = [
            ("configure", "Can configure gateway accounts and pause them"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["gateway", "base_url", "merchant_key"], name="an_account_is_one_key_at_one_address"
            ),
            models.CheckConstraint(
                condition=Q(paused_at__isnull=True, paused_reason="")
                | Q(paused_at__isnull=False) & ~Q(paused_reason=""),
                name="a_pause_has_a_reason_and_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def paused(self) -> bool:
        """Whether nothing may be sent through this account until two people resume it."""
        return self.paused_at is not None

    @property
    def masked_merchant_key(self) -> str:
        """All but the last four characters hidden: how pages and logs show it."""
        return f"…{self.merchant_key[-4:]}"

    @property
    def authentication_key(self) -> str:
        """The secret, decrypted. Raises crypto.CredentialUnreadable."""
        return crypto.unseal(self.authentication_key_sealed)

    def seal_authentication_key(self, secret: str) -> None:
        """Put a new secret in place; the caller saves."""
        self.authentication_key_sealed = crypto.seal(secret)

    def webhook_secrets(self, now: datetime) -> list[str]:
        """The secrets a webhook may be signed with, newest first; the one before counts until its overlap ends.

        Raises crypto.CredentialUnreadable.
        """
        sealed = [self.webhook_secret_sealed]
        if self.webhook_secret_before_until is not None and now < self.webhook_secret_before_until:
            sealed.append(self.webhook_secret_before_sealed)
        return [crypto.unseal(one) for one in sealed if one]

    def seal_webhook_secret(self, secret: str, *, overlap_until: datetime | None) -> None:
        """Put a new secret in place; the old one counts until `overlap_until`. The caller saves."""
        self.webhook_secret_before_sealed = self.webhook_secret_sealed if overlap_until else ""
        self.webhook_secret_before_until = overlap_until
        self.webhook_secret_sealed = crypto.seal(secret) if secret else ""

    def profile_overrides(self) -> dict[str, Any]:
        """The overrides as a plain dictionary, for the gateway's `capability`."""
        return dict(self.profile)


class Switch(models.Model):
    """The global pause: one row; while a reason stands, nothing is sent anywhere."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    paused_reason = models.CharField(max_length=300, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="there_is_one_switch")]

    def __str__(self) -> str:
        return self.paused_reason or "sending"
