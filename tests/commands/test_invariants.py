"""`invariants`: green on sound books, red with the number of the promise when one violation is planted by raw SQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection

from orders.management.commands.invariants import INVARIANTS
from orders.models import triggers
from tests.commands.running import run

pytestmark = pytest.mark.django_db
SQLITE = connection.vendor == "sqlite"

_A_REFUNDED = "(SELECT MIN(id) FROM orders_transaction WHERE refunded > 0)"
_ANY = "(SELECT MIN(id) FROM orders_transaction WHERE captured > 0)"
_A_CAPTURE = "(SELECT MIN(id) FROM orders_capture)"
_SUCCEEDED = "(SELECT id FROM orders_modification WHERE state = 'succeeded' AND kind = '{}' ORDER BY id LIMIT 1)"
_REFUND, _CAPTURE = _SUCCEEDED.format("refund"), _SUCCEEDED.format("capture")
_WITHDRAWN = "(SELECT id FROM orders_modification WHERE state = 'withdrawn' ORDER BY id LIMIT 1)"
_FAILED = "(SELECT id FROM orders_modification WHERE state = 'failed' ORDER BY id LIMIT 1)"
_PENDING = "(SELECT id FROM orders_modification WHERE state = 'pending' ORDER BY id LIMIT 1)"
_OTHER_MERCHANT = "(SELECT MAX(id) FROM orders_merchant)"
_OF_FIRST_MERCHANT = "merchant_id = (SELECT MIN(id) FROM orders_merchant)"

PLANTED = {
    "I7a": f"UPDATE orders_transaction SET authorized = captured - 1 WHERE id = {_ANY}",
    "I7b": f"UPDATE orders_transaction SET refunding = captured + 1 WHERE id = {_ANY}",
    "I7c": f"UPDATE orders_capture SET refunding = amount + 1 WHERE id = {_A_CAPTURE}",
    "I8a": f"UPDATE orders_transaction SET authorized = authorized + 5, capturing = capturing + 5 WHERE id = {_ANY}",
    "I8b": "UPDATE orders_transaction SET refunding = refunding - 1 WHERE refunding > 0",
    "I8c": "UPDATE orders_capture SET refunding = refunding - 1 WHERE refunding > 0",
    "I8d": f"UPDATE orders_transaction SET exclusive_modification = {_REFUND} WHERE capturing = 0 AND refunding = 0",
    "I9a": f"UPDATE orders_transaction SET authorized = authorized + 1, captured = captured + 1 WHERE id = {_ANY}",
    "I9b": f"UPDATE orders_transaction SET refunded = refunded - 1 WHERE id = {_A_REFUNDED}",
    "I9c": f"UPDATE orders_modification SET executed_amount = executed_amount + 1 WHERE id = {_REFUND}",
    "I9d": f"UPDATE orders_transaction SET charged_back = charged_back + 1 WHERE id = {_ANY}",
    "I9e": f"UPDATE orders_capture SET modification_id = NULL WHERE modification_id = {_CAPTURE}",
    "I9f": "UPDATE orders_order SET captured = captured + 1",
    "I9g": (
        "INSERT INTO orders_refundplan (id, merchant_id, transaction_id, amount, currency, reason, description, "
        "requested_by_id, requested_at, source) SELECT id, merchant_id, transaction_id, amount, currency, reason, "
        f"description, requested_by_id, requested_at, source FROM orders_modification WHERE id = {_REFUND}"
    ),
    "I1": f"UPDATE orders_event SET modification_id = NULL WHERE modification_id = {_REFUND}",
    "I4": f"UPDATE orders_evidence SET verdict = 'pending' WHERE modification_id = {_CAPTURE}",
    "I5": f"UPDATE orders_evidence SET verdict = 'succeeded' WHERE modification_id = {_FAILED}",
    "I6": f"UPDATE orders_modification SET body_sha256 = 'x' WHERE id = {_PENDING}",
    "I10": f"UPDATE orders_modification SET lease_until = finished_at WHERE id = {_REFUND}",
    "I11a": f"UPDATE orders_attempt SET epoch = 9 WHERE modification_id = {_REFUND}",
    "I11b": (
        "UPDATE orders_modification SET state = 'in_flight', next_step = 'send', lease_until = requested_at, "
        "finished_at = NULL WHERE kind = 'refund' AND state = 'succeeded'"
    ),
    "I11c": f"UPDATE orders_transaction SET sending_modification = {_REFUND} WHERE id = {_ANY}",
    "I12": f"UPDATE orders_attempt SET purpose = 'query' WHERE modification_id = {_REFUND}",
    "I13": f"UPDATE orders_attempt SET modification_id = {_WITHDRAWN} WHERE modification_id = {_REFUND}",
    "I15a": f"UPDATE orders_transaction SET unknown_count = unknown_count + 1 WHERE id = {_ANY}",
    "I15b": "UPDATE orders_order SET attention = (1 = 0)",
    "I16a": f"UPDATE orders_event SET verb = 'gone' WHERE modification_id = {_REFUND} AND verb = 'refund.succeeded'",
    "I16b": "UPDATE orders_eventseal SET previous_hash = 'x' WHERE sequence = 3",
    "I18a": f"UPDATE orders_transaction SET merchant_id = {_OTHER_MERCHANT} WHERE {_OF_FIRST_MERCHANT}",
    "I18b": f"UPDATE orders_modification SET merchant_id = {_OTHER_MERCHANT} WHERE {_OF_FIRST_MERCHANT}",
    "I18c": (
        "UPDATE orders_modification SET capture_id = (SELECT MAX(id) FROM orders_capture c "
        "WHERE c.transaction_id <> orders_modification.transaction_id) WHERE capture_id IS NOT NULL"
    ),
    "I18d": f"UPDATE orders_reference SET merchant_id = {_OTHER_MERCHANT} WHERE {_OF_FIRST_MERCHANT}",
    "I18e": "UPDATE orders_transaction SET currency = 'XXX'",
    "I22": "UPDATE orders_attempt SET request_transcript = 'Authorization: Basic bWU6c2VjcmV0'",
}


@pytest.fixture
def demo(db: None) -> None:
    run("demo_data", "--orders", "30", "--without-sandbox")


@contextmanager
def nothing_refereed() -> Iterator[None]:
    """Without triggers and constraints: what somebody with the database's own password could write."""
    with connection.cursor() as cursor:
        # PostgreSQL alters no table while it still owes it a check of foreign keys.
        cursor.execute("PRAGMA ignore_check_constraints = ON" if SQLITE else "SET CONSTRAINTS ALL IMMEDIATE")
    for event in ("UPDATE", "DELETE"):
        triggers.lift(connection, event=event)
    if not SQLITE:
        for table in ("transaction", "capture", "modification", "attempt"):
            _drop_checks(f"orders_{table}")
    yield
    if SQLITE:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")


def _drop_checks(table: str) -> None:
    """Undone with the test's own transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u')", [table]
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')


def test_every_invariant_has_a_planted_violation() -> None:
    assert {one.number for one in INVARIANTS} == set(PLANTED)


def test_sound_books_are_green(demo: None) -> None:
    ended = run("invariants", "--json")

    assert ended.code == 0
    assert ended.facts["ok"]
    assert len(ended.facts["invariants"]) == len(INVARIANTS)


@pytest.mark.parametrize("number", PLANTED)
def test_a_planted_violation_turns_its_invariant_red(demo: None, number: str) -> None:
    with nothing_refereed(), connection.cursor() as cursor:
        cursor.execute(PLANTED[number])
        assert cursor.rowcount >= 1
        ended = run("invariants", "--json")

    broken = {one["number"]: one for one in ended.facts["invariants"] if not one["ok"]}
    assert ended.code == 1
    assert number in broken
    assert broken[number]["violations"] >= 1
    assert broken[number]["examples"]


def test_one_group_can_be_asked_alone_and_nonsense_is_a_misuse(demo: None) -> None:
    group = run("invariants", "--only", "I8", "--json")

    assert {one["number"] for one in group.facts["invariants"]} == {"I8a", "I8b", "I8c", "I8d"}
    assert run("invariants", "--only", "X1").code == 2
