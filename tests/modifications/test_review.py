"""Out of review, frost and pause by two people: the first gives evidence, the second confirms exactly that."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from orders.gateways.base import Kind
from orders.models import (
    Event,
    GatewayAccount,
    ModificationState,
    Proposal,
    ProposalState,
    Source,
)
from orders.modifications import review
from orders.modifications.claim import claim
from orders.modifications.pause import pause_account
from orders.modifications.refusals import NotAllowed, UnknownThing
from tests import factories
from tests.modifications import steps
from tests.modifications.proposing import a_doubt, a_supervisor, books_of, confirm, propose
from tests.modifications.steps import an_agent, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


# What two people can do.


def test_two_people_resolve_a_refund_as_succeeded() -> None:
    row = a_doubt()
    first, second = a_supervisor(row.transaction), a_supervisor(row.transaction)

    proposal = confirm(propose(row, by=first), by=second)

    row.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == (ProposalState.CONFIRMED, second)
    assert (row.state, row.gateway_reference) == (S.SUCCEEDED, "rec-portal")
    assert books_of(row.transaction) == (10_000, 0, 0, 10_000, 0)
    said = row.evidence.get(source="operator")
    assert (said.verdict, said.amount, said.source_key) == ("succeeded", 10_000, str(proposal.pk))
    assert Event.objects.get(verb="refund.succeeded").actor == second
    verbs = set(Event.objects.filter(verb__startswith="proposal.").values_list("verb", "actor"))
    assert verbs == {("proposal.proposed", first.pk), ("proposal.confirmed", second.pk)}


def test_two_people_resolve_a_refund_as_failed() -> None:
    row = a_doubt()

    confirm(
        propose(row, by=a_supervisor(row.transaction), verdict="failed", amount=None, gateway_reference=""),
        by=a_supervisor(row.transaction),
    )

    row.refresh_from_db()
    assert row.state == S.FAILED
    assert books_of(row.transaction) == (10_000, 0, 0, 0, 0)
    assert row.transaction.captures.get().refunding == 0


@pytest.mark.parametrize(
    ("captured", "chosen", "books"),
    [
        (False, "cancel", (0, 10_000, 0, 0, 0)),
        (False, "refund", (10_000, 0, 0, 10_000, 0)),
        (True, "refund", (10_000, 0, 0, 10_000, 0)),
    ],
)
def test_two_people_say_what_the_gateway_chose(captured: bool, chosen: str, books: tuple[int, ...]) -> None:
    row = a_doubt(Kind.CANCEL_OR_REFUND, captured=captured)

    confirm(propose(row, by=a_supervisor(row.transaction), executed_kind=chosen), by=a_supervisor(row.transaction))

    row.refresh_from_db()
    assert (row.state, row.executed_kind) == (S.SUCCEEDED, chosen)
    assert books_of(row.transaction) == books
    assert fresh(row.transaction).exclusive_modification is None


@pytest.mark.parametrize("outcome", [steps.pending(), steps.mismatch(), steps.unknown()])
def test_pending_unknown_and_review_can_be_resolved(outcome: Any) -> None:
    transaction = factories.a_captured_transaction()
    row = ended(asked(transaction, Kind.REFUND, 10_000), outcome)

    confirm(propose(row, by=a_supervisor(transaction)), by=a_supervisor(transaction))

    row.refresh_from_db()
    assert row.state == S.SUCCEEDED
    assert fresh(transaction).unknown_count == 0


def test_two_people_unfreeze_a_transaction() -> None:
    transaction = factories.a_captured_transaction(frozen_reason="The books differ.")

    proposal = review.propose_unfreezing(
        transaction_id=transaction.pk, evidence_text="Looked.", by=a_supervisor(transaction), source=Source.PAGE
    )
    assert fresh(transaction).frozen, "a proposal alone opens nothing"
    confirm(proposal, by=a_supervisor(transaction))

    assert not fresh(transaction).frozen
    assert not fresh(transaction).order.attention
    assert fresh(transaction).version == transaction.version + 1


@pytest.mark.parametrize("groups", [("supervisor", "integrator"), ("integrator", "supervisor")])
def test_two_people_resume_an_account_and_its_breaker(groups: tuple[str, str]) -> None:
    row = asked(factories.a_transaction())
    first, second = (an_agent(row.transaction, groups=(group,)) for group in groups)
    pause_account(account_id=row.account_id, reason="Looks odd.", by=first, source=Source.PAGE)
    GatewayAccount.objects.filter(pk=row.account_id).update(breaker_failures=9)

    proposal = review.propose_resumption(
        account_id=row.account_id, evidence_text="It was the cable.", by=first, source=Source.PAGE
    )
    assert claim(slots=64) == []
    confirm(proposal, by=second)

    account = GatewayAccount.objects.get(pk=row.account_id)
    assert (account.paused, account.paused_reason, account.breaker_failures) == (False, "", 0)
    assert [taken.modification_id for taken in claim(slots=64)] == [row.pk]


# What one person cannot do.


def test_nobody_confirms_their_own_proposal() -> None:
    row = a_doubt()
    person = a_supervisor(row.transaction)
    proposal = propose(row, by=person)

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=person)

    row.refresh_from_db()
    assert (refusal.value.code, row.state) == ("own_proposal", S.UNKNOWN)
    assert Event.objects.get(verb="proposal.confirmation_refused").actor == person
    assert Proposal.objects.get().state == ProposalState.OPEN


def test_not_even_a_superuser_confirms_their_own_proposal() -> None:
    row = a_doubt()
    boss = factories.a_person(is_superuser=True)

    with pytest.raises(NotAllowed) as refusal:
        confirm(propose(row, by=boss), by=boss)

    assert refusal.value.code == "own_proposal"


def test_what_is_confirmed_is_exactly_what_was_proposed() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction))

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=a_supervisor(row.transaction), fingerprint="0" * 64)

    assert refusal.value.code == "fingerprint"
    row.refresh_from_db()
    assert row.state == S.UNKNOWN


@pytest.mark.parametrize("group", ["viewer", "agent", "finance", "integrator"])
def test_who_may_not_repair_neither_proposes_nor_decides(group: str) -> None:
    row = a_doubt()
    person = an_agent(row.transaction, groups=(group,))
    proposal = propose(row, by=a_supervisor(row.transaction))

    with pytest.raises(NotAllowed) as proposing:
        propose(row, by=person)
    with pytest.raises(NotAllowed) as confirming:
        confirm(proposal, by=person)
    with pytest.raises(NotAllowed) as rejecting:
        review.reject(proposal_id=proposal.pk, decision_text="No.", by=person, source=Source.PAGE)

    assert {refusal.value.code for refusal in (proposing, confirming, rejecting)} == {"permission"}


def test_strangers_are_told_that_there_is_no_such_thing() -> None:
    row = a_doubt()
    stranger = a_supervisor(factories.a_transaction())
    proposal = propose(row, by=a_supervisor(row.transaction))
    GatewayAccount.objects.filter(pk=row.account_id).update(paused_at=row.requested_at, paused_reason="why")

    attempts: list[Callable[[], Proposal]] = [
        lambda: propose(row, by=stranger),
        lambda: confirm(proposal, by=stranger),
        lambda: review.reject(proposal_id=proposal.pk, decision_text="No.", by=stranger, source=Source.PAGE),
        lambda: review.confirm(proposal_id=uuid.uuid4(), fingerprint="", by=stranger, source=Source.PAGE),
        lambda: review.propose_unfreezing(
            transaction_id=row.transaction_id, evidence_text="x", by=stranger, source=Source.PAGE
        ),
        lambda: review.propose_resumption(
            account_id=row.account_id, evidence_text="x", by=stranger, source=Source.PAGE
        ),
    ]
    for verb in attempts:
        with pytest.raises(UnknownThing):
            verb()
