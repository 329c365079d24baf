"""Gateway B from behind: orders made to order, the vendor's portal, the shopper, and the pages for all three."""

from __future__ import annotations

import json
import time
import urllib.parse
from typing import Any

import pytest

from tests.sandbox.client import Answer, Merchant
from tests.sandbox.shop_b import Shop

HTML: dict[str, str | None] = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": None}
ATTACK = '<script>alert("x")</script>'


def control(shop: Shop, path: str, body: Any) -> Answer:
    return Merchant(sandbox=shop.sandbox).send("POST", f"/_control/{path}", json.dumps(body).encode())


def page(shop: Shop, path: str, **fields: str) -> Answer:
    method, body = ("POST", urllib.parse.urlencode(fields).encode()) if fields else ("GET", b"")
    return Merchant(sandbox=shop.sandbox).send(method, path, body, headers=HTML)


def portal(shop: Shop, order: str, action: str, **more: Any) -> Answer:
    return control(shop, "smartpay-orders/portal", {"transactionId": order, "action": action, **more})


def test_an_order_is_made_with_its_past(shop: Shop) -> None:
    refund = {"amount": 1_000, "reference": "r-1", "id": "refund_test_given"}
    past = [
        {"amount": 4_000, "id": "payment_test_given", "modificationId": "m-1", "secondsAgo": 60, "refunds": [refund]},
        {"amount": 2_000},
    ]

    order = shop.order(payments=past, email="a@example.com", reference="A-1", transactionId="order_test_given")

    read = shop.read(order)
    assert (order, read["status"], read["reference"]) == ("order_test_given", "requires_capture", "A-1")
    assert [one["amount"] for one in read["payments"]] == [4_000, 2_000]
    assert read["payments"][0]["refunds"][0]["id"] == "refund_test_given"
    assert shop.executions(order)[0]["modificationId"] == "m-1"
    books = shop.books(order)
    assert (books["captured"], books["refunded"], books["email"]) == (6_000, 1_000, "a@example.com")
    assert shop.refund("payment_test_given", 3_001).status == 403


def test_ten_thousand_orders_in_one_call_are_quick(shop: Shop) -> None:
    started = time.monotonic()

    made = shop.orders(count=10_000, reference="bulk", paymentStatus="succeeded")

    assert len({one["externalOrderReference"] for one in made}) == 10_000
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    "wish",
    [
        {"merchantKey": "nobody"},
        {"amount": 0},
        {"amount": 1.5},
        {"amount": "100"},
        {"currencyCode": "EUR"},
        {"paymentStatus": "LOST"},
        {"colour": "red"},
        {"count": 0},
        {"payments": [{"amount": 10_001}]},
        {"payments": [{"amount": 1, "refunds": [{"amount": 2}]}]},
        {"payments": [{"amount": 1, "colour": "red"}]},
        {"payments": [{"amount": 10_000}]},
        {"payments": [{"amount": 1}], "paymentStatus": "canceled"},
    ],
)
def test_an_impossible_order_is_not_made(shop: Shop, wish: dict[str, Any]) -> None:
    good = {"merchantKey": shop.key, "amount": 10_000}

    answer = control(shop, "smartpay-orders/orders", {"orders": [good, {**good, **wish}]})

    assert (answer.status, bool(answer.json["error"])) == (400, True)
    assert shop.sandbox.ledger(gateway="smartpay_orders")["transactions"] == []


def test_a_key_that_was_given_orders_finds_only_those(shop: Shop) -> None:
    order = shop.order()

    assert [one["id"] for one in shop.call("GET", "/orders").json["data"]] == [order]


def test_the_starter_orders_can_be_switched_off(shop: Shop) -> None:
    shop.sandbox.control("dials", starterOrders=False)

    assert shop.call("GET", "/orders").json["data"] == []


def test_the_portal_captures_once_refunds_newest_first_and_expires(shop: Shop) -> None:
    order = shop.order()
    for amount in (3_000, 4_000):
        shop.capture(order, amount, cancelRemainder="manual")

    portal(shop, order, "refund", amount=5_000)
    refunded = [sum(refund["amount"] for refund in one["refunds"]) for one in shop.read(order)["payments"]]
    portal(shop, order, "capture", amount=1_000)
    closed = shop.read(order)["status"]
    expiring = shop.order()
    portal(shop, expiring, "expire")

    assert refunded == [1_000, 4_000]
    assert (closed, shop.read(expiring)["status"]) == ("succeeded", "canceled")
    assert [one["origin"] for one in shop.executions(order)] == ["api", "api", "portal", "portal", "portal"]


def test_the_portal_refuses_what_the_api_refuses(shop: Shop) -> None:
    order = shop.order(paymentStatus="succeeded")

    assert portal(shop, order, "capture").status == 409
    assert portal(shop, order, "cancel").status == 409
    assert portal(shop, order, "refund", amount=10_001).status == 403
    assert portal(shop, order, "expire").status == 400
    assert portal(shop, order, "explode").status == 400
    assert portal(shop, order, "refund", amount=-1).status == 400
    assert portal(shop, "order_test_none", "cancel").status == 400
    assert [one["kind"] for one in shop.executions(order)] == ["capture"]


def test_the_shopper_decides_once(shop: Shop) -> None:
    order = shop.session().json["order"]["id"]
    wish = {"transactionId": order, "decision": "decline"}

    first = control(shop, "smartpay-orders/shopper", wish)
    second = control(shop, "smartpay-orders/shopper", {**wish, "decision": "approve"})
    unknown = control(shop, "smartpay-orders/shopper", {**wish, "decision": "dither"})

    assert (first.status, second.status, unknown.status) == (200, 409, 400)
    assert shop.read(order)["status"] == "rejected"


def test_a_reset_forgets_orders_keys_and_merchants(shop: Shop) -> None:
    shop.capture(shop.order(), 1_000, key="k")

    shop.sandbox.control("reset")

    assert shop.sandbox.ledger() == {"transactions": [], "executions": [], "requests": []}
    assert len(shop.call("GET", "/orders").json["data"]) == 12


def test_a_purchase_on_the_pages_from_the_shop_to_the_portal(shop: Shop) -> None:
    opened = page(shop, "/gateway-b", key=shop.key, amount="4980", captureMethod="manual", description="A tea set")
    checkout = opened.header("Location") or ""
    offered = page(shop, checkout)
    page(shop, checkout, decision="approve")
    page(shop, checkout, decision="decline")
    line = shop.sandbox.ledger(gateway="smartpay_orders")["transactions"][0]
    order = f"/gateway-b/orders/{line['transactionId']}"
    captured = page(shop, order, action="capture", amount="980")
    refused = page(shop, order, action="refund", amount="981")

    assert (opened.status, offered.status, captured.status, refused.status) == (303, 200, 303, 422)
    assert b"4,980 JPY" in offered.body
    assert b"This checkout is over" in page(shop, checkout).body
    assert b"Nothing moved." in refused.body
    books = shop.books(line["transactionId"])
    assert (line["paymentStatus"], books["captured"], books["released"]) == ("requires_capture", 980, 4_000)
    assert page(shop, "/").body.count(line["transactionId"].encode()) == 2


def test_the_shopper_can_decide_on_the_page_of_an_order_without_a_checkout(shop: Shop) -> None:
    order = shop.order(paymentStatus="requires_authorization", captureMethod="automatic")
    address = f"/gateway-b/orders/{order}"

    dithered = page(shop, address, decision="dither")
    decided = page(shop, address, decision="approve")
    again = page(shop, address, decision="decline")

    assert (dithered.status, decided.status, again.status) == (422, 303, 422)
    assert shop.read(order)["status"] == "succeeded"


@pytest.mark.parametrize("fields", [{"amount": "0.5"}, {"amount": "-1"}, {"amount": "many"}, {"key": "nobody"}])
def test_an_impossible_checkout_is_not_opened(shop: Shop, fields: dict[str, str]) -> None:
    answer = page(shop, "/gateway-b", **{"key": shop.key, "amount": "100", **fields})

    assert (answer.status, b"No checkout was opened." in answer.body) == (422, True)
    assert shop.sandbox.ledger()["transactions"] == []


def test_a_token_is_approved_on_its_page(shop: Shop) -> None:
    session = shop.session(mode="token", items=None).json
    address = urllib.parse.urlsplit(session["url"]).path

    page(shop, address, decision="approve")

    assert shop.call("GET", f"/tokens/{session['token']['id']}").json["status"] == "active"


def test_nothing_from_outside_becomes_markup(shop: Shop) -> None:
    order = shop.order(reference=ATTACK, description=ATTACK)
    session = shop.session(items=[{"name": ATTACK, "amount": 1, "currency": "JPY"}]).json
    shop.call("POST", "/webhook-endpoints", {"url": f"https://{ATTACK}"})
    shop.capture(order, 100, key=ATTACK, reference=ATTACK)

    paths = ("/", "/gateway-b", f"/gateway-b/orders/{order}", urllib.parse.urlsplit(session["url"]).path, "/webhooks")
    pages = [page(shop, path) for path in paths]

    assert [one.status for one in pages] == [200] * 5
    assert all(ATTACK.encode() not in one.body for one in pages)
    assert all(b"&lt;script&gt;" in one.body for one in pages[:4])


@pytest.mark.parametrize("path", ["/gateway-b/orders/none", "/smartpay-orders/checkout/none"])
def test_an_unknown_address_is_a_404_page(shop: Shop, path: str) -> None:
    assert page(shop, path).status == 404
    assert page(shop, path, decision="approve", action="cancel").status in (404, 422)
