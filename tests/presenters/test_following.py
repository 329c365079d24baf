"""Following: often at first, seldom later, and never silent when it stops."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.http import QueryDict

from orders.models import Modification, ModificationState
from orders.presenters.following import END_KNOWN, LIMIT_SECONDS, NEEDS_A_PERSON, TIME_LIMIT, Seen, follow, pace_seconds

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
S = ModificationState


def _row(state: ModificationState) -> Modification:
    return Modification(id=uuid4(), state=state.value, amount=100, currency="EUR")


def _since(seconds: int) -> Seen:
    return Seen(since=int((NOW - timedelta(seconds=seconds)).timestamp()), mark="")


@pytest.mark.parametrize(
    ("following_seconds", "pace"), [(0, 1), (59, 1), (60, 2), (299, 2), (300, 5), (1799, 5), (1800, 0), (10**6, 0)]
)
def test_the_pace_slows_down_and_ends(following_seconds: int, pace: int) -> None:
    assert pace_seconds(following_seconds) == pace


@pytest.mark.parametrize("state", [S.QUEUED, S.IN_FLIGHT, S.PENDING, S.UNKNOWN])
def test_what_moves_by_itself_is_followed(state: ModificationState) -> None:
    following = follow([_row(state)], _since(0), now=NOW)

    assert following.polling
    assert following.stopped == ""


@pytest.mark.parametrize(
    ("state", "following_seconds", "sentence"),
    [
        (S.SUCCEEDED, 0, END_KNOWN),
        (S.FAILED, 0, END_KNOWN),
        (S.WITHDRAWN, 0, END_KNOWN),
        (S.REVIEW, 0, NEEDS_A_PERSON),
        (S.PENDING, LIMIT_SECONDS, TIME_LIMIT),
        (S.UNKNOWN, LIMIT_SECONDS + 1, TIME_LIMIT),
    ],
)
def test_following_stops_with_a_sentence(state: ModificationState, following_seconds: int, sentence: str) -> None:
    following = follow([_row(state)], _since(following_seconds), now=NOW)

    assert not following.polling
    assert following.stopped == sentence


def test_one_that_still_moves_keeps_the_page_following() -> None:
    assert follow([_row(S.SUCCEEDED), _row(S.REVIEW), _row(S.PENDING)], _since(0), now=NOW).polling


def test_the_mark_changes_with_the_state_and_with_nothing_else() -> None:
    row = _row(S.QUEUED)
    before = follow([row], _since(1), now=NOW).mark
    again = follow([row], _since(2), now=NOW + timedelta(seconds=1)).mark
    row.state = S.IN_FLIGHT.value
    after = follow([row], _since(2), now=NOW).mark

    assert before == again != after


def test_the_address_carries_the_beginning_and_the_mark() -> None:
    following = follow([_row(S.QUEUED)], _since(30), now=NOW)

    seen = Seen.from_query(QueryDict(following.query), now=NOW + timedelta(seconds=9))

    assert seen == Seen(since=_since(30).since, mark=following.mark)


@pytest.mark.parametrize("query", ["", "since=", "since=x", "since=-5", "since=1e9", "since=" + "9" * 40, "since=٣"])
def test_a_damaged_address_counts_as_a_page_that_has_just_begun(query: str) -> None:
    assert Seen.from_query(QueryDict(query), now=NOW).since == int(NOW.timestamp())
