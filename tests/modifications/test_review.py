"""Out of review, frost and pause by two people: the first gives evidence, the second confirms exactly that."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.models import (
    Event,
    GatewayAccount,
    Modification,
    ModificationState,
    Proposal,
    ProposalState,
    Source,
    Transaction,
)
from orders.modifications import review
from orders.modifications.claim import claim
from orders.modifications.pause import pause_account
from orders.modifications.refusals import NotAllowed, UnknownThing
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import an_agent, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


def a_doubt(kind: Kind = Kind.REFUND, *, captured: bool = True) -> Modification:
    transaction = factories.a_captured_transaction() if captured else factories.a_transaction()
    return ended(asked(transaction, kind, 10_000), steps.unknown())


def a_supervisor(row: Any, **fields: Any) -> User:
    return an_agent(row, groups=("supervisor",), **fields)


def propose(row: Modification, *, by: User, **said: Any) -> Proposal:
    values: dict[str, Any] = {
        "verdict": "succeeded",
        "amount": row.amount,
        "gateway_reference": "rec-portal",
        "executed_kind": "",
        "evidence_text": "Seen in the merchant portal.",
        **said,
    }
    return review.propose_resolution(modification_id=row.pk, by=by, source=Source.PAGE, **values)


def confirm(proposal: Proposal, *, by: User, fingerprint: str = "") -> Proposal:
    return review.confirm(
        proposal_id=proposal.pk, fingerprint=fingerprint or proposal.fingerprint, by=by, source=Source.PAGE
    )


def books_of(transaction: Transaction) -> tuple[int, ...]:
    row = fresh(transaction)
    return (row.captured, row.released, row.refunding, row.refunded, row.unknown_count)


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
