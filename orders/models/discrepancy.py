"""What did not meet: typed, explained, owned, worked on, and never forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Abs

from orders.models.account import GatewayAccount, Merchant
from orders.models.matching import ReconciliationRun
from orders.models.modification import Modification
from orders.models.movement import ExternalMovement
from orders.models.settlement import SettlementLine
from orders.models.transaction import Transaction

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class DiscrepancyType(models.TextChoices):
    """What is wrong. The order is the order of urgency."""

    SETTLED_THOUGH_FAILED = "settled_though_failed", "Settled though failed"
    CHARGEBACK_AFTER_REFUND = "chargeback_after_refund", "Chargeback after refund"
    THEIRS_NOT_OURS = "theirs_not_ours", "Theirs, not ours"
    OURS_NOT_THEIRS = "ours_not_theirs", "Ours, not theirs"
    AMOUNT = "amount", "Amount differs"
    CURRENCY = "currency", "Currency differs"
    KIND = "kind", "Kind differs"
    DUPLICATE = "duplicate", "Duplicate line"
    SPLIT_LEG_FAILED = "split_leg_failed", "Split leg failed"
    REMAINDER = "remainder", "Remainder never released"
    FEE = "fee", "Fee differs"
    LATE = "late", "Settled late"
    AMBIGUOUS = "ambiguous", "Several candidates"


class Cause(models.TextChoices):
    """The likely cause, found by testing hypotheses in order."""

    NOT_DUE = "not_due", "Not due yet"
    LINE_MISSING = "line_missing", "Missing in the file of its day"
    FILE_MISSING = "file_missing", "The file of its day is missing"
    WRONG_REFERENCE = "wrong_reference", "Booked under a wrong reference"
    PORTAL_ACTION = "portal_action", "Done at the gateway, outside of this dashboard"
    MISSED_NEWS = "missed_news", "Our copy has not heard of it yet"
    UNKNOWN_PAYMENT = "unknown_payment", "A payment this account does not know"
    OTHER_ACCOUNT = "other_account", "A payment of another account"
    DUPLICATE_LINE = "duplicate_line", "The same movement was listed twice"
    EXECUTED_TWICE = "executed_twice", "The gateway executed it twice"
    ROUNDING = "rounding", "Rounding"
    FEE_DEDUCTED = "fee_deducted", "The fee was taken off the gross"
    PARTIAL = "partial", "Only a part was settled"
    AMOUNT_CHANGED = "amount_changed", "The gateway booked another amount"
    CURRENCY_CONVERTED = "currency_converted", "Settled in another currency"
    WRONG_CURRENCY = "wrong_currency", "The same figure under another currency"
    WRONG_KIND = "wrong_kind", "Listed as another kind"
    FEE_RATE = "fee_rate", "Another fee than agreed"
    GATEWAY_LATE = "gateway_late", "The gateway settled late"
    CHARGEBACK = "chargeback", "The shopper's bank took it back"
    CHARGED_BACK_AFTER_REFUND = "charged_back_after_refund", "Refunded, and then charged back"
    EXECUTED_AFTER_FAILURE = "executed_after_failure", "Executed although the answer said failed"
    SPLIT_LEG_FAILED = "split_leg_failed", "One leg of the split failed"
    REST_NOT_RELEASED = "rest_not_released", "The gateway did not release the rest"
    ALIKE = "alike", "Several movements look the same"
    UNEXPLAINED = "unexplained", "No hypothesis holds"


class DiscrepancyState(models.TextChoices):
    """Every discrepancy ends in a reasoned state."""

    OPEN = "open", "Open"
    WAITING = "waiting", "Waiting for a second person"
    RESOLVED = "resolved", "Resolved"
    ACCEPTED = "accepted", "Difference accepted"
    WRITTEN_OFF = "written_off", "Written off"
    VANISHED = "vanished", "Explained by itself"


UNSETTLED = (DiscrepancyState.OPEN, DiscrepancyState.WAITING)
"""These still need somebody."""


class DiscrepancyQuerySet(models.QuerySet["Discrepancy"]):
    """Discrepancies a person may see."""

    def of(self, person: User | AnonymousUser) -> DiscrepancyQuerySet:
        """Only rows of the person's merchants; everything for a superuser."""
        if person.is_superuser and person.is_active:
            return self
        return self.filter(merchant__in=Merchant.objects.of(person))

    def unsettled(self) -> DiscrepancyQuerySet:
        """What still needs somebody."""
        return self.filter(state__in=UNSETTLED)


DECIDED = (DiscrepancyState.ACCEPTED, DiscrepancyState.WRITTEN_OFF)
"""What people said of money that did not meet: it may stay so."""
STANDING = (*UNSETTLED, *DECIDED)
"""These say something about the books; the others have ended."""
BESIDE = (DiscrepancyType.FEE, DiscrepancyType.LATE)
"""Told of a line beside whatever else is wrong with it."""
TELL_BY_LINE = (
    *(DiscrepancyType.AMOUNT, DiscrepancyType.KIND, DiscrepancyType.CURRENCY, DiscrepancyType.SPLIT_LEG_FAILED),
)
"""These say by their line where a movement of ours is."""
NO_MONEY = (DiscrepancyType.LATE.value,)
"""Nothing is missing where this is wrong, whatever the line comes to."""
WORTH = Case(
    When(type__in=NO_MONEY, then=Value(0)),
    When(difference=0, then=F("amount")),
    default=Abs(F("difference")),
    output_field=models.BigIntegerField(),
)
"""`Discrepancy.worth` in SQL, so that sums, filters and orders say what every page says."""


class Discrepancy(models.Model):
    """One thing that did not meet. `key` is what it is about, so that a later run finds it again and never doubles it.

    `amount` is the money it is about in minor units of `currency`, never negative; `difference` is signed: what their
    side says more than ours. What it is worth follows from both: only `worth` is told to people. `month` (its first
    day) is the accounting month it belongs to; carrying moves it on.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="discrepancies")
    key = models.CharField(max_length=120)
    type = models.CharField(max_length=24, choices=DiscrepancyType.choices)
    state = models.CharField(max_length=12, choices=DiscrepancyState.choices, default=DiscrepancyState.OPEN.value)
    run = models.ForeignKey(ReconciliationRun, on_delete=models.PROTECT, null=True, related_name="discrepancies")
    line = models.ForeignKey(
        SettlementLine, on_delete=models.PROTECT, null=True, blank=True, related_name="discrepancies"
    )
    modification = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="discrepancies"
    )
    movement = models.ForeignKey(
        ExternalMovement, on_delete=models.PROTECT, null=True, blank=True, related_name="discrepancies"
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="discrepancies"
    )
    reference = models.CharField(max_length=64, blank=True)
    amount = models.BigIntegerField()
    difference = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3)
    sentence = models.CharField(max_length=400)
    """What does not meet, for staff."""
    occurred_on = models.DateField()
    month = models.DateField()
    cause = models.CharField(max_length=28, choices=Cause.choices, blank=True)
    confidence = models.PositiveSmallIntegerField(default=0)
    """Percent."""
    evidence = models.JSONField(default=dict, blank=True)
    """{"tested": [{"cause", "holds", "confidence", "sentence"}, …], …}: every hypothesis in the order tested."""
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    due_on = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    fix = models.CharField(max_length=24, blank=True)
    """The fix that ended it."""
    resolution = models.CharField(max_length=500, blank=True)
    reopened = models.PositiveSmallIntegerField(default=0)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)

    objects = DiscrepancyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints = [
            models.UniqueConstraint(fields=["account", "key"], name="a_discrepancy_is_known_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="a_discrepancy_has_a_value"),
            models.CheckConstraint(
                condition=Q(state__in=["open", "waiting"], closed_at__isnull=True)
                | Q(~Q(state__in=["open", "waiting"]), closed_at__isnull=False) & ~Q(resolution=""),
                name="every_discrepancy_ends_with_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(state="waiting") | Q(proposed_by__isnull=False), name="a_write_off_waits_for_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(state="written_off")
                | Q(proposed_by__isnull=False, closed_by__isnull=False) & ~Q(closed_by=F("proposed_by")),
                name="nobody_writes_off_alone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["merchant", "occurred_on", "id"],
                condition=Q(state__in=["open", "waiting"]),
                name="discrepancy_unsettled",
            ),
            models.Index(fields=["account", "month", "state"], name="discrepancy_of_month"),
            models.Index(fields=["merchant", "-id"], name="discrepancy_of_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.pk}"

    @property
    def unsettled(self) -> bool:
        """Whether somebody still has to do something."""
        return self.state in UNSETTLED

    @property
    def worth(self) -> int:
        """What is at stake, in minor units: the difference where there is one (a capture listed as a refund is off by
        twice its amount), else the amount, and nothing where no money is missing. In SQL it is `WORTH`."""
        if self.type in NO_MONEY:
            return 0
        return abs(self.difference) or self.amount


class DiscrepancyEntry(models.Model):
    """One line of a discrepancy's history: opened, typed anew, explained, commented, fixed, reopened; never changed."""

    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    verb = models.CharField(max_length=24)
    text = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "discrepancy entries"

    def __str__(self) -> str:
        return f"{self.verb} {self.discrepancy_id}"
