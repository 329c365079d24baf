"""The same modification id is the same modification: gateways.md A.6."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from tests.sandbox.client import Merchant

REFUND = "/smartpay/payment/refund"


def test_the_same_bytes_get_the_same_bytes_and_move_money_once(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    merchant.sandbox.control("mode", optionalFields=True, dateFormat="random", spelling="random")
    body = merchant.body_of(transaction, 25, surprise=1)

    first, second = (merchant.send("POST", REFUND, body) for _ in range(2))

    assert first.body == second.body
    assert first.json["ignoredProperties"] == ["surprise"]
    assert merchant.books(transaction)["refunded"] == 2500


def test_other_bytes_under_a_known_id_are_a_conflict(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    merchant.modify("refund", transaction, 25, modificationId="m-1")

    answer = merchant.modify("refund", transaction, 26, modificationId="m-1")

    assert (answer.status, answer.error["code"]) == (400, "modification_id_conflict")
    assert merchant.books(transaction)["refunded"] == 2500


def test_the_same_bytes_to_another_path_are_a_conflict(merchant: Merchant) -> None:
    body = merchant.body_of(merchant.order())
    merchant.send("POST", "/smartpay/payment/cancel", body)

    answer = merchant.send("POST", "/smartpay/payment/cancelOrRefund", body)

    assert (answer.status, answer.error["code"]) == (400, "modification_id_conflict")


def test_two_merchants_may_use_the_same_id(merchant: Merchant, other_merchant: Merchant) -> None:
    for one in (merchant, other_merchant):
        transaction = one.order(paymentStatus="CAPTURED")

        assert one.modify("refund", transaction, 25, modificationId="m-1").status == 200
        assert one.books(transaction)["refunded"] == 2500


def test_while_the_first_runs_the_second_is_told_so(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    body = merchant.body_of(transaction, 25, modificationId="m-1")
    merchant.sandbox.control("faults", fault="slow", modificationId="m-1", seconds=1)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(merchant.send, "POST", REFUND, body)
        time.sleep(0.4)
        second = merchant.send("POST", REFUND, body)

    assert (first.result().status, second.status) == (200, 409)
    assert merchant.send("POST", REFUND, body).body == first.result().body
    assert merchant.books(transaction)["refunded"] == 2500


def test_fifty_at_once_under_one_id_move_money_once(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    body = merchant.body_of(transaction, 25)

    with ThreadPoolExecutor(max_workers=50) as pool:
        statuses = list(pool.map(lambda _: merchant.send("POST", REFUND, body).status, range(50)))

    assert set(statuses) <= {200, 409}
    assert merchant.books(transaction)["refunded"] == 2500


def test_fifty_at_once_under_fifty_ids_never_exceed_the_capture(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")

    with ThreadPoolExecutor(max_workers=50) as pool:
        statuses = list(pool.map(lambda _: merchant.modify("refund", transaction, 30).status, range(50)))

    assert sorted(statuses) == [200] * 3 + [400] * 47
    assert merchant.books(transaction)["refunded"] == 9000


def test_a_business_refusal_is_kept(merchant: Merchant) -> None:
    transaction = merchant.order()
    body = merchant.body_of(transaction, 25)
    first = merchant.send("POST", REFUND, body)
    merchant.modify("capture", transaction, 100)

    second = merchant.send("POST", REFUND, body)

    assert (first.status, first.body) == (400, second.body)
    assert merchant.books(transaction)["refunded"] == 0


def test_a_server_error_is_not_kept(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    body = merchant.body_of(transaction, 25, modificationId="m-1")
    merchant.sandbox.control("faults", fault="error_500_before", modificationId="m-1")

    statuses = [merchant.send("POST", REFUND, body).status for _ in range(2)]

    assert statuses == [500, 200]
    assert merchant.books(transaction)["refunded"] == 2500


def test_with_replay_off_a_retry_after_success_is_refused_and_moves_nothing(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    body = merchant.body_of(transaction, 25)
    merchant.sandbox.control("mode", replay="off")

    first, second = (merchant.send("POST", REFUND, body) for _ in range(2))

    assert (first.status, second.status, second.error["code"]) == (200, 400, "invalid_state")
    assert merchant.books(transaction)["refunded"] == 2500


def test_a_replay_repeats_pending_although_it_has_ended(merchant: Merchant) -> None:
    transaction = merchant.order(asynchronous=True)
    body = merchant.body_of(transaction, 25)
    merchant.send("POST", "/smartpay/payment/capture", body)
    merchant.sandbox.control("clock", offsetSeconds=60)

    again = merchant.send("POST", "/smartpay/payment/capture", body)

    assert again.json["modification"]["status"] == "CAPTURE_PENDING"
    assert merchant.status(transaction)["modifications"][0]["status"] == "CAPTURED"
