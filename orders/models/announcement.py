"""What shops are told: the endpoints they gave us, what happened, and each delivery with its tries."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from orders import crypto
from orders.models.account import Merchant
from orders.models.modification import Modification
from orders.models.order import Order
from orders.models.transaction import Transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class ShopEndpointQuerySet(models.QuerySet["ShopEndpoint"]):
    """Endpoints a person may see."""

    def of(self, person: User | AnonymousUser) -> ShopEndpointQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


class ShopEndpoint(models.Model):
    """An address of a shop that wants to be told. The signing secret is shown once and sealed at rest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="shop_endpoints")
    url = models.URLField(max_length=300)
    description = models.CharField(max_length=100, blank=True)
    types = models.JSONField(default=list, blank=True, help_text="Types of announcements; empty means all.")
    secret_sealed = models.TextField(editable=False)
    active = models.BooleanField(default=True)
    stopped_reason = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ShopEndpointQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "url"], name="a_shop_address_is_listed_once"),
        ]

    def __str__(self) -> str:
        return self.url

    @property
    def secret(self) -> str:
        """The signing secret, decrypted. Raises crypto.CredentialUnreadable."""
        return crypto.unseal(self.secret_sealed)


class Announcement(models.Model):
    """One thing that happened, written in the database transaction of the change; never changed.

    `content` is what the shop gets as `data`; no personal data. `key` keeps the same thing from being said twice.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="announcements")
    type = models.CharField(max_length=60)
    key = models.CharField(max_length=160)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    modification = models.ForeignKey(Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    content = models.JSONField(default=dict)
    at = models.DateTimeField()
    spread = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merchant", "key"], name="an_announcement_is_made_once"),
        ]
        indexes = [
            models.Index(fields=["at"], condition=Q(spread=False), name="announcement_to_spread"),
            models.Index(fields=["merchant", "-at"], name="announcement_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"


class ShopDeliveryState(models.TextChoices):
    """Where the delivery of one announcement to one endpoint stands."""

    WAITING = "waiting", "Waiting"
    DELIVERED = "delivered", "Delivered"
    GIVEN_UP = "given_up", "Given up"


class ShopDelivery(models.Model):
    """One announcement for one endpoint; the database row is the queue."""

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="deliveries")
    endpoint = models.ForeignKey(ShopEndpoint, on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(max_length=10, choices=ShopDeliveryState.choices, default=ShopDeliveryState.WAITING.value)
    tries_made = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "shop deliveries"
        constraints = [
            models.UniqueConstraint(fields=["announcement", "endpoint"], name="an_announcement_goes_to_a_shop_once"),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(due_at__isnull=False), name="a_waiting_delivery_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(state="waiting"), name="shop_delivery_due"),
            models.Index(fields=["endpoint", "-id"], name="shop_delivery_by_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.state}"


class ShopDeliveryTry(models.Model):
    """One attempt to deliver, with what the shop answered."""

    delivery = models.ForeignKey(ShopDelivery, on_delete=models.PROTECT, related_name="tries")
    at = models.DateTimeField()
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "shop delivery tries"

    def __str__(self) -> str:
        return f"{self.http_status or self.problem}"
