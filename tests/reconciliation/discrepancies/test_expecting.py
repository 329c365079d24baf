"""Where a missed line should have stood: learned from the neighbours that settled, else from the account's terms."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from orders.models import GatewayAccount, Modification, ModificationState
from orders.reconciliation.calendar import Terms
from orders.reconciliation.discrepancies.case import Expectation, ItemFacts
from orders.reconciliation.discrepancies.expecting import expectations
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation_factories import a_file, a_line, a_match, a_modification_of

pytestmark = pytest.mark.django_db

TUESDAY = datetime(2026, 11, 10, 12, tzinfo=UTC)
BY_TERMS, BY_HABIT = date(2026, 11, 12), date(2026, 11, 13)
"""Two business days after it by the terms that nobody set; the neighbours' lines come after three."""


@pytest.fixture
def account() -> GatewayAccount:
    return an_account()


def settled(account: GatewayAccount, **fields: Any) -> Modification:
    """A capture whose line was booked on the habit's day."""
    row = a_modification_of(a_captured_transaction(account=account), **{"gateway_at": TUESDAY, **fields})
    a_match(a_line(a_file(account, business_date=BY_HABIT)), modification=row)
    return row


def expected(account: GatewayAccount, neighbour: Modification) -> Expectation:
    item = ItemFacts(
        key="missed",
        kind="capture",
        amount=500,
        currency="EUR",
        at=TUESDAY,
        transaction_id=neighbour.transaction_id + 1,
    )
    return expectations(account, [item], Terms())["missed"]


def test_a_neighbours_line_teaches_the_day(account: GatewayAccount) -> None:
    found = expected(account, settled(account))

    assert (found.day, found.learned, found.neighbours) == (BY_HABIT, True, 1)


def test_the_time_of_our_own_books_teaches_it_where_the_gateway_said_none(account: GatewayAccount) -> None:
    found = expected(account, settled(account, gateway_at=None, finished_at=TUESDAY))

    assert (found.day, found.learned) == (BY_HABIT, True)


def test_a_neighbour_that_is_still_under_way_teaches_nothing(account: GatewayAccount) -> None:
    row = settled(account, state=ModificationState.PENDING, gateway_at=None, finished_at=None)

    found = expected(account, row)

    assert (found.day, found.learned, found.neighbours) == (BY_TERMS, False, 0)
