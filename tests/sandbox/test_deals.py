"""3RI deals at gateway A: several payments under one reference, never more than the deal's amount."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.client import Answer, Merchant
from tests.sandbox.test_pages import post
from tests.sandbox_process import SandboxHandle

NINETY_DAYS = 90 * 86_400


def deal(merchant: Merchant, **changes: Any) -> Answer:
    body = {"dealReference": "deal-1", "typeCode": "3RIPSS", "amount": 100, "currencyCode": "EUR", **changes}
    return merchant.send("PUT", "/smartpay/deal", json.dumps(body).encode())


def checkout(merchant: Merchant, amount: object, reference: str = "deal-1", *, currency: str = "EUR") -> Answer:
    body = {
        "merchantKey": merchant.key,
        "payment": {"amount": amount, "currencyCode": currency},
        "deal": {"dealReference": reference},
    }
    return merchant.send("POST", "/smartpay/payment/creation", json.dumps(body).encode())


def accepted(merchant: Merchant, made: Answer) -> str:
    post(merchant, f"/smartpay/checkout/{made.json['checkoutToken']}", decision="pay")
    return str(made.json["transactionId"])


def test_a_payment_shows_its_deal(merchant: Merchant) -> None:
    made = deal(merchant)

    assert (made.status, made.json) == (200, {"dealReference": "deal-1", "typeCode": "3RIPSS", "amount": 100})
    transaction = str(checkout(merchant, 60).json["transactionId"])
    assert merchant.status(transaction)["transactionOverview"]["deal"] == made.json


def test_the_payments_of_a_deal_stay_within_its_amount(merchant: Merchant) -> None:
    deal(merchant)
    merchant.modify("capture", accepted(merchant, checkout(merchant, 60)))

    refused = checkout(merchant, 40.01)

    assert (refused.status, refused.error["property"]) == (400, "payment.amount")
    assert refused.error["context"] == {"maximum": 40}
    assert checkout(merchant, 40).status == 200
    assert checkout(merchant, 0.01).status == 400


def test_captures_of_a_deal_stay_within_its_amount_too(box: SandboxHandle, merchant: Merchant) -> None:
    overview = {"deal": {"dealReference": "deal-2", "typeCode": "3RIPSS", "amount": "150.00"}}
    first, second, stranger = merchant.order(overview=overview), merchant.order(overview=overview), merchant.order()
    box.control("dials", asynchronous=True, asyncDelaySeconds=600)
    assert merchant.modify("capture", first).status == 200

    body = merchant.body_of(second, 50.01)
    refused = merchant.send("POST", "/smartpay/payment/capture", body)

    assert (refused.status, refused.error["property"]) == (400, "modifiedAmount.amount")
    assert refused.error["context"] == {"maximum": 50}
    assert merchant.send("POST", "/smartpay/payment/capture", body).body == refused.body
    assert merchant.modify("capture", second, 50).status == 200
    assert merchant.modify("capture", stranger).status == 200


def test_the_first_payment_is_captured_before_the_next_is_made(merchant: Merchant) -> None:
    deal(merchant)
    first = accepted(merchant, checkout(merchant, 60))

    assert "first payment" in checkout(merchant, 10).error["message"]

    merchant.modify("capture", first)
    assert checkout(merchant, 10).status == 200


def test_a_payment_that_came_to_nothing_leaves_its_room(merchant: Merchant) -> None:
    deal(merchant)
    merchant.modify("cancel", accepted(merchant, checkout(merchant, 60)))

    assert checkout(merchant, 100).status == 200


def test_a_delayed_shipment_has_one_payment_that_lives_for_ninety_days(box: SandboxHandle, merchant: Merchant) -> None:
    assert "amount" not in deal(merchant, typeCode="3RIDS", amount=None).json
    transaction = accepted(merchant, checkout(merchant, 60))

    assert "one payment" in checkout(merchant, 1).error["message"]
    box.control("clock", offsetSeconds=NINETY_DAYS - 60)
    assert merchant.modify("capture", transaction).status == 200


def test_a_deal_ends_after_ninety_days(box: SandboxHandle, merchant: Merchant) -> None:
    deal(merchant)

    box.control("clock", offsetSeconds=NINETY_DAYS + 1)

    assert "90 days" in checkout(merchant, 1).error["message"]


def test_a_deal_belongs_to_its_merchant_and_its_currency(merchant: Merchant, other_merchant: Merchant) -> None:
    deal(merchant)

    assert checkout(other_merchant, 1).error["property"] == "deal.dealReference"
    assert checkout(merchant, 1, currency="USD").error["property"] == "deal.dealReference"
    assert checkout(merchant, 1, "deal-2").error["property"] == "deal.dealReference"
    assert deal(other_merchant).status == 200


@pytest.mark.parametrize(
    ("changes", "property"),
    [
        ({"typeCode": "3RI"}, "typeCode"),
        ({"typeCode": None}, "typeCode"),
        ({"dealReference": "x" * 22}, "dealReference"),
        ({"amount": 0}, "amount"),
        ({"amount": None}, "amount"),
        ({"currencyCode": "EURO"}, "currencyCode"),
    ],
)
def test_a_deal_has_its_limits(merchant: Merchant, changes: dict[str, Any], property: str) -> None:
    refused = deal(merchant, **changes)

    assert (refused.status, refused.error["property"]) == (400, property)


def test_a_reference_has_twenty_one_characters_at_most_and_stands_for_one_deal(merchant: Merchant) -> None:
    assert deal(merchant, dealReference="x" * 21).status == 200
    assert "unique" in deal(merchant, dealReference="x" * 21).error["message"]
    assert len(deal(merchant, dealReference=None).json["dealReference"]) == 21
