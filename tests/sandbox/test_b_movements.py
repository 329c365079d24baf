"""The state machine of gateway B: capture once or several times, cancel the rest, refund each payment, seven days."""

from __future__ import annotations

import pytest

from tests.sandbox.shop_b import Shop

DAY_SECONDS = 86_400


@pytest.mark.parametrize("remainder", [None, "automatic"])
def test_a_partial_capture_releases_the_rest_unless_told_otherwise(shop: Shop, remainder: str | None) -> None:
    order = shop.order()

    shop.capture(order, 4_000, cancelRemainder=remainder)

    assert shop.read(order)["status"] == "succeeded"
    books = shop.books(order)
    assert (books["captured"], books["released"], books["paymentStatus"]) == (4_000, 6_000, "succeeded")
    assert shop.capture(order, 1).json["errorCode"] == "order.cannot-capture"


def test_several_captures_until_the_order_is_whole(shop: Shop) -> None:
    order = shop.order()

    states = []
    for amount in (1_000, 2_000, 7_000):
        shop.capture(order, amount, cancelRemainder="manual")
        states.append(shop.read(order)["status"])

    assert states == ["requires_capture", "requires_capture", "succeeded"]
    assert [one["amount"] for one in shop.read(order)["payments"]] == [1_000, 2_000, 7_000]
    assert shop.books(order)["released"] == 0


def test_more_than_is_left_cannot_be_captured(shop: Shop) -> None:
    order = shop.order()
    shop.capture(order, 4_000, cancelRemainder="manual")

    over = shop.capture(order, 6_001)
    whole = shop.capture(order, 6_000)

    assert (over.status, over.json["errorCode"]) == (409, "payment.excessive-amount")
    assert (whole.status, shop.books(order)["captured"]) == (200, 10_000)


def test_cancelling_an_uncaptured_order_releases_it_and_can_be_said_twice(shop: Shop) -> None:
    order = shop.order()

    first, second = shop.cancel(order), shop.cancel(order)

    assert [(one.status, one.json["status"]) for one in (first, second)] == [(200, "canceled")] * 2
    assert [(one["kind"], one["amount"]) for one in shop.executions(order)] == [("cancel", 10_000)]
    assert shop.capture(order, 1).json["errorCode"] == "order.cannot-capture"


def test_cancelling_a_partly_captured_order_answers_succeeded(shop: Shop) -> None:
    order = shop.order()
    shop.capture(order, 3_000, cancelRemainder="manual")

    answer = shop.cancel(order)

    assert (answer.status, answer.json["status"]) == (200, "succeeded")
    assert [(one["kind"], one["amount"]) for one in shop.executions(order)] == [("capture", 3_000), ("cancel", 7_000)]


@pytest.mark.parametrize("status", ["succeeded", "rejected", "requires_authorization"])
def test_other_orders_can_be_neither_cancelled_nor_captured(shop: Shop, status: str) -> None:
    order = shop.order(paymentStatus=status)

    cancelled, captured = shop.cancel(order), shop.capture(order, 1)

    assert (cancelled.status, cancelled.json["errorCode"]) == (409, "order.cannot-cancel")
    assert (captured.status, captured.json["errorCode"]) == (409, "order.cannot-capture")


def test_a_payment_is_refunded_in_parts_and_says_so_only_when_all_is_back(shop: Shop) -> None:
    payment = shop.paid()

    statuses = []
    for amount in (4_000, 5_999, 1):
        shop.refund(payment, amount)
        statuses.append(shop.call("GET", f"/payments/{payment}").json["status"])

    assert statuses == ["processed", "processed", "refunded"]


def test_more_than_is_left_cannot_be_refunded(shop: Shop) -> None:
    payment = shop.paid()
    shop.refund(payment, 9_000)

    over, all_that_is_left = shop.refund(payment, 1_001), shop.refund(payment, None)
    nothing_left = shop.refund(payment, None)

    assert (over.status, over.json["errorCode"]) == (403, "amount.insufficient")
    assert (all_that_is_left.status, all_that_is_left.json["amount"]) == (200, 1_000)
    assert (nothing_left.status, nothing_left.json["errorCode"]) == (403, "amount.insufficient")


def test_each_payment_of_an_order_has_its_own_ceiling(shop: Shop) -> None:
    order = shop.order()
    first, second = (shop.capture(order, part, cancelRemainder="manual").json["id"] for part in (4_000, 6_000))

    assert shop.refund(first, 4_001).status == 403
    assert shop.refund(second, 6_000).status == 200
    assert shop.refund(first, 4_000).status == 200
    assert shop.books(order)["refunded"] == 10_000


def test_a_payment_of_an_order_that_is_still_open_can_be_refunded(shop: Shop) -> None:
    order = shop.order()
    payment = shop.capture(order, 4_000, cancelRemainder="manual").json["id"]

    assert shop.refund(payment, 4_000).status == 200
    assert shop.read(order)["status"] == "requires_capture"
    assert shop.capture(order, 6_000).status == 200


def test_an_order_lives_seven_days(shop: Shop) -> None:
    order = shop.order()
    read = shop.read(order)

    shop.sandbox.control("clock", offsetSeconds=7 * DAY_SECONDS - 60)
    before = shop.read(order)["status"]
    shop.sandbox.control("clock", offsetSeconds=7 * DAY_SECONDS + 1)
    after = shop.read(order)

    assert read["expiresAt"] - read["createdAt"] == 7 * DAY_SECONDS * 1000
    assert (before, after["status"]) == ("requires_capture", "canceled")
    assert after["updatedAt"] == after["expiresAt"]
    assert shop.capture(order, 1).json["errorCode"] == "order.cannot-capture"
    assert [(one["kind"], one["origin"]) for one in shop.executions(order)] == [("cancel", "auto")]


def test_a_partly_captured_order_succeeds_when_its_time_is_over(shop: Shop) -> None:
    order = shop.order()
    shop.capture(order, 2_500, cancelRemainder="manual")

    shop.sandbox.control("clock", offsetSeconds=7 * DAY_SECONDS + 1)

    books = shop.books(order)
    assert (books["paymentStatus"], books["captured"], books["released"]) == ("succeeded", 2_500, 7_500)


def test_how_long_an_order_lives_is_a_dial(shop: Shop) -> None:
    shop.sandbox.control("dials", orderAuthorizationSeconds=60)
    order = shop.order()

    shop.sandbox.control("clock", offsetSeconds=61)

    assert shop.read(order)["status"] == "canceled"


def test_ids_or_whole_objects_as_the_caller_wishes(shop: Shop) -> None:
    order = shop.order()
    payment = shop.capture(order, 4_000, cancelRemainder="manual").json["id"]
    refund = shop.refund(payment, 1_000).json["id"]

    short, whole = shop.read(order, expand="no"), shop.read(order, expand="all")

    assert (short["payments"], [one[:3] for one in short["lineItems"]]) == ([payment], ["li_"])
    assert [one["refunds"][0]["id"] for one in whole["payments"]] == [refund]
    assert whole["lineItems"][0]["price"]["product"]["name"] == "An order"
    assert shop.call("GET", f"/payments/{payment}").json["refunds"] == [refund]
