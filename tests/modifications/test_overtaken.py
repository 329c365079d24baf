"""The world moves while a worker talks or a second person reads: what was decided on old facts is not carried out."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Kind
from orders.models import (
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
from orders.modifications.recover import release_stranded
from orders.modifications.refusals import NotAllowed
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.mirror.snapshots import a_chargeback, meet
from tests.modifications import steps
from tests.modifications.proposing import a_doubt, a_supervisor, confirm, propose
from tests.modifications.steps import answered, armed, asked, due_now, fresh, lease_over

pytestmark = pytest.mark.django_db
S = ModificationState
FAILED = {"verdict": "failed", "amount": None, "gateway_reference": ""}


def test_a_failure_is_not_confirmed_while_a_worker_may_be_sending() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction), **FAILED)
    on_its_way = armed(due_now(row))

    with pytest.raises(NotAllowed) as refused:
        confirm(proposal, by=a_supervisor(row.transaction))

    assert refused.value.code == "in_flight"
    assert fresh(row.transaction).refunding == 10_000
    answered(on_its_way, steps.unknown())
    assert confirm(proposal, by=a_supervisor(row.transaction)).state == ProposalState.CONFIRMED
    assert fresh(row.transaction).refunding == 0


def test_a_success_is_confirmed_whatever_a_worker_is_doing() -> None:
    row = a_doubt()
    proposal = propose(row, by=a_supervisor(row.transaction))
    armed(due_now(row))

    confirm(proposal, by=a_supervisor(row.transaction))

    row.refresh_from_db()
    assert row.state == S.SUCCEEDED


def frozen_and_proposed(transaction: Transaction) -> Proposal:
    meet(transaction, a_chargeback(transaction, 1_000, modification_id="unknown-kind", type=""))
    assert fresh(transaction).frozen
    return review.propose_unfreezing(
        transaction_id=transaction.pk, evidence_text="Seen.", by=a_supervisor(transaction), source=Source.PAGE
    )


def test_a_second_cause_of_frost_makes_the_proposal_to_unfreeze_void() -> None:
    transaction = factories.a_captured_transaction()
    proposal = frozen_and_proposed(transaction)
    meet(transaction, a_chargeback(transaction, 3_000, modification_id="another"))

    with pytest.raises(NotAllowed) as refused:
        confirm(proposal, by=a_supervisor(transaction))

    assert refused.value.code == "void"
    assert fresh(transaction).frozen


def test_a_refresh_that_shows_nothing_new_leaves_the_proposal_as_it_is() -> None:
    transaction = factories.a_captured_transaction()
    proposal = frozen_and_proposed(transaction)
    meet(transaction)

    confirm(proposal, by=a_supervisor(transaction))

    assert not fresh(transaction).frozen


@pytest.mark.parametrize(("charged_back", "state"), [(5_000, S.REVIEW), (1_000, S.IN_FLIGHT)])
def test_a_refund_that_a_chargeback_overtook_waits_for_a_person_even_after_the_thaw(
    charged_back: int, state: S
) -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 8_000)
    meet(transaction, a_chargeback(transaction, charged_back))
    Transaction.objects.filter(pk=transaction.pk).update(frozen_reason="")

    claims = claim(slots=64)

    row.refresh_from_db()
    assert row.state == state
    assert bool(claims) is (state == S.IN_FLIGHT)
    if state == S.REVIEW:
        withdraw(modification_id=row.pk, by=row.requested_by, source=Source.PAGE)
        assert (fresh(transaction).refunding, fresh(transaction).unknown_count) == (0, 0)


@pytest.mark.parametrize(("rotated", "paused"), [(True, False), (False, True)])
def test_a_key_that_was_replaced_meanwhile_does_not_pause_the_account_any_more(rotated: bool, paused: bool) -> None:
    row = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    taken = armed(row)
    account = GatewayAccount.objects.get(pk=row.account_id)
    if rotated:
        account.seal_authentication_key("the-new-key")
        account.save(update_fields=["authentication_key_sealed"])

    answered(taken, steps.not_sent(pause_account="SmartPay refused the account's keys."))

    account.refresh_from_db()
    row.refresh_from_db()
    assert account.paused is paused
    assert row.state == S.QUEUED


def test_the_refusal_of_a_repeat_does_not_contradict_the_success_of_the_first_send() -> None:
    row = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    first = armed(row)
    lease_over(row)
    release_stranded()
    second = armed(due_now(row))
    answered(first, steps.success(row))

    row = answered(second, steps.declined())

    assert row.state == S.SUCCEEDED
    assert not fresh(row.transaction).frozen


def test_nothing_is_unfrozen_before_the_gateway_was_read_after_the_last_end() -> None:
    row = a_doubt()
    ended_at = settled_as_failed(row)
    Transaction.objects.filter(pk=row.transaction_id).update(frozen_reason="A contradiction.")
    first, second = a_supervisor(row.transaction), a_supervisor(row.transaction)

    with pytest.raises(NotAllowed) as refusal:
        unfreeze(row, first, second)
    Transaction.objects.filter(pk=row.transaction_id).update(refreshed_at=ended_at + timedelta(seconds=1))
    unfreeze(row, first, second)

    assert refusal.value.code == "not_read"
    assert not fresh(row.transaction).frozen


def settled_as_failed(row: Modification) -> datetime:
    """Two people said that it failed; returns when."""
    confirm(propose(row, by=a_supervisor(row.transaction), **FAILED), by=a_supervisor(row.transaction))
    ended_at = Modification.objects.get(pk=row.pk).finished_at
    assert ended_at is not None
    return ended_at


def unfreeze(row: Modification, first: User, second: User) -> None:
    proposal = review.propose_unfreezing(
        transaction_id=row.transaction_id, evidence_text="Looked.", by=first, source=Source.PAGE
    )
    confirm(proposal, by=second)
