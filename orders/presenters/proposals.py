"""Proposals as pages show them: what would happen, sealed to a fingerprint, and whether this person may decide."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from orders.gateways.base import Kind
from orders.models import Discrepancy, DiscrepancyState, Proposal, ProposalState, ProposalSubject
from orders.permissions import permissions_of
from orders.presenters.paging import Lists, cut
from orders.presenters.places import place_of, read_place
from orders.presenters.story import title_of
from orders.templatetags.presentation import money_text

ROWS_PER_PAGE = 50


class Tab(Lists):
    """The two lists."""

    OPEN = "open"
    DECIDED = "decided"

    @property
    def label(self) -> str:
        """The word on the tab."""
        return "Waiting for a second person" if self is Tab.OPEN else "Decided"


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One proposal: what would happen, and why this person may or may not decide."""

    proposal: Proposal
    title: str
    effect: str
    may_decide: bool
    why_not: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of proposals."""

    tab: Tab
    seals: tuple[Seal, ...]
    after: str
    first: bool
    write_offs: int
    """Write-offs that wait for a second person too; they are decided on their discrepancies."""


def page_of(rows: QuerySet[Proposal], person: User, *, tab: Tab, after: str) -> Page:
    """Newest first, before the place `after`."""
    is_open = Q(state=ProposalState.OPEN)
    rows = rows.filter(is_open if tab is Tab.OPEN else ~is_open)
    place = read_place(after)
    if place is not None:
        rows = rows.filter(Q(proposed_at__lt=place[0]) | Q(proposed_at=place[0], id__lt=place[1]))
    ordered = rows.order_by("-proposed_at", "-id")
    shown = cut(ordered, ROWS_PER_PAGE, place=lambda row: place_of(row.proposed_at, row.pk))
    return Page(
        tab=tab,
        seals=tuple(seal_of(row, person) for row in shown.rows),
        after=shown.after,
        first=place is None,
        write_offs=_write_offs(person) if tab is Tab.OPEN else 0,
    )


def _write_offs(person: User) -> int:
    return Discrepancy.objects.of(person).filter(state=DiscrepancyState.WAITING).count()


def seal_of(proposal: Proposal, person: User) -> Seal:
    """The proposal as this person meets it."""
    why_not = _why_not(proposal, person)
    return Seal(
        proposal=proposal,
        title=_title(proposal),
        effect=_effect(proposal),
        may_decide=not why_not,
        why_not=why_not,
    )


def _why_not(proposal: Proposal, person: User) -> str:
    if proposal.state != ProposalState.OPEN:
        return f"{proposal.get_state_display()}."
    if not permissions_of(person, proposal.merchant_id) & _deciders(proposal):
        return "Only people with the “repair” permission at this merchant decide on this proposal."
    if proposal.proposed_by_id == person.pk:
        return "You proposed this yourself, so somebody else must confirm it."
    return ""


def _deciders(proposal: Proposal) -> set[str]:
    return {"repair", "configure"} if proposal.subject == ProposalSubject.RESUME else {"repair"}


def _title(proposal: Proposal) -> str:
    if proposal.subject == ProposalSubject.RESOLVE and proposal.modification is not None:
        return f"Resolve as {_verdict_word(proposal)}: {title_of(proposal.modification)}"
    if proposal.subject == ProposalSubject.UNFREEZE and proposal.transaction is not None:
        return f"Unfreeze transaction {proposal.transaction.reference}"
    return f"Resume sending through {proposal.account.name if proposal.account else 'an account'}"


def _verdict_word(proposal: Proposal) -> str:
    return "succeeded" if proposal.verdict == "succeeded" else "failed"


def _effect(proposal: Proposal) -> str:
    """What confirming does to the money."""
    if proposal.subject == ProposalSubject.UNFREEZE:
        return "Capture, cancel and refund open again for this transaction. No money moves by confirming."
    if proposal.subject == ProposalSubject.RESUME:
        return "Everything that waits on this account is sent again, oldest first."
    if proposal.modification is not None and proposal.modification.kind == Kind.AUTHORIZE:
        return _effect_on_new_payment(proposal)
    if proposal.verdict != "succeeded":
        return "Confirming books that it did not happen as asked and frees the reserved amount. Nothing is sent."
    amount = _amount(proposal)
    how = {"cancel": " as a cancellation", "refund": " as a refund"}.get(proposal.executed_kind, "")
    return f"Confirming books that {amount} moved{how}. Nothing is sent."


def _effect_on_new_payment(proposal: Proposal) -> str:
    if proposal.verdict != "succeeded":
        return (
            "Confirming books that the gateway has no such payment, so that it can be asked for anew. Nothing is sent."
        )
    return (
        f"Confirming books that the payment is {proposal.gateway_reference} at the gateway. Nothing is sent; whether "
        "it was paid is then read from there."
    )


def _amount(proposal: Proposal) -> str:
    modification = proposal.modification
    if modification is None:
        return "the amount"
    return money_text(modification.amount if proposal.amount is None else proposal.amount, modification.currency)
