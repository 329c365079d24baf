"""What a gateway may write into an answer (F29 to F40): nothing odd in it moves money twice or books what was not."""

from __future__ import annotations

import pytest

from orders.gateways.base import Kind, Verdict
from orders.models import ExternalMovement, Modification, ModificationState
from orders.modifications.refusals import NotAllowed
from tests.failures.answers import Ear, each_field_missing, reshuffled, with_amount
from tests.failures.places import WHOLE, Place, next_turn, worked
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.steps import fresh

pytestmark = [pytest.mark.django_db, pytest.mark.process]
S = ModificationState

NEEDED = {
    "smartpay": {
        "modification.modificationAmount.amount",
        "modification.modificationAmount.currencyCode",
        "modification.modificationData.reconciliationReferenceId",
    },
    "smartpay_orders": {"id", "status", "amount", "currency"},
    "smarterpay": {"card_id", "payment_id", "payment_type", "status"},
}
"""Without each of these a refund has not succeeded."""
ODD_AMOUNTS = (
    *("false", "true", "null", "{}", "[]", '""', '"25,50"', '"25.50"', '"２５.５０"'),
    *("0", "-1", "25.509", "2.55e1", "1e400", "NaN"),
)


@pytest.fixture
def ear(place: Place, monkeypatch: pytest.MonkeyPatch) -> Ear:
    return Ear(place.gateway, monkeypatch)


def a_refund(place: Place, amount: int = 2_550) -> Modification:
    return steps.asked(place.payment(WHOLE), Kind.REFUND, amount)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_fields_in_another_order_and_unknown_ones_change_nothing(place: Place, ear: Ear, seed: int) -> None:
    ear.twist = reshuffled(seed)

    row = worked(a_refund(place))

    assert (row.state, place.executions(row)) == (S.SUCCEEDED, [("refund", 2_550)]), row.reason_text


def test_no_field_that_goes_missing_makes_a_refusal_and_without_the_needed_ones_there_is_no_success(
    place: Place, ear: Ear
) -> None:
    assert worked(a_refund(place)).state == S.SUCCEEDED

    outcomes = {name: ear.judge_again(body).verdict for name, body in each_field_missing(ear.body)}

    assert set(outcomes.values()) <= {Verdict.SUCCEEDED, Verdict.PENDING, Verdict.UNKNOWN}, outcomes
    assert {name for name in NEEDED[place.gateway] if outcomes[name] is not Verdict.UNKNOWN} == set()


def test_whatever_stands_where_an_amount_should_no_other_amount_is_believed(place: Place, ear: Ear) -> None:
    assert worked(a_refund(place)).state == S.SUCCEEDED

    for token in ODD_AMOUNTS:
        outcome = ear.judge_again(with_amount(token)(ear.body))
        assert outcome.verdict is not Verdict.DECLINED, token
        if outcome.verdict is Verdict.SUCCEEDED:
            # Gateway C's answers carry no amount: what cannot be read there says nothing, and its webhook tells.
            unsaid = place.gateway == "smarterpay" and outcome.facts.amount is None
            assert unsaid or outcome.facts.amount == ear.instruction.amount, token


@pytest.mark.parametrize("fault", ["missing_reference", "missing_modification"])
def test_a_success_without_what_it_must_say_is_unknown_and_found_out(place: Place, fault: str) -> None:
    row = a_refund(place)
    place.spoil(row, fault)

    row = worked(row)
    assert (row.state, fresh(row.transaction).refunding) == (S.UNKNOWN, 2_550), row.reason_text
    row = place.follow(row)

    assert (row.state, place.executions(row)) == (S.SUCCEEDED, [("refund", 2_550)])


def test_a_status_nobody_has_heard_of_ends_nothing(place: Place) -> None:
    row = a_refund(place)
    place.spoil(row, "unknown_status")

    row = worked(row)
    assert (row.state, fresh(row.transaction).refunding) in ((S.PENDING, 2_550), (S.UNKNOWN, 2_550))
    row = place.follow(row)

    # Gateway C's webhook says the same strange word: a person looks, and the money stays reserved until then.
    assert row.state == (S.SUCCEEDED if place.can_be_asked else S.UNKNOWN)
    assert money_of(row.transaction).get("refunding", 0) == (0 if place.can_be_asked else 2_550)
    assert place.executions(row) == [("refund", 2_550)]


@pytest.mark.parametrize("fault", ["wrong_currency", "wrong_amount"])
def test_an_answer_about_other_money_freezes_and_waits_for_people(place: Place, fault: str) -> None:
    """An answer of gateway C names no money: there it is another payment type or another card."""
    row = a_refund(place)
    place.spoil(row, fault)

    row = worked(row)

    transaction = fresh(row.transaction)
    assert (row.state, transaction.frozen) == (S.REVIEW, True), row.reason_text
    assert (transaction.refunding, transaction.refunded) == (2_550, 0)
    with pytest.raises(NotAllowed, match="frozen"):
        steps.asked(transaction, Kind.REFUND, 1_000)
    assert place.executions(row) == [("refund", 2_550)]


def test_another_amount_than_asked_freezes_and_the_gateways_figure_is_kept(place: Place) -> None:
    """Gateway C's answer is a plain success: there it is the webhook that tells of another amount."""
    row = a_refund(place)
    place.spoil(row, "wrong_amount_executed")

    row = worked(row)
    if not place.can_be_asked:
        row = place.follow(row)

    [(_, executed)] = place.executions(row)
    assert executed != 2_550
    assert fresh(row.transaction).frozen
    beside = ExternalMovement.objects.filter(transaction=row.transaction, amount=executed)
    assert row.evidence.filter(amount=executed).exists() or beside.get().booked is False
    with pytest.raises(NotAllowed, match="frozen"):
        steps.asked(row.transaction, Kind.REFUND, 1_000)


def test_a_repeated_first_answer_settles_its_own_modification_and_nothing_newer(place: Place) -> None:
    if not place.can_be_asked:
        place.account.profile |= {"replays": True, "replay_window_seconds": 3600}
        place.account.save()
    row = steps.asked(place.known(WHOLE), Kind.REFUND, 1_000)
    place.spoil(row, "lose_reply")
    row = worked(row)
    named = {"paymentId": row.capture.gateway_id} if place.gateway == "smartpay_orders" and row.capture else {}
    place.portal(row.transaction, "refund", amount=WHOLE - 1_000, **named)

    row = next_turn(row)

    assert (row.state, place.executions(row)) == (S.SUCCEEDED, [("refund", 1_000)])
    assert money_of(row.transaction) == {"captured": WHOLE, "refunded": 1_000}, "the old answer knows of itself only"
    for _ in range(2):
        if place.can_be_asked:
            assert place.read(row.transaction) == ""
        else:
            place.deliver(copies=2)
    assert money_of(row.transaction) == {"captured": WHOLE, "refunded": WHOLE}


def test_one_reference_may_stand_for_the_capture_and_for_what_gives_it_back(place: Place) -> None:
    transaction = place.payment()
    capture = steps.asked(transaction, Kind.CAPTURE, WHOLE)
    steps.ended(capture, steps.success(capture, reference="rec-same", gateway_id="gid-same"))
    kind = Kind.VOID if place.gateway == "smarterpay" else Kind.REFUND

    back = steps.asked(transaction, kind, WHOLE)
    back = steps.ended(back, steps.success(back, reference="rec-same", gateway_id="gid-same"))

    assert (back.state, back.gateway_reference) == (S.SUCCEEDED, "rec-same")
    assert money_of(transaction) == {"captured": WHOLE, "refunded": WHOLE}


def test_a_second_capture_is_sent_only_where_the_rest_stays_open(place: Place) -> None:
    transaction = place.payment()
    first = worked(steps.asked(transaction, Kind.CAPTURE, 4_000))
    assert first.state == S.SUCCEEDED

    if place.gateway == "smartpay_orders":
        second = worked(steps.asked(transaction, Kind.CAPTURE, 3_000))
        assert (second.state, money_of(transaction)) == (S.SUCCEEDED, {"captured": 7_000})
    else:
        assert money_of(transaction) == {"captured": 4_000, "released": 6_000}
        with pytest.raises(NotAllowed):
            steps.asked(transaction, Kind.CAPTURE, 3_000)
        assert not transaction.modifications.filter(amount=3_000).exists()
