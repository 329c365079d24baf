"""Looking twice changes nothing; what is learned, replaced, linked or taken apart is typed anew."""

from __future__ import annotations

import pytest

from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    FileState,
    Match,
    MonthClose,
    MonthState,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    Transaction,
)
from orders.modifications.refusals import Refused
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.discrepancies.typing import look_again, miss, type_leftovers
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.linking import link, unlink
from tests.factories import a_person
from tests.reconciliation.discrepancies.typed import NOON, night_of, open_ones, our, run_of
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_run

pytestmark = pytest.mark.django_db


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

    @pytest.mark.parametrize("state", [DiscrepancyState.WAITING, DiscrepancyState.ACCEPTED])
    def test_what_people_decided_goes_along_with_the_line_into_a_corrected_file(
        self, file: SettlementFile, state: DiscrepancyState
    ) -> None:
        line = a_line(file, reference="R1", gross=9_000)
        run_of(file)
        closed = {"closed_at": NOON, "resolution": "small"} if state == DiscrepancyState.ACCEPTED else {}
        waiting = {"proposed_by": a_person(), "proposed_at": NOON} if state == DiscrepancyState.WAITING else {}
        Discrepancy.objects.update(state=state, **closed, **waiting)
        before = Discrepancy.objects.get()
        assert balance(file.account_id, until=None)["EUR"].holds

        instead = a_file(file.account, state=FileState.LOADING, replaces=file, version=2)
        again = a_line(instead, reference="R1", gross=9_000, identity=line.identity)
        SettlementFile.objects.filter(pk=instead.pk).update(state=FileState.APPLIED, applied_at=NOON)
        SettlementFile.objects.filter(pk=file.pk).update(state=FileState.REPLACED)
        run_of(instead)

        row = Discrepancy.objects.get()
        assert (row.line_id, row.state, row.version) == (again.pk, state, before.version)
        assert row.entries.count() == before.entries.count(), "nothing was decided anew"
        assert balance(file.account_id, until=None)["EUR"].holds
        night_of(file.account)
        assert Discrepancy.objects.get().line_id == again.pk

    def test_a_line_of_another_amount_stays_one_in_a_corrected_file(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        our(transaction)
        line = a_line(file, reference="R1", gross=9_000)
        run_of(file)
        instead = a_file(file.account, state=FileState.APPLIED, replaces=file, version=2, applied_at=NOON)
        a_line(instead, reference="R1", gross=9_000, identity=line.identity)
        SettlementFile.objects.filter(pk=file.pk).update(state=FileState.REPLACED)
        run_of(instead)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR")]

    @pytest.mark.parametrize("state", [DiscrepancyState.OPEN, DiscrepancyState.ACCEPTED])
    def test_a_missed_movement_that_a_line_names_later_is_explained_once(
        self, file: SettlementFile, transaction: Transaction, state: DiscrepancyState
    ) -> None:
        ours = our(transaction)
        miss(file.account, [ours], None, BOOKED)
        closed = {"closed_at": NOON, "resolution": "small"} if state == DiscrepancyState.ACCEPTED else {}
        Discrepancy.objects.update(state=state, **closed)
        assert balance(file.account_id, until=None)["EUR"].holds

        a_line(file, reference="R1", gross=9_000)
        run_of(file)
        books = balance(file.account_id, until=None)["EUR"]
        assert (books.holds, books.discrepancies) == (True, -1_000)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR")]

        SettlementFile.objects.filter(pk=file.pk).update(state=FileState.REPLACED)
        again = balance(file.account_id, until=None)["EUR"]
        assert again.holds, "without that line it is missed as before"

    def test_a_line_told_beside_a_movement_is_told_anew_when_a_person_gives_that_movement_to_another_line(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        person = a_person(merchants=[file.merchant], groups=["finance"])
        ours = our(transaction)
        a_line(file, reference="R1", gross=9_000)
        right = a_line(file, reference="mistyped", gross=10_000)
        run_of(file)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR"), ("theirs_not_ours", 10_000, 10_000, "EUR")]

        look_again(link(right.pk, modification_id=ours.pk, by=person, reason="The shop wrote it by hand."))

        assert open_ones() == [("theirs_not_ours", 9_000, 9_000, "EUR")]
        assert balance(file.account_id, until=None)["EUR"].holds

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
