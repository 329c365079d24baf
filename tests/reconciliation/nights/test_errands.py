"""An errand of a night: begun once, resumed behind its last finished step, and never done twice at a time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orders.database import database_now
from orders.models import JobRun, JobState
from orders.reconciliation.nights.errands import LeaseLost, Step, Told, take, work_off
from tests.factories import an_account

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


class Work:
    """Steps that note that they were done."""

    def __init__(self, *names: str, failing: str = "") -> None:
        self.done: list[str] = []
        self.failing = failing
        self.steps = [Step(name=name, work=lambda name=name: self._do(name)) for name in names]  # type: ignore[misc]

    def _do(self, name: str) -> Told:
        if name == self.failing:
            raise ConnectionError("the gateway is away")
        self.done.append(name)
        return Told(sentence=f"{name} is done.")


def lease_ends() -> None:
    JobRun.objects.update(lease_until=database_now() - timedelta(seconds=1))


def test_an_errand_is_done_once() -> None:
    account = an_account()
    turn = take(job="night", day=DAY, account=account)
    assert turn is not None
    row = work_off(turn, Work("first", "second").steps)

    assert row.state == JobState.DONE
    assert [row.steps[name]["sentence"] for name in ("first", "second")] == ["first is done.", "second is done."]
    lease_ends()
    assert take(job="night", day=DAY, account=account) is None
    assert take(job="night", day=DAY, account=account, at_once=True) is None
    assert JobRun.objects.count() == 1


def test_while_somebody_holds_it_nobody_else_begins() -> None:
    account = an_account()
    assert take(job="night", day=DAY, account=account) is not None

    assert take(job="night", day=DAY, account=account) is None


def test_another_account_and_another_date_are_other_errands() -> None:
    account = an_account()
    take(job="night", day=DAY, account=account)

    assert take(job="night", day=DAY, account=an_account()) is not None
    assert take(job="night", day=DAY + timedelta(days=1), account=account) is not None


def test_who_follows_a_dead_one_goes_on_behind_its_last_step() -> None:
    account = an_account()
    dead = take(job="night", day=DAY, account=account)
    assert dead is not None
    dead.note("first", Told(sentence="first is done."), seconds=0.1)
    lease_ends()

    turn = take(job="night", day=DAY, account=account)
    assert turn is not None
    work = Work("first", "second")
    work_off(turn, work.steps)

    assert work.done == ["second"]


def test_who_lost_the_lease_writes_nothing_any_more() -> None:
    account = an_account()
    slow = take(job="night", day=DAY, account=account)
    lease_ends()
    follower = take(job="night", day=DAY, account=account)
    assert slow is not None
    assert follower is not None

    with pytest.raises(LeaseLost):
        work_off(slow, Work("first").steps)
    with pytest.raises(LeaseLost):
        slow.renew()

    assert work_off(follower, Work("first").steps).state == JobState.DONE


def test_a_step_that_fails_is_told_and_the_others_are_done() -> None:
    account = an_account()
    turn = take(job="night", day=DAY, account=account)
    assert turn is not None
    work = Work("first", "second", "third", failing="second")

    row = work_off(turn, work.steps)

    assert (row.state, work.done) == (JobState.FAILED, ["first", "third"])
    assert "“second” failed (ConnectionError)" in row.problem


def test_what_failed_is_tried_again_after_a_while_and_only_that() -> None:
    account = an_account()
    turn = take(job="night", day=DAY, account=account)
    assert turn is not None
    work_off(turn, Work("first", "second", failing="second").steps)
    assert take(job="night", day=DAY, account=account) is None

    again = take(job="night", day=DAY, account=account, at_once=True)
    assert again is not None
    work = Work("first", "second")
    row = work_off(again, work.steps)

    assert work.done == ["second"]
    assert (row.state, row.problem) == (JobState.DONE, "")
