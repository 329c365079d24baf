"""Every row of “what an outcome means” × first send or after one that may have been processed × send or question."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orders.gateways.base import Outcome
from orders.models import ModificationState, Purpose
from orders.modifications.verdicts import (
    DAY_SECONDS,
    LOOK_UP_AFTER_SECONDS,
    Standing,
    Timing,
    judge,
    may_send_again,
)
from tests.modifications.situations import NOW, a_capability
from tests.modifications.standings import (
    ABSENT,
    DECLINED,
    DIFFERS,
    DONE,
    ERROR_500,
    REDIRECT,
    REFUSED_CONNECTION,
    TAKEN,
    TIMEOUT,
    TOO_MANY,
    UNREADABLE_200,
    WRONG_KEY,
    first,
    pending_question,
    question,
    repeat,
)

S = ModificationState
SEND, QUERY = Purpose.SEND, Purpose.QUERY
TIMING = Timing()
HOUR = timedelta(hours=1)
A = a_capability()


TABLE: list[tuple[str, Outcome, Standing, S, Purpose]] = [
    # Row of the table of outcomes, the answer, where it stood, what becomes of it, what is done next.
    ("refused, first", REFUSED_CONNECTION, first(), S.QUEUED, SEND),
    ("refused, repeat", REFUSED_CONNECTION, repeat(), S.UNKNOWN, SEND),
    ("refused, asking", REFUSED_CONNECTION, question(), S.UNKNOWN, SEND),
    ("timeout, first", TIMEOUT, first(), S.UNKNOWN, SEND),
    ("timeout, repeat", TIMEOUT, repeat(), S.UNKNOWN, SEND),
    ("timeout, third try", TIMEOUT, repeat(attempts_made=3), S.UNKNOWN, QUERY),
    ("timeout, fourth try", TIMEOUT, repeat(attempts_made=4), S.UNKNOWN, SEND),
    ("timeout, asking", TIMEOUT, question(), S.UNKNOWN, SEND),
    ("500, first", ERROR_500, first(), S.UNKNOWN, SEND),
    ("500, repeat", ERROR_500, repeat(), S.UNKNOWN, SEND),
    ("unreadable 2xx, first", UNREADABLE_200, first(), S.UNKNOWN, QUERY),
    ("unreadable 2xx, repeat", UNREADABLE_200, repeat(), S.UNKNOWN, QUERY),
    ("429, first", TOO_MANY, first(), S.UNKNOWN, SEND),
    ("429, repeat", TOO_MANY, repeat(), S.UNKNOWN, SEND),
    ("redirect, first", REDIRECT, first(), S.REVIEW, SEND),
    ("redirect, repeat", REDIRECT, repeat(), S.REVIEW, SEND),
    ("redirect, asking", REDIRECT, question(), S.REVIEW, SEND),
    ("401, first", WRONG_KEY, first(), S.QUEUED, SEND),
    ("401, repeat", WRONG_KEY, repeat(), S.UNKNOWN, SEND),
    ("declined, first", DECLINED, first(), S.FAILED, SEND),
    ("declined, repeat", DECLINED, repeat(), S.UNKNOWN, QUERY),
    ("declined, asking", DECLINED, question(), S.FAILED, SEND),
    ("declined, asking while pending", DECLINED, pending_question(), S.FAILED, SEND),
    ("done, first", DONE, first(), S.SUCCEEDED, SEND),
    ("done, repeat", DONE, repeat(), S.SUCCEEDED, SEND),
    ("done, asking", DONE, question(), S.SUCCEEDED, SEND),
    ("done, in review", DONE, question(state=S.REVIEW), S.SUCCEEDED, SEND),
    ("taken, first", TAKEN, first(), S.PENDING, QUERY),
    ("taken, repeat", TAKEN, repeat(), S.PENDING, QUERY),
    ("taken, asking", TAKEN, pending_question(), S.PENDING, QUERY),
    ("taken, in review", TAKEN, question(state=S.REVIEW), S.REVIEW, QUERY),
    ("differs, first", DIFFERS, first(), S.REVIEW, SEND),
    ("differs, repeat", DIFFERS, repeat(), S.REVIEW, SEND),
    ("differs, asking", DIFFERS, question(), S.REVIEW, SEND),
    ("absent, unclear", ABSENT, question(), S.UNKNOWN, SEND),
    ("absent, pending", ABSENT, pending_question(), S.PENDING, QUERY),
    ("no answer, pending", TIMEOUT, pending_question(), S.PENDING, QUERY),
    ("timeout, in review", TIMEOUT, question(state=S.REVIEW), S.REVIEW, QUERY),
]


@pytest.mark.parametrize(
    ("outcome", "standing", "state", "step"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table_of_outcomes(outcome: Outcome, standing: Standing, state: S, step: Purpose) -> None:
    ruling = judge(outcome, standing, A, TIMING)

    assert (ruling.state, ruling.next_step) == (state, step)
    assert ruling.reason


@pytest.mark.parametrize("outcome", [row[1] for row in TABLE], ids=[row[0] for row in TABLE])
def test_no_answer_to_a_repeat_fails_a_modification(outcome: Outcome) -> None:
    assert judge(outcome, repeat(), A, TIMING).state is not S.FAILED


def test_a_gateway_that_replays_refusals_is_taken_at_its_word_on_a_repeat() -> None:
    assert judge(DECLINED, repeat(), a_capability(replays_errors=True), TIMING).state is S.FAILED


@pytest.mark.parametrize("outcome", [REFUSED_CONNECTION, WRONG_KEY])
def test_what_was_certainly_not_sent_can_be_withdrawn_again(outcome: Outcome) -> None:
    assert judge(outcome, first(), A, TIMING).forget_send
    assert not judge(outcome, repeat(), A, TIMING).forget_send


@pytest.mark.parametrize("outcome", [TIMEOUT, ERROR_500, UNREADABLE_200, TOO_MANY, DECLINED, TAKEN, REDIRECT])
def test_what_may_have_been_sent_is_never_forgotten(outcome: Outcome) -> None:
    assert not judge(outcome, first(), A, TIMING).forget_send


def test_only_a_contradiction_freezes() -> None:
    frozen = {name for name, outcome, standing, *_ in TABLE if judge(outcome, standing, A, TIMING).freeze}

    assert frozen == {"differs, first", "differs, repeat", "differs, asking"}


# A refusal on a repeat.


def test_a_refusal_on_a_repeat_is_remembered_and_asked_about_within_a_second() -> None:
    ruling = judge(DECLINED, repeat(), A, TIMING)

    assert ruling.declined_on_repeat
    assert ruling.due_at == NOW + timedelta(seconds=1)
    assert "Refused on a repeat" in ruling.reason


def test_refused_on_a_repeat_and_not_listed_once_late_processing_is_over_means_failed() -> None:
    waited = timedelta(seconds=A.late_processing_seconds)
    sent = {"declined_on_repeat": True, "first_sent_at": NOW - HOUR}

    too_early = judge(ABSENT, replace(question(**sent), last_sent_at=NOW - waited), A, TIMING)
    late = judge(ABSENT, replace(question(**sent), last_sent_at=NOW - waited - timedelta(seconds=1)), A, TIMING)

    assert (too_early.state, too_early.next_step, too_early.declined_on_repeat) == (S.UNKNOWN, QUERY, True)
    assert late.state is S.FAILED


def test_not_listed_alone_is_no_evidence() -> None:
    waited = replace(question(first_sent_at=NOW - HOUR), last_sent_at=NOW - HOUR)

    assert judge(ABSENT, waited, A, TIMING).state is S.UNKNOWN


def test_an_unanswered_question_after_a_refused_repeat_does_not_send_again() -> None:
    for outcome in (TIMEOUT, ERROR_500):
        ruling = judge(outcome, question(declined_on_repeat=True), A, TIMING)
        assert (ruling.next_step, ruling.declined_on_repeat) == (QUERY, True)


# When the same bytes may go out once more.


@pytest.mark.parametrize(
    ("age", "again"),
    [(timedelta(0), True), (20 * HOUR - timedelta(microseconds=1), True), (20 * HOUR, False), (9 * 24 * HOUR, False)],
)
def test_the_same_bytes_are_sent_again_within_the_replay_window_only(age: timedelta, again: bool) -> None:
    assert may_send_again(repeat(first_sent_at=NOW - age), A) is again


def test_what_was_never_sent_may_always_be_sent() -> None:
    assert may_send_again(first(first_sent_at=None), a_capability(replays=False, replay_window_seconds=0))


def test_a_gateway_that_does_not_replay_is_sent_nothing_twice() -> None:
    assert not may_send_again(repeat(), a_capability(replays=False))


@pytest.mark.parametrize("outcome", [TIMEOUT, ERROR_500, REFUSED_CONNECTION, TOO_MANY])
def test_after_the_replay_window_it_is_only_asked_about(outcome: Outcome) -> None:
    late = repeat(first_sent_at=NOW - 21 * HOUR)

    assert judge(outcome, late, A, TIMING).next_step is QUERY
    assert judge(ABSENT, replace(late, purpose=QUERY), A, TIMING).next_step is QUERY


def test_where_nothing_can_be_asked_it_is_repeated_while_that_is_safe_and_then_reviewed() -> None:
    mute = a_capability(finds_by_modification_id=False, quarantine_seconds=0)

    third = judge(TIMEOUT, repeat(attempts_made=3), mute, TIMING)
    silent_success = judge(UNREADABLE_200, first(), mute, TIMING)
    too_late = judge(TIMEOUT, repeat(first_sent_at=NOW - 21 * HOUR), mute, TIMING)

    assert (third.state, third.next_step) == (S.UNKNOWN, SEND)
    assert (silent_success.state, silent_success.next_step) == (S.UNKNOWN, SEND)
    assert (too_late.state, too_late.due_at) == (S.REVIEW, None)


# Waiting.


@pytest.mark.parametrize("step", range(12))
def test_a_pending_one_is_asked_about_by_the_ladder_and_then_daily(step: int) -> None:
    ruling = judge(TAKEN, pending_question(lookups_made=step), A, TIMING)

    seconds = (2, 5, 15, 30, 60, 300, 900, 3_600, 14_400)
    assert ruling.due_at == NOW + timedelta(seconds=seconds[step] if step < len(seconds) else 86_400)


def test_the_ladder_is_the_one_of_the_decisions() -> None:
    assert (*LOOK_UP_AFTER_SECONDS, DAY_SECONDS) == (2, 5, 15, 30, 60, 300, 900, 3_600, 4 * 3_600, 86_400)


@pytest.mark.parametrize("attempts", [1, 2, 3, 5, 8, 40])
def test_the_wait_grows_threefold_from_five_seconds_to_half_an_hour(attempts: int) -> None:
    ceiling = min(5 * 3 ** (attempts - 1), 1_800)

    waits = {judge(TIMEOUT, repeat(attempts_made=attempts), A, TIMING).due_at for _ in range(40)}

    assert len(waits) > 1, "retries of many rows are spread"
    assert all(wait and ceiling / 5 <= (wait - NOW).total_seconds() <= ceiling for wait in waits)


@pytest.mark.parametrize("standing", [first(), repeat(), question()])
def test_retry_after_is_obeyed(standing: Standing) -> None:
    assert judge(TOO_MANY, standing, A, TIMING).due_at == NOW + timedelta(seconds=17)


def test_an_unreadable_success_is_asked_about_within_a_second() -> None:
    assert judge(UNREADABLE_200, first(), A, TIMING).due_at == NOW + timedelta(seconds=1)


# Review.


@pytest.mark.parametrize("outcome", [TIMEOUT, ERROR_500, DECLINED])
def test_unknown_for_more_than_a_day_is_reviewed(outcome: Outcome) -> None:
    day = timedelta(days=1)

    just_before = judge(outcome, repeat(doubt_since=NOW - day), A, TIMING)
    after = judge(outcome, repeat(doubt_since=NOW - day - timedelta(seconds=1)), A, TIMING)

    assert (just_before.state, after.state) == (S.UNKNOWN, S.REVIEW)


def test_pending_for_more_than_three_days_is_reviewed() -> None:
    days = timedelta(days=3)

    just_before = judge(TAKEN, pending_question(first_sent_at=NOW - days), A, TIMING)
    after = judge(TAKEN, pending_question(first_sent_at=NOW - days - timedelta(seconds=1)), A, TIMING)

    assert (just_before.state, after.state, after.due_at) == (S.PENDING, S.REVIEW, None)


@pytest.mark.parametrize("outcome", [TIMEOUT, ERROR_500, TAKEN, ABSENT, DIFFERS, REDIRECT])
def test_review_never_falls_back_to_unknown_or_pending(outcome: Outcome) -> None:
    assert judge(outcome, question(state=S.REVIEW), A, TIMING).state is S.REVIEW
