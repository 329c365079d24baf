"""Gateway C's pages: a payment from the shop's form over the shopper to the portal, and nothing unescaped."""

from __future__ import annotations

import pytest

from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.client import Merchant
from tests.sandbox.mailbox import Mailbox
from tests.sandbox.test_pages import ATTACK, get, post

HOME = "/gateway-c"


def registered(merchant: Merchant, payment_type: str = "DeferredEcommerce", **fields: str) -> str:
    """Where the shop's form leads."""
    wish = {"merchantKey": merchant.key, "paymentType": payment_type, "amount": "49.99", "currencyCode": "GBP"}
    return post(merchant, HOME, **{**wish, **fields}).header("Location") or ""


def test_a_shopper_pays_once_and_the_merchant_is_told(
    merchant: Merchant, card_merchant: CardMerchant, told: Mailbox
) -> None:
    shopper = registered(merchant, customReference="ORDER-1")
    before = card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"][0]

    post(merchant, shopper, decision="pay")
    post(merchant, shopper, decision="decline")

    after = card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"][0]
    told.wait_for(2)
    assert (before["paymentStatus"], after["paymentStatus"], after["authorized"]) == ("pending", "deferred", 4999)
    assert [event["status"] for event in told.events] == ["pending", "pending", "successful"]
    assert b"This payment is decided" in get(merchant, shopper).body


def test_a_shopper_declines(merchant: Merchant, card_merchant: CardMerchant) -> None:
    post(merchant, registered(merchant), decision="decline")

    assert card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"][0]["paymentStatus"] == "failed"


def test_a_payment_by_telephone_needs_no_shopper(merchant: Merchant) -> None:
    page = registered(merchant, "DeferredMOTO")

    assert page.startswith("/gateway-c/payments/")
    assert b"<strong>deferred</strong>" in get(merchant, page).body


@pytest.mark.parametrize("amount", ["0", "-1", "12.345", "twelve"])
def test_a_payment_with_an_impossible_amount_is_not_made(
    merchant: Merchant, card_merchant: CardMerchant, amount: str
) -> None:
    fields = {"merchantKey": merchant.key, "paymentType": "MOTO", "amount": amount, "currencyCode": "GBP"}

    answer = post(merchant, HOME, **fields)

    assert (answer.status, b"No payment was made." in answer.body) == (422, True)
    assert card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"] == []


def test_the_portal_page_moves_money_and_says_why_not(merchant: Merchant, card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    page = f"/gateway-c/payments/{paid.payment}"

    done = post(merchant, page, action="release", amount="30.00")
    refused = post(merchant, page, action="refund", amount="10")

    assert (done.status, refused.status) == (303, 422)
    assert b"void it. Nothing moved." in refused.body
    assert (card_merchant.books(paid)["captured"], card_merchant.books(paid)["refunded"]) == (3000, 0)


def test_the_portal_page_lets_money_go_back(merchant: Merchant, card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    page = f"/gateway-c/payments/{paid.payment}"

    done, again = (post(merchant, page, action="expire") for _ in range(2))

    assert (done.status, again.status) == (303, 422)
    assert card_merchant.books(paid)["released"] == 10_000


def test_the_payments_page_shows_what_was_done_and_what_was_careless(
    merchant: Merchant, card_merchant: CardMerchant
) -> None:
    paid = card_merchant.payment()
    new = card_merchant.act("DeferredCancel", paid, isAsync=True).json["payment_id"]

    shown = get(merchant, f"/gateway-c/payments/{paid.payment}").body.decode()

    assert new in shown
    assert "isAsync was sent and ignored" in shown
    assert "executed" in shown


def test_all_gateways_stand_on_the_first_page(merchant: Merchant, card_merchant: CardMerchant) -> None:
    transaction, paid = merchant.order(), card_merchant.payment()

    shown = get(merchant, "/").body.decode()

    assert transaction in shown
    assert f"/gateway-c/payments/{paid.payment}" in shown


def test_nothing_from_outside_becomes_markup(merchant: Merchant, card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(customReference=ATTACK, description=ATTACK, state="pending")
    card_merchant.act("Void", paid, key=ATTACK, internal_payment_description=ATTACK)
    card_merchant.told_at(f"http://127.0.0.1/{ATTACK}")

    addresses = [HOME, f"/gateway-c/payments/{paid.payment}", f"/gateway-c/shopper/{paid.payment}"]
    pages = [get(merchant, address).body for address in addresses]

    assert all(ATTACK.encode() not in page for page in pages)
    assert all(b"&lt;script&gt;" in page for page in pages)


@pytest.mark.parametrize("path", ["/gateway-c/payments/none", "/gateway-c/shopper/none", "/gateway-c/nowhere"])
def test_an_unknown_address_is_a_404_page(merchant: Merchant, path: str) -> None:
    assert get(merchant, path).status == 404
    assert post(merchant, path).status == 404
