"""An order as a shop placed it, with a summary of its transactions that keeps lists fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class OrderState(models.TextChoices):
    """One word for an order's money, derived from its transactions (`summary.py`)."""

    PENDING_AUTHORIZATION = "pending_authorization", "Awaiting payment"
    AUTHORIZED = "authorized", "Authorized"
    CAPTURE_PENDING = "capture_pending", "Capture pending"
    PARTLY_CAPTURED = "partly_captured", "Partly captured"
    CAPTURED = "captured", "Captured"
    SETTLED = "settled", "Settled"
    PARTLY_REFUNDED = "partly_refunded", "Partly refunded"
    REFUNDED = "refunded", "Refunded"
    CANCEL_PENDING = "cancel_pending", "Cancellation pending"
    CANCELLED = "cancelled", "Cancelled"
    EXPIRED = "expired", "Expired"
    CHARGEBACK = "chargeback", "Charged back"
    FAILED = "failed", "Failed"
    UNRECOGNISED = "unrecognised", "Unrecognised"


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders a person may see."""

    def of(self, person: User | AnonymousUser) -> OrderQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


class Order(models.Model):
    """What a shopper ordered. Amounts are minor units of `currency`."""

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="orders")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="orders")
    reference = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    customer_name = models.CharField(max_length=200, blank=True)
    customer_email = models.CharField(max_length=255, blank=True)
    placed_at = models.DateTimeField()

    state = models.CharField(
        max_length=24, choices=OrderState.choices, default=OrderState.PENDING_AUTHORIZATION.value, editable=False
    )
    captured = models.BigIntegerField(default=0, editable=False)
    refunded = models.BigIntegerField(default=0, editable=False)
    in_flight = models.BooleanField(default=False, editable=False)
    attention = models.BooleanField(default=False, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        permissions = [("export", "Can export orders")]
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="an_order_is_known_once_per_account"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="an_order_has_an_amount"),
        ]
        indexes = [
            models.Index(fields=["placed_at", "id"], name="order_by_age"),
            models.Index(fields=["merchant", "placed_at", "id"], name="order_by_merchant"),
            models.Index(fields=["account", "placed_at", "id"], name="order_by_account"),
            models.Index(fields=["merchant", "state", "placed_at", "id"], name="order_by_state"),
            models.Index(fields=["state", "placed_at", "id"], name="order_by_state_all"),
            models.Index(fields=["currency", "amount"], name="order_by_amount"),
            models.Index(fields=["placed_at", "id"], condition=Q(attention=True), name="order_needing_attention"),
            models.Index(fields=["placed_at", "id"], condition=Q(in_flight=True), name="order_in_flight"),
            models.Index(fields=["expires_at", "id"], condition=Q(expires_at__isnull=False), name="order_expiring"),
        ]

    def __str__(self) -> str:
        return self.reference


class OrderLine(models.Model):
    """One article of an order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    name = models.CharField(max_length=200)
    quantity = models.PositiveIntegerField(default=1)
    unit_amount = models.BigIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.name}"
