"""Who gets a turn now: due, free, fairly between accounts, one of a transaction."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import (
    Modification,
    ModificationState,
    Purpose,
    Source,
)
from orders.modifications.claim import claim
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import an_agent, asked, fresh, ids

pytestmark = pytest.mark.django_db
S = ModificationState


# Taking a turn.


def test_a_due_modification_is_taken_with_an_epoch_a_lease_and_the_turn() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)

    [taken] = claim(slots=64)

    row.refresh_from_db()
    assert (taken.modification_id, taken.epoch, taken.purpose) == (row.pk, 1, Purpose.SEND)
    assert (taken.state_before, taken.sent_before) == (S.QUEUED, False)
    assert (row.state, row.epoch, row.attempts_made) == (S.IN_FLIGHT, 1, 1)
    assert row.lease_until is not None
    assert timedelta(seconds=140) < row.lease_until - database_now() <= timedelta(seconds=150)
    assert fresh(transaction).sending_modification == row.pk
    assert row.first_sent_at is None, "a claim is not yet a send"
    assert taken.request.body == bytes(row.body)


def test_what_is_taken_is_not_taken_twice() -> None:
    asked(factories.a_transaction())

    assert len(claim(slots=64)) == 1
    assert claim(slots=64) == []


def test_what_is_not_due_yet_waits() -> None:
    row = asked(factories.a_transaction(), source=Source.PAGE)

    assert claim(slots=64) == []
    assert ids(claim(slots=64)) == set()
    assert ids([steps.claimed(steps.due_now(row))]) == {row.pk}


def test_no_more_is_taken_than_there_are_slots() -> None:
    account = factories.an_account()
    for _ in range(3):
        asked(factories.a_transaction(account=account))

    assert claim(slots=0) == []
    assert claim(slots=-1) == []
    assert len(claim(slots=2)) == 2


def test_the_oldest_is_taken_first() -> None:
    account = factories.an_account()
    young, old = (asked(factories.a_transaction(account=account)) for _ in range(2))
    Modification.objects.filter(pk=old.pk).update(due_at=database_now() - timedelta(hours=1))

    assert ids(claim(slots=1)) == {old.pk}
    assert ids(claim(slots=1)) == {young.pk}


def test_one_of_a_transaction_is_sent_at_a_time() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    one, two = (asked(transaction, Kind.REFUND, amount, by=person) for amount in (1_000, 2_000))

    [taken] = claim(slots=64)
    assert claim(slots=64) == []
    steps.answered(taken, steps.declined())

    assert ids(claim(slots=64)) == {one.pk, two.pk} - {taken.modification_id}


def test_an_unclear_one_keeps_the_turn_and_a_pending_one_gives_it_back() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    first = asked(transaction, Kind.REFUND, 1_000, by=person)
    second = asked(transaction, Kind.REFUND, 2_000, by=person, source=Source.PAGE)
    steps.ended(first, steps.unknown())
    steps.due_now(second)

    assert claim(slots=64) == []

    steps.answered(steps.claimed(steps.due_now(first)), steps.pending())
    assert ids(claim(slots=64)) == {second.pk}


def test_a_question_needs_no_turn() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    waiting = steps.ended(asked(transaction, Kind.REFUND, 1_000, by=person), steps.pending())
    sending = asked(transaction, Kind.REFUND, 2_000, by=person)
    steps.armed(sending)

    steps.due_now(waiting)

    [taken] = claim(slots=64)
    assert (taken.modification_id, taken.purpose) == (waiting.pk, Purpose.QUERY)
    assert fresh(transaction).sending_modification == sending.pk


# Fair between accounts.


def test_a_busy_account_does_not_keep_others_waiting() -> None:
    busy, quiet = factories.an_account(), factories.an_account()
    for _ in range(5):
        asked(factories.a_transaction(account=busy))
    asked(factories.a_transaction(account=quiet))

    taken = claim(slots=2)

    assert {one.account_id for one in taken} == {busy.pk, quiet.pk}


def test_an_account_has_no_more_in_the_air_than_it_allows() -> None:
    account = factories.an_account(concurrency=2)
    for _ in range(4):
        asked(factories.a_transaction(account=account))

    assert len(claim(slots=64)) == 2
    assert claim(slots=64) == []


# Who is in between.


def test_reviews_without_a_due_time_and_ends_are_left_alone() -> None:
    done = asked(factories.a_transaction())
    steps.ended(done, steps.success(done))
    for outcome in (steps.declined(), steps.mismatch()):
        steps.ended(asked(factories.a_transaction()), outcome)

    assert claim(slots=64) == []


def test_a_person_can_have_a_review_asked_about() -> None:
    row = asked(factories.a_transaction())
    steps.ended(row, steps.mismatch())
    steps.due_now(row, step=Purpose.QUERY)

    [taken] = claim(slots=64)

    assert (taken.state_before, taken.purpose) == (S.REVIEW, Purpose.QUERY)
    row.refresh_from_db()
    assert (row.state, row.review_since is not None) == (S.IN_FLIGHT, True)
