"""The audit log: who did what, when and from where; inserted once, sealed into a hash chain afterwards."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from orders.models.account import Merchant
from orders.models.modification import Modification
from orders.models.order import Order
from orders.models.transaction import Transaction


class Source(models.TextChoices):
    """Through which door an act came."""

    PAGE = "page", "Page"
    ADMIN = "admin", "Admin"
    COMMAND = "command", "Command"
    WORKER = "worker", "Worker"
    GATEWAY = "gateway", "Gateway"
    WEBHOOK = "webhook", "Webhook"
    API = "api", "API"
    SETTLEMENT = "settlement", "Settlement file"


class Event(models.Model):
    """One thing that happened, written in the database transaction of the change it describes.

    A refused attempt is an event too. The database refuses every update and delete. `sentence` is written for staff.
    """

    at = models.DateTimeField()
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    source = models.CharField(max_length=10, choices=Source.choices)
    verb = models.CharField(max_length=60)
    refused = models.BooleanField(default=False)
    sentence = models.CharField(max_length=600)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    modification = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    details = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)

    class Meta:
        permissions = [("read_audit", "Can read the audit log")]
        indexes = [
            models.Index(fields=["order", "id"], name="event_of_order"),
            models.Index(fields=["merchant", "id"], name="event_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.pk}"


class EventSeal(models.Model):
    """One link of the chain: hash = SHA-256 over the previous hash and the event's canonical form."""

    sequence = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="seal")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64, unique=True)
    sealed_at = models.DateTimeField()

    class Meta:
        ordering = ["sequence"]

    def __str__(self) -> str:
        return f"{self.sequence} {self.hash[:12]}"
