"""One authorization at a gateway, its money columns, and the captures taken from it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q

from orders.models.account import GatewayAccount, Merchant
from orders.models.order import Order

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class TransactionQuerySet(models.QuerySet["Transaction"]):
    """Transactions a person may see."""

    def of(self, person: User | AnonymousUser) -> TransactionQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


REST_PATIENCE = timedelta(days=1)
"""After the end of an authorization, before what it still holds is a discrepancy."""
NOT_YET_NAMED = "new:"
"""Before the gateway has answered an authorize request, a transaction's reference is this and the modification's id."""


class Transaction(models.Model):
    """An authorization mirrored from a gateway. All amounts are minor units of `currency`.

    `reference` is A's transactionId, B's order id, C's original payment id (under `card_reference`, its card record).

    `capturing` and `refunding` reserve what open modifications ask for; the CHECK constraints referee every writer, so
    that no code path can take more than was authorized or give back more than was captured.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="transactions")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="transactions")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="transactions")
    reference = models.CharField(max_length=64)
    card_reference = models.CharField(max_length=64, blank=True)
    partner_reference = models.CharField(max_length=64, blank=True)
    payment_method = models.CharField(max_length=40, blank=True)
    currency = models.CharField(max_length=3)

    state = models.CharField(max_length=24, default="pending_authorization")
    raw_status = models.CharField(max_length=60, blank=True)
    status_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    refresh_problem = models.CharField(max_length=300, blank=True)
    refresh_due_at = models.DateTimeField(null=True, blank=True)
    refresh_step = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField(null=True, blank=True)
    expiry_announced_at = models.DateTimeField(null=True, blank=True)
    deal_reference = models.CharField(max_length=21, blank=True)
    deal_type = models.CharField(max_length=10, blank=True)
    deal_amount = models.BigIntegerField(null=True, blank=True)
    reconciliation_reference = models.CharField(max_length=64, blank=True)
    payment_reference = models.CharField(max_length=64, blank=True)
    description = models.CharField(max_length=255, blank=True)
    facts = models.JSONField(default=dict, blank=True)

    authorized = models.BigIntegerField(default=0)
    capturing = models.BigIntegerField(default=0)
    captured = models.BigIntegerField(default=0)
    released = models.BigIntegerField(default=0)
    refunding = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    charged_back = models.BigIntegerField(default=0)

    capture_open = models.BooleanField(default=True)
    exclusive_modification = models.UUIDField(null=True, blank=True)
    sending_modification = models.UUIDField(null=True, blank=True)
    unknown_count = models.PositiveIntegerField(default=0)
    frozen_reason = models.CharField(max_length=300, blank=True)
    version = models.PositiveBigIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TransactionQuerySet.as_manager()

    class Meta:
        permissions = [
            ("capture", "Can capture"),
            ("cancel", "Can cancel"),
            ("refund", "Can refund"),
            ("authorize", "Can ask for new payments"),
            ("repair", "Can resolve doubtful modifications, unfreeze and resume"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["account", "reference"], name="a_transaction_is_known_once_per_account"),
            models.CheckConstraint(
                condition=Q(
                    authorized__gte=0,
                    capturing__gte=0,
                    captured__gte=0,
                    released__gte=0,
                    refunding__gte=0,
                    refunded__gte=0,
                    charged_back__gte=0,
                ),
                name="money_columns_are_never_negative",
            ),
            models.CheckConstraint(
                condition=Q(authorized__gte=F("captured") + F("capturing") + F("released")),
                name="captured_never_exceeds_authorized",
            ),
            models.CheckConstraint(
                condition=Q(captured__gte=F("refunded") + F("refunding")),
                name="refunded_never_exceeds_captured",
            ),
            models.CheckConstraint(
                condition=Q(exclusive_modification__isnull=True) | Q(capturing=0, refunding=0),
                name="a_cancellation_has_the_transaction_to_itself",
            ),
        ]
        indexes = [
            models.Index(
                fields=["refreshed_at"],
                condition=Q(state__in=["pending_authorization", "authorized", "capture_pending", "cancel_pending"]),
                name="transaction_still_moving",
            ),
            models.Index(fields=["id"], condition=~Q(frozen_reason=""), name="transaction_frozen"),
            models.Index(
                fields=["refresh_due_at", "id"],
                condition=Q(refresh_due_at__isnull=False),
                name="transaction_refresh_due",
            ),
            models.Index(
                fields=["account", "deal_reference"], condition=~Q(deal_reference=""), name="transaction_of_deal"
            ),
            models.Index(
                fields=["account", "card_reference"], condition=~Q(card_reference=""), name="transaction_of_card"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def open_to_capture(self) -> int:
        """What is authorized and neither captured, being captured nor released."""
        return self.authorized - self.captured - self.capturing - self.released

    @property
    def open_to_refund(self) -> int:
        """What is captured and neither refunded, being refunded nor charged back; never below zero."""
        return max(0, self.captured - self.refunded - self.refunding - self.charged_back)

    @property
    def rest_expected_by(self) -> datetime | None:
        """When what a partial capture left should be back with the shopper; None where nothing is left or known."""
        if self.expires_at is None or not self.captured or self.open_to_capture <= 0:
            return None
        return self.expires_at + REST_PATIENCE

    @property
    def named(self) -> bool:
        """Whether the gateway has given it a reference; an authorize request that has no answer yet has none."""
        return not self.reference.startswith(NOT_YET_NAMED)

    @property
    def frozen(self) -> bool:
        """Whether money actions wait until two people have looked."""
        return bool(self.frozen_reason)


class Capture(models.Model):
    """One successful capture, ours or the gateway's own; refunds draw on it. Amounts in minor units."""

    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="captures")
    modification = models.OneToOneField(
        "orders.Modification", on_delete=models.PROTECT, null=True, blank=True, related_name="made_capture"
    )
    gateway_id = models.CharField(max_length=64, blank=True)
    gateway_reference = models.CharField(max_length=64, blank=True)
    amount = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    refunding = models.BigIntegerField(default=0)
    captured_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0, refunded__gte=0, refunding__gte=0), name="a_capture_has_an_amount"
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=F("refunded") + F("refunding")),
                name="refunds_never_exceed_their_capture",
            ),
            models.UniqueConstraint(
                fields=["transaction", "gateway_id"], condition=~Q(gateway_id=""), name="a_capture_is_booked_once"
            ),
        ]

    def __str__(self) -> str:
        return self.gateway_id or str(self.pk)

    @property
    def open_to_refund(self) -> int:
        """What of this capture is neither refunded nor being refunded."""
        return self.amount - self.refunded - self.refunding
