"""Files of several accounts are read at the same time; one whose process sleeps or dies is followed without delay."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection, connections

from orders.database import database_now
from orders.models import FileState, ReconciliationRun, RunState, SettlementFile, SettlementLine
from orders.modifications import bell
from orders.reconciliation import runs, tasks
from orders.reconciliation.files import loading, pace, storing, writers
from orders.reconciliation.runs_turns import Turn, silent_since, unfinished
from tests.factories import an_account
from tests.reconciliation.runs.bringing import bring, line, paper
from tests.reconciliation_factories import a_file, a_run

pytestmark = pytest.mark.django_db(transaction=True)

WAIT_SECONDS = 20.0


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many turns for few lines."""
    monkeypatch.setattr(pace, "_FIRST", 7)
    monkeypatch.setattr(pace, "_MOST", 7)
    monkeypatch.setattr(pace, "_LEAST", 7)


def a_waiting_file(lines: int = 60) -> SettlementFile:
    content = paper(*(line(f"R-{number}", f"{number + 1}.00", type="adjustment") for number in range(lines)))
    return bring(an_account(), content).file


def in_the_middle_of(monkeypatch: pytest.MonkeyPatch, file: SettlementFile, then: Callable[[], None]) -> None:
    """Have this happen once the first half of the file's bytes was handed over."""

    def halves(file_id: int, *, asking: Callable[[], None]) -> Iterator[bytes]:
        content = b"".join(storing.content_of(file_id))
        yield content[: len(content) // 2]
        asking()
        if file_id == file.pk:
            then()
        yield content[len(content) // 2 :]

    monkeypatch.setattr(loading, "content_of", halves)


@contextmanager
def a_hand_at(file: SettlementFile) -> Iterator[threading.Thread]:
    """A thread of the worker that was rung for this file's account."""

    def work() -> None:
        try:
            tasks.work(str(file.account_id))
        finally:
            connection.close()

    hand = threading.Thread(target=work, daemon=True)
    hand.start()
    try:
        yield hand
    finally:
        hand.join(WAIT_SECONDS)


def state_of(file: SettlementFile) -> str:
    return SettlementFile.objects.values_list("state", flat=True).get(pk=file.pk)


def test_a_long_file_of_one_account_keeps_no_other_account_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    long, short = a_waiting_file(), a_waiting_file(3)
    in_its_middle, go_on = threading.Event(), threading.Event()

    def stand_still() -> None:
        in_its_middle.set()
        assert go_on.wait(WAIT_SECONDS)

    in_the_middle_of(monkeypatch, long, stand_still)
    with a_hand_at(long):
        assert in_its_middle.wait(WAIT_SECONDS)
        tasks.work_due()
        seen = state_of(long), state_of(short)
        go_on.set()

    assert seen == (FileState.LOADING, FileState.APPLIED)
    assert state_of(long) == FileState.APPLIED
    assert SettlementLine.objects.filter(file=long).count() == 60


def test_several_long_files_are_read_at_once_and_all_of_them_count_once(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [a_waiting_file() for _ in range(3)]
    together = threading.Barrier(3, timeout=WAIT_SECONDS)

    def halves(file_id: int, *, asking: Callable[[], None]) -> Iterator[bytes]:
        content = b"".join(storing.content_of(file_id))
        yield content[: len(content) // 2]
        together.wait()
        yield content[len(content) // 2 :]

    monkeypatch.setattr(loading, "content_of", halves)
    with ExitStack() as hands:
        for file in files:
            hands.enter_context(a_hand_at(file))

    assert [state_of(file) for file in files] == [FileState.APPLIED] * 3
    assert SettlementLine.objects.count() == 180
    assert ReconciliationRun.objects.count() == 3


def test_without_a_free_hand_a_file_waits_and_the_next_look_takes_it() -> None:
    file = a_waiting_file(3)
    with tasks.HANDS, tasks.HANDS, tasks.HANDS:
        tasks.work(str(file.account_id))
        tasks.work_due()
        assert state_of(file) == FileState.WAITING

    tasks.work_due()

    assert state_of(file) == FileState.APPLIED


def test_a_ring_for_an_account_that_somebody_is_at_leaves_it_to_them() -> None:
    file = a_waiting_file(3)
    lease = database_now() + timedelta(minutes=1)
    a_run(file.account, file=file, state=RunState.RUNNING, stage="loading", lease_until=lease, finished_at=None)

    tasks.work(str(file.account_id))

    assert state_of(file) == FileState.WAITING
    assert runs.accounts_with_work() == []


def test_one_failing_account_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = a_waiting_file(3), a_waiting_file(3)

    def fall() -> None:
        raise OSError("the disk is gone")

    in_the_middle_of(monkeypatch, bad, fall)

    assert runs.work_due() == 1

    run = ReconciliationRun.objects.get(account=bad.account)
    assert (state_of(bad), state_of(good)) == (FileState.LOADING, FileState.APPLIED)
    assert "tried again by itself" in run.problem
    assert run.lease_until is not None
    assert run.lease_until > database_now() + timedelta(seconds=30)


def stopped_in_the_middle(monkeypatch: pytest.MonkeyPatch, file: SettlementFile) -> int:
    """The id of a process that reads the file and was stopped by SIGSTOP between two of its turns."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            in_the_middle_of(monkeypatch, file, lambda: os.kill(os.getpid(), signal.SIGSTOP))
            runs.work_on(file.pk)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    return child


def test_a_process_that_was_asleep_beyond_its_lease_loses_its_turn_and_changes_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = a_waiting_file()
    sleeper = stopped_in_the_middle(monkeypatch, file)
    try:
        run = ReconciliationRun.objects.get()
        assert run.lease_until is not None
        assert run.lease_until <= database_now() + timedelta(seconds=90)
        assert runs.work_due() == 0, "it may still be alive"
        ReconciliationRun.objects.update(lease_until=database_now() - timedelta(seconds=1))

        assert runs.work_due() == 1
        before = list(SettlementLine.objects.order_by("number").values_list("pk", "number"))
    finally:
        os.kill(sleeper, signal.SIGCONT)
    _, status = os.waitpid(sleeper, 0)

    assert os.WEXITSTATUS(status) == 0
    assert state_of(file) == FileState.APPLIED
    assert list(SettlementLine.objects.order_by("number").values_list("pk", "number")) == before
    assert len(before) == 60
    assert not unfinished().exists()


def test_the_end_of_a_dead_process_s_lease_is_rung_at_once(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.SWEEP_SECONDS = 10
    rung, heard = list[int](), threading.Event()

    def ring(account_id: int) -> None:
        rung.append(account_id)
        heard.set()

    monkeypatch.setattr(bell, "ring_settlement", ring)
    now = database_now()
    dead, alive = (a_file(an_account(), state=FileState.LOADING) for _ in range(2))
    for file, seconds in ((dead, 0.2), (alive, 29)):
        lease = now + timedelta(seconds=seconds)
        a_run(file=file, state=RunState.RUNNING, stage="loading", lease_until=lease, finished_at=None)

    tasks.work_due()

    assert rung == []
    assert heard.wait(WAIT_SECONDS)
    assert rung == [dead.account_id]
    assert runs.accounts_with_work() == [dead.account_id]


def test_the_turn_is_kept_while_the_lines_behind_a_bad_one_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "PART_BYTES", 500)
    monkeypatch.setattr(storing, "_FETCHED", 1)
    monkeypatch.setattr(writers, "_SILENCE_SECONDS", 0.0)
    monkeypatch.setattr(writers.Copying, "_SECONDS", 0.0)
    renewed = list[int]()
    renew = Turn.renew

    def count(turn: Turn) -> None:
        renewed.append(SettlementFile.objects.values_list("rows_read", flat=True).get())
        renew(turn)

    monkeypatch.setattr(Turn, "renew", count)
    content = paper("garbage", *(line(f"R-{number}", "1.00", type="adjustment") for number in range(100)))
    file = bring(an_account(), content).file

    runs.work_on(file.pk)

    assert state_of(file) == FileState.REFUSED
    assert len(set(renewed)) >= 5, "the progress is told as well"
    assert not SettlementLine.objects.exists()


@pytest.mark.parametrize(
    ("stage", "left", "silent"),
    [
        ("loading", timedelta(seconds=85), False),
        ("loading", timedelta(seconds=75), True),
        ("loading", timedelta(seconds=-5), True),
        ("matching", timedelta(minutes=14), False),
        ("matching", timedelta(minutes=9), True),
        ("done", timedelta(seconds=-5), False),
    ],
)
def test_a_run_that_is_not_heard_of_is_told_from_one_that_works(stage: str, left: timedelta, silent: bool) -> None:
    now = database_now()
    run = a_run(state=RunState.RUNNING, stage=stage)
    run.lease_until = now + left

    assert (silent_since(run, now) is not None) == silent
    assert silent_since(a_run(state=RunState.RUNNING, stage=stage, lease_until=None), now) is None
