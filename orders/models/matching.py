"""Runs of the reconciliation, and the matches between a settlement line and what our books say moved."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant
from orders.models.modification import Modification
from orders.models.movement import ExternalMovement
from orders.models.settlement import SettlementFile, SettlementLine, SettlementProfile
from orders.models.transaction import Transaction


class RunKind(models.TextChoices):
    """What started a run."""

    FILE = "file", "A file arrived"
    NIGHT = "night", "Night"
    PERSON = "person", "A person"
    TRIAL = "trial", "Trial of the laboratory"


class RunState(models.TextChoices):
    """Matches count only while their run is `applied`."""

    RUNNING = "running", "Running"
    APPLIED = "applied", "Applied"
    ABANDONED = "abandoned", "Abandoned"
    REPLACED = "replaced", "Replaced with its file"
    TRIAL = "trial", "Trial"


class RunStage(models.TextChoices):
    """How far a run has come; each stage may be repeated from its beginning with the same end."""

    LOADING = "loading", "Reading lines"
    MATCHING = "matching", "Matching"
    TYPING = "typing", "Typing what did not meet"
    EVIDENCE = "evidence", "Settling what was unknown"
    EXPLAINING = "explaining", "Looking for causes"
    DONE = "done", "Done"


class ReconciliationRun(models.Model):
    """One pass over an account's lines. The database lets one run at a time work on an account.

    `figures` holds counts and sums (minor units by currency) for pages, written at the end.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="reconciliation_runs")
    kind = models.CharField(max_length=8, choices=RunKind.choices)
    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, null=True, blank=True, related_name="runs")
    profile = models.ForeignKey(SettlementProfile, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    business_date = models.DateField()
    state = models.CharField(max_length=10, choices=RunState.choices, default=RunState.RUNNING.value)
    stage = models.CharField(max_length=10, choices=RunStage.choices, default=RunStage.LOADING.value)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=600, blank=True)
    figures = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="running"), name="one_run_works_on_an_account"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-business_date", "-id"], name="run_of_account"),
            models.Index(fields=["merchant", "-id"], name="run_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Rule(models.TextChoices):
    """By what a line and a row of ours were found to be the same, strongest first."""

    REFERENCE = "reference", "Reconciliation reference and kind"
    GATEWAY_ID = "gateway_id", "The gateway's own id and kind"
    CUSTOM = "custom", "Our own reference and kind"
    COMPOSITE = "composite", "Transaction, kind, amount and date"
    LEGS = "legs", "Several lines add up to one movement"
    PAYOUT = "payout", "One payout adds up from several movements"
    PERSON = "person", "Linked by a person"


class Match(models.Model):
    """A line and a movement of ours are the same money. Counts while its run is applied and `ended_at` is empty.

    Either `modification` or `movement` (an external one) is set. `amount` is the part of the movement that the line
    covers, `difference` what the line says more (signed minor units of the line's currency; 0 unless within tolerance).
    Columns from `rule` to `candidates` are the explain-plan. Parents are not re-checked for each of a million rows.
    """

    account = models.ForeignKey(
        GatewayAccount, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    run = models.ForeignKey(
        ReconciliationRun, on_delete=models.PROTECT, related_name="matches", db_constraint=False, db_index=False
    )
    line = models.ForeignKey(
        SettlementLine, on_delete=models.PROTECT, related_name="matches", db_constraint=False, db_index=False
    )
    modification = models.ForeignKey(
        Modification,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="matches",
        db_constraint=False,
        db_index=False,
    )
    movement = models.ForeignKey(
        ExternalMovement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="matches",
        db_constraint=False,
        db_index=False,
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, related_name="matches", db_constraint=False, db_index=False
    )
    rule = models.CharField(max_length=10, choices=Rule.choices)
    amount = models.BigIntegerField()
    difference = models.BigIntegerField(default=0)
    days_apart = models.SmallIntegerField(default=0)
    tolerance_minor = models.BigIntegerField(default=0)
    tolerance_days = models.SmallIntegerField(default=0)
    candidates = models.SmallIntegerField(default=1)
    runner_up = models.UUIDField(null=True, blank=True)
    """The modification that came second, where there was one."""
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    ended_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = "matches"
        constraints = [
            models.CheckConstraint(
                condition=Q(modification__isnull=False, movement__isnull=True)
                | Q(modification__isnull=True, movement__isnull=False),
                name="a_match_has_one_other_side",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | ~Q(ended_reason=""), name="an_unmatching_says_why"
            ),
        ]
        indexes = [
            models.Index(fields=["line"], name="match_of_line"),
            models.Index(fields=["transaction"], name="match_of_transaction"),
            models.Index(fields=["run"], condition=Q(ended_at__isnull=False), name="match_ended"),
        ]

    def __str__(self) -> str:
        return f"match {self.pk}"
