"""The ring for one reading: few hands at a time, and a ring that finds none makes the transaction due."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest

from orders.database import database_now
from orders.mirror import tasks
from orders.models import Source, Transaction
from tests import factories

pytestmark = pytest.mark.django_db


def a_resting_transaction() -> Transaction:
    return factories.a_captured_transaction(refresh_due_at=database_now() + timedelta(hours=9))


def test_a_ring_reads_the_transaction() -> None:
    with patch("orders.mirror.tasks.refresh_transaction") as reading:
        tasks.refresh("42")

    reading.assert_called_once_with(transaction_id=42, source=Source.WORKER)


def test_a_ring_that_finds_no_hand_leaves_it_to_the_next_round() -> None:
    transaction = a_resting_transaction()

    with patch("orders.mirror.tasks.refresh_transaction") as reading, tasks.HANDS, tasks.HANDS:
        tasks.refresh(str(transaction.pk))

    reading.assert_not_called()
    transaction.refresh_from_db()
    assert transaction.refresh_due_at is not None
    assert transaction.refresh_due_at <= database_now()


def test_what_is_never_read_does_not_become_due() -> None:
    transaction = factories.a_captured_transaction(refresh_due_at=None)

    with tasks.HANDS, tasks.HANDS:
        tasks.refresh(str(transaction.pk))

    transaction.refresh_from_db()
    assert transaction.refresh_due_at is None


def test_a_hand_is_given_back_when_something_breaks() -> None:
    with patch("orders.mirror.tasks.refresh_transaction", side_effect=RuntimeError("broken on purpose")):
        for _ in range(3):
            with pytest.raises(RuntimeError):
                tasks.refresh("1")
