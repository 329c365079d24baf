"""Settlement files as they came, the lines they hold, and how each account's files are read and expected."""

from __future__ import annotations

from datetime import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from orders.models.account import GatewayAccount, Merchant

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User


class LineType(models.TextChoices):
    """What a line says happened. The signs of its amounts are the merchant's: what is paid out to them is positive."""

    CAPTURE = "capture", "Capture"
    REFUND = "refund", "Refund"
    CHARGEBACK = "chargeback", "Chargeback"
    REVERSAL = "reversal", "Chargeback reversed"
    FEE = "fee", "Fee"
    FX = "fx", "Currency conversion"
    PAYOUT = "payout", "Payout"
    ADJUSTMENT = "adjustment", "Adjustment"
    OTHER = "other", "Other"


class SettlementTerms(models.Model):
    """When and at what price an account's gateway pays out: what makes a missing line late and a fee wrong.

    `cut_off` is local time in `time_zone`: what is executed later belongs to the next business day. `business_days` are
    ISO weekdays, `holidays` ISO dates. A fee is `fee_basis_points` of the gross (half up) plus `fee_fixed` minor units;
    without basis points no fee is checked. Money from before `expected_from` is not missed.
    """

    account = models.OneToOneField(GatewayAccount, on_delete=models.PROTECT, related_name="settlement_terms")
    time_zone = models.CharField(max_length=64, default="UTC")
    cut_off = models.TimeField(default=time(0))
    business_days = models.CharField(max_length=7, default="12345")
    holidays = models.JSONField(default=list, blank=True)
    delay_days = models.PositiveSmallIntegerField(default=2, help_text="Business days from execution to settlement.")
    patience_days = models.PositiveSmallIntegerField(default=1, help_text="Business days more before it is late.")
    fee_basis_points = models.PositiveIntegerField(null=True, blank=True)
    fee_fixed = models.BigIntegerField(default=0)
    fee_currency = models.CharField(max_length=3, blank=True, help_text="The fixed fee applies to this currency.")
    accept_limit = models.BigIntegerField(
        default=10_000, help_text="Minor units up to which one person may accept a difference."
    )
    expected_from = models.DateField(null=True, blank=True)
    drop_folder = models.CharField(max_length=100, blank=True, help_text="A folder below SETTLEMENT_DROP_DIR.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["drop_folder"], condition=~Q(drop_folder=""), name="a_drop_folder_belongs_to_one_account"
            ),
        ]
        verbose_name_plural = "settlement terms"

    def __str__(self) -> str:
        return f"terms of {self.account}"


class ProfileState(models.TextChoices):
    """A profile is tried as a draft, used while active, and kept when a newer version took its place."""

    DRAFT = "draft", "Draft"
    ACTIVE = "active", "Active"
    RETIRED = "retired", "Retired"


class SettlementProfile(models.Model):
    """How one kind of file of an account is read, and how far a line may be off: one version of a mapping profile.

    `mapping` is the plain form of `orders.reconciliation.files.profile.Mapping`. A version that was ever active is
    frozen by a trigger; changing it makes the next version.
    """

    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="settlement_profiles")
    name = models.CharField(max_length=60)
    version = models.PositiveIntegerField(default=1)
    state = models.CharField(max_length=8, choices=ProfileState.choices, default=ProfileState.DRAFT.value)
    mapping = models.JSONField(default=dict)
    tolerance_minor = models.PositiveBigIntegerField(default=0)
    tolerance_days = models.PositiveSmallIntegerField(default=5)
    note = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    activated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["account_id", "name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["account", "name", "version"], name="a_profile_version_is_one"),
            models.UniqueConstraint(
                fields=["account", "name"], condition=Q(state="active"), name="one_active_version_of_a_profile"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class FileState(models.TextChoices):
    """Only `applied` counts; every reader asks for it."""

    RECEIVING = "receiving", "Being received"
    WAITING = "waiting", "Waiting to be read"
    LOADING = "loading", "Being read"
    APPLIED = "applied", "Applied"
    REFUSED = "refused", "Refused"
    REPLACED = "replaced", "Replaced by a corrected file"
    TRIAL = "trial", "Trial of the laboratory"


GIVEN_UP = Q(state=FileState.RECEIVING, expected_size=0)
"""An upload that was given up, and whose bytes are being deleted: nobody sees it any more or goes on with it."""


class SettlementFileQuerySet(models.QuerySet["SettlementFile"]):
    """Files a person may see."""

    def of(self, person: User | AnonymousUser) -> SettlementFileQuerySet:
        """Only files of the person's merchants, never trials, nor what was given up; all merchants' for a superuser."""
        rows = self.exclude(state=FileState.TRIAL).exclude(GIVEN_UP)
        if person.is_superuser and person.is_active:
            return rows
        return rows.filter(merchant__in=Merchant.objects.of(person))


class SettlementFile(models.Model):
    """One file as it came: bytes in parts, their hash, and whether its lines count.

    A file applies whole or not at all: lines are inserted while it is `loading`, and one UPDATE makes them count. The
    same bytes are taken once per account; a corrected file is a new version that replaces its predecessor's lines as a
    set. `lines` to `last_booked_on` are written by the flip; sums are minor units by currency, as in `totals`.
    """

    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    account = models.ForeignKey(GatewayAccount, on_delete=models.PROTECT, related_name="settlement_files")
    profile = models.ForeignKey(SettlementProfile, on_delete=models.PROTECT, null=True, related_name="files")
    name = models.CharField(max_length=200)
    business_date = models.DateField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    expected_size = models.BigIntegerField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    state = models.CharField(max_length=10, choices=FileState.choices, default=FileState.RECEIVING.value)
    problem = models.CharField(max_length=600, blank=True)
    source = models.CharField(max_length=12)
    received_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    received_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    dialect = models.CharField(max_length=100, blank=True)
    lines = models.BigIntegerField(default=0)
    bad_lines = models.BigIntegerField(default=0)
    overlaps = models.BigIntegerField(default=0)
    totals = models.JSONField(default=dict, blank=True)
    """{currency: {"lines", "gross", "fee", "net"}}, overlaps left out."""
    first_booked_on = models.DateField(null=True, blank=True)
    last_booked_on = models.DateField(null=True, blank=True)

    objects = SettlementFileQuerySet.as_manager()

    class Meta:
        permissions = [
            ("reconcile", "Can upload settlement files, map them and work on discrepancies"),
            ("close_month", "Can close and reopen months"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "sha256"],
                condition=~Q(sha256="") & ~Q(state__in=["refused", "receiving", "trial"]),
                name="the_same_bytes_are_taken_once",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(problem=""), name="a_refusal_says_why"),
            models.CheckConstraint(
                condition=~Q(state__in=["applied", "replaced"])
                | Q(applied_at__isnull=False, business_date__isnull=False),
                name="what_counts_has_a_date",
            ),
        ]
        indexes = [
            models.Index(fields=["account", "-business_date", "-id"], name="file_of_account"),
            models.Index(fields=["merchant", "-id"], name="file_of_merchant"),
            models.Index(
                fields=["id"], condition=Q(state__in=["receiving", "waiting", "loading"]), name="file_under_way"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SettlementFilePart(models.Model):
    """A piece of the file's bytes, zlib-compressed; in the database, because web and worker may share no disk."""

    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["file_id", "number"]
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="a_part_has_its_place")]

    def __str__(self) -> str:
        return f"{self.file_id}/{self.number}"


class SettlementBadLine(models.Model):
    """A line that cannot be read, with its number and a sentence; the first thousand of a refused file are kept."""

    file = models.ForeignKey(SettlementFile, on_delete=models.PROTECT, related_name="bad_line_rows")
    number = models.BigIntegerField()
    reason = models.CharField(max_length=300)
    text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["file_id", "number"]
        indexes = [models.Index(fields=["file", "number"], name="bad_line_of_file")]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.number}"


class SettlementLine(models.Model):
    """One line, normalised; a million arrive at once, so the row is lean and its parents are not re-checked for each.

    `gross`, `fee` and `net` are signed minor units of `currency`, gross = fee + net; money paid to the merchant is
    positive, so the fee of a capture is positive (it is taken off the gross) and a refund's gross is negative.
    `identity` hashes account, content and the occurrence number within the file: two honest identical lines are two
    identities, the same line in a later file is the same identity and an `overlap`, which does not count.
    """

    account = models.ForeignKey(
        GatewayAccount, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    file = models.ForeignKey(
        SettlementFile, on_delete=models.PROTECT, related_name="line_rows", db_constraint=False, db_index=False
    )
    number = models.BigIntegerField()
    identity = models.UUIDField()
    overlap = models.BooleanField(default=False)
    type = models.CharField(max_length=12, choices=LineType.choices)
    gross = models.BigIntegerField()
    fee = models.BigIntegerField(default=0)
    net = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    booked_on = models.DateField()
    reference = models.CharField(max_length=64, blank=True)
    """reconciliationReferenceId."""
    transaction_reference = models.CharField(max_length=64, blank=True)
    gateway_id = models.CharField(max_length=64, blank=True)
    """captureId, refundId or payment_id."""
    custom_reference = models.CharField(max_length=64, blank=True)
    """partnerReference, B's reference or C's custom_reference; our modification id where we sent it as such."""
    payout_reference = models.CharField(max_length=64, blank=True)
    original_currency = models.CharField(max_length=3, blank=True)
    original_amount = models.BigIntegerField(null=True, blank=True)
    text = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["file", "number"], name="line_of_file"),
            models.Index(fields=["account", "identity"], name="line_identity"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.number}"
