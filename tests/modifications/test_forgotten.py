"""A gateway forgets ids: what was sent long ago is asked about and never repeated, whatever stood still meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import Modification, Purpose
from orders.modifications.recover import release_stranded
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import armed, asked, claimed, due_now, in_doubt, lease_over

pytestmark = pytest.mark.django_db
REMEMBERED = timedelta(hours=20)
A_MOMENT = timedelta(minutes=5)


def sent_before(row: Modification, age: timedelta) -> None:
    then = database_now() - age
    Modification.objects.filter(pk=row.pk).update(first_sent_at=then, last_sent_at=then)


@pytest.mark.parametrize(
    ("age", "purpose"), [(REMEMBERED - A_MOMENT, Purpose.SEND), (REMEMBERED + A_MOMENT, Purpose.QUERY)]
)
def test_a_repeat_that_was_decided_in_time_and_comes_too_late_becomes_a_question(
    age: timedelta, purpose: Purpose
) -> None:
    row = in_doubt(factories.a_transaction(), step=Purpose.SEND)
    sent_before(row, age)

    assert claimed(row).purpose is purpose


def test_a_flight_of_a_host_that_was_away_for_days_is_asked_about() -> None:
    row = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    armed(row)
    sent_before(row, timedelta(days=3))
    lease_over(row)
    release_stranded()

    assert claimed(row).purpose is Purpose.QUERY


def test_what_was_certainly_not_sent_is_still_sent() -> None:
    row = steps.ended(asked(factories.a_captured_transaction(), Kind.REFUND, 2_500), steps.not_sent())

    assert claimed(due_now(row)).purpose is Purpose.SEND
