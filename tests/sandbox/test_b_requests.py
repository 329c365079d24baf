"""What gateway B demands of a request: the raw key, JSON, whole yen, its own words; and what it kindly ignores."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.shop_b import Shop
from tests.sandbox_process import SandboxHandle, sandbox

ID = re.compile(r"(order|payment|refund|checkout|li)_test_[0-9A-Za-z]{22}")
WORDS = {"metadata": {f"k{number}": "v" for number in range(20)}, "reference": "r" * 255, "description": "d" * 255}


def details(answer: Any) -> str:
    assert answer.status == 400
    assert answer.json["errorCode"] == "request.invalid"
    return " ".join(answer.json["details"])


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "sk_test_shop1",
        "Bearer sk_test_shop1",
        "Basic " + base64.b64encode(b"sk_test_shop1:").decode(),
        "Basic sk_test_",
        "Basic sk_test_with-hyphen",
        "Basic pk_test_shop1",
        "Basic sk_live_nobody",
    ],
)
def test_anything_but_a_raw_secret_key_is_unauthorized(shop: Shop, authorization: str | None) -> None:
    answer = shop.call("GET", "/orders", Authorization=authorization)

    assert answer.status == 401
    assert set(answer.json) == {"statusCode", "scheme", "realm"}
    assert (answer.json["statusCode"], answer.json["scheme"]) == (401, "Basic")


def test_any_well_formed_test_key_is_a_merchant_with_an_order_in_every_state(shop: Shop) -> None:
    orders = shop.call("GET", "/orders", query="expand=all").json["data"]
    again = shop.call("GET", "/orders", query="expand=all").json["data"]

    assert [one["id"] for one in orders] == [one["id"] for one in again]
    assert len(orders) == 12
    assert {one["status"] for one in orders} == {
        *("requires_authorization", "requires_capture", "succeeded", "canceled", "rejected")
    }
    payments = [payment for one in orders for payment in one["payments"]]
    assert {payment["status"] for payment in payments} == {"processed", "refunded"}
    assert sorted(len(one["payments"]) for one in orders) == [0] * 6 + [1] * 5 + [2]
    assert any(one["status"] == "requires_capture" and one["payments"] for one in orders)


def test_merchants_do_not_see_one_another(shop: Shop) -> None:
    stranger = Shop(sandbox=shop.sandbox, key="sk_test_stranger")
    payment = shop.paid()
    order = shop.call("GET", f"/payments/{payment}").json["order"]

    for method, path, code in (
        ("GET", f"/orders/{order}", "order.not-found"),
        ("PUT", f"/orders/{order}/cancellation", "order.not-found"),
        ("GET", f"/payments/{payment}", "payment.not-found"),
        ("PATCH", f"/payments/{payment}", "payment.not-found"),
    ):
        answer = stranger.call(method, path, {"reference": "mine"})
        assert (answer.status, answer.json["errorCode"]) == (404, code)
    assert stranger.capture(order, 1).json["errorCode"] == "order.not-found"
    assert stranger.refund(payment, 1).json["errorCode"] == "payment.not-found"


def test_a_live_key_works_only_when_it_was_introduced_and_finds_no_orders(tmp_path: Path) -> None:
    with sandbox(tmp_path, merchants={"live-shop": "sk_live_known", "test-shop": "sk_test_known"}) as box:
        live, test = Shop(sandbox=box, key="sk_live_known"), Shop(sandbox=box, key="sk_test_known")

        assert Shop(sandbox=box, key="sk_live_other").call("GET", "/orders").status == 401
        assert live.call("GET", "/orders").json["data"] == []
        assert test.call("GET", "/orders").json["data"] == []
        made = live.orders(merchantKey="live-shop")[0]
        assert live.read(made["transactionId"])["test"] is False
        assert test.call("GET", f"/orders/{made['transactionId']}").json["errorCode"] == "order.not-found"


def test_a_payment_answers_as_documented(shop: Shop) -> None:
    order = shop.order()

    paid = shop.capture(order, 4_000, reference="r-1", cancelRemainder="manual").json

    assert ID.fullmatch(paid["id"])
    assert (paid["object"], paid["status"], paid["test"]) == ("payment", "processed", True)
    assert (paid["order"], paid["amount"], paid["currency"], paid["reference"]) == (order, 4_000, "JPY", "r-1")
    assert 10**12 < paid["createdAt"] == paid["updatedAt"]


def test_a_refund_answers_as_documented(shop: Shop) -> None:
    payment = shop.paid()

    refund = shop.refund(payment, 1_500, reference="r-2", reason="fraudulent").json

    assert ID.fullmatch(refund["id"])
    assert (refund["object"], refund["status"], refund["reason"]) == ("refund", "succeeded", "fraudulent")
    assert (refund["payment"], refund["amount"], refund["reference"]) == (payment, 1_500, "r-2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": None}, "amount is required"),
        ({"amount": 0}, "amount must be an integer"),
        ({"amount": -1}, "amount must be an integer"),
        ({"amount": 10.5}, "amount must be an integer"),
        ({"amount": "100"}, "amount must be an integer"),
        ({"amount": True}, "amount must be an integer"),
        ({"amount": 10**15 + 1}, "amount must be an integer"),
        ({"amount": 1e300}, "amount must be an integer"),
        ({"currency": "EUR"}, "currency must be JPY"),
        ({"currency": None}, "currency must be JPY"),
        ({"order": None}, "order is required"),
        ({"cancelRemainder": "autommatic"}, "cancelRemainder must be one of automatic, manual"),
        ({"metadata": {f"k{number}": "v" for number in range(21)}}, "metadata must have at most 20 pairs"),
        ({"metadata": "text"}, "metadata must be an object"),
        ({"reference": "r" * 256}, "reference must have"),
        ({"reference": 7}, "reference must be a string"),
        ({"description": "d" * 256}, "description must have"),
        ({"lineItems": ["li_test_unknown"]}, "lineItems must be ids"),
    ],
)
def test_a_capture_that_is_wrong_is_refused_and_moves_nothing(shop: Shop, change: dict[str, Any], said: str) -> None:
    order = shop.order()
    body = {"order": order, "amount": 100, "currency": "JPY", **change}

    assert said in details(shop.call("POST", "/payments", body))
    assert shop.executions(order) == []


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 100.0},
        {"currency": "jpy"},
        {"cancelRemainder": None, "description": None, "lineItems": None, "metadata": None, "reference": None},
        {"cancelRemainder": "automatic", **WORDS},
        {"somethingNew": {"deep": [1]}},
    ],
)
def test_a_capture_at_the_limits_is_accepted(shop: Shop, change: dict[str, Any]) -> None:
    answer = shop.call("POST", "/payments", {"order": shop.order(), "amount": 100, "currency": "JPY", **change})

    assert (answer.status, answer.json["amount"]) == (200, 100)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"payment": None}, "payment is required"),
        ({"reason": None}, "reason is required"),
        ({"reason": "changed_mind"}, "reason must be one of requested_by_customer, fraudulent"),
        ({"amount": 0}, "amount must be an integer"),
        ({"currency": None}, "currency must be JPY"),
    ],
)
def test_a_refund_that_is_wrong_is_refused(shop: Shop, change: dict[str, Any], said: str) -> None:
    body = {"payment": shop.paid(), "amount": 100, "currency": "JPY", "reason": "fraudulent", **change}

    assert said in details(shop.call("POST", "/refunds", body))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "request.malformed"),
        (b"", "request.malformed"),
        (b'{"reference": "\\ud800"}', "request.malformed"),
        (b"[" * 100_000, "request.malformed"),
        (b'{"order": "o", "amount": 1e999999999, "currency": "JPY"}', "request.invalid"),
        (b"[]", "request.invalid"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(shop: Shop, body: bytes, code: str) -> None:
    answer = shop.call("POST", "/payments", body)

    assert (answer.status, answer.json["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/orders/order_test_none", "order.not-found"),
        ("GET", "/payments/payment_test_none", "payment.not-found"),
        ("GET", "/refunds/refund_test_none", "refund.not-found"),
        ("GET", "/tokens/paytok_test_none", "token.not-found"),
        ("GET", "/webhook-endpoints/none", "webhook-endpoint.not-found"),
        ("GET", "/nothing", "not-found"),
        ("DELETE", "/orders/order_test_none", "not-found"),
    ],
)
def test_what_is_not_there_is_said_with_a_code(shop: Shop, method: str, path: str, code: str) -> None:
    answer = shop.call(method, path)

    assert (answer.status, answer.json["errorCode"], answer.json["statusCode"]) == (404, code, 404)
    assert answer.json["message"]


def test_words_on_payments_and_refunds_can_be_changed_later(shop: Shop) -> None:
    payment = shop.paid()
    refund = shop.refund(payment, 100).json["id"]

    for path in (f"/payments/{payment}", f"/refunds/{refund}"):
        shop.call("PATCH", path, {"reference": "updated", "metadata": {"a": 1}})
        shop.call("PATCH", path, {"description": "later", "reference": None})
        read = shop.call("GET", path).json
        assert (read["reference"], read["description"], read["metadata"]) == ("updated", "later", {"a": 1})


def test_the_request_log_names_key_order_and_digest(shop: Shop, merchant: Merchant, box: SandboxHandle) -> None:
    order = shop.order()
    shop.capture(order, 10_000, key="key-1")

    line = box.ledger(modificationId="key-1")["requests"][0]

    assert (line["gateway"], line["transactionId"], line["outcome"]) == ("smartpay_orders", order, "executed")
    assert line["bodySha256"] == shop.executions(order)[0]["requestSha256"]
    merchant.modify("capture", merchant.order(), 10)
    assert {one["gateway"] for one in box.ledger(gateway="smartpay")["requests"]} == {"smartpay"}
    assert {one["gateway"] for one in box.ledger(gateway="smartpay_orders")["executions"]} == {"smartpay_orders"}
