"""The buyer's later payment at gateway A, methods that take the money at once, and several captures by merchant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.payments import authorized
from tests.sandbox.test_pages import get, opened_checkout, post
from tests.sandbox_process import SandboxHandle

FIVE_DAYS = 5 * 86_400


def refusal(box: SandboxHandle, path: str, **body: Any) -> str:
    answer = Merchant(sandbox=box).send("POST", f"/_control/{path}", json.dumps(body).encode())
    assert answer.status == 400
    return str(answer.json["error"])


@pytest.mark.parametrize("status", ["AUTHORIZATION_PENDING", "CAPTURE_PENDING"])
def test_when_the_buyer_pays_all_of_it_is_captured(box: SandboxHandle, merchant: Merchant, status: str) -> None:
    box.control("dials", prepaymentStatus=status)
    transaction = authorized(merchant)

    paid = box.control("shopper", transactionId=transaction)

    assert (paid["type"], paid["amount"], paid["status"]) == ("CAPTURE", 5_099, "CAPTURED")
    shown = merchant.status(transaction)
    assert shown["paymentStatus"] == "CAPTURED"
    assert [one["modificationData"]["type"] for one in shown["modifications"]] == ["CAPTURE"]
    assert [line["origin"] for line in box.ledger(transactionId=transaction)["executions"]] == ["shopper"]


def test_the_buyer_pays_once(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = authorized(merchant)
    box.control("shopper", transactionId=transaction, action="pay")

    assert "Nobody waits for this money" in refusal(box, "shopper", transactionId=transaction)
    assert "Nobody waits" in refusal(box, "shopper", transactionId=merchant.order())
    assert "action is pay" in refusal(box, "shopper", transactionId=transaction, action="laugh")
    assert len(box.ledger(transactionId=transaction)["executions"]) == 1


def test_what_was_paid_can_be_refunded(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = authorized(merchant)
    box.control("shopper", transactionId=transaction)

    assert merchant.modify("refund", transaction, 50.99).status == 200
    assert merchant.modify("refund", transaction, 0.01).error["code"] == "invalid_state"


def test_a_payment_that_nobody_makes_expires(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = authorized(merchant)

    box.control("clock", offsetSeconds=FIVE_DAYS + 1)

    assert merchant.status(transaction)["paymentStatus"] == "EXPIRED"
    assert "EXPIRED" in refusal(box, "shopper", transactionId=transaction)


def test_the_portal_can_end_what_is_open_and_nothing_else(box: SandboxHandle, merchant: Merchant) -> None:
    waiting, reserved, captured = authorized(merchant), merchant.order(), merchant.order(paymentStatus="CAPTURED")

    for transaction in (waiting, reserved):
        assert box.control("expire", transactionId=transaction)["paymentStatus"] == "EXPIRED"
    assert merchant.books(reserved)["released"] == 10_000
    assert "CAPTURED" in refusal(box, "expire", transactionId=captured)


def test_orders_can_be_made_that_wait_for_their_money(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = merchant.order(
        paymentStatus="CAPTURE_PENDING", paymentMethod="PAYINVC", transactionReference="119344737107896"
    )

    assert merchant.status(transaction)["transactionReference"] == "119344737107896"
    assert box.control("shopper", transactionId=transaction)["amount"] == 10_000
    assert "paymentMethod is PREPMNT or PAYINVC" in refusal(
        box, "orders", merchantKey=merchant.key, amount=1, paymentStatus="AUTHORIZATION_PENDING"
    )


def a_checkout(merchant: Merchant, method: str) -> str:
    """The transaction of a checkout of 49.99 EUR that the shopper has accepted."""
    post(merchant, opened_checkout(merchant, paymentMethod=method), decision="pay")
    return str(merchant.sandbox.ledger()["transactions"][-1]["transactionId"])


@pytest.mark.parametrize("method", ["GIROPAY", "IDEAL", "PAYBBNK", "PAYUBLK"])
def test_an_online_bank_transfer_takes_the_money_at_once(merchant: Merchant, method: str) -> None:
    transaction = a_checkout(merchant, method)

    assert merchant.books(transaction)["captured"] == 4_999
    assert merchant.status(transaction)["paymentStatus"] == "CAPTURED"
    assert merchant.modify("capture", transaction).status == 400


def test_a_card_is_only_authorized(merchant: Merchant) -> None:
    transaction = a_checkout(merchant, "VISA")

    assert merchant.status(transaction)["paymentStatus"] == "AUTHORIZATION_COMPLETED"


def test_a_prepayment_chosen_at_the_checkout_waits_for_its_money(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = a_checkout(merchant, "PREPMNT")

    shown = merchant.status(transaction)

    assert shown["paymentStatus"] == "AUTHORIZATION_PENDING"
    assert len(shown["transactionReference"]) == 15
    assert box.control("shopper", transactionId=transaction)["amount"] == 4_999


def test_one_merchant_captures_several_times_and_another_once(
    box: SandboxHandle, merchant: Merchant, other_merchant: Merchant
) -> None:
    box.control("merchants", merchantKey=merchant.key, authenticationKey=merchant.secret, multiCapture=True)
    several, once = merchant.order(), other_merchant.order()

    for who, transaction in ((merchant, several), (other_merchant, once)):
        assert who.modify("capture", transaction, 40).status == 200

    assert merchant.modify("capture", several, 60).status == 200
    assert other_merchant.modify("capture", once, 60).status == 400
    assert other_merchant.books(once)["released"] == 6_000


def test_a_merchants_own_word_counts_more_than_the_dial(box: SandboxHandle, merchant: Merchant) -> None:
    box.control("merchants", merchantKey=merchant.key, authenticationKey=merchant.secret, multiCapture=False)
    box.control("dials", multiCapture=True)

    assert merchant.books(merchant.order())["multiCapture"] is False
    assert "true or false" in refusal(
        box, "merchants", merchantKey=merchant.key, authenticationKey=merchant.secret, multiCapture="yes"
    )


def test_the_page_shows_the_buyers_side_and_lets_him_pay(merchant: Merchant) -> None:
    transaction = authorized(merchant)
    page = get(merchant, f"/transactions/{transaction}").body.decode()
    assert "Pay 50.99 EUR as the buyer" in page
    assert merchant.status(transaction)["transactionReference"] in page

    post(merchant, f"/transactions/{transaction}", action="pay")

    assert merchant.books(transaction)["captured"] == 5_099
    assert b"nothing for the shopper to do" in get(merchant, f"/transactions/{transaction}").body


def test_the_page_expires_what_is_open(merchant: Merchant) -> None:
    transaction = merchant.order()

    post(merchant, f"/transactions/{transaction}", action="expire")

    assert merchant.books(transaction)["paymentStatus"] == "EXPIRED"
