"""The nightly job's own books: one row for each errand, subject and business date; and where our copy drifted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant
from orders.models.transaction import Transaction


class JobState(models.TextChoices):
    """A job ends once; a failed one is tried again until it is done."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class JobRun(models.Model):
    """One errand of one night: UNIQUE(job, subject, business_date) makes a second start a no-op.

    `subject` is “account:12”, “merchant:3” or “all”. `steps` keeps what each step came to, so that a killed run
    resumes behind the last finished one.
    """

    job = models.CharField(max_length=20)
    subject = models.CharField(max_length=30)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    business_date = models.DateField()
    state = models.CharField(max_length=8, choices=JobState.choices, default=JobState.RUNNING.value)
    epoch = models.PositiveIntegerField(default=1)
    lease_until = models.DateTimeField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    steps = models.JSONField(default=dict, blank=True)
    """{step: {"at", "seconds", "sentence", "figures", "ok"}} in the order done."""
    problem = models.CharField(max_length=600, blank=True)

    class Meta:
        ordering = ["-business_date", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["job", "subject", "business_date"], name="an_errand_of_a_night_runs_once"),
        ]
        indexes = [models.Index(fields=["merchant", "-business_date"], name="night_of_merchant")]

    def __str__(self) -> str:
        return f"{self.job} {self.subject} {self.business_date}"


class DriftState(models.TextChoices):
    """What became of a drift."""

    OPEN = "open", "Open"
    ADOPTED = "adopted", "Theirs adopted"
    KEPT = "kept", "Ours kept"
    ASKED = "asked", "Gateway asked again"
    GONE = "gone", "Gone by itself"


class Drift(models.Model):
    """One field in which our copy of a transaction differs from what its gateway shows. Values as texts for staff."""

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="+")
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="drifts")
    field = models.CharField(max_length=30)
    ours = models.CharField(max_length=200, blank=True)
    theirs = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=8, choices=DriftState.choices, default=DriftState.OPEN.value)
    seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "field"], condition=Q(state="open"), name="a_drift_is_open_once"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["adopted", "kept"]) | Q(decided_by__isnull=False) & ~Q(reason=""),
                name="a_drift_is_decided_with_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["merchant", "id"], condition=Q(state="open"), name="drift_open")]

    def __str__(self) -> str:
        return f"{self.field} of {self.transaction_id}"
