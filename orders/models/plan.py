"""A refund over several captures: one wish of a person, one modification for each capture it draws on."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.account import Merchant
from orders.models.transaction import Transaction


class RefundPlan(models.Model):
    """What was asked for as a whole, in minor units of `currency`; its legs are the modifications that name it.

    The row never changes: how far it has come follows from its legs.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="refund_plans")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=30, blank=True)
    description = models.CharField(max_length=127, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    source = models.CharField(max_length=12)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_refund_plan_has_an_amount"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
