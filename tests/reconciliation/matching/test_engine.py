"""Each rule: what it is sure of, and what it leaves."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from orders.models import FileState, GatewayAccount, Match, ModificationState, Rule, RunState, SettlementFile
from orders.reconciliation.matching.engine import Scope, match
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation.matching.conftest import Matching
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_match, a_modification_of, a_movement, a_run

pytestmark = pytest.mark.django_db
NOON = datetime.combine(BOOKED, time(12), UTC)


def our(account: GatewayAccount, **fields: Any) -> Any:
    transaction = fields.pop("transaction", None) or a_captured_transaction(account=account)
    moved_at = NOON - timedelta(days=2)
    values = {"requested_at": moved_at, "gateway_at": moved_at, "gateway_id": "", **fields}
    return a_modification_of(transaction, **values)


class TestByReference:
    def test_reference_kind_and_amount_are_a_pair(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_reference="R1")
        (pair,) = matched(a_line(file, reference="R1"))
        assert (pair.modification_id, pair.rule, pair.amount, pair.difference) == (ours.pk, Rule.REFERENCE, 10_000, 0)
        assert (pair.days_apart, pair.transaction_id) == (2, ours.transaction_id)

    def test_another_kind_amount_currency_or_account_is_none(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1")
        our(an_account(), gateway_reference="R2")
        lines = [
            a_line(file, reference="R1", type="refund", gross=-10_000, fee=0),
            a_line(file, reference="R1", gross=9_999),
            a_line(file, reference="R1", currency="SEK"),
            a_line(file, reference="R2"),
        ]
        assert matched(*lines) == []

    def test_a_cent_off_is_a_pair_within_the_tolerance_and_says_so(
        self, file: SettlementFile, matched: Matching
    ) -> None:
        our(file.account, gateway_reference="R1")
        (pair,) = matched(a_line(file, reference="R1", gross=9_999), minor=1)
        assert (pair.amount, pair.difference, pair.tolerance_minor) == (10_000, -1, 1)

    def test_of_two_alike_lines_the_first_is_the_pair(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1")
        first, second = a_line(file, reference="R1"), a_line(file, reference="R1")
        (pair,) = matched(second, first)
        assert pair.line_id == first.pk

    def test_two_alike_lines_meet_two_alike_captures_one_by_one(self, file: SettlementFile, matched: Matching) -> None:
        one = our(file.account, gateway_reference="R1", gateway_id="a")
        two = our(file.account, gateway_reference="R1", gateway_id="b", transaction=one.transaction)
        pairs = matched(a_line(file, reference="R1"), a_line(file, reference="R1"))
        assert {pair.modification_id for pair in pairs} == {one.pk, two.pk}

    def test_one_line_for_two_alike_captures_is_left_to_people(self, file: SettlementFile, matched: Matching) -> None:
        one = our(file.account, gateway_reference="R1", gateway_id="a")
        our(file.account, gateway_reference="R1", gateway_id="b", transaction=one.transaction)
        assert matched(a_line(file, reference="R1")) == []

    def test_the_gateways_id_decides_between_alike_captures(self, file: SettlementFile, matched: Matching) -> None:
        one = our(file.account, gateway_reference="R1", gateway_id="a")
        two = our(file.account, gateway_reference="R1", gateway_id="b", transaction=one.transaction)
        (pair,) = matched(a_line(file, reference="R1", gateway_id="b"))
        assert pair.modification_id == two.pk

    def test_another_id_of_the_gateway_contradicts(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1", gateway_id="a")
        assert matched(a_line(file, reference="R1", gateway_id="z")) == []

    def test_an_id_of_the_whole_order_contradicts_nothing(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account, reference="order-1")
        our(file.account, transaction=transaction, gateway_reference="R1", gateway_id="order-1")
        line = a_line(file, reference="R1", gateway_id="capture-1", transaction_reference="order-1")
        assert len(matched(line)) == 1

    def test_a_chargeback_meets_the_external_movement(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account)
        theirs = a_movement(transaction, kind="chargeback", amount=10_000, gateway_reference="C1")
        (pair,) = matched(a_line(file, type="chargeback", gross=-10_000, fee=0, reference="C1"))
        assert (pair.movement_id, pair.modification_id) == (theirs.pk, None)

    def test_what_a_counting_match_holds_is_not_met_again(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_reference="R1")
        earlier = a_line(a_file(file.account), reference="R1")
        a_match(line=earlier, modification=ours)
        line = a_line(file, reference="R1")
        assert matched(line) == []

    @pytest.mark.parametrize("looked_through", ["replaced", "fresh", "ended"])
    def test_what_does_not_count_holds_nothing(
        self, file: SettlementFile, matched: Matching, looked_through: str
    ) -> None:
        ours = our(file.account, gateway_reference="R1")
        before = a_file(file.account)
        earlier = a_match(line=a_line(before, reference="R1"), modification=ours)
        scope: dict[str, Any] = {}
        if looked_through == "replaced":
            scope = {"replaced_file_ids": (before.pk,)}
        elif looked_through == "fresh":
            scope = {"fresh": True}
        else:
            Match.objects.filter(pk=earlier.pk).update(ended_at=timezone.now(), ended_reason="a mistake")
        assert len(matched(a_line(file, reference="R1"), **scope)) == 1


class TestByOtherWords:
    def test_the_gateways_id_and_kind(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_id="cap-1")
        line = a_line(file, reference="", gateway_id="cap-1", transaction_reference=ours.transaction.reference)
        (pair,) = matched(line)
        assert pair.rule == Rule.GATEWAY_ID

    @pytest.mark.parametrize("dashes", [True, False])
    def test_our_modification_id(self, file: SettlementFile, matched: Matching, dashes: bool) -> None:
        ours = our(file.account)
        text = str(ours.pk).upper() if dashes else ours.pk.hex
        (pair,) = matched(a_line(file, reference="", custom_reference=text))
        assert (pair.rule, pair.modification_id) == (Rule.CUSTOM, ours.pk)

    def test_the_partners_reference_only_when_nothing_else_fits(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account, partner_reference="SHOP-7")
        ours = our(file.account, transaction=transaction)
        words = {"custom_reference": "SHOP-7", "transaction_reference": transaction.reference, "reference": ""}
        (pair,) = matched(a_line(file, **words))
        assert (pair.rule, pair.modification_id) == (Rule.CUSTOM, ours.pk)

    def test_transaction_kind_amount_and_date(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account)
        line = a_line(file, reference="", transaction_reference=ours.transaction.reference)
        (pair,) = matched(line)
        assert (pair.rule, pair.tolerance_days, pair.candidates) == (Rule.COMPOSITE, 5, 1)

    def test_a_date_beyond_the_window_is_no_pair(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_at=NOON - timedelta(days=6))
        line = a_line(file, reference="", transaction_reference=ours.transaction.reference)
        assert matched(line) == []

    def test_another_reference_contradicts_the_likeness(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_reference="R1")
        line = a_line(file, reference="R2", transaction_reference=ours.transaction.reference)
        assert matched(line) == []

    def test_two_alike_refunds_are_never_guessed_at(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account)
        for _ in range(2):
            our(file.account, transaction=transaction, kind="refund", amount=500)
        line = a_line(file, type="refund", gross=-500, fee=0, reference="", transaction_reference=transaction.reference)
        assert matched(line) == []

    def test_two_alike_lines_are_never_guessed_at(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account)
        lines = [a_line(file, reference="", transaction_reference=ours.transaction.reference) for _ in range(2)]
        assert matched(*lines) == []


class TestOpenModifications:
    def test_an_unknown_one_is_met_by_its_id(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, state=ModificationState.UNKNOWN, gateway_at=None)
        (pair,) = matched(a_line(file, reference="new", custom_reference=str(ours.pk)))
        assert pair.modification_id == ours.pk

    def test_an_unknown_one_is_met_by_its_likeness(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, state=ModificationState.UNKNOWN, gateway_at=NOON)
        (pair,) = matched(a_line(file, reference="new", transaction_reference=ours.transaction.reference))
        assert pair.rule == Rule.COMPOSITE

    def test_a_done_one_that_fits_as_well_makes_it_a_guess(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account)
        our(file.account, transaction=transaction, kind="refund", amount=500)
        our(file.account, transaction=transaction, kind="refund", amount=500, state=ModificationState.UNKNOWN)
        line = a_line(file, type="refund", gross=-500, fee=0, reference="", transaction_reference=transaction.reference)
        assert matched(line) == []

    @pytest.mark.parametrize("state", [ModificationState.FAILED, ModificationState.QUEUED])
    def test_a_failed_or_waiting_one_is_met_by_nothing(
        self, file: SettlementFile, matched: Matching, state: ModificationState
    ) -> None:
        ours = our(file.account, state=state)
        assert matched(a_line(file, reference="", custom_reference=str(ours.pk))) == []


class TestLegsAndPayouts:
    def test_legs_that_add_up_are_one_movement(self, file: SettlementFile, matched: Matching) -> None:
        ours = our(file.account, gateway_reference="R1")
        legs = [a_line(file, reference="R1", gross=6_000), a_line(file, reference="R1", gross=4_000)]
        pairs = matched(*legs)
        assert [(pair.rule, pair.amount, pair.modification_id) for pair in pairs] == [
            (Rule.LEGS, 6_000, ours.pk),
            (Rule.LEGS, 4_000, ours.pk),
        ]

    def test_legs_that_do_not_add_up_are_none(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1")
        assert matched(a_line(file, reference="R1", gross=6_000), a_line(file, reference="R1", gross=3_000)) == []

    def test_a_cent_that_the_legs_lack_stands_on_the_last(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1")
        legs = [a_line(file, reference="R1", gross=6_000), a_line(file, reference="R1", gross=3_999)]
        assert [(pair.amount, pair.difference) for pair in matched(*legs, minor=1)] == [(6_000, 0), (4_000, -1)]

    def test_a_payout_is_what_moved_since_the_last(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account)
        our(file.account, transaction=transaction)
        our(file.account, transaction=transaction, kind="refund", amount=2_500)
        line = a_line(file, type="payout", gross=-7_500, fee=0, reference="P1")
        assert sorted((pair.rule, pair.amount) for pair in matched(line)) == [
            (Rule.PAYOUT, 2_500),
            (Rule.PAYOUT, 10_000),
        ]

    def test_a_payout_of_another_sum_meets_nothing(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account)
        assert matched(a_line(file, type="payout", gross=-9_999, fee=0)) == []

    def test_a_payout_beside_its_lines_needs_no_movement(self, file: SettlementFile, matched: Matching) -> None:
        our(file.account, gateway_reference="R1")
        pairs = matched(a_line(file, reference="R1"), a_line(file, type="payout", gross=-10_000, fee=0))
        assert [pair.rule for pair in pairs] == [Rule.REFERENCE]


class TestRuns:
    def test_matching_again_makes_the_same_matches(self, file: SettlementFile) -> None:
        our(file.account, gateway_reference="R1")
        a_line(file, reference="R1")
        a_line(file, reference="unknown")
        scope = Scope(run=a_run(file=file, state=RunState.RUNNING), file_ids=(file.pk,))
        assert match(scope) == match(scope) == {"reference": 1}
        assert Match.objects.count() == 1

    def test_an_applied_run_is_not_matched_again(self, file: SettlementFile) -> None:
        our(file.account, gateway_reference="R1")
        scope = Scope(run=a_run(file=file, state=RunState.RUNNING), file_ids=(file.pk,))
        a_line(file, reference="R1")
        match(scope)
        scope.run.state = RunState.APPLIED
        scope.run.save()
        with pytest.raises(IntegrityError):
            match(scope)

    def test_a_night_meets_what_was_not_known_when_the_file_came(self, file: SettlementFile, matched: Matching) -> None:
        line = a_line(file, reference="R1")
        assert matched(line) == []
        ours = our(file.account, gateway_reference="R1")
        night = a_run(file.account, state=RunState.RUNNING)
        assert match(Scope(run=night)) == {"reference": 1}
        assert Match.objects.get(run=night).modification_id == ours.pk

    def test_a_night_leaves_files_alone_that_do_not_count(self, file: SettlementFile) -> None:
        our(file.account, gateway_reference="R1")
        a_line(a_file(file.account, state=FileState.WAITING), reference="R1")
        a_line(file, reference="R1", overlap=True)
        assert match(Scope(run=a_run(file.account, state=RunState.RUNNING))) == {}

    def test_what_came_second_is_part_of_the_plan(self, file: SettlementFile, matched: Matching) -> None:
        transaction = a_captured_transaction(account=file.account)
        our(file.account, transaction=transaction, gateway_reference="R1", kind="refund", amount=500)
        second = our(file.account, transaction=transaction, gateway_reference="R2", kind="refund", amount=500)
        line = a_line(file, type="refund", gross=-501, fee=0, reference="R1")
        (pair,) = matched(line, minor=1)
        assert (pair.candidates, pair.runner_up) == (2, second.pk)

    def test_an_id_that_is_none_of_ours_leads_nowhere(self, file: SettlementFile, matched: Matching) -> None:
        line = a_line(file, reference="", custom_reference=str(uuid.uuid4()), gateway_id="x", transaction_reference="y")
        assert matched(line) == []


def test_alike_refunds_meet_by_their_references_in_whatever_order(file: SettlementFile, matched: Matching) -> None:
    transaction = a_captured_transaction(account=file.account)
    ours = {
        name: our(
            file.account,
            transaction=transaction,
            kind="refund",
            amount=500,
            gateway_reference=name,
            gateway_at=NOON - timedelta(days=days),
        )
        for name, days in (("R2", 3), ("R1", 1))
    }
    theirs = {"type": "refund", "gross": -500, "fee": 0, "transaction_reference": transaction.reference}
    lines = [a_line(file, reference=name, **theirs) for name in ("R1", "R2", "R1")]
    assert [(pair.line_id, pair.modification_id) for pair in matched(*lines)] == [
        (lines[0].pk, ours["R1"].pk),
        (lines[1].pk, ours["R2"].pk),
    ]
