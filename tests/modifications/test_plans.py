"""A refund over several captures: one wish, one modification for each capture; a part that failed is asked again."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Kind
from orders.models import Capture, Event, Modification, ModificationState, Reference, RefundPlan, Source, Transaction
from orders.modifications.ask import ask
from orders.modifications.claim import claim
from orders.modifications.plans import accept_plan, allocate, finish_plan, leg_id, progress_of
from orders.modifications.refusals import ChangedSince, IdConflict, NotAllowed, Suspicious, UnknownThing
from orders.modifications.request import request_modification
from orders.modifications.wish import Wish
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.mirror.snapshots import meet
from tests.modifications import steps
from tests.modifications.channels import a_movement
from tests.modifications.planning import IN_PARTS, asked_back, captured_in_parts, legs_of, planned

S = ModificationState


@given(
    captures=st.lists(st.tuples(st.integers(1, 10**15), st.integers(0, 100)), max_size=8),
    part=st.integers(0, 100),
)
def test_what_is_allocated_is_the_amount_and_no_capture_gives_more_than_it_holds(
    captures: list[tuple[int, int]], part: int
) -> None:
    rows = [
        Capture(pk=number, amount=amount, refunded=amount * gone // 100)
        for number, (amount, gone) in enumerate(captures)
    ]
    amount = sum(row.open_to_refund for row in rows) * part // 100

    legs = allocate(rows, amount)

    assert sum(leg.amount for leg in legs) == amount
    assert all(0 < leg.amount <= leg.capture.open_to_refund for leg in legs)
    assert all(leg.amount == leg.capture.open_to_refund for leg in legs[:-1]), "only the last one is drawn on in part"
    drawn = [leg.capture for leg in legs]
    assert drawn == [row for row in rows if row.open_to_refund][: len(drawn)], "in their order"


def test_more_than_all_captures_hold_is_not_allocated() -> None:
    with pytest.raises(ValueError, match="1 finds no capture"):
        allocate([Capture(amount=100)], 101)


@pytest.mark.django_db
class TestAsking:
    def test_a_refund_that_one_capture_holds_is_one_modification(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)

        row = asked_back(transaction, 4_000, by=steps.an_agent(transaction))

        assert isinstance(row, Modification)
        assert (row.plan, row.capture) == (None, transaction.captures.last())
        assert not RefundPlan.objects.exists()

    def test_a_larger_one_draws_on_the_newest_capture_first_and_every_leg_reserves(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent = steps.an_agent(transaction)

        plan = planned(transaction, 9_000, by=agent)

        first, second = transaction.captures.all()
        legs = legs_of(plan)
        assert [(leg.capture, leg.amount, leg.state) for leg in legs] == [
            (second, 4_000, S.QUEUED),
            (first, 5_000, S.QUEUED),
        ]
        assert {leg.pk for leg in legs} == {leg_id(plan.pk, 1), leg_id(plan.pk, 2)}
        assert [(one.refunding, one.refunded) for one in transaction.captures.all()] == [(5_000, 0), (4_000, 0)]
        assert steps.fresh(transaction).refunding == 9_000
        assert (plan.amount, plan.currency, plan.requested_by) == (9_000, "EUR", agent)

    def test_the_plan_and_every_leg_are_told_and_found(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)

        plan = planned(transaction, 9_000, by=steps.an_agent(transaction))

        told = Event.objects.get(verb="refund_plan.requested")
        assert "90.00 EUR, one refund for each capture, the newest first: 40.00 EUR, 50.00 EUR." in told.sentence
        assert Event.objects.filter(verb="refund.requested").count() == 2
        ids = [str(plan.pk), *(str(leg.pk) for leg in legs_of(plan))]
        assert Reference.objects.filter(order=transaction.order, value__in=ids).count() == 3

    def test_the_same_form_twice_is_one_plan(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent, form = steps.an_agent(transaction), uuid.uuid4()

        first = planned(transaction, 9_000, by=agent, modification_id=form)
        again = planned(transaction, 9_000, by=agent, modification_id=form)

        assert first == again
        assert Modification.objects.count() == 2

    def test_the_same_form_with_another_amount_is_a_conflict(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent, form = steps.an_agent(transaction), uuid.uuid4()
        planned(transaction, 9_000, by=agent, modification_id=form)

        for amount in (8_000, 1_000):
            with pytest.raises(IdConflict, match=r"already used for a refund of 90.00 EUR over several captures"):
                asked_back(transaction, amount, by=agent, modification_id=form)
        with pytest.raises(IdConflict, match="over several captures"):
            asked_back(transaction, 100, by=agent, modification_id=form, kind=Kind.CAPTURE)
        assert Modification.objects.count() == 2

    def test_an_id_that_stands_for_one_refund_is_no_plans(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent, form = steps.an_agent(transaction), uuid.uuid4()
        asked_back(transaction, 100, by=agent, modification_id=form)
        wish = Wish(
            modification_id=form,
            transaction_id=transaction.pk,
            kind=Kind.REFUND,
            amount=9_000,
            reason="",
            description="",
            by=agent,
            source=Source.COMMAND,
            expected_version=None,
        )

        for verb in (ask, accept_plan):
            with pytest.raises(IdConflict, match=r"already used for a refund of 1.00 EUR"):
                verb(wish)

    def test_an_id_of_another_merchants_plan_is_refused_like_an_invalid_one(self) -> None:
        theirs = captured_in_parts(6_000, 4_000)
        plan = planned(theirs, 9_000, by=steps.an_agent(theirs))
        ours = captured_in_parts(6_000, 4_000)
        agent = steps.an_agent(ours)

        for kind, amount in ((Kind.REFUND, 9_000), (Kind.REFUND, 100), (Kind.CAPTURE, 100)):
            with pytest.raises(IdConflict) as refusal:
                asked_back(ours, amount, by=agent, modification_id=plan.pk, kind=kind)
            assert refusal.value.code == "invalid_id"

    def test_nothing_is_written_when_the_rules_refuse_the_whole(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)

        with pytest.raises(NotAllowed, match=r"more than the 100.00 EUR"):
            asked_back(transaction, 10_001, by=steps.an_agent(transaction))

        assert not Modification.objects.exists()
        assert not RefundPlan.objects.exists()
        assert steps.fresh(transaction).refunding == 0
        assert Event.objects.filter(verb="refund.refused", refused=True).count() == 1

    def test_nothing_is_written_when_the_form_is_old(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent = steps.an_agent(transaction)
        asked_back(transaction, 100, by=agent)

        with pytest.raises(ChangedSince):
            asked_back(transaction, 9_000, by=agent, expected_version=transaction.version)

        assert not RefundPlan.objects.exists()

    def test_a_plan_of_the_same_amount_looks_like_a_repeat(self) -> None:
        transaction = captured_in_parts(6_000, 4_000, 6_000, 4_000)
        agent = steps.an_agent(transaction)
        plan = planned(transaction, 9_000, by=agent)

        with pytest.raises(Suspicious) as refusal:
            asked_back(transaction, 9_000, by=agent)

        assert {twin.plan for twin in refusal.value.twins} == {plan}
        assert planned(transaction, 9_000, by=agent, confirmed_twin=True) != plan

    def test_where_a_refund_names_no_capture_there_is_no_plan(self) -> None:
        transaction = captured_in_parts(6_000, 4_000, account=factories.an_account(profile={"multiple_capture": True}))

        with pytest.raises(NotAllowed, match=r"more than the 60.00 EUR"):
            asked_back(transaction, 9_000, by=steps.an_agent(transaction))

    def test_whoever_asks_for_a_single_refund_is_told_to_ask_for_a_plan(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)

        with pytest.raises(NotAllowed, match=r"No single capture holds 90.00 EUR") as refusal:
            request_modification(
                modification_id=uuid.uuid4(),
                transaction_id=transaction.pk,
                kind=Kind.REFUND,
                amount=9_000,
                reason="",
                description="",
                by=steps.an_agent(transaction),
                source=Source.COMMAND,
                expected_version=None,
            )

        assert refusal.value.code == "several_captures"


@pytest.mark.django_db
class TestFinishing:
    @pytest.fixture
    def half_failed(self) -> RefundPlan:
        """90.00 asked for: the 40.00 of the newest capture came through, the 50.00 of the other one were refused."""
        transaction = captured_in_parts(6_000, 4_000)
        plan = planned(transaction, 9_000, by=steps.an_agent(transaction))
        done, refused = legs_of(plan)
        steps.ended(done, steps.success(done))
        steps.ended(refused, steps.declined())
        return plan

    def test_the_legs_are_sent_one_after_the_other(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        first, second = legs_of(planned(transaction, 9_000, by=steps.an_agent(transaction)))

        in_hand = steps.armed(first)

        assert steps.ids(claim(slots=64)) == set()
        steps.answered(in_hand, steps.success(first))
        assert steps.armed(second).modification_id == second.pk

    def test_a_leg_in_doubt_holds_the_others_back(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        plan = planned(transaction, 9_000, by=steps.an_agent(transaction))
        first, second = legs_of(plan)

        steps.ended(first, steps.unknown())

        assert second.pk not in steps.ids(claim(slots=64))
        progress = progress_of(plan, plan.modifications.all())
        assert (progress.done, progress.open, progress.missing) == (0, 9_000, 0)

    def test_what_failed_is_asked_for_again_as_a_new_leg(self, half_failed: RefundPlan) -> None:
        progress = progress_of(half_failed, half_failed.modifications.all())
        assert (progress.asked, progress.done, progress.open, progress.missing) == (9_000, 4_000, 0, 5_000)

        finish_plan(plan_id=half_failed.pk, by=half_failed.requested_by, source=Source.COMMAND, expected_version=None)

        new = half_failed.modifications.get(state=S.QUEUED)
        assert (new.pk, new.amount) == (leg_id(half_failed.pk, 3), 5_000)
        steps.ended(new, steps.success(new))
        progress = progress_of(half_failed, half_failed.modifications.all())
        assert (progress.done, progress.finishable) == (9_000, False)
        assert steps.fresh(half_failed.transaction).refunded == 9_000

    def test_finishing_twice_is_finishing_once(self, half_failed: RefundPlan) -> None:
        version = steps.fresh(half_failed.transaction).version
        for _ in range(2):
            finish_plan(
                plan_id=half_failed.pk,
                by=half_failed.requested_by,
                source=Source.PAGE,
                expected_version=version,
            )

        assert half_failed.modifications.count() == 3

    @pytest.mark.parametrize("unfrozen", [False, True])
    def test_a_part_that_moved_after_all_is_not_asked_for_again(self, half_failed: RefundPlan, unfrozen: bool) -> None:
        failed = half_failed.modifications.get(state=S.FAILED)

        transaction = meet(half_failed.transaction, a_movement(failed))
        assert transaction.frozen
        if unfrozen:
            Transaction.objects.filter(pk=transaction.pk).update(frozen_reason="")
        finish_plan(plan_id=half_failed.pk, by=half_failed.requested_by, source=Source.COMMAND, expected_version=None)

        assert half_failed.modifications.count() == 2
        progress = progress_of(half_failed, half_failed.modifications.all())
        assert (progress.done, progress.missing, progress.finishable) == (9_000, 0, False)

    def test_what_was_perhaps_refunded_by_hand_meanwhile_is_not_asked_for_again(self, half_failed: RefundPlan) -> None:
        failed = half_failed.modifications.get(state=S.FAILED)
        meet(half_failed.transaction, a_movement(failed, modification_id="", reference="by-hand", gateway_id="by-hand"))
        assert steps.fresh(half_failed.transaction).refunded == 9_000

        with pytest.raises(NotAllowed, match="without us") as refused:
            finish_plan(
                plan_id=half_failed.pk, by=half_failed.requested_by, source=Source.COMMAND, expected_version=None
            )

        assert refused.value.code == "refunded_elsewhere"
        assert half_failed.modifications.count() == 2

    def test_what_was_withdrawn_can_be_asked_for_again(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        agent = steps.an_agent(transaction)
        plan = planned(transaction, 9_000, by=agent)
        withdraw(modification_id=legs_of(plan)[0].pk, by=agent, source=Source.PAGE)

        finish_plan(plan_id=plan.pk, by=agent, source=Source.COMMAND, expected_version=None)

        assert progress_of(plan, plan.modifications.all()).open == 9_000
        assert steps.fresh(transaction).refunding == 9_000

    def test_the_rest_of_a_plan_obeys_the_rules_of_the_day(self, half_failed: RefundPlan) -> None:
        transaction = steps.fresh(half_failed.transaction)
        transaction.frozen_reason = "Look."
        transaction.save()

        with pytest.raises(NotAllowed, match="frozen"):
            finish_plan(plan_id=half_failed.pk, by=half_failed.requested_by, source=Source.PAGE, expected_version=None)

        assert half_failed.modifications.count() == 2

    def test_an_old_page_cannot_finish_a_plan(self, half_failed: RefundPlan) -> None:
        with pytest.raises(ChangedSince):
            finish_plan(plan_id=half_failed.pk, by=half_failed.requested_by, source=Source.PAGE, expected_version=1)

    def test_whoever_may_not_refund_cannot_finish_a_plan(self, half_failed: RefundPlan) -> None:
        viewer = steps.an_agent(half_failed.transaction, groups=("viewer",))

        with pytest.raises(NotAllowed, match="You may not refund"):
            finish_plan(plan_id=half_failed.pk, by=viewer, source=Source.PAGE, expected_version=None)

    def test_another_merchants_plan_does_not_exist(self, half_failed: RefundPlan) -> None:
        stranger = factories.a_person(merchants=[factories.a_merchant()])

        with pytest.raises(UnknownThing):
            finish_plan(plan_id=half_failed.pk, by=stranger, source=Source.PAGE, expected_version=None)

    def test_the_words_of_the_first_asking_go_with_the_rest(self) -> None:
        transaction = captured_in_parts(6_000, 4_000)
        plan = planned(
            transaction,
            9_000,
            by=steps.an_agent(transaction),
            custom_references={"custom1": "RMA-7"},
            reason="returned",
        )
        for leg in legs_of(plan):
            steps.ended(leg, steps.declined())
        other = steps.an_agent(transaction)

        finish_plan(plan_id=plan.pk, by=other, source=Source.PAGE, expected_version=None)

        new: Any = plan.modifications.filter(state=S.QUEUED)
        assert {(leg.reason, leg.custom_references["custom1"]) for leg in new} == {("returned", "RMA-7")}
        assert {leg.custom_references["custom3"] for leg in new} == {f"page-{other.pk}"}
        assert {leg.requested_by for leg in new} == {other}


@pytest.mark.django_db
class TestChoices:
    def test_the_rest_is_released_only_where_that_is_a_choice(self) -> None:
        chooses = factories.a_transaction(account=factories.an_account(profile={**IN_PARTS, "remainder_choice": True}))
        fixed = factories.a_transaction()

        row = steps.asked(chooses, amount=6_000, release_rest=True)

        assert row.release_rest
        with pytest.raises(NotAllowed, match="Nobody is asked here"):
            steps.asked(fixed, amount=6_000, release_rest=True)
        with pytest.raises(NotAllowed, match="Nobody is asked here"):
            steps.asked(factories.a_captured_transaction(account=chooses.account), Kind.REFUND, 100, release_rest=True)

    def test_a_text_for_the_shopper_is_taken_only_where_the_gateway_shows_it(self) -> None:
        shows = factories.a_transaction(account=factories.an_account(profile={"shows_description": True}))

        assert steps.asked(shows, customer_may_see=True).customer_may_see
        with pytest.raises(NotAllowed, match="shows no description to the shopper"):
            steps.asked(factories.a_transaction(), customer_may_see=True)
