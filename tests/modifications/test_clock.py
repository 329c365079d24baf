"""The worker's clock: takes what is due, keeps its slots, survives its database, and finishes what is in the air."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError

from orders.database import database_now
from orders.gateways import smartpay
from orders.models import Heartbeat, Modification, ModificationState, Source
from orders.modifications import clock, recover, submit
from orders.modifications.clock import Clock
from orders.modifications.submit import Result
from tests import factories
from tests.modifications import steps
from tests.modifications.fake_gateway import WAIT_SECONDS, FakeGateway
from tests.modifications.steps import asked, due_now, lease_over

S = ModificationState


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[FakeGateway]:
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.BACKOFF_FIRST_SECONDS = 60
    fake = FakeGateway()
    monkeypatch.setattr(smartpay, "send", fake.send)
    yield fake
    fake.open.set()


def state_of(row: Modification) -> str:
    return Modification.objects.get(pk=row.pk).state


def turn_until(one: Clock, condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, "it never happened"
        one.turn()


def failing_once(monkeypatch: pytest.MonkeyPatch, place: str, real: Any, error: Exception) -> None:
    """The first call at this place raises."""
    calls: list[int] = []

    def sometimes(*arguments: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(place, sometimes)


@pytest.mark.django_db
def test_everything_due_is_sent_and_written_and_then_it_is_idle(gateway: FakeGateway) -> None:
    rows = [asked(factories.a_transaction()) for _ in range(5)]
    later = asked(factories.a_transaction(), source=Source.PAGE)

    assert clock.run_until_idle() == 5

    assert {state_of(row) for row in rows} == {S.SUCCEEDED}
    assert state_of(later) == S.QUEUED
    assert sorted(gateway.sent) == sorted(str(row.pk) for row in rows)
    assert clock.run_until_idle() == 0
    assert Heartbeat.objects.filter(name__startswith="worker ").exists()


@pytest.mark.django_db
def test_no_more_is_in_the_air_than_there_are_slots(gateway: FakeGateway) -> None:
    gateway.open.clear()
    for _ in range(4):
        asked(factories.a_transaction())
    one = Clock(slots=2)
    one.wake()

    turn_until(one, lambda: len(gateway.sent) == 2)
    one.wake()
    one.turn()
    assert one.in_hand == 2
    gateway.open.set()
    turn_until(one, lambda: len(gateway.sent) == 4 and one.in_hand == 0)

    assert gateway.most_at_once == 2
    assert set(Modification.objects.values_list("state", flat=True)) == {S.SUCCEEDED}


@pytest.mark.django_db
def test_the_bell_is_heard_before_the_next_tick(gateway: FakeGateway) -> None:
    one = Clock(tick_seconds=3_600)
    one.turn()
    row = asked(factories.a_transaction())

    one.wake()
    turn_until(one, lambda: state_of(row) == S.SUCCEEDED)

    assert gateway.sent == [str(row.pk)]


@pytest.mark.django_db
def test_without_a_bell_the_tick_finds_it(gateway: FakeGateway) -> None:
    one = Clock(tick_seconds=0.05)
    one.turn()
    row = asked(factories.a_transaction())

    turn_until(one, lambda: state_of(row) == S.SUCCEEDED)

    assert len(gateway.sent) == 1


@pytest.mark.django_db
def test_what_cannot_be_prepared_gives_its_slot_back(gateway: FakeGateway, settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = False
    account = factories.an_account(base_url="http://169.254.169.254/a")
    row = asked(factories.a_transaction(account=account))
    one = Clock()
    one.wake()

    turn_until(one, lambda: state_of(row) == S.QUEUED and one.in_hand == 0)

    assert gateway.sent == []


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_a_database_that_is_away_while_arming_sends_nothing_and_keeps_no_slot(
    error: Exception, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = asked(factories.a_transaction())
    failing_once(monkeypatch, "orders.modifications.submit.arm", submit.arm, error)
    one = Clock(tick_seconds=0.01)
    one.wake()

    with pytest.raises(type(error)):
        turn_until(one, lambda: False)
    assert (one.in_hand, gateway.sent) == (0, [])
    assert state_of(row) == S.IN_FLIGHT

    lease_over(row)
    turn_until(one, lambda: state_of(row) == S.SUCCEEDED)
    assert gateway.sent == [str(row.pk)]


@pytest.mark.django_db
@pytest.mark.parametrize("error", [OperationalError("gone"), InterfaceError("closed")])
def test_an_answer_that_could_not_be_written_is_written_later(
    error: Exception, gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "RETRY_WRITING_SECONDS", 0.01)
    monkeypatch.setattr("orders.modifications.clock.connection", _Unclosed())
    row = asked(factories.a_transaction())
    calls = _failing_groups(monkeypatch, error, times=2)

    assert clock.run_until_idle() == 1

    assert state_of(row) == S.SUCCEEDED
    assert gateway.sent == [str(row.pk)], "the answer was kept, not asked for again"
    assert len(calls) > 2


@pytest.mark.django_db
def test_an_answer_that_outlived_its_lease_is_left_to_the_sweep(
    gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(results: Sequence[Result]) -> list[Result]:
        return list(results)

    monkeypatch.setattr("orders.modifications.clock.connection", _Unclosed())
    row = asked(factories.a_transaction())
    one = Clock()
    with monkeypatch.context() as patch:
        patch.setattr(clock, "resolve_results", never)
        patch.setattr(clock, "lease_seconds", lambda capability: 0.0)
        one.wake()
        turn_until(one, lambda: bool(gateway.sent) and one.in_hand == 0)

    assert state_of(row) == S.IN_FLIGHT
    lease_over(row)
    recover.release_stranded()
    assert state_of(row) == S.UNKNOWN


@pytest.mark.django_db(transaction=True)
def test_a_stopped_clock_takes_nothing_more_and_finishes_what_is_in_the_air(gateway: FakeGateway) -> None:
    gateway.open.clear()
    row = asked(factories.a_transaction())
    one = Clock(tick_seconds=0.05)
    thread = threading.Thread(target=one.run)
    thread.start()
    _wait_until(lambda: gateway.sent == [str(row.pk)])

    one.stop()
    late = asked(factories.a_transaction())
    assert thread.is_alive(), "it waits for the answer"
    gateway.open.set()
    one.stop(wait_seconds=WAIT_SECONDS)
    thread.join(WAIT_SECONDS)

    assert not thread.is_alive()
    assert (state_of(row), state_of(late)) == (S.SUCCEEDED, S.QUEUED)


@pytest.mark.django_db(transaction=True)
def test_no_error_ends_the_clock(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    errors = [OperationalError("gone"), InterfaceError("closed"), RuntimeError("a mistake of ours")]
    turn = Clock.turn

    def stumble(self: Clock) -> int:
        if errors:
            raise errors.pop()
        return turn(self)

    monkeypatch.setattr(Clock, "turn", stumble)
    row = asked(factories.a_transaction())
    one = Clock(tick_seconds=0.02)
    thread = threading.Thread(target=one.run)
    thread.start()

    _wait_until(lambda: state_of(row) == S.SUCCEEDED)
    one.stop(wait_seconds=WAIT_SECONDS)
    thread.join(WAIT_SECONDS)

    assert errors == []
    assert not thread.is_alive()


def test_a_process_has_one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = threading.Event()
    monkeypatch.setattr(clock, "_running", None)
    monkeypatch.setattr(Clock, "run", lambda self: turns.set())

    first, second = clock.start(), clock.start()

    assert first is second
    assert turns.wait(WAIT_SECONDS)


def test_waking_or_stopping_a_clock_that_was_never_started_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "_running", None)

    clock.wake()
    clock.stop(wait_seconds=0)

    assert clock._running is None


@pytest.mark.django_db
def test_a_pending_one_is_asked_about_by_the_same_clock(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway.answer = lambda row: steps.pending()
    row = asked(factories.a_transaction())
    clock.run_until_idle()
    assert state_of(row) == S.PENDING
    monkeypatch.setattr(smartpay, "look_up", lambda door, instruction: steps.success(row))

    due_now(row)
    clock.run_until_idle()

    assert state_of(row) == S.SUCCEEDED
    assert gateway.sent == [str(row.pk)]


class _Unclosed:
    """The test's own transaction lives on the connection that the clock would close."""

    def close(self) -> None:
        pass


def _failing_groups(monkeypatch: pytest.MonkeyPatch, error: Exception, *, times: int) -> list[int]:
    """The books cannot even ask for the time, this many times."""
    calls: list[int] = []

    def sometimes() -> datetime:
        calls.append(1)
        if len(calls) <= times:
            raise error
        return database_now()

    monkeypatch.setattr("orders.modifications.resolve.database_now", sometimes)
    return calls


def _wait_until(condition: Callable[[], bool]) -> None:
    ends_at = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < ends_at, "it never happened"
        time.sleep(0.02)
