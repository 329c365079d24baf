"""What gateway B tells, whom, and how it signs: the documents' own example, and every event of an order's life."""

from __future__ import annotations

import hashlib
import hmac
import time
import urllib.error
from typing import Any

import pytest

from tests.sandbox.mailbox import Letter, Mailbox, mailbox
from tests.sandbox.shop_b import SECRET, Shop

EXAMPLE = (
    b'{"id":"evt_test_dwPfFKu5iSEKyHR2LFj9Lx","object":"event","createdAt":1653028523052,"test":true,"eventData":'
    b'{"type":"payment.created","version":"2022-02-18","data":{"id":"payment_test_35LxgmF5KM22XKG38BjpJg","object":'
    b'"payment","test":true,"createdAt":1653028523020,"updatedAt":1653028523020,"amount":200,"currency":"JPY","order":'
    b'"order_test_RiYq2rthzRHrkKVGeucSwn","reference":"order_ref_1234567","status":"processed","metadata":{}}}}'
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def expected(letter: Letter, secret: str) -> str:
    """The signature as a receiver computes it, written down apart from the sandbox's own."""
    key = sum(ALPHABET.index(digit) * 62**place for place, digit in enumerate(reversed(secret))).to_bytes(30, "big")
    timestamp = letter.headers["smartpay-signature-timestamp"].encode()
    return hmac.new(key, timestamp + b"." + letter.body, hashlib.sha256).hexdigest()


def types(hook: Mailbox, count: int) -> list[str]:
    return [letter.json["eventData"]["type"] for letter in hook.wait_for(count)]


def endpoint(shop: Shop, url: str, **wish: Any) -> dict[str, Any]:
    made: dict[str, Any] = shop.call("POST", "/webhook-endpoints", {"url": url, **wish}).json
    return made


def test_the_documents_own_example_is_signed_as_they_say() -> None:
    """So that whatever the sandbox signs is held against a measure that is known to be right."""
    example = Letter(headers={"smartpay-signature-timestamp": "1653028612220"}, body=EXAMPLE)

    assert expected(example, SECRET) == "68007ada8485ea0ceca7c5e879ae860a50412b7af95ab8e81b32a3e13f3c0832"


@pytest.mark.parametrize("secret", ["A" * 40, "AAAAb", "9" * 40, SECRET])
def test_every_secret_of_letters_and_digits_signs(shop: Shop, letters: Mailbox, secret: str) -> None:
    shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url=letters.url, secret=secret)

    shop.paid()

    letter = letters.wait_for(1)[0]
    assert letter.headers["smartpay-signature"] == expected(letter, secret)


@pytest.mark.parametrize("secret", ["no_underscore", "あ", "9" * 42])
def test_what_is_no_secret_is_refused(shop: Shop, secret: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url="http://h", secret=secret)

    assert refused.value.code == 400
    refused.value.close()


def test_every_delivery_carries_four_headers_and_a_good_signature(shop: Shop, letters: Mailbox) -> None:
    made = endpoint(shop, letters.url)
    payment = shop.paid()

    letter = letters.wait_for(1)[0]

    assert letter.headers["smartpay-signature"] == expected(letter, made["signingSecret"])
    assert letter.headers["smartpay-subscription-id"] == made["id"]
    assert letter.headers["smartpay-event-id"] == letter.json["id"]
    assert abs(int(letter.headers["smartpay-signature-timestamp"]) - time.time() * 1000) < 10_000
    event = letter.json["eventData"]
    assert (event["type"], event["version"], event["data"]["id"]) == ("payment.created", "2022-02-18", payment)
    assert (letter.json["object"], letter.json["test"], letter.json["id"][:9]) == ("event", True, "evt_test_")


def test_a_repeat_is_signed_anew(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookRetrySeconds=0.05)
    hook.answers = [500]
    shop.paid()

    first, second = hook.wait_for(2)

    assert first.body == second.body
    assert first.headers["smartpay-signature-timestamp"] != second.headers["smartpay-signature-timestamp"]
    assert second.headers["smartpay-signature"] == expected(second, SECRET)


def test_a_bad_signature_is_bad_until_the_dial_is_turned_back(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookBadSignature=1.0, webhookRetrySeconds=0.2)
    hook.answers = [401]
    shop.paid()
    bad = hook.wait_for(1)[0]

    shop.sandbox.control("dials", webhookBadSignature=0.0)
    good = hook.wait_for(2)[1]

    assert bad.headers["smartpay-signature"] != expected(bad, SECRET)
    assert good.headers["smartpay-signature"] == expected(good, SECRET)


def test_the_life_of_an_order_is_told(shop: Shop, hook: Mailbox) -> None:
    order = shop.session().json["order"]["id"]
    for decision in ("soft_decline", "approve"):
        shop.sandbox.control("smartpay-orders/shopper", transactionId=order, decision=decision)
    payment = shop.capture(order, 100, cancelRemainder="manual").json["id"]
    shop.refund(payment, 40)

    assert types(hook, 4) == ["order.rejected", "order.authorized", "payment.created", "refund.created"]
    rejected, authorized, *_ = (letter.json["eventData"]["data"] for letter in hook.wait_for(4))
    assert (rejected["status"], authorized["status"]) == ("requires_authorization", "requires_capture")
    assert hook.letters[3].json["eventData"]["data"]["payment"] == payment


def test_cancelling_and_expiring_are_told_once_and_by_themselves(shop: Shop, hook: Mailbox) -> None:
    cancelled, expiring = shop.order(), shop.order(expiresInSeconds=1)

    shop.cancel(cancelled)
    shop.cancel(cancelled)

    told = [letter.json["eventData"] for letter in hook.wait_for(2)]
    assert [(one["type"], one["data"]["id"]) for one in told] == [
        ("order.canceled", cancelled),
        ("order.canceled", expiring),
    ]


def test_a_cancelled_rest_of_a_captured_order_is_not_told(shop: Shop, hook: Mailbox) -> None:
    order = shop.order()
    shop.capture(order, 100, cancelRemainder="manual")
    shop.cancel(order)
    shop.cancel(shop.order())

    assert types(hook, 2) == ["payment.created", "order.canceled"]


def test_only_active_endpoints_that_subscribed_are_told(shop: Shop, hook: Mailbox) -> None:
    with mailbox() as refunds_only, mailbox() as inactive:
        endpoint(shop, refunds_only.url, eventSubscriptions=["refund.created"])
        endpoint(shop, inactive.url, active=False)
        shop.refund(shop.paid(), 100)

        assert types(hook, 2) == ["payment.created", "refund.created"]
        assert types(refunds_only, 1) == ["refund.created"]
        assert inactive.letters == []
        one, two = hook.wait_for(2)[1], refunds_only.wait_for(1)[0]
        assert one.headers["smartpay-event-id"] == two.headers["smartpay-event-id"]


def test_a_deleted_endpoint_hears_nothing_more(shop: Shop, letters: Mailbox) -> None:
    shop.sandbox.control("dials", webhookDelaySeconds=0.3)
    made = endpoint(shop, letters.url)
    shop.paid()

    shop.call("DELETE", f"/webhook-endpoints/{made['id']}")
    time.sleep(0.6)

    assert letters.letters == []


def test_the_portal_is_told_of_like_the_api(shop: Shop, hook: Mailbox) -> None:
    order = shop.order()

    shop.sandbox.control("smartpay-orders/portal", transactionId=order, action="capture", amount=700)
    shop.sandbox.control("smartpay-orders/portal", transactionId=order, action="refund")

    assert types(hook, 2) == ["payment.created", "refund.created"]
