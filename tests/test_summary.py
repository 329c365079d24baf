"""An order's one word and its sums follow from its transactions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.gateways.base import TransactionState
from orders.models import OrderState, Transaction
from orders.summary import state_of, summarise
from tests import factories

T = TransactionState
Word = OrderState


@pytest.mark.parametrize(
    ("state", "fields", "word"),
    [
        (T.PENDING_AUTHORIZATION, {}, Word.PENDING_AUTHORIZATION),
        (T.AUTHORIZED, {}, Word.AUTHORIZED),
        (T.AUTHORIZED, {"captured": 60}, Word.PARTLY_CAPTURED),
        (T.AUTHORIZED, {"captured": 100}, Word.CAPTURED),
        (T.CAPTURE_PENDING, {"captured": 60}, Word.CAPTURE_PENDING),
        (T.CAPTURED, {"captured": 60, "released": 40}, Word.PARTLY_CAPTURED),
        (T.CAPTURED, {"captured": 100}, Word.CAPTURED),
        (T.CAPTURED, {"captured": 100, "refunded": 1}, Word.PARTLY_REFUNDED),
        (T.CAPTURED, {"captured": 60, "released": 40, "refunded": 60}, Word.REFUNDED),
        (T.SETTLED, {"captured": 100}, Word.SETTLED),
        (T.SETTLED, {"captured": 100, "refunded": 1}, Word.PARTLY_REFUNDED),
        (T.SETTLED, {"captured": 100, "refunded": 100}, Word.REFUNDED),
        (T.REFUNDED, {"captured": 100, "refunded": 1}, Word.REFUNDED),
        (T.CANCEL_PENDING, {}, Word.CANCEL_PENDING),
        (T.CANCELLED, {"released": 100}, Word.CANCELLED),
        (T.EXPIRED, {}, Word.EXPIRED),
        (T.CHARGEBACK, {"captured": 100}, Word.CHARGEBACK),
        (T.FAILED, {}, Word.FAILED),
        (T.UNRECOGNISED, {}, Word.UNRECOGNISED),
    ],
)
def test_a_transaction_has_one_word(state: T, fields: dict[str, Any], word: Word) -> None:
    assert state_of(Transaction(state=state.value, authorized=100, **fields)) is word


def test_every_state_of_a_gateway_has_a_word() -> None:
    assert {state_of(Transaction(state=state.value)) for state in T} <= set(Word)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("states", "word"),
    [
        ([T.CANCELLED, T.CAPTURED], Word.CAPTURED),
        ([T.FAILED, T.AUTHORIZED], Word.AUTHORIZED),
        ([T.CAPTURED, T.UNRECOGNISED], Word.UNRECOGNISED),
        ([T.EXPIRED, T.PENDING_AUTHORIZATION], Word.PENDING_AUTHORIZATION),
    ],
)
def test_an_order_shows_its_most_urgent_transaction(states: list[T], word: Word) -> None:
    order = factories.an_order()

    for state in states:
        captured = 10_000 if state is T.CAPTURED else 0
        factories.a_transaction(order=order, state=state, captured=captured)

    order.refresh_from_db()
    assert order.state == word


@pytest.mark.django_db
def test_sums_flight_attention_and_expiry_are_gathered_from_all_transactions() -> None:
    order = factories.an_order()
    soon = timezone.now() + timedelta(hours=3)
    factories.a_captured_transaction(order=order, captured=4_000, refunded=1_000)
    factories.a_captured_transaction(order=order, captured=2_000, refunding=500)
    factories.a_transaction(order=order, expires_at=soon)
    factories.a_transaction(order=order, unknown_count=1, expires_at=soon + timedelta(hours=1))

    summarise(order)

    assert (order.captured, order.refunded) == (6_000, 1_000)
    assert (order.in_flight, order.attention, order.expires_at) == (True, True, soon)


@pytest.mark.django_db
def test_an_order_without_transactions_awaits_payment() -> None:
    order = factories.an_order(captured=5, attention=True)

    summarise(order)

    assert (order.state, order.captured, order.attention) == (Word.PENDING_AUTHORIZATION, 0, False)
