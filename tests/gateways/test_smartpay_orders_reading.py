"""Gateway B's answers in every shape the documents allow, and the order as the house sees it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from orders.gateways.base import Line, Snapshot, TransactionState, Verdict
from orders.gateways.exact_json import Numeral, Unreadable
from orders.gateways.smartpay_orders_reading import moment, order_in, read_order, read_page, read_payment, read_refund
from orders.gateways.smartpay_orders_showing import snapshot_of
from orders.money import Money
from tests.gateways.instructions import MODIFICATION
from tests.gateways.order_answers import (
    CREATED,
    EXPIRES,
    GONE,
    ORDER,
    PAYMENT,
    REFUND,
    UPDATED,
    a_payment,
    a_refund,
    an_order,
    encoded,
)


def shown(**changes: Any) -> Snapshot:
    return snapshot_of(order_in(an_order(**changes), []))


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"status": "requires_authorization"}, TransactionState.PENDING_AUTHORIZATION),
        ({"status": "pending"}, TransactionState.PENDING_AUTHORIZATION),
        ({"status": "requires_capture"}, TransactionState.AUTHORIZED),
        ({"status": "requires_capture", "payments": [a_payment()]}, TransactionState.AUTHORIZED),
        ({"status": "succeeded", "payments": [a_payment()]}, TransactionState.CAPTURED),
        ({"status": "succeeded", "payments": [a_payment(status="refunded")]}, TransactionState.REFUNDED),
        (
            {"status": "succeeded", "payments": [a_payment(status="refunded"), a_payment(id="payment_test_2")]},
            TransactionState.CAPTURED,
        ),
        ({"status": "succeeded", "payments": [PAYMENT]}, TransactionState.CAPTURED),
        ({"status": "succeeded", "payments": []}, TransactionState.CAPTURED),
        ({"status": "canceled"}, TransactionState.CANCELLED),
        ({"status": "Cancelled"}, TransactionState.CANCELLED),
        ({"status": "canceled", "updatedAt": EXPIRES - 1}, TransactionState.CANCELLED),
        ({"status": "canceled", "updatedAt": EXPIRES}, TransactionState.EXPIRED),
        ({"status": "canceled", "updatedAt": EXPIRES, "payments": [a_payment()]}, TransactionState.CAPTURED),
        ({"status": "canceled", "expiresAt": None}, TransactionState.CANCELLED),
        ({"status": "rejected"}, TransactionState.FAILED),
        ({"status": "failed"}, TransactionState.FAILED),
        ({"status": "under_review"}, TransactionState.UNRECOGNISED),
    ],
)
def test_the_state_comes_from_the_status_and_what_stands_beside_it(
    changes: dict[str, Any], state: TransactionState
) -> None:
    snapshot = shown(**changes)

    assert (snapshot.state, snapshot.raw_status) == (state, changes["status"])


def test_an_order_is_shown_with_its_facts() -> None:
    snapshot = shown(
        description="Two shirts", customerInfo={"lastName": "山田", "firstName": "花子", "emailAddress": "h@example.jp"}
    )

    assert (snapshot.transaction_reference, snapshot.amount) == (ORDER, Money(1000, "JPY"))
    assert (snapshot.order_reference, snapshot.description) == ("shop-1001", "Two shirts")
    assert (snapshot.customer_name, snapshot.customer_email) == ("山田 花子", "h@example.jp")
    assert snapshot.created_at == datetime(2022, 5, 20, 6, 35, 23, tzinfo=UTC)
    assert snapshot.status_at == datetime(2022, 5, 20, 6, 43, 20, tzinfo=UTC)
    assert snapshot.expires_at == datetime(2022, 5, 27, 6, 35, 23, tzinfo=UTC)
    assert snapshot.raw["metadata"] == {}
    assert snapshot.warnings == ()


def test_every_payment_and_refund_is_a_movement_and_captures_come_first() -> None:
    ours, theirs = a_payment(refunds=[a_refund(reference="portal")]), a_payment(id="payment_test_2", reference=None)
    failed = a_refund(id="refund_test_2", payment={"id": "payment_test_2"}, status="failed", reference=MODIFICATION)

    movements = shown(payments=[ours, {**theirs, "refunds": [failed]}]).movements

    assert [(one.type, one.gateway_id, one.verdict) for one in movements] == [
        ("capture", PAYMENT, Verdict.SUCCEEDED),
        ("capture", "payment_test_2", Verdict.SUCCEEDED),
        ("refund", REFUND, Verdict.SUCCEEDED),
        ("refund", "refund_test_2", Verdict.DECLINED),
    ]
    assert [one.modification_id for one in movements] == [MODIFICATION, "", "", MODIFICATION]
    assert [one.reference for one in movements] == [MODIFICATION, "", "portal", MODIFICATION]
    assert [one.capture_reference for one in movements] == ["", "", PAYMENT, "payment_test_2"]
    assert all(one.amount == Money(200, "JPY") and one.at is not None for one in movements)


def test_a_cancellation_is_a_movement_only_where_the_status_tells_it() -> None:
    (cancelled,) = shown(status="canceled").movements

    assert (cancelled.type, cancelled.gateway_id, cancelled.amount) == ("cancel", ORDER, Money(1000, "JPY"))
    assert (cancelled.modification_id, cancelled.verdict) == ("", Verdict.SUCCEEDED)
    assert shown(status="canceled", updatedAt=EXPIRES).movements == ()
    assert [one.type for one in shown(status="succeeded", payments=[a_payment()]).movements] == ["capture"]


def test_an_unknown_status_of_a_movement_ends_nothing() -> None:
    payment = a_payment(status="on_hold", refunds=[a_refund(status=GONE)])

    assert [one.verdict for one in shown(payments=[payment]).movements] == [Verdict.PENDING, Verdict.UNKNOWN]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"payments": [PAYMENT]}, "all payments"),
        ({"payments": GONE}, "all payments"),
        ({"payments": "none"}, "all payments"),
        ({"payments": [a_payment(refunds=[REFUND])]}, f"all refunds of {PAYMENT}"),
        ({"payments": [a_payment(refunds=GONE)]}, f"all refunds of {PAYMENT}"),
        ({"amount": 10.5}, "could not be read"),
        ({"currency": "円"}, "no readable currency"),
        ({"expiresAt": "soon"}, "date could not be read"),
    ],
)
def test_what_an_order_does_not_show_is_warned_of(changes: dict[str, Any], words: str) -> None:
    changed = {name: Numeral(value) if isinstance(value, float) else value for name, value in changes.items()}

    assert any(words in warning for warning in shown(**changed).warnings)


@pytest.mark.parametrize(
    ("value", "moment_told"),
    [
        (CREATED, datetime(2022, 5, 20, 6, 35, 23, tzinfo=UTC)),
        (1_653_028_523, datetime(2022, 5, 20, 6, 35, 23, tzinfo=UTC)),
        (Numeral("1653028523052.0"), datetime(2022, 5, 20, 6, 35, 23, 52_000, tzinfo=UTC)),
        ("2022-05-20T06:35:23Z", datetime(2022, 5, 20, 6, 35, 23, tzinfo=UTC)),
        (10**11, datetime(1973, 3, 3, 9, 46, 40, tzinfo=UTC)),
        (None, None),
        (True, None),
        (-1, None),
        (10**17, None),
        ("soon", None),
        ([CREATED], None),
    ],
)
def test_a_moment_is_milliseconds_or_seconds_or_absent(value: Any, moment_told: datetime | None) -> None:
    assert moment(value, lambda _warning: None) == moment_told


def test_line_items_are_read_in_both_shapes_and_discounts_count_against_the_sum() -> None:
    nested = {
        "id": "li_1",
        "quantity": 2,
        "price": {"amount": 500, "currency": "JPY", "product": {"name": "Shirt"}},
    }
    flat = {"id": "li_2", "name": "Delivery", "quantity": 1, "amount": 300, "currency": "JPY"}
    discount = {"id": "li_3", "name": "Spring", "kind": "discount", "amount": 100, "currency": "JPY"}
    odd = [{"id": "li_4", "quantity": 0, "amount": 1, "currency": "JPY"}, {"id": "li_5"}, "li_6", 7]

    assert shown(lineItems=[nested, flat, discount, *odd]).lines == (
        Line(name="Shirt", quantity=2, unit_amount=500),
        Line(name="Delivery", quantity=1, unit_amount=300),
        Line(name="Spring", quantity=1, unit_amount=-100),
    )


@pytest.mark.parametrize("read", [read_order, read_payment, read_refund, read_page])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"id": [5]}', b'{"object": "coupon", "id": "x"}'])
def test_what_is_something_else_is_unreadable(read: Any, body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_collection_is_read_to_its_next_page() -> None:
    page = read_page(encoded({"object": "collection", "data": [an_order(), "order_test_2"], "nextPageToken": "p2"}))
    last = read_page(encoded({"object": "collection", "data": [], "nextPageToken": None}))

    assert ([order.id for order in page.orders], page.next_page) == ([ORDER], "p2")
    assert (last.orders, last.next_page) == ((), "")
    with pytest.raises(Unreadable):
        read_page(encoded({"object": "collection", "data": ["order_test_1"]}))


def test_only_a_reference_of_our_shape_is_taken_for_ours() -> None:
    def named(reference: Any) -> str:
        return read_payment(encoded(a_payment(reference=reference, updatedAt=UPDATED))).modification_id

    assert named(MODIFICATION.upper()) == MODIFICATION
    assert named("shop-1001") == named(f"{{{MODIFICATION}}}") == named(None) == named(5) == ""
