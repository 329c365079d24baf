"""One capture, cancellation or refund from the click to its end, with every attempt and every piece of evidence."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant
from orders.models.transaction import Capture, Transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class ModificationState(models.TextChoices):
    """Where a modification stands. `docs/money-safety.md` holds the diagram made from `modifications/states.py`."""

    QUEUED = "queued", "Queued"
    IN_FLIGHT = "in_flight", "Sending"
    PENDING = "pending", "Pending at the gateway"
    UNKNOWN = "unknown", "Outcome unknown"
    REVIEW = "review", "In review"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    WITHDRAWN = "withdrawn", "Withdrawn"


FINISHED = frozenset({ModificationState.SUCCEEDED, ModificationState.FAILED, ModificationState.WITHDRAWN})
"""Terminal: the database refuses every change of such a row."""
OPEN = frozenset(ModificationState) - FINISHED
"""A reservation is held in each of them."""
IN_DOUBT = frozenset({ModificationState.UNKNOWN, ModificationState.REVIEW})
"""Nobody knows whether money moved; people may not start another movement on the transaction."""

_FINISHED_VALUES = sorted(state.value for state in FINISHED)


class Purpose(models.TextChoices):
    """What the next or a past attempt was for."""

    SEND = "send", "Send"
    QUERY = "query", "Ask the gateway"


class ModificationQuerySet(models.QuerySet["Modification"]):
    """Modifications a person may see."""

    def of(self, person: User | AnonymousUser) -> ModificationQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))


class Modification(models.Model):
    """What a person asked for, the exact bytes that say it, and where it stands.

    `id` is the gateway's idempotency key, minted when the form was drawn. Amounts are minor units of `currency`.
    Columns above `state` are frozen by a database trigger; a finished row never changes at all.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="modifications")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="modifications")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="modifications")
    capture = models.ForeignKey(Capture, on_delete=models.PROTECT, null=True, blank=True, related_name="refunds")
    kind = models.CharField(max_length=16)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=30, blank=True)
    description = models.CharField(max_length=127, blank=True)
    custom_references = models.JSONField(default=dict, blank=True)
    release_rest = models.BooleanField(default=False)
    customer_may_see = models.BooleanField(default=False)
    plan = models.ForeignKey(
        "orders.RefundPlan", on_delete=models.PROTECT, null=True, blank=True, related_name="modifications"
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    source = models.CharField(max_length=12)
    expected_version = models.PositiveBigIntegerField(null=True)
    method = models.CharField(max_length=8)
    base_url = models.CharField(max_length=300)
    path = models.CharField(max_length=300)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    body_sha256 = models.CharField(max_length=64)
    contract_version = models.PositiveSmallIntegerField(default=1)

    state = models.CharField(
        max_length=10, choices=ModificationState.choices, default=ModificationState.QUEUED.value, editable=False
    )
    next_step = models.CharField(max_length=5, choices=Purpose.choices, default=Purpose.SEND.value)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts_made = models.PositiveIntegerField(default=0)
    lookups_made = models.PositiveIntegerField(default=0)
    first_sent_at = models.DateTimeField(null=True, blank=True)
    last_sent_at = models.DateTimeField(null=True, blank=True)
    doubt_since = models.DateTimeField(null=True, blank=True)
    review_since = models.DateTimeField(null=True, blank=True)
    declined_on_repeat = models.BooleanField(default=False)
    reason_text = models.CharField(max_length=500, blank=True)
    executed_kind = models.CharField(max_length=16, blank=True)
    executed_amount = models.BigIntegerField(null=True, blank=True)
    gateway_reference = models.CharField(max_length=64, blank=True)
    gateway_id = models.CharField(max_length=64, blank=True)
    gateway_status = models.CharField(max_length=60, blank=True)
    gateway_at = models.DateTimeField(null=True, blank=True)
    legs = models.JSONField(default=list, blank=True)
    failure_code = models.CharField(max_length=100, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ModificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_modification_has_an_amount"),
            models.CheckConstraint(
                condition=Q(state__in=[state.value for state in ModificationState]),
                name="a_modification_state_is_known",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=["capture", "cancel", "cancel_or_refund", "void", "refund", "authorize"]),
                name="a_modification_kind_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | ~Q(gateway_reference=""), name="success_carries_a_reference"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_FINISHED_VALUES, finished_at__isnull=False)
                | Q(~Q(state__in=_FINISHED_VALUES), finished_at__isnull=True),
                name="an_end_has_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(state="withdrawn") | Q(first_sent_at__isnull=True),
                name="what_was_sent_is_never_withdrawn",
            ),
            models.CheckConstraint(
                condition=~Q(state="in_flight") | Q(lease_until__isnull=False), name="a_flight_has_a_lease"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "pending", "unknown"]) | Q(due_at__isnull=False),
                name="what_waits_is_due_some_time",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["unknown", "review"]) | Q(doubt_since__isnull=False),
                name="doubt_has_a_beginning",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["refund", "void"]) | Q(capture__isnull=False), name="a_refund_names_its_capture"
            ),
            models.UniqueConstraint(
                fields=["account", "kind", "gateway_reference", "gateway_id"],
                condition=~Q(gateway_reference="") & Q(state="succeeded"),
                name="a_gateway_reference_is_used_once_per_kind",
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(kind="capture") & ~Q(state__in=_FINISHED_VALUES),
                name="one_capture_at_a_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["account", "due_at"],
                condition=Q(state__in=["queued", "pending", "unknown", "review"], due_at__isnull=False),
                name="modification_due",
            ),
            models.Index(
                fields=["account", "lease_until"], condition=Q(state="in_flight"), name="modification_in_flight"
            ),
            models.Index(fields=["due_at"], condition=~Q(state__in=_FINISHED_VALUES), name="modification_open"),
            models.Index(fields=["transaction", "requested_at"], name="modification_history"),
            models.Index(fields=["merchant", "requested_at"], name="modification_by_age"),
            models.Index(fields=["doubt_since"], condition=Q(doubt_since__isnull=False), name="modification_in_doubt"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def finished(self) -> bool:
        """Whether the end is known and the row can never change again."""
        return self.state in FINISHED

    @property
    def in_doubt(self) -> bool:
        """Whether nobody knows yet if money moved."""
        return self.state in IN_DOUBT

    @property
    def never_sent(self) -> bool:
        """Whether certainly no byte of it has reached the gateway; only then it can be withdrawn."""
        return self.first_sent_at is None


class Attempt(models.Model):
    """One exchange with the gateway, written before it happens and completed once."""

    modification = models.ForeignKey(Modification, on_delete=models.PROTECT, related_name="attempts")
    epoch = models.PositiveIntegerField()
    purpose = models.CharField(max_length=5, choices=Purpose.choices)
    worker = models.CharField(max_length=80, blank=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    verdict = models.CharField(max_length=12, blank=True)
    fault = models.CharField(max_length=12, blank=True)
    http_status = models.PositiveSmallIntegerField(null=True, blank=True)
    reason_text = models.CharField(max_length=500, blank=True)
    duration_ms = models.PositiveIntegerField(null=True, blank=True)
    request_transcript = models.TextField(blank=True)
    response_transcript = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["modification", "epoch", "purpose"], name="an_epoch_acts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.modification_id} {self.purpose} {self.epoch}"


class EvidenceSource(models.TextChoices):
    """Which channel told us."""

    RESPONSE = "response", "Answer"
    REPLAY = "replay", "Answer to a repeat"
    QUERY = "query", "Status query"
    MIRROR = "mirror", "Refresh of the transaction"
    WEBHOOK = "webhook", "Signed webhook"
    SETTLEMENT = "settlement", "Settlement file"
    OPERATOR = "operator", "Two people"


class Evidence(models.Model):
    """What one channel said about a modification; stored once, never changed."""

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    modification = models.ForeignKey(Modification, on_delete=models.PROTECT, related_name="evidence")
    source = models.CharField(max_length=12, choices=EvidenceSource.choices)
    source_key = models.CharField(max_length=120)
    verdict = models.CharField(max_length=12)
    reason_text = models.CharField(max_length=500, blank=True)
    executed_kind = models.CharField(max_length=16, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    gateway_reference = models.CharField(max_length=64, blank=True)
    gateway_id = models.CharField(max_length=64, blank=True)
    gateway_status = models.CharField(max_length=60, blank=True)
    gateway_at = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    applied = models.BooleanField(default=True)
    received_at = models.DateTimeField()

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "evidence"
        constraints = [
            models.UniqueConstraint(fields=["account", "source", "source_key"], name="evidence_counts_once"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.verdict}"
