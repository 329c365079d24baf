"""A file applies whole or not at all, once, and its correction takes its place as a set."""

from __future__ import annotations

import pytest

from orders.models import (
    FileState,
    Match,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
)
from orders.modifications.refusals import Refused
from orders.reconciliation.runs import rematch, work_due, work_on
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation.runs.bringing import DAY, bring, bring_and_work, line, paper
from tests.reconciliation_factories import a_file, a_modification_of, a_run

pytestmark = pytest.mark.django_db


def counting(account_id: int) -> list[str]:
    rows = SettlementLine.objects.filter(account_id=account_id, file__state=FileState.APPLIED, overlap=False)
    return sorted(rows.values_list("reference", flat=True))


def test_a_good_file_counts_and_meets_what_we_captured() -> None:
    capture = a_modification_of(a_captured_transaction(captured=5_000), amount=5_000)

    file, run = bring_and_work(capture.account, line(capture.gateway_reference, "50.00", fee="1.50"), line("X", "7.00"))

    assert (file.state, file.lines, file.business_date) == (FileState.APPLIED, 2, DAY)
    assert file.totals == {"EUR": {"lines": 2, "gross": 5700, "fee": 150, "net": 5550}}
    assert (run.state, run.stage, run.problem) == (RunState.APPLIED, RunStage.DONE, "")
    assert run.figures["matches"] == {"reference": 1}
    assert Match.objects.get(run=run).modification == capture


def test_the_same_bytes_are_one_file_whatever_their_name() -> None:
    account = an_account()
    first, _ = bring_and_work(account, line("A", "1.00"))

    again = bring(account, paper(line("A", "1.00")), name="other.csv")

    assert not again.new
    assert again.file == first
    assert "nothing was taken twice" in again.sentence
    assert counting(account.pk) == ["A"]
    assert not SettlementFile.objects.exclude(pk=first.pk).exists()


def test_the_same_bytes_of_another_account_are_another_file() -> None:
    one, other = an_account(), an_account()
    bring_and_work(one, line("A", "1.00"))

    file, _ = bring_and_work(other, line("A", "1.00"))

    assert file.state == FileState.APPLIED
    assert counting(other.pk) == ["A"]


def test_two_honest_identical_lines_both_count_and_only_their_like_overlap() -> None:
    account = an_account()
    twice = (line("A", "1.00"), line("A", "1.00"))

    first, _ = bring_and_work(account, *twice)
    second, _ = bring_and_work(account, *twice, line("A", "1.00"), line("B", "2.00"), name="second.csv")

    assert (first.lines, first.overlaps) == (2, 0)
    assert (second.lines, second.overlaps) == (2, 2)
    assert counting(account.pk) == ["A", "A", "A", "B"]
    assert second.totals["EUR"]["gross"] == 300


def test_one_bad_line_refuses_the_whole_file_and_leaves_no_line() -> None:
    account = an_account()

    file, run = bring_and_work(account, line("A", "1.00"), line("B", "1.00").replace("1.00", "one", 1))

    assert file.state == FileState.REFUSED
    assert "Line 3" in file.problem
    assert "Nothing of this file counts." in file.problem
    assert (file.bad_lines, file.bad_line_rows.get().number) == (1, 3)
    assert (run.state, run.stage) == (RunState.ABANDONED, RunStage.DONE)
    assert not SettlementLine.objects.exists()


def test_a_refused_file_may_come_again_and_is_read_again() -> None:
    account = an_account()
    bad = paper("garbage")
    first = bring(account, bad).file
    work_on(first.pk)

    again = bring(account, bad)

    assert again.new
    assert again.file != first


def test_a_corrected_file_of_the_same_name_and_date_takes_the_place_of_the_first() -> None:
    account = an_account()
    first, first_run = bring_and_work(account, line("A", "1.00"), line("B", "2.00"))

    second, _ = bring_and_work(account, line("A", "1.00"), line("C", "3.00"))

    first.refresh_from_db()
    first_run.refresh_from_db()
    assert (first.state, first_run.state) == (FileState.REPLACED, RunState.REPLACED)
    assert (second.replaces, second.version, second.overlaps) == (first, 2, 0)
    assert counting(account.pk) == ["A", "C"]


def test_another_day_of_the_same_name_is_no_correction() -> None:
    account = an_account()
    first, _ = bring_and_work(account, line("A", "1.00"))

    second, _ = bring_and_work(account, line("B", "1.00", day=DAY.replace(day=21)))

    assert second.replaces is None
    assert counting(account.pk) == ["A", "B"]
    assert first.business_date != second.business_date


def test_a_line_of_a_third_file_counts_again_when_the_file_it_overlapped_with_is_replaced() -> None:
    account = an_account()
    first, _ = bring_and_work(account, line("A", "1.00"), line("B", "2.00"))
    third, _ = bring_and_work(account, line("B", "2.00"), line("C", "3.00"), name="third.csv")
    assert third.overlaps == 1

    bring_and_work(account, line("A", "1.00"), name="corrected.csv", replaces=first)

    third.refresh_from_db()
    assert counting(account.pk) == ["A", "B", "C"]
    assert (third.lines, third.overlaps) == (2, 0)
    assert third.totals["EUR"] == {"lines": 2, "gross": 500, "fee": 0, "net": 500}


def test_what_a_correction_sets_free_is_met_by_others_at_once() -> None:
    capture = a_modification_of(a_captured_transaction(captured=5_000), amount=5_000)
    account = capture.account
    met = line(capture.gateway_reference, "50.00")
    first, _ = bring_and_work(account, met)
    other, _ = bring_and_work(account, met, line("Y", "1.00"), name="other.csv")
    assert other.overlaps == 1

    bring_and_work(account, line("Z", "1.00"), name="corrected.csv", replaces=first)

    match = Match.objects.get(modification=capture, run__state=RunState.APPLIED)
    assert match.line.file == other


def test_only_a_file_that_counts_can_be_replaced_and_only_once() -> None:
    account = an_account()
    first, _ = bring_and_work(account, line("A", "1.00"))
    bring(account, paper(line("B", "1.00")), name="b.csv", replaces=first)

    with pytest.raises(Refused, match="already on its way"):
        bring(account, paper(line("C", "1.00")), name="c.csv", replaces=first)
    with pytest.raises(Refused, match="another account"):
        bring(an_account(), paper(line("C", "1.00")), replaces=first)
    with pytest.raises(Refused, match="nothing to replace"):
        bring(account, paper(line("C", "1.00")), replaces=a_file(account, state=FileState.REFUSED))


def test_a_refused_correction_leaves_its_file_and_the_way_to_it_open() -> None:
    account = an_account()
    first, _ = bring_and_work(account, line("A", "1.00"))
    bring_and_work(account, "garbage", name="bad.csv", replaces=first)
    first.refresh_from_db()
    assert first.state == FileState.APPLIED

    second, _ = bring_and_work(account, line("B", "1.00"), name="good.csv", replaces=first)

    assert second.replaces == first
    assert counting(account.pk) == ["B"]


def test_files_of_an_account_are_worked_off_in_the_order_they_came() -> None:
    account = an_account()
    first = bring(account, paper(line("A", "1.00")), name="1.csv").file
    second = bring(account, paper(line("A", "1.00"), line("B", "1.00")), name="2.csv").file

    work_on(second.pk)

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.overlaps, second.overlaps) == (FileState.APPLIED, 0, 1)


def test_an_empty_day_needs_its_date() -> None:
    account = an_account()

    refused, _ = bring_and_work(account)
    applied, _ = bring_and_work(account, business_date=DAY)

    assert "holds no lines" in refused.problem
    assert (applied.state, applied.lines) == (FileState.APPLIED, 0)


def test_a_night_meets_a_line_with_what_the_books_have_learnt_since() -> None:
    transaction = a_captured_transaction(captured=5_000)
    account = transaction.account
    bring_and_work(account, line("late", "50.00"))
    capture = a_modification_of(transaction, amount=5_000, gateway_reference="late")

    run = rematch(account, DAY)

    assert (run.kind, run.state, run.stage) == (RunKind.NIGHT, RunState.APPLIED, RunStage.DONE)
    assert Match.objects.get(run=run).modification == capture
    assert rematch(account, DAY).figures["matches"] == {}


def test_while_somebody_works_on_the_account_nobody_else_does() -> None:
    account = an_account()
    file = bring(account, paper(line("A", "1.00"))).file
    later = file.received_at.replace(year=2999)
    busy = a_run(account, state=RunState.RUNNING, stage=RunStage.MATCHING, lease_until=later)

    assert work_on(file.pk) == busy
    with pytest.raises(Refused, match="being read"):
        rematch(account, DAY)
    assert work_due() == 0
    file.refresh_from_db()
    assert file.state == FileState.WAITING
