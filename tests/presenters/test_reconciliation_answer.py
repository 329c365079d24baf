"""Today's answer: one rule, and “everything met” only when that is known."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orders.presenters.reconciliation.answer import Standing, answer_of

TODAY = date(2026, 11, 21)
DAY = date(2026, 11, 20)


def standing(**fields: Any) -> Standing:
    return Standing(**{"last_day": DAY, "lines": 1_204, "settled": {"EUR": 5_822_110}, **fields})


def test_everything_that_met_is_told_with_its_lines_and_its_value() -> None:
    answer = answer_of(standing(), today=TODAY)

    assert answer.sentence == "Everything of 20 November met: 1,204 lines, €58,221.10."
    assert answer.tone == "good"


def test_what_did_not_meet_is_told_with_its_value_and_since_when() -> None:
    answer = answer_of(standing(broken=3, broken_value={"EUR": 41_200}, oldest=date(2026, 11, 14)), today=TODAY)

    assert answer.sentence == "3 things did not meet, worth €412.00; the oldest since 14 November."
    assert answer.tone == "careful"


def test_currencies_are_never_added_up() -> None:
    value = {"JPY": 3_000, "EUR": 41_200}
    answer = answer_of(standing(broken=2, broken_value=value, oldest=date(2025, 12, 31)), today=TODAY)

    assert answer.sentence == "2 things did not meet, worth €412.00 and ¥3,000; the oldest since 31 December 2025."


@pytest.mark.parametrize(("oldest", "tone"), [(date(2026, 11, 14), "careful"), (date(2026, 11, 13), "bad")])
def test_a_week_is_the_edge_of_patience(oldest: date, tone: str) -> None:
    assert answer_of(standing(broken=1, broken_value={"EUR": 1}, oldest=oldest), today=TODAY).tone == tone


def test_while_a_file_is_read_nobody_says_that_everything_met() -> None:
    answer = answer_of(standing(under_way=1), today=TODAY)

    assert answer.tone == "busy"
    assert answer.sentence.startswith("1 file is still being read and compared.")
    assert "Everything" not in answer.sentence


def test_what_is_read_stands_beside_what_did_not_meet() -> None:
    answer = answer_of(standing(under_way=2, broken=1, broken_value={"EUR": 100}, oldest=DAY), today=TODAY)

    assert answer.sentence.startswith("1 thing did not meet")
    assert answer.beside == "2 files are still being read and compared."


def test_without_a_file_there_is_no_answer() -> None:
    assert "nothing could be compared" in answer_of(Standing(), today=TODAY).sentence
    assert "no answer yet" in answer_of(Standing(under_way=1), today=TODAY).sentence


def test_lines_that_come_to_nothing_are_told_without_a_value() -> None:
    answer = answer_of(standing(lines=1, settled={"EUR": 0}), today=TODAY)

    assert answer.sentence == "Everything of 20 November met: 1 line."
