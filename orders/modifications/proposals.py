"""What is proposed, as a hash that cannot be talked around, and what happens when a second person confirms it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Q

from orders import audit
from orders.gateways.base import Facts, Kind, Outcome, Verdict
from orders.models import (
    Event,
    EvidenceSource,
    GatewayAccount,
    Modification,
    ModificationState,
    Proposal,
    Source,
    Transaction,
)
from orders.modifications.refusals import NotAllowed
from orders.modifications.resolve import apply_evidence
from orders.modifications.situation import capability_of
from orders.money import Money
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

FOUND_OUT = "Two people found out: "
"""How the reason begins when people, not a gateway, said how it ended."""


def fingerprint_of(proposal: Proposal) -> str:
    """What exactly is proposed, and the state of its subject: any change of either changes the hash."""
    content: dict[str, Any] = {
        "subject": proposal.subject,
        "verdict": proposal.verdict,
        "amount": proposal.amount,
        "reference": proposal.gateway_reference,
        "executed_kind": proposal.executed_kind,
        "evidence": proposal.evidence_text,
        "state": _state_of_subject(proposal),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _state_of_subject(proposal: Proposal) -> list[str]:
    if proposal.modification is not None:
        row = proposal.modification
        doubtful = "in doubt" if not row.finished else row.state
        return [str(row.pk), row.body_sha256, doubtful, row.gateway_status]
    if proposal.transaction is not None:
        return [str(proposal.transaction.pk), *_causes_of_frost(proposal.transaction.pk)]
    assert proposal.account is not None
    return [str(proposal.account.pk), proposal.account.paused_reason, str(proposal.account.paused_at)]


def _causes_of_frost(transaction_id: int) -> list[str]:
    """Why it is frozen, all of it: the first reason stays on the row, later ones stand in the log and in the books.

    The row is locked, so that no cause can slip in between this look and the thaw.
    """
    row = Transaction.objects.select_for_update(no_key=True).get(pk=transaction_id)
    told = Q(verb__endswith=".frozen") | Q(verb__endswith=".contradicted") | Q(verb__endswith=".review")
    last = Event.objects.filter(told, transaction=row).aggregate(last=Max("pk"))["last"]
    return [row.frozen_reason, str(row.charged_back), str(last or "")]


def carry_out(proposal: Proposal, by: User) -> None:
    """Do what two people agreed on, in the caller's database transaction. Raises NotAllowed when it was overtaken."""
    if proposal.modification is not None:
        _resolve(proposal, proposal.modification, by)
    elif proposal.transaction is not None:
        _unfreeze(proposal.transaction)
    elif proposal.account is not None:
        GatewayAccount.objects.filter(pk=proposal.account.pk).update(
            paused_at=None, paused_reason="", breaker_failures=0, breaker_opened_at=None, breaker_until=None
        )


def _resolve(proposal: Proposal, row: Modification, by: User) -> None:
    _check_not_on_its_way(proposal, row)
    outcome = Outcome(
        verdict=Verdict(proposal.verdict),
        reason=f"{FOUND_OUT}{proposal.evidence_text}"[:400],
        facts=Facts(
            executed_kind=Kind(proposal.executed_kind) if proposal.executed_kind else None,
            amount=Money(proposal.amount, row.currency) if proposal.amount else None,
            reference=proposal.gateway_reference,
            # For a new payment the people enter the transactionId, which is what names it from then on.
            transaction_reference=proposal.gateway_reference if row.kind == Kind.AUTHORIZE else "",
        ),
    )
    settled = apply_evidence(
        modification_id=row.pk, outcome=outcome, source=EvidenceSource.OPERATOR, source_key=str(proposal.pk), by=by
    )
    if not settled:
        raise NotAllowed("Meanwhile the end became known by itself; nothing was changed.", code="already_known")


def _check_not_on_its_way(proposal: Proposal, row: Modification) -> None:
    """A failure frees the reservation, so that the money may be asked for anew: never while bytes are on the wire."""
    state = Modification.objects.select_for_update(no_key=True).values_list("state", flat=True).get(pk=row.pk)
    if proposal.verdict == Verdict.DECLINED and state == ModificationState.IN_FLIGHT:
        raise NotAllowed(
            "A worker is talking to the gateway about it right now. Nothing was changed; confirm again in a minute.",
            code="in_flight",
        )


def check_read_since_the_last_end(transaction: Transaction) -> None:
    """What moved against an end enters the books by a reading of the gateway; before it, nothing may move on it again.

    Where a gateway shows nothing (C), the two people's look at its portal stands in for the reading. Raises NotAllowed.
    """
    if not capability_of(transaction.account).reads:
        return
    ended_at = transaction.modifications.aggregate(at=Max("finished_at"))["at"]
    if ended_at is None or (transaction.refreshed_at is not None and transaction.refreshed_at >= ended_at):
        return
    raise NotAllowed(
        "The gateway was not read since the last modification here ended, so what really moved may be missing from the "
        "books. Nothing was unfrozen; ask the gateway now, look at what it says, then propose it again.",
        code="not_read",
    )


def _unfreeze(transaction: Transaction) -> None:
    fresh = Transaction.objects.select_for_update(no_key=True).get(pk=transaction.pk)
    check_read_since_the_last_end(fresh)
    fresh.frozen_reason = ""
    fresh.version += 1
    fresh.save(update_fields=["frozen_reason", "version"])
    summarise(fresh.order)


def what_is_proposed(proposal: Proposal) -> str:
    """The proposal as the rest of a sentence."""
    if proposal.modification is not None:
        word = "succeeded" if proposal.verdict == Verdict.SUCCEEDED else "failed"
        return f"resolve modification {proposal.modification.pk} as {word}"
    if proposal.transaction is not None:
        return f"unfreeze transaction {proposal.transaction.reference}"
    return f"resume the account {proposal.account}"


def tell(proposal: Proposal, verb: str, sentence: str, by: User, source: Source) -> None:
    """Write it into the audit log, beside its subject."""
    audit.record(
        verb=f"proposal.{verb}",
        sentence=sentence,
        source=source,
        by=by,
        modification=proposal.modification,
        transaction=proposal.transaction,
        account=proposal.account,
        details={"proposal": str(proposal.pk), "fingerprint": proposal.fingerprint},
    )
