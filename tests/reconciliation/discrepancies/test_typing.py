"""Each type from the least that makes it, its sum, and that looking twice changes nothing."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    FileState,
    GatewayAccount,
    Match,
    ModificationState,
    MonthClose,
    MonthState,
    ReconciliationRun,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementTerms,
    Transaction,
)
from orders.modifications.refusals import Refused
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.discrepancies.typing import look_again, miss, type_leftovers
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.engine import Scope, match
from orders.reconciliation.matching.linking import link, unlink
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_modification_of, a_movement, a_run

pytestmark = pytest.mark.django_db
NOON = datetime.combine(BOOKED, time(12), UTC)


@pytest.fixture
def file(db: None) -> SettlementFile:
    return a_file()


@pytest.fixture
def transaction(file: SettlementFile) -> Transaction:
    return a_captured_transaction(account=file.account)


def our(transaction: Transaction, **fields: Any) -> Any:
    return a_modification_of(
        transaction, **{"gateway_at": NOON - timedelta(days=2), "gateway_id": "", "gateway_reference": "R1", **fields}
    )


def run_of(file: SettlementFile) -> ReconciliationRun:
    """Matched, applied and typed."""
    one = a_run(file=file, state=RunState.RUNNING)
    match(Scope(run=one, file_ids=(file.pk,)))
    return applied(one)


def night_of(account: GatewayAccount) -> ReconciliationRun:
    one = a_run(account, state=RunState.RUNNING)
    match(Scope(run=one))
    return applied(one)


def applied(run: ReconciliationRun) -> ReconciliationRun:
    run.state = RunState.APPLIED
    run.save()
    type_leftovers(run)
    return run


def typed(file: SettlementFile) -> list[tuple[str, int, int, str]]:
    """Type, difference, amount and currency of what is unsettled; and the balance must hold."""
    run_of(file)
    assert not [currency for currency, one in balance(file.account_id, until=None).items() if not one.holds]
    return open_ones()


def open_ones() -> list[tuple[str, int, int, str]]:
    rows = Discrepancy.objects.unsettled().order_by("line__number", "type", "pk")
    return list(rows.values_list("type", "difference", "amount", "currency"))


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


class TestAgain:
    def test_a_second_time_changes_nothing(self, file: SettlementFile, transaction: Transaction) -> None:
        our(transaction)
        for gross in (5_000, 3_000, 10_000):
            a_line(file, reference="R1" if gross < 9_000 else "R9", gross=gross)
        run = run_of(file)
        before, entries = open_ones(), DiscrepancyEntry.objects.count()
        assert type_leftovers(run) == 0
        assert (open_ones(), DiscrepancyEntry.objects.count()) == (before, entries)

    def test_what_is_met_at_night_vanishes_with_the_run_that_met_it(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        a_line(file, reference="R1")
        run_of(file)
        our(transaction)
        night = night_of(file.account)
        row = Discrepancy.objects.get()
        assert (row.state, f"run {night.pk}" in row.resolution) == (DiscrepancyState.VANISHED, True)
        assert [entry.verb for entry in row.entries.all()] == ["opened", "vanished"]

    def test_a_leg_that_comes_a_day_later_completes_the_movement(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        our(transaction)
        a_line(file, reference="R1", gross=6_000)
        run_of(file)
        later = a_file(file.account)
        a_line(later, reference="R1", gross=4_000)
        run_of(later)
        night_of(file.account)
        assert open_ones() == []
        assert balance(file.account_id, until=None)["EUR"].holds

    def test_what_is_learned_types_it_anew(self, file: SettlementFile, transaction: Transaction) -> None:
        a_line(file, reference="R1", gross=9_000)
        run_of(file)
        our(transaction)
        night_of(file.account)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR")]
        assert [entry.verb for entry in Discrepancy.objects.get().entries.all()] == ["opened", "typed"]

    def test_a_replaced_file_takes_its_discrepancies_along(self, file: SettlementFile) -> None:
        a_line(file)
        run_of(file)
        SettlementFile.objects.filter(pk=file.pk).update(state=FileState.REPLACED)
        night_of(file.account)
        assert open_ones() == []
        assert "replaced" in Discrepancy.objects.get().resolution

    def test_what_a_person_accepted_stays_closed_until_it_differs(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        a_line(file, reference="R1", gross=9_000)
        run_of(file)
        Discrepancy.objects.update(state=DiscrepancyState.ACCEPTED, closed_at=NOON, resolution="small")
        night_of(file.account)
        assert open_ones() == []
        our(transaction)
        night_of(file.account)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR")]
        row = Discrepancy.objects.get()
        assert (row.reopened, row.entries.last().verb) == (1, "reopened")  # type: ignore[union-attr]

    def test_what_waits_for_a_second_person_is_not_typed_anew(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        a_line(file, reference="R1", gross=9_000)
        run_of(file)
        Discrepancy.objects.update(state=DiscrepancyState.WAITING, proposed_by=a_person(), proposed_at=NOON)
        our(transaction)
        night_of(file.account)
        assert Discrepancy.objects.get().type == "theirs_not_ours"

    def test_a_line_of_a_closed_month_is_told_in_the_next(self, file: SettlementFile) -> None:
        first = BOOKED.replace(day=1)
        by, other = a_person(), a_person()
        MonthClose.objects.create(
            merchant_id=file.merchant_id,
            account=file.account,
            month=first,
            until=first.replace(month=12),
            state=MonthState.CLOSED,
            report={},
            report_sha256="0" * 64,
            signature="0" * 64,
            proposed_by=by,
            proposed_at=NOON,
            decided_by=other,
            decided_at=NOON,
        )
        line = a_line(file)
        late = a_run(file.account, business_date=first.replace(month=12))
        type_leftovers(late)
        row = Discrepancy.objects.get()
        assert (row.line_id, row.month, row.occurred_on) == (line.pk, first.replace(month=12), BOOKED)


class TestByHand:
    def test_linking_and_taking_apart(self, file: SettlementFile, transaction: Transaction) -> None:
        person = a_person(merchants=[file.merchant], groups=["finance"])
        ours = our(transaction)
        line: SettlementLine = a_line(file, reference="typo")
        run_of(file)
        linked = link(line.pk, modification_id=ours.pk, by=person, reason="a typing error at the gateway")
        look_again(linked)
        assert open_ones() == []
        look_again(unlink(linked.pk, by=person, reason="it was another one"))
        assert open_ones() == [("theirs_not_ours", 10_000, 10_000, "EUR")]
        assert Discrepancy.objects.get().reopened == 1
        assert Match.objects.filter(ended_at__isnull=True).count() == 0

    def test_what_a_fix_had_linked_opens_anew_when_it_is_taken_apart(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        person = a_person(merchants=[file.merchant], groups=["finance"])
        ours = our(transaction)
        a_line(file, reference="typo")
        run_of(file)
        row = Discrepancy.objects.get()
        apply_fix(
            row.pk, "link", by=person, version=row.version, reason="a typo", details={"modification": str(ours.pk)}
        )
        assert open_ones() == []
        look_again(unlink(Match.objects.get().pk, by=person, reason="it was another one"))
        assert open_ones() == [("theirs_not_ours", 10_000, 10_000, "EUR")]
        row.refresh_from_db()
        assert (row.reopened, row.closed_by, row.fix) == (1, None, "")

    def test_what_could_not_open_anew_is_not_taken_apart(self, file: SettlementFile, transaction: Transaction) -> None:
        person, other = (a_person(merchants=[file.merchant], groups=["finance"]) for _ in range(2))
        ours = our(transaction)
        line: SettlementLine = a_line(file, reference="typo")
        run_of(file)
        linked = link(line.pk, modification_id=ours.pk, by=person, reason="a typo")
        look_again(linked)
        month = BOOKED.replace(month=9, day=1)
        Discrepancy.objects.update(month=month)
        MonthClose.objects.create(
            merchant=file.merchant,
            account=file.account,
            month=month,
            until=month.replace(month=10),
            state=MonthState.CLOSED,
            report={},
            proposed_by=person,
            proposed_at=NOON,
            decided_by=other,
            decided_at=NOON,
        )
        with pytest.raises(Refused, match="could not open anew"):
            unlink(linked.pk, by=person, reason="it was another one")
        linked.refresh_from_db()
        assert linked.ended_at is None

    def test_nothing_is_linked_while_a_run_chooses(self, file: SettlementFile, transaction: Transaction) -> None:
        person = a_person(merchants=[file.merchant], groups=["finance"])
        ours, line = our(transaction), a_line(file, reference="typo")
        run = a_run(file.account, state=RunState.RUNNING, stage=RunStage.MATCHING, finished_at=None)
        with pytest.raises(Refused, match="being matched just now"):
            link(line.pk, modification_id=ours.pk, by=person, reason="a typo")
        assert not Match.objects.exists()
        run.stage, run.state = RunStage.TYPING, RunState.APPLIED
        run.save()
        assert link(line.pk, modification_id=ours.pk, by=person, reason="a typo").line == line


def test_another_accounts_lines_are_left_alone(file: SettlementFile) -> None:
    other = a_file(an_account())
    a_line(other, identity=uuid.uuid4())
    a_line(file)
    run_of(file)
    assert [row.account_id for row in Discrepancy.objects.all()] == [file.account_id]
