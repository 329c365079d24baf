"""Each type of discrepancy from the least that makes it, and its sum."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    ModificationState,
    SettlementFile,
    SettlementTerms,
    Transaction,
)
from orders.reconciliation.discrepancies.typing import miss
from orders.reconciliation.matching.balance import balance
from tests.factories import an_account
from tests.reconciliation.discrepancies.typed import NOON, open_ones, our, run_of, typed
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_movement

pytestmark = pytest.mark.django_db


class TestTypesOfLines:
    def test_what_met_is_no_discrepancy(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1")
        assert typed(file) == []

    def test_theirs_not_ours(self, file: SettlementFile, transaction: Transaction) -> None:
        a_line(file, reference="R9", transaction_reference=transaction.reference)
        assert typed(file) == [("theirs_not_ours", 10_000, 10_000, "EUR")]
        row = Discrepancy.objects.get()
        assert (row.transaction_id, row.modification_id, row.month.day) == (transaction.pk, None, 1)
        assert (
            row.sentence
            == "The capture R9 of 100.00 EUR is in their file, and our books hold nothing that it could be."
        )

    def test_a_chargeback_that_nobody_told_us_of(self, file: SettlementFile) -> None:
        a_line(file, type="chargeback", gross=-4_000, fee=0)
        assert typed(file) == [("theirs_not_ours", -4_000, 4_000, "EUR")]

    def test_amount(self, file: SettlementFile, transaction: Transaction) -> None:
        ours = our(transaction)
        a_line(file, reference="R1", gross=9_000)
        assert typed(file) == [("amount", -1_000, 1_000, "EUR")]
        assert Discrepancy.objects.get().modification_id == ours.pk

    def test_amounts_of_several_lines_are_one_difference(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1", gross=5_000)
        a_line(file, reference="R1", gross=3_000)
        assert typed(file) == [("amount", -2_000, 2_000, "EUR")]

    def test_kind(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1", type="refund", gross=-10_000, fee=0)
        assert typed(file) == [("kind", -20_000, 10_000, "EUR")]

    def test_currency(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1", currency="SEK")
        assert typed(file) == [("currency", -10_000, 10_000, "EUR")]

    def test_duplicate(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        for _ in range(2):
            a_line(file, reference="R1")
        assert typed(file) == [("duplicate", 10_000, 10_000, "EUR")]

    def test_a_duplicate_in_the_next_file(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1")
        run_of(file)
        later = a_file(file.account)
        a_line(later, reference="R1", gateway_id="executed-twice")
        assert typed(later) == [("duplicate", 10_000, 10_000, "EUR")]

    def test_a_second_wrong_line_of_one_movement_counts_it_once(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        our(transaction)
        a_line(file, reference="R1", currency="SEK")
        a_line(file, reference="R1", gross=9_000)
        assert typed(file) == [("duplicate", 10_000, 10_000, "SEK"), ("amount", -1_000, 1_000, "EUR")]

    @pytest.mark.parametrize(
        ("gross", "days", "found"),
        [(-2_000, 0, "duplicate"), (-1_999, 0, "theirs_not_ours"), (-2_000, 30, "theirs_not_ours")],
    )
    def test_the_like_of_what_met_under_other_ids_came_twice(
        self, file: SettlementFile, transaction: Transaction, gross: int, days: int, found: str
    ) -> None:
        our(transaction, kind="refund", amount=2_000)
        line = {"type": "refund", "fee": 0, "transaction_reference": transaction.reference}
        first = a_line(file, reference="R1", gross=-2_000, **line)
        a_line(file, reference="new", gross=gross, booked_on=first.booked_on + timedelta(days=days), **line)
        assert typed(file) == [(found, gross, -gross, "EUR")]

    def test_the_like_of_what_met_may_be_its_twin(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction, kind="refund", amount=2_000)
        our(transaction, kind="refund", amount=2_000, gateway_reference="R2", gateway_id="g2")
        line = {"type": "refund", "gross": -2_000, "fee": 0, "transaction_reference": transaction.reference}
        a_line(file, reference="R1", **line)
        a_line(file, reference="new", **line)
        assert [row[0] for row in typed(file)] == ["theirs_not_ours"]

    @pytest.mark.parametrize("words", [{"reference": "R1"}, {"reference": "new", "gateway_id": "g"}])
    def test_settled_though_failed(self, file: SettlementFile, transaction: Transaction, words: dict[str, str]) -> None:
        failed = our(transaction, kind="refund", amount=2_000, state=ModificationState.FAILED, gateway_id="g")
        line = {"type": "refund", "gross": -2_000, "fee": 0, "transaction_reference": transaction.reference}
        a_line(file, **line, **words)
        assert typed(file) == [("settled_though_failed", -2_000, 2_000, "EUR")]
        assert Discrepancy.objects.get().modification_id == failed.pk

    def test_settled_though_failed_by_likeness(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction, kind="refund", amount=2_000, state=ModificationState.FAILED, gateway_reference="")
        line = {"type": "refund", "gross": -2_000, "fee": 0, "transaction_reference": transaction.reference}
        a_line(file, **line)
        assert typed(file) == [("settled_though_failed", -2_000, 2_000, "EUR")]

    def test_what_was_never_sent_cannot_have_been_settled(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction, kind="refund", amount=2_000, state=ModificationState.WITHDRAWN, gateway_reference="")
        line = {"type": "refund", "gross": -2_000, "fee": 0, "transaction_reference": transaction.reference}
        a_line(file, **line)
        assert typed(file) == [("theirs_not_ours", -2_000, 2_000, "EUR")]

    @pytest.mark.parametrize("known", [False, True])
    def test_chargeback_after_refund(self, file: SettlementFile, transaction: Transaction, known: bool) -> None:
        our(transaction, kind="refund", amount=10_000)
        if known:
            a_movement(transaction, kind="chargeback", amount=10_000, gateway_reference="C1")
        words = {"reference": "C1", "transaction_reference": transaction.reference}
        a_line(file, type="chargeback", gross=-10_000, fee=0, **words)
        assert typed(file) == [("chargeback_after_refund", 0 if known else -10_000, 10_000, "EUR")]

    def test_split_leg_failed(self, file: SettlementFile, transaction: Transaction) -> None:
        legs = [{"destination": "a", "failed": False}, {"destination": "shop 2", "failed": True}]
        ours = our(transaction, legs=legs)
        a_line(file, reference="R1", gross=6_000)
        assert typed(file) == [("split_leg_failed", -4_000, 4_000, "EUR")]
        row = Discrepancy.objects.get()
        assert (row.key, "shop 2" in row.sentence) == (f"legs:{ours.pk}", True)

    def test_a_leg_without_a_line(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction, legs=[{"destination": "a"}, {"destination": "b"}])
        a_line(file, reference="R1", gross=6_000)
        assert typed(file) == [("split_leg_failed", -4_000, 4_000, "EUR")]

    def test_ambiguous(self, file: SettlementFile, transaction: Transaction) -> None:
        for number in range(2):
            our(transaction, kind="refund", amount=500, gateway_reference=f"r{number}")
        line = {"type": "refund", "gross": -500, "fee": 0, "transaction_reference": transaction.reference}
        a_line(file, reference="", **line)
        assert typed(file) == [("ambiguous", -500, 500, "EUR")]

    def test_an_id_that_contradicts_is_for_a_person(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction, gateway_id="a")
        a_line(file, reference="R1", gateway_id="z")
        assert typed(file) == [("ambiguous", 10_000, 10_000, "EUR")]

    def test_lines_that_stand_for_themselves_are_none(self, file: SettlementFile) -> None:
        a_line(file, type="fee", gross=0, fee=300)
        a_line(file, type="fx", gross=10, fee=0)
        assert typed(file) == []


class TestBesideTheSum:
    def terms(self, file: SettlementFile, **fields: Any) -> None:
        SettlementTerms.objects.create(account=file.account, **fields)

    def test_a_fee_that_was_not_agreed(self, file: SettlementFile, transaction: Transaction) -> None:
        self.terms(file, fee_basis_points=150, fee_fixed=10)
        our(transaction)
        a_line(file, reference="R1", fee=200)
        assert typed(file) == [("fee", -40, 40, "EUR")]

    def test_the_fee_of_a_line_that_met_nothing_is_not_judged(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        self.terms(file, fee_basis_points=150)
        our(transaction)
        a_line(file, reference="R1", currency="USD", fee=200)
        assert [row[0] for row in typed(file)] == ["currency"]

    def test_the_agreed_fee_half_up(self, file: SettlementFile, transaction: Transaction) -> None:
        self.terms(file, fee_basis_points=150)
        our(transaction, amount=1_100)
        a_line(file, reference="R1", gross=1_100, fee=17)
        assert typed(file) == []

    def test_no_fee_is_checked_where_files_tell_none(self, file: SettlementFile, transaction: Transaction) -> None:
        self.terms(file, fee_basis_points=150)
        our(transaction)
        a_line(file, reference="R1", fee=0)
        assert typed(file) == []

    @pytest.mark.parametrize(("days", "late"), [(3, False), (9, True)])
    def test_late(self, file: SettlementFile, transaction: Transaction, days: int, late: bool) -> None:
        self.terms(file)
        our(transaction, gateway_at=NOON - timedelta(days=days))
        a_line(file, reference="R1")
        assert typed(file) == ([("late", 0, 10_000, "EUR")] if late else [])

    def test_a_payout_that_is_not_the_sum_of_its_lines(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1", payout_reference="P1")
        payout = a_line(file, type="payout", gross=-9_800, fee=0, payout_reference="P1")
        assert typed(file) == [("amount", 0, 50, "EUR")]
        assert Discrepancy.objects.get().line_id == payout.pk

    def test_a_payout_that_is_their_sum(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        a_line(file, reference="R1", payout_reference="P1")
        a_line(file, type="payout", gross=-9_850, fee=0, payout_reference="P1")
        assert typed(file) == []

    def test_a_payout_of_nothing_we_know(self, file: SettlementFile) -> None:
        a_line(file, type="payout", gross=-9_850, fee=0)
        assert typed(file) == [("theirs_not_ours", 0, 9_850, "EUR")]


class TestMissed:
    def test_a_movement_without_a_line(self, file: SettlementFile, transaction: Transaction) -> None:
        items = [our(transaction), a_movement(transaction, amount=700)]
        assert miss(file.account, items, None, BOOKED) == 2
        assert miss(file.account, items, None, BOOKED) == 0
        assert sorted(open_ones()) == [
            ("ours_not_theirs", -10_000, 10_000, "EUR"),
            ("ours_not_theirs", 700, 700, "EUR"),
        ]
        assert balance(file.account_id, until=None)["EUR"].holds

    @pytest.mark.parametrize("gross", [10_000, 9_000])
    def test_its_line_comes_after_all(self, file: SettlementFile, transaction: Transaction, gross: int) -> None:
        ours = our(transaction)
        miss(file.account, [ours], None, BOOKED)
        a_line(file, reference="R1", gross=gross)
        run_of(file)
        row = Discrepancy.objects.get(key=f"item:{ours.pk}")
        assert (row.state, row.resolution != "") == (DiscrepancyState.VANISHED, True)
        assert [one[0] for one in open_ones()] == ([] if gross == 10_000 else ["amount"])


def test_another_accounts_lines_are_left_alone(file: SettlementFile) -> None:
    other = a_file(an_account())
    a_line(other, identity=uuid.uuid4())
    a_line(file)
    run_of(file)
    assert [row.account_id for row in Discrepancy.objects.all()] == [file.account_id]
