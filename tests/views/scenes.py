"""Modifications in every state, made the way they come to be: asked for, taken up by a worker, answered."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from orders.gateways.base import Facts, Kind, Outcome, Verdict
from orders.models import (
    Attempt,
    EvidenceSource,
    GatewayAccount,
    Modification,
    ModificationState,
    Purpose,
    Source,
    Transaction,
)
from orders.modifications.request import request_modification
from orders.modifications.resolve import apply_evidence
from orders.money import Money
from tests import factories

S = ModificationState


def a_modification(
    transaction: Transaction, by: User, *, kind: Kind = Kind.REFUND, amount: int = 2_000, **words: Any
) -> Modification:
    """Asked for on a page and queued; nothing was sent."""
    return request_modification(
        modification_id=uuid.uuid4(),
        transaction_id=transaction.pk,
        kind=kind,
        amount=amount,
        by=by,
        source=Source.PAGE,
        expected_version=None,
        confirmed_twin=True,
        **{"reason": "", "description": "", **words},
    )


def sent(modification: Modification) -> Modification:
    """A worker has sent it and waits for the answer."""
    now = timezone.now()
    Modification.objects.filter(pk=modification.pk).update(
        state=S.IN_FLIGHT,
        epoch=1,
        attempts_made=1,
        first_sent_at=now,
        last_sent_at=now,
        lease_until=now + timedelta(seconds=150),
    )
    Attempt.objects.create(modification=modification, epoch=1, purpose=Purpose.SEND, worker="worker 1", started_at=now)
    modification.refresh_from_db()
    return modification


def answered(modification: Modification, verdict: Verdict, *, reason: str = "") -> Modification:
    """Sent, and the gateway said how it ended: succeeded or declined."""
    return gateway_says(sent(modification), verdict, reason=reason)


def gateway_says(modification: Modification, verdict: Verdict, *, reason: str = "") -> Modification:
    """The answer to what is on its way."""
    facts = Facts(
        modification_id=str(modification.pk),
        amount=Money(modification.amount, modification.currency),
        reference=f"rec{modification.pk.hex[:18]}",
        raw_status=verdict.value.upper(),
    )
    apply_evidence(
        modification_id=modification.pk,
        outcome=Outcome(verdict=verdict, reason=reason or f"The gateway answered {verdict.value}.", facts=facts),
        source=EvidenceSource.RESPONSE,
        source_key=f"{modification.pk}:1:send",
    )
    modification.refresh_from_db()
    return modification


def doubtful(modification: Modification, state: ModificationState, *, reason: str = "") -> Modification:
    """Pending, unknown or in review, as a worker leaves it."""
    sent(modification)
    now = timezone.now()
    in_doubt = state in (S.UNKNOWN, S.REVIEW)
    Modification.objects.filter(pk=modification.pk).update(
        state=state,
        next_step=Purpose.QUERY,
        lease_until=None,
        due_at=now + timedelta(seconds=30),
        doubt_since=now if in_doubt else None,
        review_since=now if state == S.REVIEW else None,
        reason_text=reason,
    )
    if in_doubt:
        Transaction.objects.filter(pk=modification.transaction_id).update(unknown_count=1)
    modification.refresh_from_db()
    return modification


def in_state(modification: Modification, state: ModificationState) -> Modification:
    """The modification brought to a state."""
    if state is S.SUCCEEDED:
        return answered(modification, Verdict.SUCCEEDED)
    if state is S.FAILED:
        return answered(modification, Verdict.DECLINED, reason="The card was closed by its holder.")
    if state is S.IN_FLIGHT:
        return sent(modification)
    return modification if state is S.QUEUED else doubtful(modification, state, reason="The line went dead.")


def a_shop(*groups: str) -> tuple[GatewayAccount, User]:
    """An account and somebody of its merchant with these groups; agents unless told otherwise."""
    merchant = factories.a_merchant()
    return factories.an_account(merchant=merchant), factories.a_person(
        merchants=[merchant], groups=groups or ("agent",)
    )


def logged_in(person: User) -> Client:
    """A browser in which this person is logged in."""
    client = Client()
    client.force_login(person)
    return client
