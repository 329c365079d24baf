"""Gateway A's notifications: what they tell, with which password, and that the dials make them misbehave."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.outgoing.shop import Shop, a_shop
from tests.sandbox.client import Merchant
from tests.sandbox.payments import authorized
from tests.sandbox.receiver import letters
from tests.sandbox.test_pages import opened_checkout, post
from tests.sandbox_process import SandboxHandle


@pytest.fixture
def shop(box: SandboxHandle, merchant: Merchant) -> Iterator[Shop]:
    with a_shop() as listening:
        box.control("webhook", gateway="smartpay", merchantKey=merchant.key, url=listening.url)
        yield listening


def told(shop: Shop, count: int) -> list[tuple[str, str]]:
    """Kind of object and status of what came."""
    came = letters(shop, count)
    return [(one["objectType"], next(iter(one["data"].values()))) for one in came]


def test_a_payment_is_told_when_it_is_authorized_captured_and_settled(
    box: SandboxHandle, merchant: Merchant, shop: Shop
) -> None:
    post(merchant, opened_checkout(merchant), decision="pay")
    transaction = box.ledger()["transactions"][0]["transactionId"]
    merchant.modify("capture", transaction)
    box.control("settle", transactionId=transaction)

    assert told(shop, 3) == [
        ("payment", "AUTHORIZATION_COMPLETED"),
        ("payment", "CAPTURED"),
        ("payment", "SETTLED"),
    ]
    (first, _second, _third) = letters(shop, 3)
    assert (first["id"], first["objectId"], first["merchantKey"]) == (transaction, transaction, merchant.key)
    assert (first["eventType"], first["origin"]) == ("updated", "widget")
    assert first["createdAt"].endswith("Z")
    assert first["metadata"]["reconciliationReferenceId"]


def test_a_refund_is_told_by_its_own_id(merchant: Merchant, shop: Shop) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")

    refund = merchant.modify("refund", transaction, 25).json["modification"]["modificationData"]["refundId"]

    (came,) = letters(shop, 1)
    assert (came["objectType"], came["objectId"], came["data"]) == ("refund", refund, {"refundStatus": "REFUNDED"})
    assert came["origin"] == "api"


def test_a_prepayment_is_told_when_the_buyer_has_paid_and_not_before(
    box: SandboxHandle, merchant: Merchant, shop: Shop
) -> None:
    transaction = authorized(merchant)
    assert box.control_get("deliveries")["deliveries"] == []

    box.control("shopper", transactionId=transaction)

    assert told(shop, 1) == [("prepayment", "CAPTURED")]


def test_what_is_pending_is_told_when_it_ends(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    transaction = merchant.order()
    box.control("dials", asynchronous=True, asyncDelaySeconds=0.2)

    merchant.modify("capture", transaction)

    assert box.control_get("deliveries")["deliveries"] == []
    assert told(shop, 1) == [("payment", "CAPTURED")]


def test_what_the_portal_does_is_told(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    box.control("portal", transactionId=merchant.order(), action="capture")

    assert told(shop, 1) == [("payment", "CAPTURED")]
    assert letters(shop, 1)[0]["origin"] == "automated"


def test_an_automatic_capture_is_told(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    merchant.order(autoCaptureSeconds=1)

    box.control("clock", offsetSeconds=2)

    assert told(shop, 1) == [("payment", "CAPTURED")]


def test_cancellations_and_failures_are_not_told(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    merchant.modify("cancel", merchant.order())
    box.control("faults", fault="refuse_200", path="/payment/refund", times=1)
    merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), 1)

    assert box.control_get("deliveries")["deliveries"] == []


def test_without_a_secret_nobody_says_who_it_is(merchant: Merchant, shop: Shop) -> None:
    merchant.modify("capture", merchant.order())
    letters(shop, 1)

    assert "authorization" not in shop.letters[0][0]


@pytest.mark.parametrize(("bad", "right"), [(0.0, True), (1.0, False)])
def test_with_a_secret_it_says_so_or_says_it_wrongly(
    box: SandboxHandle, merchant: Merchant, shop: Shop, bad: float, right: bool
) -> None:
    box.control("webhook", gateway="smartpay", merchantKey=merchant.key, url=shop.url, secret="shop:word")
    box.control("dials", webhookBadSignature=bad)

    merchant.modify("capture", merchant.order())

    letters(shop, 1)
    said = base64.b64decode(shop.letters[0][0]["authorization"].removeprefix("Basic ")).decode()
    assert (said == "shop:word") is right


def test_it_is_repeated_until_it_is_heard(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    shop.answers[:] = [500, 204]
    box.control("dials", webhookRetrySeconds=0.05)

    merchant.modify("capture", merchant.order())

    one, two = letters(shop, 2)
    assert one == two


def test_it_can_arrive_before_the_answer(box: SandboxHandle, merchant: Merchant, shop: Shop) -> None:
    box.control("dials", webhookFirst=True)

    merchant.modify("capture", merchant.order())

    assert len(shop.letters) == 1


def test_another_merchants_address_hears_nothing(other_merchant: Merchant, shop: Shop) -> None:
    other_merchant.modify("capture", other_merchant.order())

    assert other_merchant.sandbox.control_get("deliveries")["deliveries"] == []
    assert shop.letters == []
