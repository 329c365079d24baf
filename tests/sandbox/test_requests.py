"""What gateway A demands of a request: credentials, headers, fields, amounts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.client import Merchant


def test_a_wrong_secret_is_unauthorized(merchant: Merchant) -> None:
    transaction = merchant.order()
    intruder = Merchant(sandbox=merchant.sandbox, secret="guessed")

    answer = intruder.modify("capture", transaction, 25)

    assert (answer.status, answer.error["code"]) == (401, "unauthorized")
    assert merchant.books(transaction)["captured"] == 0


@pytest.mark.parametrize("value", [None, "Bearer abc", "Basic", "Basic !!!", "Basic bm9jb2xvbg=="])
def test_other_credentials_are_unauthorized(merchant: Merchant, value: str | None) -> None:
    answer = merchant.send("GET", "/smartpay/payment/status/x", headers={"Authorization": value})

    assert answer.status == 401


@pytest.mark.parametrize("name", ["Content-Type", "Accept-Language", "Origin", "User-Agent"])
def test_each_of_the_four_headers_is_required(merchant: Merchant, name: str) -> None:
    body = merchant.body_of(merchant.order(), 25)

    answer = merchant.send("POST", "/smartpay/payment/capture", body, headers={name: None})

    assert (answer.status, answer.error["property"]) == (400, name)
    assert answer.json["traceId"].startswith("00-")


@pytest.mark.parametrize(("name", "value"), [("Content-Type", "text/plain"), ("Accept-Language", "de-DE")])
def test_a_header_with_another_value_is_refused(merchant: Merchant, name: str, value: str) -> None:
    body = merchant.body_of(merchant.order(), 25)

    answer = merchant.send("POST", "/smartpay/payment/capture", body, headers={name: value})

    assert (answer.status, answer.error["property"]) == (400, name)


def test_the_merchant_key_in_the_body_must_be_the_credentials(merchant: Merchant) -> None:
    answer = merchant.modify("capture", merchant.order(), 25, merchantKey="merchant-two")

    assert (answer.status, answer.error["code"]) == (403, "forbidden")


def test_another_merchants_transaction_does_not_exist(merchant: Merchant, other_merchant: Merchant) -> None:
    transaction = merchant.order()

    captured = other_merchant.modify("capture", transaction, 25)
    read = other_merchant.send("GET", f"/smartpay/payment/status/{transaction}")

    assert (captured.status, captured.error["code"]) == (404, "not_found")
    assert read.status == 404
    assert merchant.books(transaction)["captured"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("transactionId", "x" * 37),
        ("transactionId", None),
        ("modificationId", "x" * 65),
        ("modificationId", ""),
        ("modificationId", 7),
        ("merchantKey", "x" * 37),
        ("merchantKey", None),
        ("customReferences", "text"),
        ("modifiedAmount", 25),
    ],
)
def test_a_field_beyond_its_limit_is_named(merchant: Merchant, field: str, value: Any) -> None:
    answer = merchant.modify("capture", merchant.order(), 25, **{field: value})

    assert (answer.status, answer.error["code"]) == (400, "value_out_of_bounds")
    assert answer.error["property"] == field


@pytest.mark.parametrize(
    ("kind", "extra", "named"),
    [
        ("cancel", {"description": "x" * 128}, "description"),
        ("capture", {"customReferences": {"custom2": "x" * 256}}, "customReferences.custom2"),
        (
            "capture",
            {"modifiedAmount": {"amount": 1, "currencyCode": "EUR", "description": "x" * 128}},
            "modifiedAmount.description",
        ),
        ("capture", {"modifiedAmount": {"amount": 1, "currencyCode": "eur"}}, "modifiedAmount.currencyCode"),
        ("capture", {"modifiedAmount": {"currencyCode": "EUR"}}, "modifiedAmount.amount"),
        ("capture", {"modifiedAmount": {"amount": 1}}, "modifiedAmount.currencyCode"),
    ],
)
def test_a_nested_field_beyond_its_limit_is_named(
    merchant: Merchant, kind: str, extra: dict[str, Any], named: str
) -> None:
    answer = merchant.modify(kind, merchant.order(), **extra)

    assert (answer.status, answer.error["property"]) == (400, named)


def test_texts_at_their_limits_are_taken(merchant: Merchant) -> None:
    transaction = merchant.order()
    amount = {"amount": 25, "currencyCode": "EUR", "description": "d" * 127}
    references = {"custom1": "c" * 255}

    answer = merchant.modify(
        "capture", transaction, modificationId="m" * 64, modifiedAmount=amount, customReferences=references
    )

    assert answer.status == 200
    entry = answer.json["modification"]
    assert entry["modificationAmount"]["description"] == "d" * 127
    assert entry["modificationData"]["customReferences"] == references


@pytest.mark.parametrize("amount", [0, -1, 100.01, 12.345, True, "ten", "1e400", "NaN", "１０", [], 10**15 + 1])
def test_an_amount_that_cannot_be_captured_moves_nothing(merchant: Merchant, amount: object) -> None:
    transaction = merchant.order()

    answer = merchant.modify("capture", transaction, amount)

    assert (answer.status, answer.error["property"]) == (400, "modifiedAmount.amount")
    assert merchant.books(transaction)["captured"] == 0


@pytest.mark.parametrize(("amount", "minor"), [(25, 2500), (49.99, 4999), ("0.30", 30), (80.2, 8020), (100.00, 10_000)])
def test_an_amount_is_booked_to_the_cent(merchant: Merchant, amount: object, minor: int) -> None:
    transaction = merchant.order()

    answer = merchant.modify("capture", transaction, amount)

    assert answer.status == 200
    assert merchant.books(transaction)["captured"] == minor


def test_yen_have_no_decimals(merchant: Merchant) -> None:
    transaction = merchant.order(amount=1500, currencyCode="JPY")

    refused = merchant.modify("capture", transaction, 15.5, currency="JPY")
    taken = merchant.modify("capture", transaction, 1500, currency="JPY")

    assert (refused.status, taken.status) == (400, 200)
    assert merchant.books(transaction)["captured"] == 1500


def test_another_currency_moves_nothing(merchant: Merchant) -> None:
    transaction = merchant.order()

    answer = merchant.modify("capture", transaction, 25, currency="USD")

    assert (answer.status, answer.error["property"]) == (400, "modifiedAmount.currencyCode")
    assert merchant.books(transaction)["captured"] == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"text"', b'{"a": NaN}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused(merchant: Merchant, body: bytes) -> None:
    answer = merchant.send("POST", "/smartpay/payment/refund", body)

    assert (answer.status, answer.error["property"]) == (400, "body")


def test_an_unknown_path_is_not_found(merchant: Merchant) -> None:
    assert merchant.send("POST", "/smartpay/payment/void", b"{}").status == 404
    assert merchant.send("GET", "/smartpay/payment/capture").status == 404


def test_what_is_not_http_is_answered_and_closed(merchant: Merchant) -> None:
    answer = merchant.send("POST", "/smartpay/payment/refund", b"", headers={"Transfer-Encoding": "chunked"})

    assert answer.status == 400


def test_a_checkout_is_created_once_per_reference(merchant: Merchant) -> None:
    wish = {"merchantKey": merchant.key, "partnerReference": "A-1", "payment": {"amount": 49.99, "currencyCode": "EUR"}}

    first = merchant.send("POST", "/smartpay/payment/creation", json.dumps(wish).encode())
    second = merchant.send("POST", "/smartpay/payment/creation", json.dumps(wish).encode())

    assert first.json["paymentStatus"] == "CREATED"
    assert set(first.json) >= {"transactionId", "checkoutToken", "requestTime", "externalOrderReference"}
    assert (second.status, second.error["property"]) == (400, "partnerReference")
