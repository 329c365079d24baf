"""Two people at one discrepancy at the same moment: one does it, the other hears so, and the money moves once."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError

from orders.models import Discrepancy, DiscrepancyState, ExternalMovement, Match, Transaction
from orders.modifications.refusals import ChangedSince
from orders.reconciliation.discrepancies.fixes import apply_fix
from tests.factories import a_person, an_account
from tests.mirror.snapshots import meet
from tests.modifications.test_together import together
from tests.reconciliation.discrepancies.fixing import a_strange_refund, a_told, payment_of

pytestmark = pytest.mark.django_db(transaction=True)


def finance(row: Discrepancy) -> User:
    return a_person(merchants=[row.merchant], groups=["finance"])


def fixing(row: Discrepancy, code: str, by: User) -> Callable[[], object]:
    return lambda: apply_fix(
        row.pk, code, by=User.objects.get(pk=by.pk), version=row.version, reason="It was seen in the portal."
    )


def test_a_movement_that_two_adopt_is_booked_once() -> None:
    row = a_strange_refund(an_account())
    ends = together([fixing(row, "adopt", finance(row)) for _ in range(4)])
    assert sorted(type(end).__name__ for end in ends) == ["ChangedSince"] * 3 + ["str"]
    assert ExternalMovement.objects.count() == Match.objects.count() == 1
    assert Transaction.objects.get().refunded == 2_500


@pytest.mark.parametrize("gateway_id", ["ref-1", ""])
def test_a_movement_that_is_adopted_and_read_at_once_is_booked_once(gateway_id: str) -> None:
    row = a_strange_refund(an_account())
    transaction = payment_of(row)
    told = a_told(gateway_id, str(uuid4()), "rec-r1")
    ends = together([fixing(row, "adopt", finance(row)), *[lambda: meet(transaction, told)] * 3])
    assert not any(isinstance(end, Exception) for end in ends), ends
    assert ExternalMovement.objects.count() == Match.objects.count() == 1
    assert Transaction.objects.get().refunded == 2_500


def test_another_movement_that_is_read_while_one_is_adopted_is_not_linked_for_it() -> None:
    row = a_strange_refund(an_account())
    transaction = payment_of(row)
    told = a_told("ref-2", str(uuid4()), "rec-r2")
    ends = together([fixing(row, "adopt", finance(row)), *[lambda: meet(transaction, told)] * 3])
    assert not any(isinstance(end, Exception) for end in ends), ends
    assert Match.objects.get().movement == ExternalMovement.objects.get(gateway_id="ref-1")
    assert Transaction.objects.get().refunded == 5_000


def test_two_different_fixes_at_once_are_one() -> None:
    row = a_strange_refund(an_account())
    ends = together([fixing(row, code, finance(row)) for code in ("adopt", "accept", "write_off")])
    assert sum(isinstance(end, ChangedSince) for end in ends) == 2
    row.refresh_from_db()
    assert row.version == 2
    assert row.entries.count() == 1


def test_the_database_lets_nobody_write_off_alone() -> None:
    row = a_strange_refund(an_account())
    person = finance(row)
    with pytest.raises(IntegrityError):
        Discrepancy.objects.filter(pk=row.pk).update(
            state=DiscrepancyState.WRITTEN_OFF,
            proposed_by=person,
            closed_by=person,
            closed_at=row.opened_at,
            resolution="I say so.",
        )
