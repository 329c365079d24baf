"""A void takes a whole capture back before it has cleared at the bank; from then on the money is refunded."""

from __future__ import annotations

import pytest

from orders.gateways.base import Kind, Verdict
from orders.models import Modification, ModificationState, Transaction
from orders.modifications.refusals import NotAllowed, Suspicious
from tests.modifications import steps
from tests.modifications.channels import evidence, money_of
from tests.modifications.other_accounts import on_card

pytestmark = pytest.mark.django_db
S = ModificationState


def voided(transaction: Transaction, amount: int = 10_000) -> Modification:
    return steps.asked(transaction, Kind.VOID, amount)


def test_a_void_reserves_the_whole_capture_and_gives_it_back_when_it_came_through() -> None:
    transaction = on_card(captured=10_000)
    capture = transaction.captures.get()

    row = voided(transaction)
    capture.refresh_from_db()
    assert (row.capture, capture.refunding, money_of(transaction)["refunding"]) == (capture, 10_000, 10_000)

    assert steps.ended(row, steps.success(row, executed_kind=Kind.VOID)).state == S.SUCCEEDED
    capture.refresh_from_db()
    assert (capture.refunded, capture.refunding, capture.open_to_refund) == (10_000, 0, 0)
    assert money_of(transaction) == {"captured": 10_000, "refunded": 10_000}


def test_a_void_that_is_refused_gives_its_reservation_back() -> None:
    transaction = on_card(captured=10_000)
    row = voided(transaction)

    steps.ended(row, steps.declined())

    assert money_of(transaction) == {"captured": 10_000}
    assert transaction.captures.get().refunding == 0


def test_a_part_cannot_be_voided_and_a_refund_waits_until_it_has_cleared() -> None:
    transaction = on_card(captured=10_000)

    with pytest.raises(NotAllowed, match=r"Only the full 100\.00 GBP can be voided"):
        voided(transaction, 5_000)
    with pytest.raises(NotAllowed, match="has not cleared at the bank yet") as refusal:
        steps.asked(transaction, Kind.REFUND, 5_000)

    assert refusal.value.decision is not None
    assert refusal.value.decision.alternative is Kind.VOID


def test_what_has_cleared_is_refunded_and_not_voided() -> None:
    transaction = on_card(captured=10_000, hours_ago=25)

    with pytest.raises(NotAllowed, match="Nothing can be voided any more") as refusal:
        voided(transaction)

    assert refusal.value.decision is not None
    assert refusal.value.decision.alternative is Kind.REFUND
    assert steps.asked(transaction, Kind.REFUND, 5_000).amount == 5_000


def test_a_void_in_doubt_closes_everything_else_and_ends_by_a_webhook() -> None:
    transaction = on_card(captured=10_000)
    row = voided(transaction)
    steps.ended(row, steps.unknown())
    with pytest.raises(NotAllowed, match="outcome of an earlier modification is unknown"):
        voided(transaction)

    row.refresh_from_db()
    assert evidence(row, steps.success(row, executed_kind=Kind.VOID))

    row.refresh_from_db()
    assert row.state == S.SUCCEEDED
    assert money_of(transaction)["refunded"] == 10_000


def test_word_of_a_void_over_another_amount_is_a_mismatch() -> None:
    transaction = on_card(captured=10_000)
    row = voided(transaction)
    steps.ended(row, steps.unknown())

    evidence(row, steps.success(row, amount=9_999, executed_kind=Kind.VOID))

    row.refresh_from_db()
    assert (row.state, steps.fresh(transaction).frozen) == (S.REVIEW, True)


def test_a_refund_of_what_was_voided_on_the_same_order_looks_like_a_repeat() -> None:
    transaction = on_card(captured=10_000)
    row = voided(transaction)
    steps.ended(row, steps.success(row))
    other = on_card(captured=10_000, hours_ago=25, order=transaction.order)

    with pytest.raises(Suspicious) as refusal:
        steps.asked(other, Kind.REFUND, 10_000, confirmed_twin=False)

    assert refusal.value.twins == [row]
    assert steps.asked(other, Kind.REFUND, 10_000, confirmed_twin=True).capture == other.captures.get()


@pytest.mark.parametrize("verdict", [Verdict.UNKNOWN, Verdict.NOT_SENT])
def test_a_void_is_no_refund_that_may_be_sent_again(verdict: Verdict) -> None:
    """Nothing of this gateway is sent twice: unclear waits for word, and only what certainly stayed home is sent."""
    row = voided(on_card(captured=10_000))

    after = steps.ended(row, steps.unknown() if verdict is Verdict.UNKNOWN else steps.not_sent())

    assert (after.state, after.next_step) == (
        (S.UNKNOWN, "query") if verdict is Verdict.UNKNOWN else (S.QUEUED, "send")
    )
