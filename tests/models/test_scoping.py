"""Every query of a person sees their merchants' rows and no others."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from orders.models import Merchant, Modification, Order, Transaction
from tests import factories
from tests.modifications import steps

pytestmark = pytest.mark.django_db

MODELS = (Merchant, Order, Transaction, Modification)


def two_merchants() -> tuple[Transaction, Transaction]:
    ours, theirs = factories.a_transaction(), factories.a_transaction()
    steps.asked(ours)
    steps.asked(theirs)
    return ours, theirs


def seen_by(person: Any) -> list[set[int]]:
    return [{_merchant_id(row) for row in model.objects.of(person)} for model in MODELS]


@pytest.mark.parametrize("group", ["viewer", "agent", "supervisor", "finance", "integrator"])
def test_a_person_sees_the_rows_of_their_merchants_only(group: str) -> None:
    ours, _ = two_merchants()
    person = factories.a_person(merchants=[ours.merchant], groups=[group])

    assert seen_by(person) == [{ours.merchant_id}] * 4


def test_a_person_of_two_merchants_sees_both_and_nothing_twice() -> None:
    ours, theirs = two_merchants()
    person = factories.a_person(merchants=[ours.merchant, theirs.merchant])

    assert seen_by(person) == [{ours.merchant_id, theirs.merchant_id}] * 4
    assert [model.objects.of(person).count() for model in MODELS] == [2, 2, 2, 2]


def test_a_superuser_sees_everything_and_a_disabled_one_nothing() -> None:
    two_merchants()
    boss = factories.a_person(is_superuser=True)
    former_boss = factories.a_person(is_superuser=True, is_active=False)

    assert [model.objects.of(boss).count() for model in MODELS] == [2, 2, 2, 2]
    assert [model.objects.of(former_boss).count() for model in MODELS] == [0, 0, 0, 0]


def test_a_disabled_person_a_stranger_and_somebody_without_a_name_see_nothing() -> None:
    ours, _ = two_merchants()
    disabled = factories.a_person(merchants=[ours.merchant], is_active=False)
    stranger = factories.a_person()

    for person in (disabled, stranger, AnonymousUser()):
        assert [model.objects.of(person).count() for model in MODELS] == [0, 0, 0, 0]


def _merchant_id(row: Any) -> int:
    return int(row.pk if isinstance(row, Merchant) else row.merchant_id)
