"""Which movement a state allows and what it does to the money at gateway A."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.sandbox.client import Answer, Merchant


def refused_state(answer: Answer) -> bool:
    return answer.status == 400 and answer.error["code"] == "invalid_state"


def test_a_partial_capture_releases_the_rest(merchant: Merchant) -> None:
    transaction = merchant.order()

    answer = merchant.modify("capture", transaction, 30)

    books = merchant.books(transaction)
    assert answer.json["paymentStatus"] == "CAPTURED"
    assert (books["captured"], books["released"]) == (3000, 7000)


def test_a_capture_without_an_amount_takes_everything(merchant: Merchant) -> None:
    transaction = merchant.order()

    merchant.modify("capture", transaction)

    assert merchant.books(transaction)["captured"] == 10_000


def test_a_second_capture_is_refused(merchant: Merchant) -> None:
    transaction = merchant.order()
    merchant.modify("capture", transaction, 30)

    answer = merchant.modify("capture", transaction, 30)

    assert refused_state(answer)
    assert merchant.books(transaction)["captured"] == 3000


def test_several_captures_where_the_merchant_may(merchant: Merchant) -> None:
    transaction = merchant.order(multiCapture=True)

    first = merchant.modify("capture", transaction, 30)
    second = merchant.modify("capture", transaction, 70)
    third = merchant.modify("capture", transaction, 0.50)

    assert first.json["paymentStatus"] == "AUTHORIZATION_COMPLETED"
    assert second.json["paymentStatus"] == "CAPTURED"
    assert refused_state(third)
    assert merchant.books(transaction)["captured"] == 10_000


def test_several_captures_stop_at_the_authorized_amount(merchant: Merchant) -> None:
    transaction = merchant.order(multiCapture=True)
    merchant.modify("capture", transaction, 30)

    answer = merchant.modify("capture", transaction, 70.50)

    assert (answer.status, answer.error["code"]) == (400, "value_out_of_bounds")
    assert merchant.books(transaction)["captured"] == 3000


def test_a_cancel_releases_everything(merchant: Merchant) -> None:
    transaction = merchant.order()

    answer = merchant.modify("cancel", transaction)

    books = merchant.books(transaction)
    assert answer.json["modification"]["modificationData"]["type"] == "CANCELLATION"
    assert (books["paymentStatus"], books["released"], books["captured"]) == ("CANCELLED", 10_000, 0)


@pytest.mark.parametrize("status", ["CREATED", "CAPTURED", "SETTLED", "CANCELLED", "EXPIRED", "FAILED", "CHARGEBACK"])
def test_only_an_authorized_transaction_is_cancelled(merchant: Merchant, status: str) -> None:
    assert refused_state(merchant.modify("cancel", merchant.order(paymentStatus=status)))


@pytest.mark.parametrize("status", ["CAPTURED", "SETTLED"])
def test_a_refund_leaves_the_payments_own_status(merchant: Merchant, status: str) -> None:
    transaction = merchant.order(paymentStatus=status)

    answer = merchant.modify("refund", transaction, 100)

    assert answer.json["paymentStatus"] == status
    assert answer.json["modification"]["status"] == "REFUNDED"
    assert merchant.books(transaction)["refunded"] == 10_000


@pytest.mark.parametrize("status", ["CREATED", "AUTHORIZATION_COMPLETED", "CANCELLED", "EXPIRED", "CHARGEBACK"])
def test_only_captured_money_is_refunded(merchant: Merchant, status: str) -> None:
    transaction = merchant.order(paymentStatus=status)

    assert refused_state(merchant.modify("refund", transaction, 25))
    assert merchant.books(transaction)["refunded"] == 0


def test_refunds_stop_at_the_captured_amount(merchant: Merchant) -> None:
    transaction = merchant.order()
    merchant.modify("capture", transaction, 60)

    taken = [merchant.modify("refund", transaction, amount).status for amount in (40, 20.50, 20, 0.50)]

    assert taken == [200, 400, 200, 400]
    assert merchant.books(transaction)["refunded"] == 6000


def test_a_refund_without_an_amount_takes_what_is_left(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED", refunded=4000)

    answer = merchant.modify("refund", transaction)

    assert answer.json["modification"]["modificationAmount"]["amount"] == 60
    assert merchant.books(transaction)["refunded"] == 10_000


def test_cancel_or_refund_cancels_what_is_only_authorized(merchant: Merchant) -> None:
    transaction = merchant.order()

    answer = merchant.modify("cancelOrRefund", transaction)

    assert answer.json["modification"]["modificationData"]["type"] == "CANCELLATION"
    assert merchant.books(transaction)["released"] == 10_000


def test_cancel_or_refund_refunds_what_is_left_of_the_capture(merchant: Merchant) -> None:
    transaction = merchant.order()
    merchant.modify("capture", transaction, 60)
    merchant.modify("refund", transaction, 10)

    answer = merchant.modify("cancelOrRefund", transaction)
    again = merchant.modify("cancelOrRefund", transaction)

    assert answer.json["modification"]["modificationAmount"]["amount"] == 50
    assert merchant.books(transaction)["refunded"] == 6000
    assert refused_state(again)


def test_cancel_or_refund_also_releases_what_could_still_be_captured(merchant: Merchant) -> None:
    transaction = merchant.order(multiCapture=True)
    merchant.modify("capture", transaction, 60)

    merchant.modify("cancelOrRefund", transaction)

    books = merchant.books(transaction)
    assert (books["refunded"], books["released"], books["paymentStatus"]) == (6000, 4000, "CAPTURED")


def test_a_capture_shares_the_payments_reference_and_a_refund_has_its_own(merchant: Merchant) -> None:
    transaction = merchant.order()

    captured = merchant.modify("capture", transaction, 60).json
    refunds = [merchant.modify("refund", transaction, 10).json for _ in range(2)]

    own = [one["modification"]["modificationData"]["reconciliationReferenceId"] for one in (captured, *refunds)]
    assert own[0] == captured["reconciliationReferenceId"]
    assert len(set(own)) == 3
    assert all(21 <= len(reference) <= 22 and reference.isalnum() for reference in own)


@pytest.mark.parametrize("seed", range(4))
def test_after_a_random_day_the_books_add_up(merchant: Merchant, seed: int) -> None:
    dice = random.Random(seed)
    merchant.sandbox.control("mode", asyncDelaySeconds=0, asyncOutcome=dice.choice(["succeed", "fail"]))
    orders = [
        merchant.order(multiCapture=dice.random() < 0.5, asynchronous=dice.random() < 0.5, captured=5000)
        for _ in range(6)
    ]

    for _ in range(60):
        kind = dice.choice(["capture", "capture", "cancel", "refund", "refund", "cancelOrRefund"])
        amount = None if "cancel" in kind or dice.random() < 0.2 else dice.randrange(1, 60)
        merchant.modify(kind, dice.choice(orders), amount)

    ledger = merchant.sandbox.ledger()
    for transaction in ledger["transactions"]:
        _check_sums(transaction, ledger["executions"])


def _check_sums(transaction: dict[str, Any], executions: list[dict[str, Any]]) -> None:
    mine = [one for one in executions if one["transactionId"] == transaction["transactionId"]]
    ended = {
        status: sum(one["amount"] for one in mine if one["status"] == status) for status in ("CAPTURED", "REFUNDED")
    }
    assert transaction["captured"] == ended["CAPTURED"]
    assert transaction["refunded"] == ended["REFUNDED"]
    assert 0 <= transaction["refunded"] <= transaction["captured"]
    open_amount = transaction["authorized"] - transaction["captured"] - transaction["released"]
    assert open_amount >= 0
    assert (open_amount == 0) == (transaction["paymentStatus"] != "AUTHORIZATION_COMPLETED")
