"""Parts of a movement at gateway A that can fail alone: the legs of a split, programme refunds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.payments import authorize, authorized
from tests.sandbox_process import SandboxHandle

SPLIT = [
    {"destinationReference": "shop-one", "amount": 3_000},
    {"destinationReference": "shop-two", "amount": 1_001, "description": "a part"},
]


def data_of(answer: Any) -> Any:
    return answer.json["modification"]["modificationData"]


def test_each_part_of_a_capture_has_its_result(merchant: Merchant) -> None:
    transaction = merchant.order(split=SPLIT)

    one, two = data_of(merchant.modify("capture", transaction))["paymentSplitResults"]

    assert (one["destinationReference"], one["status"], one["amount"]) == ("shop-one", "SUCCESS", 30)
    assert (two["destinationReference"], two["amount"], two["description"]) == ("shop-two", Decimal("10.01"), "a part")
    assert one["splitUniqueReference"] != two["splitUniqueReference"]
    assert "error" not in one


def test_a_partial_movement_is_shared_out_and_never_more_than_itself(merchant: Merchant) -> None:
    transaction = merchant.order(split=SPLIT)

    legs = data_of(merchant.modify("capture", transaction, 50))["paymentSplitResults"]

    assert [leg["amount"] for leg in legs] == [15, 5]


@pytest.mark.parametrize("kind", ["capture", "refund"])
def test_a_leg_fails_alone(box: SandboxHandle, merchant: Merchant, kind: str) -> None:
    transaction = merchant.order(
        split=SPLIT, paymentStatus="CAPTURED" if kind == "refund" else "AUTHORIZATION_COMPLETED"
    )
    box.control("faults", fault="split_leg_fails", transactionId=transaction)

    answer = merchant.modify(kind, transaction, 50)

    one, two = data_of(answer)["paymentSplitResults"]
    assert (one["status"], two["status"]) == ("SUCCESS", "ERROR")
    assert two["error"].startswith("[ 57 ] ")
    assert answer.json["modification"]["status"] == ("REFUNDED" if kind == "refund" else "CAPTURED")
    assert merchant.books(transaction)["refunded" if kind == "refund" else "captured"] == 5_000


def test_the_status_query_and_a_repeat_tell_the_same(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = merchant.order(split=SPLIT)
    box.control("faults", fault="split_leg_fails", transactionId=transaction)
    body = merchant.body_of(transaction, 50)

    first = merchant.send("POST", "/smartpay/payment/capture", body)
    again = merchant.send("POST", "/smartpay/payment/capture", body)

    assert first.body == again.body
    shown = merchant.status(transaction)["modifications"][0]["modificationData"]["paymentSplitResults"]
    assert shown == data_of(first)["paymentSplitResults"]


def test_a_payment_without_a_split_has_no_results_unless_one_is_to_fail(box: SandboxHandle, merchant: Merchant) -> None:
    whole, failing = merchant.order(), merchant.order()
    box.control("faults", fault="split_leg_fails", transactionId=failing)

    assert "paymentSplitResults" not in data_of(merchant.modify("capture", whole))
    assert [leg["status"] for leg in data_of(merchant.modify("capture", failing))["paymentSplitResults"]] == ["ERROR"]


def test_a_programme_refund_fails_alone(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    box.control("faults", fault="programme_refund_fails", transactionId=transaction)

    answer = merchant.modify("refund", transaction, 50)

    assert data_of(answer)["programRefundStatus"] == "error"
    assert data_of(answer)["programRefundErrorMessage"]
    assert answer.json["modification"]["status"] == "REFUNDED"
    assert merchant.books(transaction)["refunded"] == 5_000


def test_refunds_tell_of_their_programme_when_the_dial_says_so(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    before = data_of(merchant.modify("refund", transaction, 1))
    box.control("dials", programmeRefunds=True)

    after = data_of(merchant.modify("refund", transaction, 1))

    assert "programRefundStatus" not in before
    assert (after["programRefundStatus"], bool(after["programRefundId"])) == ("success", True)


def test_a_new_payment_is_split_and_its_money_shared_out_when_it_comes(box: SandboxHandle, merchant: Merchant) -> None:
    parts = [{"destinationReference": "shop-one", "amount": 50.99, "currencyCode": "EUR"}]
    transaction = authorized(merchant, paymentSplit={"paymentSplitDestinations": parts})

    box.control("shopper", transactionId=transaction)

    (leg,) = merchant.status(transaction)["modifications"][0]["modificationData"]["paymentSplitResults"]
    assert (leg["destinationReference"], leg["amount"]) == ("shop-one", Decimal("50.99"))


@pytest.mark.parametrize(
    ("part", "property"),
    [
        ({"amount": 51}, ""),
        ({"amount": 0}, "[0].amount"),
        ({"amount": None}, "[0].amount"),
        ({"currencyCode": "USD"}, "[0].currencyCode"),
        ({"destinationReference": None}, "[0].destinationReference"),
        ({"destinationReference": "x" * 128}, "[0].destinationReference"),
        ({"description": "x" * 128}, "[0].description"),
    ],
)
def test_a_part_of_a_new_payment_has_its_limits(merchant: Merchant, part: dict[str, Any], property: str) -> None:
    usual = {"destinationReference": "x" * 127, "amount": 1, "currencyCode": "EUR", "description": "x" * 127}

    def asked(**changes: Any) -> Any:
        return authorize(merchant, paymentSplit={"paymentSplitDestinations": [{**usual, **changes}]})

    assert asked().status == 201
    assert asked(**part).error["property"] == f"paymentSplit.paymentSplitDestinations{property}"
