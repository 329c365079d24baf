"""The Idempotency-Key of gateway B: the same bytes again for six hours, never for another request, and then anew."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.shop_b import Shop

HOUR_SECONDS = 3600


def test_a_repeat_gets_the_same_bytes_and_says_so(shop: Shop) -> None:
    order = shop.order()

    first, second = (shop.capture(order, 1_000, key="k", cancelRemainder="manual") for _ in range(2))

    assert (first.status, second.status, first.body) == (200, 200, second.body)
    assert (first.header("Idempotency-Replayed"), second.header("Idempotency-Replayed")) == (None, "true")
    assert len(shop.executions(order)) == 1


def test_a_repeat_gets_the_old_answer_although_the_world_moved_on(shop: Shop) -> None:
    order = shop.order()
    first = shop.capture(order, 1_000, key="k", cancelRemainder="manual")
    shop.refund(first.json["id"], 1_000)

    again = shop.capture(order, 1_000, key="k", cancelRemainder="manual")

    assert again.body == first.body
    assert shop.call("GET", f"/payments/{first.json['id']}").json["status"] == "refunded"


def test_a_refusal_is_repeated_as_well(shop: Shop) -> None:
    payment = shop.paid()

    first, second = (shop.refund(payment, 10_001, key="k") for _ in range(2))

    assert (first.status, second.header("Idempotency-Replayed"), first.body) == (403, "true", second.body)


@pytest.mark.parametrize("status", [400, 404])
def test_what_was_never_carried_out_may_be_corrected_under_the_same_key(shop: Shop, status: int) -> None:
    order = shop.order()
    wrong = {400: {"currency": "EUR"}, 404: {"order": "order_test_none"}}[status]

    refused = shop.call("POST", "/payments", {"order": order, "amount": 1_000, "currency": "JPY", **wrong}, key="k")
    corrected = shop.capture(order, 1_000, key="k")

    assert (refused.status, corrected.status) == (status, 200)


def test_a_key_belongs_to_one_request(shop: Shop) -> None:
    order = shop.order()
    shop.capture(order, 1_000, key="k", cancelRemainder="manual")

    other_amount = shop.capture(order, 2_000, key="k", cancelRemainder="manual")
    other_call = shop.cancel(order, key="k")

    assert [one.status for one in (other_amount, other_call)] == [409, 409]
    assert other_amount.json["errorCode"] == "idempotency-key.conflict"
    assert len(shop.executions(order)) == 1


def test_keys_of_two_merchants_are_strangers(shop: Shop) -> None:
    other = Shop(sandbox=shop.sandbox, key="sk_test_other")

    first, second = shop.capture(shop.order(), 1_000, key="k"), other.capture(other.order(), 1_000, key="k")

    assert (first.status, second.status) == (200, 200)
    assert first.json["id"] != second.json["id"]


def test_after_six_hours_the_key_runs_again(shop: Shop) -> None:
    payment = shop.paid()
    shop.refund(payment, 1_000, key="k")

    shop.sandbox.control("clock", offsetSeconds=6 * HOUR_SECONDS - 60)
    within = shop.refund(payment, 1_000, key="k")
    shop.sandbox.control("clock", offsetSeconds=6 * HOUR_SECONDS + 1)
    after = shop.refund(payment, 1_000, key="k")

    assert (within.header("Idempotency-Replayed"), after.header("Idempotency-Replayed")) == ("true", None)
    executed = [one for one in shop.sandbox.ledger(modificationId="k")["executions"] if one["kind"] == "refund"]
    assert [one["amount"] for one in executed] == [1_000, 1_000]


@pytest.mark.parametrize(("dial", "value"), [("replay", "off"), ("orderReplaySeconds", 0)])
def test_a_gateway_that_forgets_keys_pays_twice(shop: Shop, dial: str, value: object) -> None:
    payment = shop.paid()
    shop.sandbox.control("dials", **{dial: value})

    first, second = (shop.refund(payment, 1_000, key="k") for _ in range(2))

    assert first.json["id"] != second.json["id"]


def test_without_a_key_nothing_is_remembered(shop: Shop) -> None:
    order = shop.order()
    body = {"order": order, "amount": 1_000, "currency": "JPY", "cancelRemainder": "manual", "reference": "r"}

    first, second = (shop.call("POST", "/payments", body) for _ in range(2))

    assert first.json["id"] != second.json["id"]
    assert [one["modificationId"] for one in shop.executions(order)] == ["r", "r"]


def test_while_one_runs_its_twin_is_told_so(shop: Shop) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault="slow", seconds=1.0, modificationId="k", times=1)

    with ThreadPoolExecutor() as pool:
        running = pool.submit(shop.capture, order, 1_000, key="k")
        time.sleep(0.4)
        twin = shop.capture(order, 1_000, key="k")

    assert (twin.status, twin.json["errorCode"]) == (409, "idempotency-key.in-use")
    assert running.result().status == 200
    assert len(shop.executions(order)) == 1


def test_fifty_at_once_are_one(shop: Shop) -> None:
    order = shop.order()

    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(pool.map(lambda _: shop.capture(order, 1_000, key="k", cancelRemainder="manual"), range(50)))

    assert {one.status for one in answers} <= {200, 409}
    assert len({one.body for one in answers if one.status == 200}) == 1
    assert len(shop.executions(order)) == 1


def test_a_kept_answer_survives_a_lost_reply(shop: Shop) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault="lose_reply", transactionId=order, times=1)

    with pytest.raises(ConnectionResetError):
        shop.capture(order, 1_000, key="k")
    again = shop.capture(order, 1_000, key="k")

    assert (again.status, again.header("Idempotency-Replayed")) == (200, "true")
    assert len(shop.executions(order)) == 1


def test_a_key_has_at_most_255_characters(shop: Shop) -> None:
    assert shop.capture(shop.order(), 1, key="k" * 255).status == 200
    assert shop.capture(shop.order(), 1, key="k" * 256).status == 400
