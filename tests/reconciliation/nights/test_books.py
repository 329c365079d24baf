"""Everybody's books at night: the invariants are asked, and the audit chain is walked from where it was verified."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orders import audit
from orders.models import EventSeal, JobRun, JobState, Source, Transaction
from orders.reconciliation.nights import chain
from orders.reconciliation.nights.books import INVARIANTS, check_books
from orders.reconciliation.nights.due import BOOKS
from tests.factories import a_captured_transaction

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 20)


def an_event() -> None:
    audit.record(verb="test.happened", sentence="Something happened.", source=Source.COMMAND)


def checked(day: date = DAY) -> JobRun:
    row = check_books(day)
    assert row is not None
    return row


def test_whole_books_are_told_once_a_night() -> None:
    an_event()

    row = checked()

    assert row.state == JobState.DONE
    assert row.steps["invariants"]["sentence"] == f"All {len(INVARIANTS)} invariants hold."
    assert "from its beginning" in row.steps["chain"]["sentence"]
    assert check_books(DAY) is None


def test_a_broken_sum_is_told_with_examples_for_operators() -> None:
    transaction = a_captured_transaction()
    Transaction.objects.filter(pk=transaction.pk).update(captured=9_000, refunded=0)

    figures = checked().steps["invariants"]["figures"]

    assert "I9a" in {one["number"] for one in figures["broken"]}
    assert any(transaction.reference in example for one in figures["broken"] for example in one["examples"])


def test_the_second_night_walks_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "WHOLE_UP_TO", 0)
    for _ in range(3):
        an_event()
    checked()
    an_event()

    row = checked(DAY + timedelta(days=1))

    assert "walked from seal 3 on" in row.steps["chain"]["sentence"]
    assert row.steps["chain"]["figures"]["sequence"] == 4


def test_after_some_weeks_the_whole_chain_is_walked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "WHOLE_UP_TO", 0)
    an_event()
    checked()

    assert "from seal 1 on" in checked(DAY + timedelta(days=27)).steps["chain"]["sentence"]
    assert "from its beginning" in checked(DAY + timedelta(days=28)).steps["chain"]["sentence"]


@pytest.mark.parametrize("whole_up_to", [0, 50_000], ids=["walked on", "walked whole"])
def test_a_chain_that_was_written_anew_is_found(monkeypatch: pytest.MonkeyPatch, whole_up_to: int) -> None:
    monkeypatch.setattr(chain, "WHOLE_UP_TO", whole_up_to)
    an_event()
    checked()
    remembered = JobRun.objects.get(job=BOOKS)
    steps = remembered.steps
    steps["chain"]["figures"]["head"] = "f" * 64
    JobRun.objects.filter(pk=remembered.pk).update(steps=steps)

    figures = checked(DAY + timedelta(days=1)).steps["chain"]

    assert figures["figures"]["broken"]
    assert "Pause sending" in figures["sentence"]


def test_a_long_chain_is_walked_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "_AT_ONCE", 2)
    for _ in range(5):
        an_event()

    row = checked()

    assert row.steps["chain"]["figures"]["sequence"] == EventSeal.objects.count() == 5
