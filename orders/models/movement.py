"""Money that moved at the gateway without our asking: portal actions, chargebacks, captures of the gateway's own."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount
from orders.models.modification import Modification
from orders.models.transaction import Transaction


class ExternalMovement(models.Model):
    """A movement that is not ours, always stored. Minor units of `currency`.

    It enters the transaction's money columns when the constraints allow; otherwise it stays unbooked, freezes the
    transaction and stands as a line of its own in the money bar.
    """

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="external_movements")
    modification = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="contradictions"
    )
    kind = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    key = models.CharField(max_length=160)
    gateway_reference = models.CharField(max_length=64, blank=True)
    gateway_id = models.CharField(max_length=64, blank=True)
    gateway_status = models.CharField(max_length=60, blank=True)
    source = models.CharField(max_length=12)
    facts = models.JSONField(default=dict, blank=True)
    moved_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()
    booked = models.BooleanField()
    unbooked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="an_external_movement_is_stored_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="an_external_movement_has_an_amount"),
            models.CheckConstraint(
                condition=Q(booked=True) | ~Q(unbooked_reason=""), name="what_is_unbooked_has_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(booked=False), name="movement_unbooked")]

    def __str__(self) -> str:
        return self.key
