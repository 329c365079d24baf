"""The reservation repeats the rules' conditions in one UPDATE: who passed the rules a moment too early gets nothing."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders.gateways.base import Kind
from orders.models import Capture, Transaction
from orders.modifications import books
from tests import factories
from tests.modifications.steps import fresh

pytestmark = pytest.mark.django_db


def reserve(transaction: Transaction, kind: Kind, amount: int, *, capture: Capture | None = None) -> bool:
    return books.reserve(transaction, kind, amount=amount, modification_id=uuid.uuid4(), capture=capture)


def meanwhile(transaction: Transaction, **columns: Any) -> None:
    """Somebody changed it since we looked; the version is left alone, so that the condition itself must refuse."""
    Transaction.objects.filter(pk=transaction.pk).update(**columns)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize(
    "columns",
    [
        {"version": 2},
        {"exclusive_modification": uuid.uuid4()},
        {"unknown_count": 1},
        {"frozen_reason": "It differs."},
    ],
)
def test_nothing_is_reserved_on_a_transaction_that_closed_meanwhile(kind: Kind, columns: dict[str, Any]) -> None:
    transaction = factories.a_transaction(captured=5_000)
    meanwhile(transaction, **columns)

    assert not reserve(transaction, kind, 1_000, capture=transaction.captures.get())

    now = fresh(transaction)
    assert (now.capturing, now.refunding, now.version) == (0, 0, columns.get("version", 1))


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (Kind.CAPTURE, {"capturing": 1}),
        (Kind.CAPTURE, {"released": 4_001}),
        (Kind.REFUND, {"charged_back": 4_001}),
        (Kind.REFUND, {"refunding": 4_001}),
        (Kind.CANCEL, {"capturing": 1}),
        (Kind.CANCEL, {"refunding": 1}),
        (Kind.CANCEL_OR_REFUND, {"capturing": 1}),
        (Kind.CANCEL_OR_REFUND, {"refunding": 1}),
    ],
)
def test_nothing_is_reserved_that_does_not_fit_any_more(kind: Kind, columns: dict[str, int]) -> None:
    transaction = factories.a_transaction(captured=5_000)
    capture = transaction.captures.get()
    meanwhile(transaction, **columns)

    assert not reserve(transaction, kind, 1_000, capture=capture)

    now = fresh(transaction)
    assert {name: getattr(now, name) for name in columns} == columns
    assert now.exclusive_modification is None


@pytest.mark.parametrize(
    ("kind", "columns"),
    [
        (Kind.CAPTURE, {"released": 4_000}),
        (Kind.REFUND, {"charged_back": 4_000}),
        (Kind.REFUND, {"refunding": 4_000}),
        (Kind.CANCEL, {}),
        (Kind.CANCEL_OR_REFUND, {}),
    ],
)
def test_what_fits_to_the_last_cent_is_reserved(kind: Kind, columns: dict[str, int]) -> None:
    transaction = factories.a_transaction(captured=5_000)
    meanwhile(transaction, **columns)

    assert reserve(transaction, kind, 1_000, capture=transaction.captures.get())

    assert fresh(transaction).version == 2


def test_a_refund_needs_room_on_its_capture_too() -> None:
    transaction = factories.a_transaction(captured=5_000)
    capture = transaction.captures.get()
    Capture.objects.filter(pk=capture.pk).update(refunding=4_001)

    assert not reserve(transaction, Kind.REFUND, 1_000, capture=capture)
    assert not reserve(transaction, Kind.REFUND, 1_000, capture=None)


def test_the_constraint_referees_even_where_every_condition_was_forgotten() -> None:
    transaction = factories.a_captured_transaction()

    with pytest.raises(IntegrityError, match="refunded_never_exceeds_captured"), database_transaction.atomic():
        Transaction.objects.filter(pk=transaction.pk).update(refunding=10_001)
