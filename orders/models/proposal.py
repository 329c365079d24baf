"""What needs two people: the first gives evidence and proposes, the second confirms exactly that."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from orders.models.account import GatewayAccount, Merchant
from orders.models.modification import Modification
from orders.models.transaction import Transaction


class ProposalSubject(models.TextChoices):
    """What is proposed."""

    RESOLVE = "resolve", "Resolve a doubtful modification"
    UNFREEZE = "unfreeze", "Unfreeze a transaction"
    RESUME = "resume", "Resume a gateway account"


class ProposalState(models.TextChoices):
    """Where a proposal stands."""

    OPEN = "open", "Waiting for a second person"
    CONFIRMED = "confirmed", "Confirmed"
    REJECTED = "rejected", "Rejected"
    VOID = "void", "Void: the subject changed meanwhile"


class Proposal(models.Model):
    """A repair proposed by one person and confirmed or rejected by another.

    `fingerprint` is the hash of what was proposed and of the subject's state then; a confirmation must carry the same.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    merchant = models.ForeignKey(Merchant, on_delete=models.PROTECT, related_name="+")
    subject = models.CharField(max_length=10, choices=ProposalSubject.choices)
    modification = models.ForeignKey(
        Modification, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    account = models.ForeignKey(
        GatewayAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals"
    )
    verdict = models.CharField(max_length=12, blank=True)
    amount = models.BigIntegerField(null=True, blank=True)
    gateway_reference = models.CharField(max_length=64, blank=True)
    executed_kind = models.CharField(max_length=16, blank=True)
    evidence_text = models.TextField()
    fingerprint = models.CharField(max_length=64)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.OPEN.value)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_text = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="confirmed") | Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by")),
                name="nobody_confirms_their_own_proposal",
            ),
            models.CheckConstraint(condition=~Q(evidence_text=""), name="a_proposal_gives_evidence"),
            models.UniqueConstraint(
                fields=["modification"], condition=Q(state="open", subject="resolve"), name="one_open_resolution"
            ),
            models.UniqueConstraint(
                fields=["transaction"], condition=Q(state="open", subject="unfreeze"), name="one_open_unfreezing"
            ),
            models.UniqueConstraint(
                fields=["account"], condition=Q(state="open", subject="resume"), name="one_open_resumption"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.pk}"
