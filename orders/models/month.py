"""Months that finance has closed: what was checked, who signed, and the report with its hash."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders.models.account import GatewayAccount, Merchant


class MonthState(models.TextChoices):
    """A closed month is locked by triggers; reopening needs a reason and starts the next round."""

    PROPOSED = "proposed", "Signed by one"
    CLOSED = "closed", "Closed"
    WITHDRAWN = "withdrawn", "Not closed"
    REOPENED = "reopened", "Reopened"


class MonthClose(models.Model):
    """One account's month, signed by two people. `month` is its first day; `round` counts closings after reopenings.

    `report` holds the figures and the hashes of the files as they were signed; `report_sha256` is the hash of its
    canonical JSON and `signature` an HMAC of it.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="month_closes")
    month = models.DateField()
    until = models.DateField()
    """The first day of the next month, so that the triggers need no date arithmetic."""
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=9, choices=MonthState.choices)
    report = models.JSONField()
    report_sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_text = models.CharField(max_length=500, blank=True)
    reopened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-month", "-round"]
        constraints = [
            models.UniqueConstraint(fields=["account", "month", "round"], name="a_month_is_closed_in_rounds"),
            models.UniqueConstraint(
                fields=["account", "month"],
                condition=Q(state__in=["proposed", "closed"]),
                name="a_month_is_closed_once",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["closed", "reopened"])
                | Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="nobody_closes_a_month_alone",
            ),
            models.CheckConstraint(
                condition=~Q(state="reopened") | Q(reopened_by__isnull=False) & ~Q(reopened_reason=""),
                name="a_reopening_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.month:%Y-%m}"

    @property
    def has_two_signatures(self) -> bool:
        """Whether a second person signed the report, also when the month was reopened later."""
        return self.state in (MonthState.CLOSED, MonthState.REOPENED)
