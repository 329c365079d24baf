"""The evidence board of one modification: what was asked, what was tried, what was heard, and what may be done now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User
from django.urls import reverse

from orders.gateways.base import Kind
from orders.gateways.smartpay_scrubbing import PERSONAL_FIELDS
from orders.gateways.transcripts import mask_fields
from orders.models import Attempt, Evidence, Modification, Proposal, ProposalState
from orders.modifications.hurry import why_not_ask, why_not_retry
from orders.modifications.request import REASONS
from orders.modifications.rules import permission_for
from orders.modifications.situation import capability_of
from orders.modifications.withdraw import why_not as why_not_withdraw
from orders.permissions import permissions_of
from orders.presenters.facts import FactRow, fact_rows
from orders.presenters.json_text import pretty_json
from orders.presenters.proposals import Seal, seal_of

_NO_PERMISSION = "You may not act on this modification; ask somebody who may, or an administrator of this merchant."


@dataclass(frozen=True, kw_only=True)
class Door:
    """A safe button: open, or closed with the sentence that says why."""

    label: str
    icon: str
    href: str
    open_sentence: str
    why_not: str

    @property
    def open(self) -> bool:
        """Whether it can be pressed."""
        return not self.why_not


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One piece of evidence with everything it carried."""

    evidence: Evidence
    facts: tuple[FactRow, ...]


@dataclass(frozen=True, kw_only=True)
class FrozenBytes:
    """The request as it is sent at every attempt; the merchant key is masked, the secret is not part of it."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: str
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """Everything the page shows beside the card."""

    modification: Modification
    request: FrozenBytes
    attempts: tuple[Attempt, ...]
    heard: tuple[Heard, ...]
    doors: tuple[Door, ...]
    open_proposal: Seal | None
    decided: tuple[Seal, ...]
    may_propose: bool
    why_not_propose: str
    legs: tuple[FactRow, ...]
    reason: str
    """The reason code in words."""


def board_of(modification: Modification, person: User, *, now: datetime) -> Board:
    """Read attempts, evidence and proposals, and decide every button."""
    seals = [seal_of(row, person) for row in _proposals(modification)]
    open_proposal = next((seal for seal in seals if seal.proposal.state == ProposalState.OPEN), None)
    why_not = _why_not_propose(modification, person, waiting=open_proposal is not None)
    return Board(
        modification=modification,
        request=frozen_bytes(modification),
        attempts=tuple(modification.attempts.order_by("-pk")),
        heard=tuple(Heard(evidence=row, facts=fact_rows(row.facts)) for row in modification.evidence.order_by("-pk")),
        doors=_doors(modification, person, now),
        open_proposal=open_proposal,
        decided=tuple(seal for seal in seals if seal is not open_proposal),
        may_propose=not why_not,
        why_not_propose=why_not,
        legs=fact_rows(modification.legs),
        reason=dict(REASONS).get(modification.reason, modification.reason),
    )


def frozen_bytes(modification: Modification) -> FrozenBytes:
    """The frozen request for the eye; the buyer of a new payment stands on the order and need not stand here."""
    key, mask = modification.account.merchant_key, modification.account.masked_merchant_key
    body = pretty_json(bytes(modification.body).decode("utf-8", "replace"))
    if modification.kind == Kind.AUTHORIZE:
        body = mask_fields(body, names=PERSONAL_FIELDS, mask=lambda value: "(personal)" if value else value)
    return FrozenBytes(
        line=f"{modification.method} {modification.base_url}{modification.path}",
        headers=tuple((name, str(value).replace(key, mask)) for name, value in modification.headers.items()),
        body=body.replace(key, mask),
        sha256=modification.body_sha256,
    )


def _proposals(modification: Modification) -> list[Proposal]:
    rows = modification.proposals.select_related("proposed_by", "decided_by", "modification", "transaction", "account")
    return list(rows.order_by("-proposed_at"))


def _doors(modification: Modification, person: User, now: datetime) -> tuple[Door, ...]:
    allowed = permissions_of(person, modification.merchant_id)
    acts = permission_for(Kind(modification.kind)) in allowed
    hurries = "" if acts or "repair" in allowed else _NO_PERMISSION
    withdraws = "" if acts or modification.requested_by_id == person.pk else _NO_PERMISSION
    return (
        Door(
            label="Withdraw",
            icon="arrow-uturn-left",
            href=reverse("orders:withdrawal_create", args=[modification.pk]),
            open_sentence="Nothing was sent yet, so it can be taken back; no money moves.",
            why_not=why_not_withdraw(modification) or withdraws,
        ),
        Door(
            label="Ask the gateway now",
            icon="arrow-path",
            href=reverse("orders:question_create", args=[modification.pk]),
            open_sentence="Asking changes nothing at the gateway.",
            why_not=why_not_ask(modification) or hurries,
        ),
        Door(
            label="Retry with the same id",
            icon="arrow-path-rounded-square",
            href=reverse("orders:retry_create", args=[modification.pk]),
            open_sentence=_why_retry_is_safe(modification),
            why_not=why_not_retry(modification, now=now) or hurries,
        ),
    )


def _why_retry_is_safe(modification: Modification) -> str:
    if modification.never_sent:
        return "Nothing was sent yet; the same bytes go out now instead of later."
    hours = capability_of(modification.account).replay_window_seconds // 3600
    return (
        "Safe, because this gateway replays: the same id with the same bytes returns its first answer instead of "
        f"moving money twice, for {hours} hours from the first send."
    )


def _why_not_propose(modification: Modification, person: User, *, waiting: bool) -> str:
    if modification.finished:
        return "The end is known; there is nothing to resolve."
    if not (modification.in_doubt or modification.state == "pending"):
        return "Only a modification in doubt is resolved by hand."
    if "repair" not in permissions_of(person, modification.merchant_id):
        return "People with the “repair” permission at this merchant can propose how it ended."
    return "A proposal is waiting for a second person already." if waiting else ""
