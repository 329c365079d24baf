"""Checkouts of gateway B as the vendor's own clients and their live tests make them; tokens, coupons, endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shop_b import ADDRESS, Shop

APPROVED = "pm_test_visaApproved"


def consumer(shop: Shop) -> dict[str, str]:
    """The header of a shopper who has logged in."""
    login = {"emailAddress": "shopper+test@example.com", "password": "123456"}
    token = shop.call("POST", "/consumers/auth/login", login, Authorization=None).json["accessToken"]
    return {"Authorization": f"Bearer {token}"}


def authorize(shop: Shop, order: str, method: str = APPROVED) -> Any:
    body = {"paymentMethod": method, "paymentPlan": "pay_in_three"}
    return shop.call("POST", f"/orders/{order}/authorizations", body, **consumer(shop))


def test_the_vendors_live_test_of_manual_capture(shop: Shop) -> None:
    session = shop.session().json
    order = session["order"]["id"]
    authorize(shop, order)

    first = shop.capture(order, 150, cancelRemainder="manual").json
    second = shop.capture(order, 151, cancelRemainder="manual").json
    shop.call("PATCH", f"/payments/{second['id']}", {"reference": "updated", "description": None, "metadata": None})
    refundable = shop.call("GET", f"/orders/{order}").json["payments"][0]
    refunds = [shop.refund(refundable, amount).json for amount in (1, 2)]

    assert shop.call("GET", f"/payments/{second['id']}").json["reference"] == "updated"
    assert (first["amount"], second["amount"], [one["amount"] for one in refunds]) == (150, 151, [1, 2])
    assert refundable == first["id"]
    assert len(shop.call("GET", "/payments").json["data"]) > 0


def test_the_vendors_live_test_of_a_cancellation(shop: Shop) -> None:
    order = shop.session().json["order"]["id"]
    authorize(shop, order)

    assert shop.call("PUT", f"/orders/{order}/cancellation").json["status"] == "canceled"


def test_a_session_comes_with_its_whole_order_and_can_be_read_again(shop: Shop) -> None:
    session = shop.session().json

    read = shop.call("GET", f"/checkout-sessions/{session['id']}").json
    listed = shop.call("GET", "/checkout-sessions", query="expand=all").json["data"]

    assert session["order"]["status"] == "requires_authorization"
    assert (session["order"]["amount"], session["order"]["currency"]) == (350, "JPY")
    assert session["url"].endswith(f"/smartpay-orders/checkout/{session['id']}")
    assert (read["id"], read["order"]) == (session["id"], session["order"]["id"])
    assert listed == [session]


def test_tax_is_added_and_a_discount_taken_off_when_no_amount_is_sent(shop: Shop) -> None:
    items = [
        {"name": "shoes", "amount": 250, "quantity": 2, "currency": "JPY"},
        {"name": "tax", "amount": 50, "kind": "tax"},
        {"name": "discount", "amount": 30, "kind": "discount"},
    ]

    assert shop.session(items=items).json["order"]["amount"] == 620
    assert shop.session(items=items, amount=600).json["order"]["amount"] == 600


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"captureMethod": "autommatic"}, "captureMethod must be one of automatic, manual"),
        ({"items": []}, "items must have 1 to 50"),
        ({"items": [{"name": "n", "amount": 1, "currency": "JPY"}] * 51}, "items must have 1 to 50"),
        ({"items": [{"amount": 1}]}, "name is required"),
        ({"items": [{"name": "n", "amount": 1, "currency": "USD"}]}, "currency must be JPY"),
        ({"currency": "USD"}, "currency must be JPY"),
        ({"shippingInfo": None}, "shippingInfo.address is required"),
        ({"shippingInfo": {"address": {**ADDRESS, "line1": None}}}, "line1 is required"),
        ({"shippingInfo": {"address": {**ADDRESS, "country": "US"}}}, "country must be JP"),
        ({"successUrl": None}, "successUrl is required"),
        ({"cancelUrl": "javascript:alert(1)"}, "cancelUrl must be a URL"),
        ({"reference": "r" * 41}, "reference must have"),
        ({"description": "d" * 81}, "description must have"),
        ({"locale": "fr"}, "locale must be one of en, ja"),
        ({"amount": -1}, "amount must be an integer"),
    ],
)
def test_a_session_that_is_wrong_is_not_opened(shop: Shop, change: dict[str, Any], said: str) -> None:
    answer = shop.session(**change)

    assert (answer.status, answer.json["errorCode"]) == (400, "request.invalid")
    assert said in " ".join(answer.json["details"])


def test_a_session_at_the_limits_is_opened(shop: Shop) -> None:
    items = [{"name": "n", "amount": 1, "currency": "JPY"}] * 50
    old_words = {
        "successUrl": None,
        "cancelUrl": None,
        "successURL": "https://s.example",
        "cancelURL": "https://c.example",
    }

    answer = shop.session(items=items, reference="r" * 40, description="d" * 80, locale="en", **old_words)

    assert answer.status == 200


def test_approval_captures_at_once_when_the_order_says_so(shop: Shop) -> None:
    order = shop.session(captureMethod=None).json["order"]["id"]

    approved = authorize(shop, order)

    assert (approved.status, approved.json["status"]) == (200, "succeeded")
    assert [one["amount"] for one in shop.read(order)["payments"]] == [350]
    assert [one["origin"] for one in shop.executions(order)] == ["auto"]
    assert shop.cancel(order).json["errorCode"] == "order.cannot-cancel"


@pytest.mark.parametrize(
    ("method", "status"),
    [("pm_test_visaDeclined", "rejected"), ("pm_test_visaInsufficientFunds", "requires_authorization")],
)
def test_a_decline_is_hard_or_soft(shop: Shop, method: str, status: str) -> None:
    order = shop.session().json["order"]["id"]
    authorize(shop, order, method)

    again = authorize(shop, order)

    assert again.status == (409 if status == "rejected" else 200)
    assert shop.read(order)["status"] == ("rejected" if status == "rejected" else "requires_capture")


def test_only_a_shopper_authorizes(shop: Shop) -> None:
    order = shop.session().json["order"]["id"]
    body = {"paymentMethod": APPROVED}

    for header in (None, f"Basic {shop.key}", "Bearer guessed"):
        assert shop.call("POST", f"/orders/{order}/authorizations", body, Authorization=header).status == 401
    assert shop.read(order)["status"] == "requires_authorization"
    assert authorize(shop, "order_test_none").json["errorCode"] == "order.not-found"


def test_the_vendors_live_test_of_tokens(shop: Shop) -> None:
    session = shop.session(mode="token", items=None, shippingInfo=None).json
    token = session["token"]["id"]
    purchase = {
        "token": token,
        "amount": 350,
        "currency": "JPY",
        "items": [{"name": "shoes", "amount": 250, "currency": "JPY", "quantity": 1}],
        "shippingInfo": {"address": ADDRESS, "feeAmount": 100, "feeCurrency": "JPY"},
        "captureMethod": "manual",
    }
    too_early = shop.call("POST", "/orders", purchase)
    shop.call("PUT", f"/tokens/{token}/approve", **consumer(shop))

    order = shop.call("POST", "/orders", purchase).json
    statuses = []
    for action in ("disable", "enable"):
        shop.call("PUT", f"/tokens/{token}/{action}")
        statuses.append(shop.call("GET", f"/tokens/{token}").json["status"])
    shop.call("PUT", f"/tokens/{token}/disable")
    disabled = shop.call("POST", "/orders", purchase)
    listed = shop.call("GET", "/tokens").json["data"]
    deleted = shop.call("DELETE", f"/tokens/{token}")

    assert (too_early.status, too_early.json["errorCode"]) == (400, "token.invalid")
    assert (order["tokenId"], order["status"]) == (token, "requires_capture")
    assert (statuses, [one["id"] for one in listed]) == (["disabled", "active"], [token])
    assert (disabled.status, disabled.json["errorCode"]) == (400, "token.invalid")
    assert (deleted.status, deleted.body) == (204, b"")
    assert shop.call("POST", "/orders", purchase).json["errorCode"] == "token.not-found"


def test_webhook_endpoints_are_made_read_changed_and_deleted(shop: Shop) -> None:
    made = shop.call("POST", "/webhook-endpoints", {"url": "https://s.example", "eventSubscriptions": ["token.used"]})
    path = f"/webhook-endpoints/{made.json['id']}"

    changed = shop.call("PATCH", path, {"description": "updated", "active": False, "url": None}).json
    refused = shop.call("PATCH", path, {"eventSubscriptions": ["token.eaten"]})
    listed = shop.call("GET", "/webhook-endpoints").json["data"]
    deleted = shop.call("DELETE", path)

    assert len(made.json["signingSecret"]) == 40
    assert (changed["description"], changed["active"], changed["url"]) == ("updated", False, "https://s.example")
    assert changed["signingSecret"] == made.json["signingSecret"]
    assert (refused.status, listed) == (400, [changed])
    assert (deleted.status, deleted.body, shop.call("GET", path).status) == (204, b"", 404)


def test_coupons_and_promotion_codes_are_kept(shop: Shop) -> None:
    coupon = shop.call(
        "POST", "/coupons", {"name": "c", "discountType": "amount", "discountAmount": 100, "currency": "JPY"}
    ).json
    renamed = shop.call("PATCH", f"/coupons/{coupon['id']}", {"name": "renamed"}).json
    code = shop.call("POST", "/promotion-codes", {"coupon": coupon["id"], "code": "SUMMER"}).json
    taken = shop.call("POST", "/promotion-codes", {"coupon": coupon["id"], "code": "summer"})
    closed = shop.call("PATCH", f"/promotion-codes/{code['id']}", {"active": False}).json

    assert (renamed["name"], closed["active"]) == ("renamed", False)
    assert (taken.status, taken.json["errorCode"]) == (409, "promotion-code.exists")
    assert [one["id"] for one in shop.call("GET", "/coupons").json["data"]] == [coupon["id"]]
    assert shop.call("GET", f"/promotion-codes/{code['id']}").json == closed
