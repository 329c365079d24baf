"""Many rows written in one round trip say the same as one by one, and the constraints still referee."""

from __future__ import annotations

import pytest
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders.database import database_now, save_many
from orders.models import Modification, Transaction
from tests import factories
from tests.modifications.steps import asked

pytestmark = pytest.mark.django_db


def test_each_row_gets_its_own_values_and_only_in_the_named_fields() -> None:
    one, two, untouched = (factories.a_transaction() for _ in range(3))
    one.captured, one.facts, one.state = 1_000, {"a": "ä"}, "captured"
    two.captured, two.facts, two.status_at = 2_000, {}, database_now()
    one.released = 7

    save_many([one, two], ["captured", "facts", "state", "status_at"])

    rows = Transaction.objects.in_bulk()
    assert (rows[one.pk].captured, rows[one.pk].facts, rows[one.pk].state) == (1_000, {"a": "ä"}, "captured")
    assert (rows[two.pk].captured, rows[two.pk].facts, rows[two.pk].status_at) == (2_000, {}, two.status_at)
    assert rows[one.pk].released == 0
    assert rows[untouched.pk].captured == 0


def test_rows_with_uuid_keys_and_empty_values_are_written_too() -> None:
    row = asked(factories.a_transaction())
    row.legs, row.reason_text, row.doubt_since = [{"destination": "x"}], "Because.", None

    save_many([row], ["legs", "reason_text", "doubt_since"])

    after = Modification.objects.get(pk=row.pk)
    assert (after.legs, after.reason_text, after.doubt_since) == ([{"destination": "x"}], "Because.", None)


def test_one_row_that_breaks_a_promise_stops_all() -> None:
    good, bad = factories.a_transaction(), factories.a_transaction()
    good.captured, bad.captured = 1_000, 10_001

    with pytest.raises(IntegrityError), database_transaction.atomic():
        save_many([good, bad], ["captured"])

    assert set(Transaction.objects.values_list("captured", flat=True)) == {0}


def test_no_rows_are_no_work(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        save_many([], ["captured"])
