"""A portal lets people copy references: what carries the id of one of ours and is another movement is booked too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from orders.gateways.base import Kind, TransactionState
from orders.models import ExternalMovement, Modification, Transaction
from tests import factories
from tests.mirror.snapshots import a_chargeback, meet
from tests.modifications import steps
from tests.modifications.channels import a_movement, money_of
from tests.modifications.steps import asked, ended

pytestmark = pytest.mark.django_db


def succeeded(transaction: Transaction, kind: Kind, amount: int, gateway_id: str) -> Modification:
    row = asked(transaction, kind, amount)
    return ended(row, steps.success(row, gateway_id=gateway_id))


def listed(row: Modification, gateway_id: str, **fields: Any) -> Any:
    return a_movement(row, gateway_id=gateway_id, reference=row.gateway_reference, **fields)


def test_a_second_refund_under_the_id_of_ours_is_booked_once() -> None:
    row = succeeded(factories.a_captured_transaction(), Kind.REFUND, 2_500, "refund-1")

    for _ in range(2):
        transaction = meet(row.transaction, listed(row, "refund-1"), listed(row, "refund-2"))

    assert transaction.refunded == 5_000
    assert ExternalMovement.objects.get().gateway_id == "refund-2"
    assert ExternalMovement.objects.get().booked


def test_one_that_is_refused_or_on_its_way_under_the_id_of_ours_moves_nothing() -> None:
    row = succeeded(factories.a_captured_transaction(), Kind.REFUND, 2_500, "refund-1")
    refused = listed(row, "refund-2", verdict=steps.declined().verdict)

    transaction = meet(row.transaction, listed(row, "refund-1"), refused)

    assert transaction.refunded == 2_500
    assert not ExternalMovement.objects.exists()


def test_a_refund_that_carries_the_id_of_our_capture_is_booked_once() -> None:
    row = succeeded(factories.a_transaction(), Kind.CAPTURE, 10_000, "capture-1")
    refund = replace(listed(row, "refund-1"), type="refund", raw_type="refund")

    for _ in range(2):
        transaction = meet(row.transaction, listed(row, "capture-1"), refund)

    assert (transaction.captured, transaction.refunded) == (10_000, 10_000)
    assert ExternalMovement.objects.get().booked


def test_two_captures_under_one_reference_of_the_shops_are_both_booked() -> None:
    transaction = factories.a_transaction()
    name = str(uuid4())
    capture = replace(a_chargeback(transaction, 4_000, modification_id=name), type="capture", raw_type="capture")
    captures = [replace(capture, gateway_id=f"capture-{number}") for number in (1, 2)]

    for _ in range(2):
        after = meet(transaction, *captures, state=TransactionState.AUTHORIZED)

    assert money_of(after) == {"captured": 8_000}
    assert after.captures.count() == 2
