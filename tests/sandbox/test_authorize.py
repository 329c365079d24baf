"""API-only authorization at gateway A: what it answers, what it refuses, and every limit of seed 002."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.payments import GONE, authorize, authorized, payment_body
from tests.sandbox_process import SandboxHandle

TEXT_LIMITS = {
    "partnerReference": 64,
    "targetMerchantAccountReference": 127,
    "customerAccountId": 255,
    "shopCountry": 2,
    "payment__description": 127,
    "extraInfo__productGroup": 100,
    "extraInfo__customerGroup": 100,
    **{f"customReferences__custom{number}": 255 for number in (1, 2, 3)},
    **{f"billingAddress__addressLine{number}": 60 for number in (1, 2, 3)},
    "billingAddress__city": 50,
    "billingAddress__countryCode": 3,
    "billingAddress__number": 10,
    "billingAddress__postCode": 10,
    "billingAddress__state": 3,
    "consumer__culture": 5,
    "consumer__email": 255,
    "consumer__firstName": 60,
    "consumer__gender": 6,
    "consumer__homePhone": 30,
    "consumer__lastName": 60,
    "consumer__merchantCustomerId": 255,
    "consumer__middleName": 60,
    "consumer__mobilePhone": 30,
    "consumer__taxNumber": 30,
    "consumer__title": 3,
    "consumer__workPhone": 30,
}
COMPANY_LIMITS = {
    "name": 100,
    "countryCode": 3,
    "registrationNumber": 50,
    "contactName": 100,
    "culture": 5,
    "email": 255,
    "taxNumber": 30,
}


def test_both_spellings_of_the_path_make_a_payment(merchant: Merchant) -> None:
    for path in ("/smartpay/payment/authorize/", "/smartpay/payment/authorize"):
        answer = authorize(merchant, path=path, partnerReference=f"SMP-{len(path)}")

        assert answer.status == 201
        assert answer.json["partnerReference"] == f"SMP-{len(path)}"


@pytest.mark.parametrize("option", ["PREPMNT", "PAYINVC"])
def test_the_answer_is_a_payment_that_waits_for_its_money(merchant: Merchant, option: str) -> None:
    body = authorize(merchant, paymentOption__invoicePayment__type=option).json

    assert body["paymentStatus"] == "AUTHORIZATION_PENDING"
    assert body["description"] == "SMP-Transaction-01"
    assert len(body["transactionReference"]) == 15
    assert body["reconciliationReferenceId"]
    assert body["transactionOverview"]["amount"] == Decimal("50.99")
    assert body["transactionOverview"]["paymentMethod"] == option
    assert body["transactionOverview"]["paymentOrigin"] == "PAYMENT_AUTHORIZE_S2S"
    assert "modification" not in body
    assert "ignoredProperties" not in body


@pytest.mark.parametrize("status", ["AUTHORIZATION_PENDING", "CAPTURE_PENDING", "CAPTURED"])
def test_the_dial_says_in_which_status_it_begins(box: SandboxHandle, merchant: Merchant, status: str) -> None:
    box.control("dials", prepaymentStatus=status)

    transaction = authorized(merchant)

    assert merchant.status(transaction)["paymentStatus"] == status
    assert merchant.books(transaction)["captured"] == (5_099 if status == "CAPTURED" else 0)


def test_what_was_said_is_kept(merchant: Merchant) -> None:
    transaction = authorized(
        merchant,
        customerAccountId="john-doe-27",
        targetMerchantAccountReference="sub-7",
        customReferences={"custom1": "a"},
    )

    overview = merchant.status(transaction)["transactionOverview"]

    assert overview["customerAccountId"] == "john-doe-27"
    assert overview["targetMerchantAccountReference"] == "sub-7"
    assert overview["customReferences"] == {"custom1": "a"}


def test_a_reference_is_unique_for_its_merchant_only(merchant: Merchant, other_merchant: Merchant) -> None:
    authorized(merchant, partnerReference="SMP-1")

    again = authorize(merchant, partnerReference="SMP-1")

    assert (again.status, again.error["property"]) == (400, "partnerReference")
    assert "unique" in again.error["message"]
    assert authorize(other_merchant, partnerReference="SMP-1").status == 201


def test_without_a_reference_the_same_request_is_a_second_payment(merchant: Merchant) -> None:
    assert authorized(merchant, partnerReference=GONE) != authorized(merchant, partnerReference=GONE)


@pytest.mark.parametrize(("path", "maximum"), TEXT_LIMITS.items())
def test_a_text_may_be_as_long_as_the_seed_says_and_no_longer(merchant: Merchant, path: str, maximum: int) -> None:
    assert authorize(merchant, **{path: "x" * maximum}).status == 201

    refused = authorize(merchant, **{path: "x" * (maximum + 1)})

    assert (refused.status, refused.error["property"]) == (400, path.replace("__", "."))
    assert refused.error["code"] == "value_out_of_bounds"
    assert refused.error["context"] == {"maximum": maximum}


@pytest.mark.parametrize(("name", "maximum"), COMPANY_LIMITS.items())
def test_a_companys_texts_have_their_limits(merchant: Merchant, name: str, maximum: int) -> None:
    assert authorize(merchant, consumer=GONE, businessConsumer={name: "x" * maximum}).status == 201

    refused = authorize(merchant, consumer=GONE, businessConsumer={name: "x" * (maximum + 1)})

    assert (refused.status, refused.error["property"]) == (400, f"businessConsumer.{name}")


def test_a_shipping_address_has_the_same_limits(merchant: Merchant) -> None:
    assert authorize(merchant, shippingAddress={"countryCode": "FRA", "city": "x" * 50}).status == 201

    refused = authorize(merchant, shippingAddress={"countryCode": "FRA", "city": "x" * 51})

    assert refused.error["property"] == "shippingAddress.city"


@pytest.mark.parametrize(
    ("changes", "property"),
    [
        ({"paymentOption": GONE}, "paymentOption"),
        ({"paymentOption__invoicePayment__type": "VISA"}, "paymentOption.invoicePayment.type"),
        ({"payment": GONE}, "payment"),
        ({"payment__amount": GONE}, "payment.amount"),
        ({"payment__amount": 0}, "payment.amount"),
        ({"payment__amount": 0.001}, "payment.amount"),
        ({"payment__amount": True}, "payment.amount"),
        ({"payment__currencyCode": "EURO"}, "payment.currencyCode"),
        ({"payment__currencyCode": "EU"}, "payment.currencyCode"),
        ({"billingAddress": GONE}, "billingAddress"),
        ({"billingAddress": "Berlin"}, "billingAddress"),
        ({"billingAddress__countryCode": "DE"}, "billingAddress.countryCode"),
        ({"billingAddress__countryCode": GONE}, "billingAddress.countryCode"),
        ({"billingAddress__countryCode": "USA"}, "billingAddress.state"),
        ({"billingAddress__countryCode": "CAN"}, "billingAddress.state"),
        ({"consumer": GONE}, "consumer"),
        ({"businessConsumer": {"name": "Acme"}}, "businessConsumer"),
        ({"consumer": GONE, "businessConsumer": {"countryCode": "D"}}, "businessConsumer.countryCode"),
        ({"consumer__dateOfBirth": "1899-12-31"}, "consumer.dateOfBirth"),
        ({"consumer__dateOfBirth": "31.12.1980"}, "consumer.dateOfBirth"),
        ({"consumer__dateOfBirth": "2001-02-29"}, "consumer.dateOfBirth"),
        ({"partnerReference": "a b"}, "partnerReference"),
        ({"partnerReference": "ä"}, "partnerReference"),
        ({"criteria": [{"name": "a", "value": "1"}, {"name": "a", "value": "2"}]}, "criteria.name"),
        ({"criteria": [{"name": "x" * 51, "value": "1"}]}, "criteria[0].name"),
        ({"criteria": [{"name": "a", "value": "x" * 101}]}, "criteria[0].value"),
        ({"criteria": "a=1"}, "criteria"),
        ({"paymentSplit": {"paymentSplitDestinations": []}}, "paymentSplit.paymentSplitDestinations"),
        ({"modificationId": "x" * 65}, "modificationId"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(merchant: Merchant, changes: dict[str, Any], property: str) -> None:
    refused = authorize(merchant, **changes)

    assert (refused.status, refused.error["property"]) == (400, property)
    assert refused.json["traceId"].startswith("00-")
    assert merchant.sandbox.ledger()["transactions"] == []


@pytest.mark.parametrize(
    "changes",
    [
        {"payment__amount": 0.01},
        {"payment__amount": "50.99"},
        {"billingAddress__countryCode": "USA", "billingAddress__state": "CA"},
        {"consumer__dateOfBirth": "1900-01-01"},
        {"consumer": GONE, "businessConsumer": {"name": "Acme", "countryCode": "DE"}},
        {"criteria": [{"name": "callBackUrl", "value": "https://shop.example"}, {"name": "a", "value": "1"}]},
        {"shippingAddress": None, "businessConsumer": None, "paymentSplit": None, "criteria": None, "extraInfo": None},
        {"partnerReference": "aZ09-_.:"},
    ],
)
def test_what_keeps_the_rules_is_taken(merchant: Merchant, changes: dict[str, Any]) -> None:
    assert authorize(merchant, **changes).status == 201


def test_fields_that_nobody_knows_are_named_and_nothing_else(merchant: Merchant) -> None:
    answer = authorize(merchant, merchantKey=merchant.key, modificationId="m-1", colour="red", autoCapture=True)

    assert answer.status == 201
    assert answer.json["ignoredProperties"] == ["autoCapture", "colour"]


def test_only_the_merchant_itself_may_ask(merchant: Merchant) -> None:
    stranger = Merchant(sandbox=merchant.sandbox, secret="wrong")

    assert authorize(stranger).status == 401
    assert authorize(merchant, merchantKey="merchant-two").status == 403
    assert merchant.sandbox.ledger()["transactions"] == []


def test_it_may_not_be_captured_or_cancelled_before_the_money_is_there(merchant: Merchant) -> None:
    transaction = authorized(merchant)

    for kind in ("capture", "cancel", "cancelOrRefund", "refund"):
        refused = merchant.modify(kind, transaction)
        assert (refused.status, refused.error["code"]) == (400, "invalid_state")


def test_the_answers_contradict_each_other_as_the_examples_do(box: SandboxHandle, merchant: Merchant) -> None:
    box.control("dials", optionalFields=True, dateFormat="random", prepaymentStatus="CAPTURED")

    bodies = [authorize(merchant).json for _ in range(60)]

    assert {body["transactionOverview"]["amount"] for body in bodies} == {Decimal("50.99"), False}
    assert {"modification" in body for body in bodies} == {True, False}
    assert {"T" in body["creationDate"] for body in bodies} == {True, False}
    top = [
        body["modificationId"] == body["transactionOverview"]["transactionId"]
        for body in bodies
        if "modificationId" in body
    ]
    assert 0 < len(top) < 60
    assert all(top)


def test_faults_strike_new_payments_too_and_say_so_in_both_shapes(box: SandboxHandle, merchant: Merchant) -> None:
    box.control("dials", magicAmounts=True)

    listed = authorize(merchant, payment__amount=50.36)
    provider = authorize(merchant, payment__amount=50.37)
    failed = authorize(merchant, payment__amount=50.38)

    assert (listed.status, listed.error["code"]) == (400, "invalid_state")
    assert (provider.status, provider.json["error"]) == (400, "payment_provider_processing")
    assert (failed.status, failed.json["paymentStatus"]) == (201, "FAILED")
    assert [one["paymentStatus"] for one in box.ledger()["transactions"]] == ["FAILED"]


def test_a_lost_reply_leaves_a_payment_whose_reference_is_taken(box: SandboxHandle, merchant: Merchant) -> None:
    body = json.dumps(payment_body(partnerReference="SMP-1")).encode()
    box.control("faults", fault="lose_reply", path="/payment/authorize", times=1)

    with pytest.raises(ConnectionResetError):
        merchant.send("POST", "/smartpay/payment/authorize/", body)

    assert [one["partnerReference"] for one in box.ledger()["transactions"]] == ["SMP-1"]
    assert merchant.send("POST", "/smartpay/payment/authorize/", body).error["property"] == "partnerReference"


@pytest.mark.parametrize("fault", ["wrong_amount", "wrong_currency", "wrong_amount_executed"])
def test_an_answer_can_name_other_money(box: SandboxHandle, merchant: Merchant, fault: str) -> None:
    box.control("faults", fault=fault, path="/payment/authorize", times=1)

    overview = authorize(merchant).json["transactionOverview"]

    assert (overview["amount"], overview["currencyCode"]) != (Decimal("50.99"), "EUR")
    executed = box.ledger()["transactions"][0]["authorized"]
    assert executed == (5_098 if fault == "wrong_amount_executed" else 5_099)


def test_the_request_log_names_the_modification_and_the_transaction(box: SandboxHandle, merchant: Merchant) -> None:
    transaction = authorized(merchant, modificationId="m-1")

    (request,) = box.ledger(modificationId="m-1")["requests"]

    assert (request["transactionId"], request["outcome"], request["httpStatus"]) == (transaction, "created", 201)
