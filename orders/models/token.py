"""Keys of the JSON API: one for each shop system, shown once, kept as a hash."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models

from orders.models.account import Merchant

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    """Tokens a person may see."""

    def of(self, person: User | AnonymousUser) -> ApiTokenQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


class ApiToken(models.Model):
    """A shop's key to the API of one merchant.

    It acts as `acts_as`, a user without a password whose permissions are the token's scopes, so that rules, workers and
    the audit log treat it like anybody else; revoking it disables that user.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="api_tokens")
    name = models.CharField(max_length=60)
    prefix = models.CharField(max_length=12, unique=True)
    secret_sha256 = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    acts_as = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_token")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "name"], name="a_token_name_is_used_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
