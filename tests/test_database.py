"""Many rows written in one round trip say the same as one by one, and the constraints still referee."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db import transaction as database_transaction

from orders import database
from orders.database import Among, database_now, insert_many, save_many, update_many
from orders.models import Discrepancy, GatewayAccount, Modification, Transaction
from tests import factories
from tests.modifications.steps import asked
from tests.reconciliation_factories import a_file, a_line

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
        update_many(Transaction, [])
        assert insert_many(Transaction, []) == []


def a_discrepancy_told(account: GatewayAccount, **told: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "merchant_id": account.merchant_id,
        "account_id": account.pk,
        "type": "amount",
        "amount": 1_000,
        "currency": "EUR",
        "sentence": "They list “10.00 EUR”, our books 9 \\ 100 % more.",
        "occurred_on": date(2026, 11, 2),
        "month": date(2026, 11, 1),
        "opened_at": database_now(),
    }
    return {**plain, **told}


def test_rows_told_by_their_attributes_come_in_their_order_with_the_defaults_of_the_rest() -> None:
    account = factories.an_account()
    told = [
        a_discrepancy_told(account, key="b", run_id=None, evidence={"tested": ["ä", 1, None]}),
        a_discrepancy_told(account, key="a", run_id=None, evidence={}),
    ]

    one, two = insert_many(Discrepancy, told)

    rows = Discrepancy.objects.in_bulk()
    assert (rows[one].key, rows[two].key) == ("b", "a")
    assert (rows[one].evidence, rows[two].evidence) == ({"tested": ["ä", 1, None]}, {})
    for name in ("sentence", "occurred_on", "month", "opened_at", "amount"):
        assert getattr(rows[one], name) == told[0][name]
    assert (rows[one].state, rows[one].version, rows[one].cause, rows[one].closed_at) == ("open", 1, "", None)


def test_rows_with_keys_of_other_tables_are_told_with_them_or_without() -> None:
    line, item = a_line(a_file()), asked(factories.a_transaction())
    told = [
        a_discrepancy_told(line.account, key="a", line_id=line.pk, modification_id=item.pk),
        a_discrepancy_told(line.account, key="b", line_id=None, modification_id=None),
    ]

    one, two = insert_many(Discrepancy, told)

    rows = Discrepancy.objects.in_bulk()
    assert (rows[one].line_id, rows[one].modification_id) == (line.pk, item.pk)
    assert (rows[two].line_id, rows[two].modification_id) == (None, None)


def test_one_row_told_twice_stops_all() -> None:
    account = factories.an_account()
    told = [a_discrepancy_told(account, key=key) for key in ("a", "b", "a")]

    with pytest.raises(IntegrityError), database_transaction.atomic():
        insert_many(Discrepancy, told)

    assert not Discrepancy.objects.exists()


def test_many_rows_are_written_by_their_keys_and_only_in_the_told_columns() -> None:
    account = factories.an_account()
    one, two, untouched = insert_many(Discrepancy, [a_discrepancy_told(account, key=key) for key in "abc"])

    update_many(
        Discrepancy,
        [
            {"id": two, "cause": "partial", "confidence": 75, "evidence": {"tested": [{"sentence": "“½” \\ %"}]}},
            {"id": one, "cause": "rounding", "confidence": 92, "evidence": {}},
        ],
    )

    rows = Discrepancy.objects.in_bulk()
    assert (rows[one].cause, rows[one].confidence, rows[one].evidence) == ("rounding", 92, {})
    assert (rows[two].cause, rows[two].evidence) == ("partial", {"tested": [{"sentence": "“½” \\ %"}]})
    assert (rows[untouched].cause, rows[untouched].confidence) == ("", 0)
    assert {row.key for row in rows.values()} == {"a", "b", "c"}


def test_one_told_row_that_breaks_a_promise_stops_all() -> None:
    account = factories.an_account()
    one, two = insert_many(Discrepancy, [a_discrepancy_told(account, key=key) for key in "ab"])

    with pytest.raises(IntegrityError), database_transaction.atomic():
        update_many(Discrepancy, [{"id": one, "amount": 7}, {"id": two, "amount": -1}])

    assert set(Discrepancy.objects.values_list("amount", flat=True)) == {1_000}


def test_one_of_many_numbers_is_found_also_in_another_table_and_none_among_none() -> None:
    one, two, three = (factories.a_transaction() for _ in range(3))
    theirs = asked(two)

    assert set(Transaction.objects.filter(Among("pk", {one.pk, three.pk, 0}))) == {one, three}
    assert set(Transaction.objects.exclude(Among("pk", {one.pk, three.pk}))) == {two}
    assert list(Modification.objects.filter(Among("transaction__order_id", [two.order_id]))) == [theirs]
    assert not Transaction.objects.filter(Among("pk", [])).exists()
    with pytest.raises(ValueError, match="invalid literal"):
        list(Transaction.objects.filter(Among("pk", ["1) OR (1"])))  # type: ignore[list-item]


@pytest.mark.django_db(transaction=True)
def test_who_waits_to_write_comes_between_the_turns_of_a_long_job(monkeypatch: pytest.MonkeyPatch) -> None:
    rests = list[float]()
    monkeypatch.setattr(time, "sleep", rests.append)

    pieces = [len(piece) for piece in database.in_short_turns(range(1_050))]

    assert sum(pieces) == 1_050
    if connection.vendor == "sqlite":
        assert (max(pieces), len(rests)) == (100, 10), "a rest after every full piece; the last one ends the job"
        assert all(0.01 <= rest <= 0.1 for rest in rests)
    else:
        assert (max(pieces), rests) == (1_000, []), "nobody waits for another's rows"


@pytest.mark.django_db
def test_inside_an_open_transaction_nobody_is_let_in_so_nothing_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    rests = list[float]()
    monkeypatch.setattr(time, "sleep", rests.append)

    assert [len(piece) for piece in database.in_short_turns(range(100))] == [100]
    assert list(database.in_short_turns([])) == []
    assert rests == []
