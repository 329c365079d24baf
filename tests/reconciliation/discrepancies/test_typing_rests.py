"""What is missed of a movement that met in part, and what people decided about something that met after all."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    Match,
    Modification,
    MonthClose,
    MonthState,
    RunState,
    SettlementFile,
    SettlementLine,
    Transaction,
)
from orders.reconciliation.discrepancies.typing import look_again, miss
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.engine import Scope, match
from orders.reconciliation.matching.linking import link, unlink
from orders.reconciliation.nights.expectations import late_modifications
from tests.factories import a_person
from tests.reconciliation.discrepancies.typed import NOON, applied, night_of, open_ones, our, run_of
from tests.reconciliation_factories import BOOKED, a_file, a_line, a_movement, a_run

pytestmark = pytest.mark.django_db
DECEMBER = date(2026, 12, 1)
DECIDED = [DiscrepancyState.ACCEPTED, DiscrepancyState.WRITTEN_OFF]


def decide(state: DiscrepancyState, **rows: Any) -> None:
    """Two people have settled it, or one has proposed to."""
    fay, sue = a_person(), a_person()
    closed: dict[str, Any] = {"closed_at": NOON, "closed_by": sue, "fix": "accept", "resolution": "Nobody knows it."}
    proposed: dict[str, Any] = {"proposed_by": fay, "proposed_at": NOON}
    changes = (closed if state in DECIDED else {}) | ({} if state == DiscrepancyState.ACCEPTED else proposed)
    assert Discrepancy.objects.filter(**rows).update(state=state, **changes) == 1


def link_by_hand(line: SettlementLine, item: Modification) -> Match:
    person = a_person(merchants=[line.file.merchant], groups=["finance"])
    linked = link(line.pk, modification_id=item.pk, by=person, reason="seen in the portal")
    look_again(linked)
    return linked


def take_apart(linked: Match) -> None:
    person = a_person(merchants=[linked.account.merchant], groups=["finance"])
    look_again(unlink(linked.pk, by=person, reason="it was another one"))


def miss_all(account: GatewayAccount) -> int:
    late = late_modifications(account, NOON - timedelta(days=90), NOON)
    return miss(account, list(late), None, BOOKED)


def holds(account: GatewayAccount, *, on_the_way: int) -> bool:
    found = balance(account.pk, until=None)["EUR"]
    return found.holds and found.on_the_way == on_the_way


class TestRests:
    def test_a_movement_that_met_in_part_stays_missed_for_its_rest(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        ours = our(transaction, gateway_reference="R9")
        parts = [a_line(file, reference=f"odd{gross}", gross=gross) for gross in (4_000, 6_000)]
        run_of(file)
        assert miss_all(file.account) == 1
        assert ("ours_not_theirs", -10_000, 10_000, "EUR") in open_ones()

        link_by_hand(parts[0], ours)

        assert set(open_ones()) == {("theirs_not_ours", 6_000, 6_000, "EUR"), ("ours_not_theirs", -6_000, 6_000, "EUR")}
        row = Discrepancy.objects.get(type=DiscrepancyType.OURS_NOT_THEIRS)
        assert "Of the capture R9 of 100.00 EUR from 18 Nov 2026, 60.00 EUR should be in" in row.sentence
        assert holds(file.account, on_the_way=0)
        assert miss_all(file.account) == 0, "nothing is missed twice"

        whole = link_by_hand(parts[1], ours)
        assert open_ones() == []
        assert holds(file.account, on_the_way=0)

        take_apart(whole)
        assert holds(file.account, on_the_way=6_000)
        miss_all(file.account)
        assert ("ours_not_theirs", -6_000, 6_000, "EUR") in open_ones()
        assert holds(file.account, on_the_way=0)

    def test_the_rest_of_a_movement_whose_leg_was_taken_away_is_missed(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        our(transaction, kind="refund", amount=10_000)
        for gross in (-4_000, -6_000):
            a_line(file, reference="R1", type="refund", gross=gross)
        run_of(file)
        assert (open_ones(), miss_all(file.account)) == ([], 0)

        take_apart(Match.objects.get(line__gross=-4_000))
        assert holds(file.account, on_the_way=-4_000)
        assert miss_all(file.account) == 1

        assert ("ours_not_theirs", 4_000, 4_000, "EUR") in open_ones()
        assert holds(file.account, on_the_way=0)

    @pytest.mark.parametrize("state", [DiscrepancyState.WAITING, *DECIDED])
    def test_what_people_said_of_the_whole_does_not_hold_for_a_rest(
        self, file: SettlementFile, transaction: Transaction, state: DiscrepancyState
    ) -> None:
        ours = our(transaction, gateway_reference="R9")
        part = a_line(file, reference="odd", gross=4_000)
        run_of(file)
        miss_all(file.account)
        decide(state, modification=ours)

        link_by_hand(part, ours)

        row = Discrepancy.objects.get(modification=ours)
        assert (row.state, row.amount, row.difference) == (DiscrepancyState.OPEN, 6_000, -6_000)
        assert (row.proposed_by, row.closed_by, row.fix) == (None, None, "")
        assert holds(file.account, on_the_way=0)

    def test_in_a_closed_month_the_row_stays_and_explains_only_what_is_left(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        ours = our(transaction, gateway_reference="R9", gateway_at=NOON - timedelta(days=40))
        miss_all_of = miss(file.account, [ours], None, BOOKED - timedelta(days=30))
        decide(DiscrepancyState.ACCEPTED, modification=ours)
        close_the_month(file.account, BOOKED.replace(month=10, day=1))
        part = a_line(file, reference="odd", gross=4_000)
        run_of(file)
        link_by_hand(part, ours)

        row = Discrepancy.objects.get(modification=ours)
        assert (miss_all_of, row.state, row.difference) == (1, DiscrepancyState.ACCEPTED, -10_000)
        assert holds(file.account, on_the_way=0)


class TestDecisions:
    @pytest.mark.parametrize("state", DECIDED)
    def test_what_was_given_up_and_meets_ends_and_tells_what_had_been_said(
        self, file: SettlementFile, transaction: Transaction, state: DiscrepancyState
    ) -> None:
        a_line(file, reference="R1")
        run_of(file)
        decide(state)

        our(transaction)
        night = night_of(file.account)

        row = Discrepancy.objects.get()
        assert (row.state, row.closed_by, row.fix) == (DiscrepancyState.VANISHED, None, "")
        assert row.resolution == (
            f"It has met: line and movement are the same money, in run {night.pk}. "
            "What was decided before does not count any more: Nobody knows it."
        )
        last = row.entries.last()
        assert last is not None
        assert (last.verb, last.details["was"], last.details["run"]) == ("vanished", state, night.pk)
        assert holds(file.account, on_the_way=0)

    def test_what_was_given_up_as_missed_ends_when_a_line_tells_of_it(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        ours = our(transaction)
        miss(file.account, [ours], None, BOOKED)
        decide(DiscrepancyState.WRITTEN_OFF)
        a_line(file, reference="R1", gross=9_000)
        run_of(file)

        row = Discrepancy.objects.get(type=DiscrepancyType.OURS_NOT_THEIRS)
        assert (row.state, "A line for this movement has come" in row.resolution) == (DiscrepancyState.VANISHED, True)
        assert open_ones() == [("amount", -1_000, 1_000, "EUR")]

    def test_it_opens_anew_when_they_are_taken_apart(self, file: SettlementFile, transaction: Transaction) -> None:
        a_line(file, reference="R1")
        run_of(file)
        decide(DiscrepancyState.ACCEPTED)
        our(transaction)
        night_of(file.account)

        take_apart(Match.objects.get())

        row = Discrepancy.objects.get()
        assert (row.state, row.reopened) == (DiscrepancyState.OPEN, 1)

    def test_a_closed_month_keeps_what_it_was_signed_with(self, file: SettlementFile, transaction: Transaction) -> None:
        a_line(file, reference="R1")
        run_of(file)
        decide(DiscrepancyState.WRITTEN_OFF)
        close_the_month(file.account, BOOKED.replace(day=1))
        our(transaction)
        night = a_run(file.account, state=RunState.RUNNING, business_date=DECEMBER)
        match(Scope(run=night))
        applied(night)

        assert Match.objects.count() == 1
        assert Discrepancy.objects.get().state == DiscrepancyState.WRITTEN_OFF

    def test_a_line_that_may_be_something_whose_outcome_is_open_has_not_met_for_good(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        line = a_line(file, reference="R1", type="refund", gross=-2_500)
        run_of(file)
        decide(DiscrepancyState.ACCEPTED)
        unknown = our(transaction, kind="refund", amount=2_500, state="unknown", gateway_reference="")
        link_by_hand(line, unknown)
        assert Discrepancy.objects.get().state == DiscrepancyState.ACCEPTED

        Modification.objects.filter(pk=unknown.pk).update(
            state="succeeded", gateway_reference="R2", finished_at=NOON, due_at=None, doubt_since=None
        )
        night_of(file.account)
        assert Discrepancy.objects.get().state == DiscrepancyState.VANISHED


class TestOfOldAge:
    def test_an_accepted_line_is_told_anew_when_another_line_is_its_movement(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        old = a_file(file.account, business_date=BOOKED - timedelta(days=100))
        our(transaction, gateway_at=NOON - timedelta(days=102))
        line = a_line(old, reference="R1", gross=9_300, booked_on=date(2026, 8, 12))
        run_of(old)
        decide(DiscrepancyState.ACCEPTED, line=line)
        night_of(file.account)
        assert open_ones() == []

        a_line(file, reference="R1")
        run_of(file)

        row = Discrepancy.objects.get(line=line, state=DiscrepancyState.OPEN)
        assert (row.difference, row.reopened) == (9_300, 1)
        assert holds(file.account, on_the_way=0)

    def test_a_line_that_met_another_movement_leaves_its_first_one_missed(
        self, file: SettlementFile, transaction: Transaction
    ) -> None:
        ours = our(transaction)
        a_line(file, reference="R1", gross=9_300)
        run_of(file)
        decide(DiscrepancyState.ACCEPTED)
        assert miss_all(file.account) == 0

        a_movement(transaction, kind="capture", amount=9_300, gateway_reference="R1", gateway_id="", moved_at=NOON)
        night_of(file.account)
        assert holds(file.account, on_the_way=10_000)
        assert miss_all(file.account) == 1

        assert open_ones() == [("ours_not_theirs", -10_000, 10_000, "EUR")]
        assert Discrepancy.objects.get(type=DiscrepancyType.OURS_NOT_THEIRS).modification == ours
        assert holds(file.account, on_the_way=0)


def close_the_month(account: GatewayAccount, first: date) -> None:
    MonthClose.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        month=first,
        until=first.replace(month=first.month + 1),
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=a_person(),
        proposed_at=NOON,
        decided_by=a_person(),
        decided_at=NOON,
    )
