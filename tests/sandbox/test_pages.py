"""The sandbox's pages: a purchase from the shop's form to the portal, without a script, and nothing unescaped."""

from __future__ import annotations

import urllib.parse

import pytest

from tests.sandbox.client import Answer, Merchant

HTML: dict[str, str | None] = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": None}
ATTACK = '<script>alert("x")</script>'


def get(merchant: Merchant, path: str) -> Answer:
    return merchant.send("GET", path, headers=HTML)


def post(merchant: Merchant, path: str, **fields: str) -> Answer:
    return merchant.send("POST", path, urllib.parse.urlencode(fields).encode(), headers=HTML)


def opened_checkout(merchant: Merchant, **fields: str) -> str:
    wish = {"merchantKey": merchant.key, "amount": "49.99", "currencyCode": "EUR", **fields}
    return post(merchant, "/checkouts/new", **wish).header("Location") or ""


@pytest.mark.parametrize("path", ["/", "/checkouts/new", "/faults", "/modes"])
def test_each_page_says_that_no_real_money_moves(merchant: Merchant, path: str) -> None:
    answer = get(merchant, path)

    assert answer.status == 200
    assert b"Sandbox: no real money moves" in answer.body
    assert "script-src" not in (answer.header("Content-Security-Policy") or "script-src")


def test_a_shopper_pays_once(merchant: Merchant) -> None:
    checkout = opened_checkout(merchant, partnerReference="A-1")
    before = merchant.sandbox.ledger()["transactions"][0]

    post(merchant, checkout, decision="pay")
    post(merchant, checkout, decision="decline")

    after = merchant.sandbox.ledger()["transactions"][0]
    assert (before["paymentStatus"], after["paymentStatus"]) == ("CREATED", "AUTHORIZATION_COMPLETED")
    assert after["authorized"] == 4999
    assert b"This checkout is over" in get(merchant, checkout).body


def test_a_shopper_declines(merchant: Merchant) -> None:
    post(merchant, opened_checkout(merchant), decision="decline")

    assert merchant.sandbox.ledger()["transactions"][0]["paymentStatus"] == "FAILED"


@pytest.mark.parametrize("amount", ["0", "-1", "12.345", "twelve", "1e400"])
def test_a_checkout_with_an_impossible_amount_is_not_opened(merchant: Merchant, amount: str) -> None:
    fields = {"merchantKey": merchant.key, "amount": amount, "currencyCode": "EUR"}

    answer = post(merchant, "/checkouts/new", **fields)

    assert (answer.status, b"No checkout was opened." in answer.body) == (422, True)
    assert merchant.sandbox.ledger()["transactions"] == []


def test_the_portal_page_moves_money_and_says_why_not(merchant: Merchant) -> None:
    transaction = merchant.order()

    done = post(merchant, f"/transactions/{transaction}", action="capture", amount="30.00")
    refused = post(merchant, f"/transactions/{transaction}", action="refund", amount="31")

    assert (done.status, refused.status) == (303, 422)
    assert b"Nothing moved." in refused.body
    books = merchant.books(transaction)
    assert (books["captured"], books["refunded"]) == (3000, 0)


def test_a_fault_is_set_and_removed_on_its_page(merchant: Merchant) -> None:
    post(merchant, "/faults", fault="lose_reply", probability="0.5", times="3")
    shown = get(merchant, "/faults").body
    rule = merchant.sandbox.control_get("faults")["rules"][0]

    post(merchant, "/faults", remove=str(rule["id"]))

    assert (rule["fault"], rule["probability"], rule["times"]) == ("lose_reply", 0.5, 3)
    assert b"probability 0.5" in shown
    assert merchant.sandbox.control_get("faults")["rules"] == []


def test_an_impossible_fault_is_not_set(merchant: Merchant) -> None:
    answer = post(merchant, "/faults", fault="lose_reply", probability="often")

    assert (answer.status, b"No fault was set." in answer.body) == (422, True)
    assert merchant.sandbox.control_get("faults")["rules"] == []


def test_the_dials_are_turned_on_their_page(merchant: Merchant) -> None:
    turned = post(merchant, "/modes", asynchronous="yes", asyncDelaySeconds="7.5", spelling="CANCELATION")
    refused = post(merchant, "/modes", asyncDelaySeconds="soon", asynchronous="no")

    mode = merchant.sandbox.control_get("mode")
    assert (turned.status, refused.status) == (303, 422)
    assert (mode["asynchronous"], mode["asyncDelaySeconds"], mode["spelling"]) == (True, 7.5, "CANCELATION")


def test_nothing_from_outside_becomes_markup(merchant: Merchant) -> None:
    transaction = merchant.order(description=ATTACK, partnerReference=ATTACK, email=ATTACK, paymentStatus="CAPTURED")
    merchant.modify("refund", transaction, 25, modificationId=ATTACK)
    merchant.sandbox.control("faults", fault="slow", path=ATTACK)
    token = merchant.books(transaction)["checkoutToken"]

    pages = [get(merchant, path).body for path in ("/", f"/transactions/{transaction}", "/faults")]
    pages.append(get(merchant, f"/smartpay/checkout/{token}").body)

    assert all(ATTACK.encode() not in page for page in pages)
    assert all(b"&lt;script&gt;" in page for page in pages)


@pytest.mark.parametrize("path", ["/nowhere", "/transactions/none", "/smartpay/checkout/none"])
def test_an_unknown_address_is_a_404_page(merchant: Merchant, path: str) -> None:
    assert get(merchant, path).status == 404
    assert post(merchant, path).status == 404
