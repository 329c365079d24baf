"""The janitor finds every flight whose worker died, whatever it was doing, and every doubt that grew old."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.models import Event, EventSeal, Heartbeat, Modification, ModificationState, Purpose
from orders.modifications.recover import recover, release_stranded, send_old_doubts_to_review
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import armed, asked, claimed, due_now, ended, fresh, lease_over

pytestmark = pytest.mark.django_db
S = ModificationState


def swept(row: Modification) -> Modification:
    lease_over(row)
    assert release_stranded() == 1
    return Modification.objects.get(pk=row.pk)


def test_a_flight_that_was_never_armed_goes_back_to_the_queue() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    claimed(row)

    row = swept(row)

    now = fresh(transaction)
    assert (row.state, row.next_step, row.first_sent_at, row.lease_until) == (S.QUEUED, Purpose.SEND, None, None)
    assert (now.sending_modification, now.unknown_count, now.capturing) == (None, 0, 10_000)
    assert claimed(row).epoch == 2, "it is due at once"


def test_a_flight_that_was_armed_may_have_been_sent() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    armed(row)

    row = swept(row)

    now = fresh(transaction)
    assert (row.state, row.next_step) == (S.UNKNOWN, Purpose.SEND)
    assert row.first_sent_at is not None
    assert row.doubt_since is not None
    assert (now.sending_modification, now.unknown_count) == (row.pk, 1)
    lost = row.attempts.get()
    assert (lost.verdict, lost.finished_at is not None) == ("unknown", True)
    again = claimed(row)
    assert (again.purpose, again.sent_before, again.request.body) == (Purpose.SEND, True, bytes(row.body))


def test_where_the_gateway_does_not_replay_the_question_comes_first() -> None:
    account = factories.an_account(profile={"replays": False})
    row = asked(factories.a_transaction(account=account))
    armed(row)

    assert swept(row).next_step == Purpose.QUERY


def test_a_lost_question_about_a_pending_one_leaves_it_pending() -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.pending())
    armed(due_now(row))

    row = swept(row)

    assert (row.state, row.next_step, row.doubt_since) == (S.PENDING, Purpose.QUERY, None)
    assert fresh(transaction).unknown_count == 0
    assert claimed(row).purpose is Purpose.QUERY


@pytest.mark.parametrize("step", [Purpose.SEND, Purpose.QUERY])
@pytest.mark.parametrize("arms", [True, False])
def test_a_lost_attempt_of_a_doubtful_one_leaves_it_doubtful(step: Purpose, arms: bool) -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.unknown())
    doubt = row.doubt_since
    (armed if arms else claimed)(due_now(row, step=step))

    row = swept(row)

    assert (row.state, row.next_step, row.doubt_since) == (S.UNKNOWN, step, doubt)
    assert fresh(transaction).unknown_count == 1


def test_a_lost_question_about_a_review_leaves_it_in_review() -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.mismatch())
    armed(due_now(row, step=Purpose.QUERY))

    row = swept(row)

    assert (row.state, row.next_step, fresh(transaction).unknown_count) == (S.REVIEW, Purpose.QUERY, 1)


def test_a_sweep_writes_an_event_and_shows_it_on_the_order() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    armed(row)

    row = swept(row)

    event = Event.objects.get(verb="capture.stranded")
    assert event.modification_id == row.pk
    assert "The worker stopped before the answer was written down" in event.sentence
    assert event.details["version"] == fresh(transaction).version
    assert fresh(transaction).order.attention


def test_a_flight_within_its_lease_is_left_in_peace() -> None:
    row = asked(factories.a_transaction())
    armed(row)

    assert release_stranded() == 0

    row.refresh_from_db()
    assert row.state == S.IN_FLIGHT


def test_sweeping_twice_is_sweeping_once() -> None:
    row = asked(factories.a_transaction())
    armed(row)
    row = swept(row)
    version = row.transaction.version

    assert release_stranded() == 0

    assert fresh(row.transaction).version == version


def test_many_stranded_ones_are_taken_in_one_sweep() -> None:
    rows = [asked(factories.a_transaction()) for _ in range(3)]
    claimed(rows[0])
    for row in rows:
        lease_over(row)

    assert release_stranded() == 3

    assert set(Modification.objects.values_list("state", flat=True)) == {S.QUEUED}


# Old doubts.


def aged(row: Modification, **columns: Any) -> None:
    Modification.objects.filter(pk=row.pk).update(**{name: database_now() - age for name, age in columns.items()})


@pytest.mark.parametrize(
    ("age", "reviewed"), [(timedelta(hours=24, minutes=1), True), (timedelta(hours=23, minutes=59), False)]
)
def test_unknown_for_a_day_is_for_a_person(age: timedelta, reviewed: bool) -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.unknown())
    aged(row, doubt_since=age)

    assert send_old_doubts_to_review() == int(reviewed)

    row.refresh_from_db()
    assert row.state == (S.REVIEW if reviewed else S.UNKNOWN)
    assert (fresh(transaction).unknown_count, fresh(transaction).capturing) == (1, 10_000)
    assert Event.objects.filter(verb="capture.review").exists() is reviewed


@pytest.mark.parametrize(
    ("age", "reviewed"), [(timedelta(hours=72, minutes=1), True), (timedelta(hours=71, minutes=59), False)]
)
def test_pending_for_three_days_is_for_a_person(age: timedelta, reviewed: bool) -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.pending())
    aged(row, first_sent_at=age)

    assert send_old_doubts_to_review() == int(reviewed)

    row.refresh_from_db()
    assert row.state == (S.REVIEW if reviewed else S.PENDING)
    assert fresh(transaction).unknown_count == int(reviewed)
    if reviewed:
        assert row.doubt_since is not None
        assert "pending" in row.reason_text


def test_a_review_is_sent_to_review_once() -> None:
    row = ended(asked(factories.a_transaction()), steps.unknown())
    aged(row, doubt_since=timedelta(days=2))

    assert send_old_doubts_to_review() == 1
    assert send_old_doubts_to_review() == 0


# The whole sweep.


def test_one_sweep_does_it_all_and_leaves_a_sign_of_life() -> None:
    stranded, old = asked(factories.a_transaction()), asked(factories.a_transaction(), source="page")
    armed(stranded)
    lease_over(stranded)
    ended(due_now(old), steps.unknown())
    aged(old, doubt_since=timedelta(days=2))
    events = Event.objects.count()

    done = recover()

    assert done == {"stranded": 1, "to_review": 1, "sealed": events + 2}
    assert EventSeal.objects.count() == Event.objects.count()
    assert "stranded 1" in Heartbeat.objects.get(name="sweeper").note
    assert recover() == {"stranded": 0, "to_review": 0, "sealed": 0}
