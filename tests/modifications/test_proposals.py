"""What is proposed must make sense, is decided once, and is void when its subject changed meanwhile."""

from __future__ import annotations

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
    Transaction,
)
from orders.modifications import review
from orders.modifications.pause import pause_account
from orders.modifications.refusals import NotAllowed
from tests import factories
from tests.modifications import steps
from tests.modifications.proposing import a_doubt, a_supervisor, books_of, confirm, propose
from tests.modifications.steps import asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


# What is proposed must make sense.


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"verdict": "perhaps"}, "verdict"),
        ({"amount": 9_999}, "amount"),
        ({"amount": None}, "amount"),
        ({"gateway_reference": "  "}, "reference"),
        ({"gateway_reference": "x" * 65}, "reference"),
        ({"evidence_text": "   "}, "evidence"),
        ({"executed_kind": "gift"}, "executed_kind"),
        ({"executed_kind": "capture"}, "executed_kind"),
        ({"verdict": "failed", "executed_kind": "gift"}, "executed_kind"),
    ],
)
def test_a_resolution_that_makes_no_sense_is_refused(said: dict[str, Any], code: str) -> None:
    row = a_doubt()

    with pytest.raises(NotAllowed) as refusal:
        propose(row, by=a_supervisor(row.transaction), **said)

    assert refusal.value.code == code
    assert Event.objects.get(verb="proposal.refused").details["code"] == code
    assert not Proposal.objects.exists()


@pytest.mark.parametrize("chosen", ["", "capture", "cancel_or_refund"])
def test_a_cancel_or_refund_is_resolved_only_with_what_the_gateway_chose(chosen: str) -> None:
    row = a_doubt(Kind.CANCEL_OR_REFUND)

    with pytest.raises(NotAllowed) as refusal:
        propose(row, by=a_supervisor(row.transaction), executed_kind=chosen)

    assert refusal.value.code == "executed_kind"


@pytest.mark.parametrize("state", ["queued", "in_flight", "succeeded"])
def test_only_a_doubt_is_resolved_by_hand(state: str) -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 10_000)
    if state == "in_flight":
        steps.armed(row)
    if state == "succeeded":
        ended(row, steps.success(row))

    with pytest.raises(NotAllowed) as refusal:
        propose(row, by=a_supervisor(transaction))

    assert refusal.value.code == "not_in_doubt"


def test_what_is_neither_frozen_nor_paused_needs_no_second_person() -> None:
    transaction = factories.a_captured_transaction()
    person = a_supervisor(transaction)

    with pytest.raises(NotAllowed) as frozen:
        review.propose_unfreezing(transaction_id=transaction.pk, evidence_text="x", by=person, source=Source.PAGE)
    with pytest.raises(NotAllowed) as paused:
        review.propose_resumption(account_id=transaction.account_id, evidence_text="x", by=person, source=Source.PAGE)

    assert (frozen.value.code, paused.value.code) == ("not_frozen", "not_paused")


def test_a_second_proposal_waits_until_the_first_is_decided() -> None:
    row = a_doubt()
    first, second = a_supervisor(row.transaction), a_supervisor(row.transaction)
    waiting = propose(row, by=first)

    with pytest.raises(NotAllowed) as refusal:
        propose(row, by=second, verdict="failed")

    assert refusal.value.code == "waiting"
    review.reject(proposal_id=waiting.pk, decision_text="Wrong order.", by=second, source=Source.PAGE)
    assert propose(row, by=second).state == ProposalState.OPEN


# Decided, rejected, void.


def test_a_rejected_proposal_changes_nothing_and_cannot_be_confirmed() -> None:
    row = a_doubt()
    first, second = a_supervisor(row.transaction), a_supervisor(row.transaction)
    proposal = propose(row, by=first)

    with pytest.raises(NotAllowed) as silent:
        review.reject(proposal_id=proposal.pk, decision_text=" ", by=second, source=Source.PAGE)
    rejected = review.reject(proposal_id=proposal.pk, decision_text="Wrong order.", by=second, source=Source.PAGE)

    assert (silent.value.code, rejected.state, rejected.decision_text) == ("reason", "rejected", "Wrong order.")
    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=second)
    row.refresh_from_db()
    assert (refusal.value.code, row.state) == ("decided", S.UNKNOWN)


def test_who_proposed_may_take_it_back() -> None:
    row = a_doubt()
    person = a_supervisor(row.transaction)
    proposal = propose(row, by=person)

    taken_back = review.reject(proposal_id=proposal.pk, decision_text="My mistake.", by=person, source=Source.PAGE)

    assert taken_back.state == ProposalState.REJECTED


def test_confirming_twice_moves_money_once() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction))
    second = a_supervisor(row.transaction)
    confirm(proposal, by=second)

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=second)

    assert refusal.value.code == "decided"
    assert books_of(row.transaction) == (10_000, 0, 0, 10_000, 0)


def test_a_proposal_is_void_once_its_modification_ended_by_itself() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction), verdict="failed")
    steps.answered(steps.armed(steps.due_now(row)), steps.success(row))

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=a_supervisor(row.transaction))

    row.refresh_from_db()
    proposal.refresh_from_db()
    assert (refusal.value.code, proposal.state, row.state) == ("void", ProposalState.VOID, S.SUCCEEDED)
    assert Event.objects.filter(verb="proposal.void").count() == 1


def test_a_proposal_stays_good_while_its_modification_is_asked_about() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction))
    steps.armed(steps.due_now(row))

    confirm(proposal, by=a_supervisor(row.transaction))

    row.refresh_from_db()
    assert row.state == S.SUCCEEDED


def test_a_proposal_to_unfreeze_is_void_once_it_froze_for_another_reason() -> None:
    transaction = factories.a_captured_transaction(frozen_reason="The books differ.")
    proposal = review.propose_unfreezing(
        transaction_id=transaction.pk, evidence_text="Looked.", by=a_supervisor(transaction), source=Source.PAGE
    )
    Transaction.objects.filter(pk=transaction.pk).update(frozen_reason="A chargeback came.")

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=a_supervisor(transaction))

    assert refusal.value.code == "void"
    assert fresh(transaction).frozen_reason == "A chargeback came."


def test_a_proposal_to_resume_is_void_once_it_was_paused_anew() -> None:
    account = factories.an_account()
    first, second = (factories.a_person(merchants=[account.merchant], groups=["supervisor"]) for _ in range(2))
    pause_account(account_id=account.pk, reason="First.", by=first, source=Source.PAGE)
    proposal = review.propose_resumption(account_id=account.pk, evidence_text="x", by=first, source=Source.PAGE)
    GatewayAccount.objects.filter(pk=account.pk).update(paused_at=None, paused_reason="")
    pause_account(account_id=account.pk, reason="First.", by=first, source=Source.PAGE)

    with pytest.raises(NotAllowed) as refusal:
        confirm(proposal, by=second)

    account.refresh_from_db()
    assert (refusal.value.code, account.paused) == ("void", True)
