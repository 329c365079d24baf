"""The way out of review, frost and pause: one person gives evidence, a second confirms exactly that."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError

from orders.database import database_now, in_one_transaction
from orders.gateways.base import Kind, Verdict
from orders.models import (
    NOT_YET_NAMED,
    GatewayAccount,
    Merchant,
    Modification,
    ModificationState,
    Proposal,
    ProposalState,
    ProposalSubject,
    Source,
    Transaction,
)
from orders.modifications.proposals import (
    carry_out,
    check_read_since_the_last_end,
    fingerprint_of,
    tell,
    what_is_proposed,
)
from orders.modifications.refusals import NotAllowed, UnknownThing, refusals_on_record
from orders.money import Money
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_REFERENCE_MAXIMUM = 64
_VERDICTS = (Verdict.SUCCEEDED.value, Verdict.DECLINED.value)


# The first person.


def propose_resolution(
    *,
    modification_id: UUID,
    verdict: str,
    amount: int | None,
    gateway_reference: str,
    executed_kind: str,
    evidence_text: str,
    by: User,
    source: Source,
) -> Proposal:
    """Say what became of a doubtful modification: verdict `succeeded` (with amount in minor units, the gateway's
    reference, and for cancel-or-refund what it chose) or `failed`. Raises Refused."""
    declared = Verdict.DECLINED.value if verdict == "failed" else verdict

    def write() -> Proposal:
        rows = Modification.objects.of(by).select_related("account", "transaction")
        row = rows.filter(pk=modification_id).first()
        if row is None:
            raise UnknownThing("There is no such modification.", code="unknown_modification")
        _needs_repair(by, row.merchant_id)
        _check_resolution(row, declared, amount, gateway_reference, executed_kind)
        return _store(
            Proposal(
                merchant_id=row.merchant_id,
                subject=ProposalSubject.RESOLVE,
                modification=row,
                verdict=declared,
                amount=amount,
                gateway_reference=gateway_reference.strip(),
                executed_kind=executed_kind,
            ),
            evidence_text,
            by,
            source,
        )

    return _audited(write, verb="proposal.refused", by=by, source=source, subject=str(modification_id))


def propose_unfreezing(*, transaction_id: int, evidence_text: str, by: User, source: Source) -> Proposal:
    """Say why money may move on a frozen transaction again. Raises Refused."""

    def write() -> Proposal:
        row = Transaction.objects.of(by).filter(pk=transaction_id).first()
        if row is None:
            raise UnknownThing("There is no such transaction.", code="unknown_transaction")
        _needs_repair(by, row.merchant_id)
        if not row.frozen:
            raise NotAllowed("This transaction is not frozen.", code="not_frozen")
        check_read_since_the_last_end(row)
        proposal = Proposal(merchant_id=row.merchant_id, subject=ProposalSubject.UNFREEZE, transaction=row)
        return _store(proposal, evidence_text, by, source)

    return _audited(write, verb="proposal.refused", by=by, source=source, subject=str(transaction_id))


def propose_resumption(*, account_id: int, evidence_text: str, by: User, source: Source) -> Proposal:
    """Say why a paused account may send again. Raises Refused."""

    def write() -> Proposal:
        row = GatewayAccount.objects.filter(pk=account_id, merchant__in=Merchant.objects.of(by)).first()
        if row is None:
            raise UnknownThing("There is no such account.", code="unknown_account")
        if not permissions_of(by, row.merchant_id) & {"repair", "configure"}:
            raise NotAllowed("You may not resume this account.", code="permission")
        if not row.paused:
            raise NotAllowed("This account is not paused.", code="not_paused")
        proposal = Proposal(merchant_id=row.merchant_id, subject=ProposalSubject.RESUME, account=row)
        return _store(proposal, evidence_text, by, source)

    return _audited(write, verb="proposal.refused", by=by, source=source, subject=str(account_id))


# The second person.


def confirm(*, proposal_id: UUID, fingerprint: str, by: User, source: Source) -> Proposal:
    """Confirm exactly what was proposed; its effect happens in the same database transaction. Raises Refused.

    When the subject changed since (its fingerprint differs), the proposal becomes void instead.
    """

    def act() -> Proposal:
        proposal = _open_proposal(proposal_id, by)
        if proposal.proposed_by_id == by.pk:
            raise NotAllowed("You proposed this yourself; a second person must confirm it.", code="own_proposal")
        if fingerprint != proposal.fingerprint:
            raise NotAllowed("This is not what was proposed. Open the proposal again.", code="fingerprint")
        if fingerprint_of(proposal) != proposal.fingerprint:
            return _decide(proposal, ProposalState.VOID, "The subject changed since it was proposed.", by, source)
        decided = _decide(proposal, ProposalState.CONFIRMED, "", by, source)
        carry_out(proposal, by)
        return decided

    proposal = _audited(act, verb="proposal.confirmation_refused", by=by, source=source, subject=str(proposal_id))
    if proposal.state == ProposalState.VOID:
        raise NotAllowed(
            "The subject changed since this was proposed, so the proposal is void. Look again and propose anew.",
            code="void",
        )
    return proposal


def reject(*, proposal_id: UUID, decision_text: str, by: User, source: Source) -> Proposal:
    """Say no; the person who proposed may also take it back. Raises Refused."""

    def act() -> Proposal:
        proposal = _open_proposal(proposal_id, by)
        if not decision_text.strip():
            raise NotAllowed("Say why it is rejected.", code="reason")
        return _decide(proposal, ProposalState.REJECTED, decision_text.strip(), by, source)

    return _audited(act, verb="proposal.rejection_refused", by=by, source=source, subject=str(proposal_id))


# What both share.


def _check_resolution(
    row: Modification, verdict: str, amount: int | None, gateway_reference: str, executed_kind: str
) -> None:
    if row.state not in (ModificationState.REVIEW, ModificationState.UNKNOWN, ModificationState.PENDING):
        raise NotAllowed("Only a modification in doubt is resolved by hand.", code="not_in_doubt")
    if verdict not in _VERDICTS:
        raise NotAllowed("Say whether it succeeded or failed.", code="verdict")
    _check_executed_kind(row, verdict, executed_kind)
    if verdict == Verdict.DECLINED.value:
        return
    if amount != row.amount:
        asked = Money(row.amount, row.currency)
        raise NotAllowed(
            f"It asked for {asked}; it can only be resolved with this amount. If the gateway moved another amount, "
            "resolve it as failed and let the refresh store what moved.",
            code="amount",
        )
    if not 1 <= len(gateway_reference.strip()) <= _REFERENCE_MAXIMUM:
        word = "transactionId of the payment" if row.kind == Kind.AUTHORIZE else "reconciliation reference"
        raise NotAllowed(
            f"A success carries the gateway’s {word}, 1 to {_REFERENCE_MAXIMUM} characters.", code="reference"
        )
    if row.kind == Kind.AUTHORIZE:
        _check_names_nothing_else(row, gateway_reference.strip())


def _check_names_nothing_else(row: Modification, transaction_id: str) -> None:
    """The transactionId becomes the payment's name, and each names one payment."""
    if transaction_id.startswith(NOT_YET_NAMED):
        raise NotAllowed("This is our own mark and no transactionId; take the one the gateway shows.", code="reference")
    same = Transaction.objects.filter(account_id=row.account_id, reference=transaction_id).select_related("order")
    taken = same.first()
    if taken is not None:
        raise NotAllowed(
            f"{transaction_id} is the payment of order {taken.order.reference} already. Look for the one whose "
            f"partner reference is {row.transaction.partner_reference}.",
            code="reference",
        )


def _check_executed_kind(row: Modification, verdict: str, executed_kind: str) -> None:
    """Only a cancel-or-refund leaves open what was done, and its success must say it."""
    if row.kind == Kind.CANCEL_OR_REFUND:
        chosen = {Kind.CANCEL.value, Kind.REFUND.value}
        fitting = chosen if verdict == Verdict.SUCCEEDED.value else {*chosen, ""}
    else:
        fitting = {"", row.kind}
    if executed_kind not in fitting:
        raise NotAllowed("Say whether the gateway cancelled or refunded.", code="executed_kind")


def _needs_repair(by: User, merchant_id: int) -> None:
    if "repair" not in permissions_of(by, merchant_id):
        raise NotAllowed("You may not repair. Ask a supervisor of this merchant.", code="permission")


def _store(proposal: Proposal, evidence_text: str, by: User, source: Source) -> Proposal:
    if not evidence_text.strip():
        raise NotAllowed("Give the evidence: what you saw and where.", code="evidence")
    proposal.evidence_text = evidence_text.strip()[:4000]
    proposal.proposed_by = by
    proposal.proposed_at = database_now()
    proposal.fingerprint = fingerprint_of(proposal)
    try:
        proposal.save(force_insert=True)
    except IntegrityError as error:
        raise NotAllowed("A proposal for this is already waiting for a second person.", code="waiting") from error
    tell(proposal, "proposed", f"{by.get_username()} proposed to {what_is_proposed(proposal)}.", by, source)
    return proposal


def _open_proposal(proposal_id: UUID, by: User) -> Proposal:
    proposal = (
        Proposal.objects.filter(pk=proposal_id, merchant__in=Merchant.objects.of(by))
        .select_for_update(of=("self",))
        .select_related("modification", "transaction", "account", "proposed_by")
        .first()
    )
    if proposal is None:
        raise UnknownThing("There is no such proposal.", code="unknown_proposal")
    allowed = permissions_of(by, proposal.merchant_id)
    needed = {"repair", "configure"} if proposal.subject == ProposalSubject.RESUME else {"repair"}
    if not allowed & needed:
        raise NotAllowed("You may not decide about repairs.", code="permission")
    if proposal.state != ProposalState.OPEN:
        raise NotAllowed(f"It is already {proposal.get_state_display().lower()}.", code="decided")
    return proposal


def _decide(proposal: Proposal, state: ProposalState, text: str, by: User, source: Source) -> Proposal:
    proposal.state = state.value
    proposal.decided_by = by
    proposal.decided_at = database_now()
    proposal.decision_text = text
    proposal.save(update_fields=["state", "decided_by", "decided_at", "decision_text"])
    said = f"{by.get_username()} {state.label.lower()} the proposal to {what_is_proposed(proposal)}. {text}".strip()
    tell(proposal, state.value, said, by, source)
    return proposal


def _audited(work: Callable[[], Proposal], *, verb: str, by: User, source: Source, subject: str) -> Proposal:
    with refusals_on_record(verb, by=by, source=source, details={"subject": subject}):
        return in_one_transaction(work)
