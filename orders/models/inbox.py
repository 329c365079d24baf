"""Webhooks as they came in: stored first, once, and processed afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class InboxState(models.TextChoices):
    """Where a delivery stands."""

    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    UNMATCHED = "unmatched", "Matched nothing yet"
    IGNORED = "ignored", "Nothing to do"
    FAILED = "failed", "Could not be processed"


class InboxQuerySet(models.QuerySet["InboxDelivery"]):
    """Deliveries a person may see."""

    def of(self, person: User | AnonymousUser) -> InboxQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


class InboxDelivery(models.Model):
    """One webhook: its raw bytes, whether its sender was proved, and what became of it.

    `results` is a list with one entry for each event: {key, type, state, sentence, transaction, modification}.
    What was received never changes.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="inbox")
    key = models.CharField(max_length=160)
    signed = models.BooleanField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    received_at = models.DateTimeField()

    repeats = models.PositiveIntegerField(default=0)
    last_received_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=InboxState.choices, default=InboxState.WAITING.value)
    results = models.JSONField(default=list, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(null=True, blank=True)

    objects = InboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "inbox deliveries"
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="a_delivery_is_stored_once"),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(due_at__isnull=False), name="what_waits_in_the_inbox_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(due_at__isnull=False), name="inbox_due"),
            models.Index(fields=["merchant", "-id"], name="inbox_by_merchant"),
            models.Index(fields=["account", "-id"], name="inbox_by_account"),
            models.Index(fields=["merchant", "state", "-id"], name="inbox_by_state"),
        ]

    def __str__(self) -> str:
        return self.key


class InboxRejection(models.Model):
    """A webhook that was not believed: when, for which account, why, and the hash of its body; nothing else of it."""

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="inbox_rejections")
    at = models.DateTimeField()
    reason = models.CharField(max_length=300)
    body_sha256 = models.CharField(max_length=64)

    class Meta:
        indexes = [models.Index(fields=["account", "-id"], name="inbox_rejection_by_account")]

    def __str__(self) -> str:
        return self.reason
