"""Gateway C's control doors: payments to order, the portal, the card holder, and the ledger for auditors."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.client import Merchant
from tests.sandbox.mailbox import Mailbox


def refused(card_merchant: CardMerchant, path: str, **body: Any) -> str:
    """The sentence of a control call that must fail."""
    answer = card_merchant.send("POST", f"/_control/smarterpay/{path}", json.dumps(body).encode())
    assert answer.status == 400
    return str(answer.json["error"])


@pytest.mark.parametrize(
    ("wish", "money"),
    [
        ({"state": "pending"}, (0, 0, 0)),
        ({"state": "failed"}, (0, 0, 0)),
        ({"state": "authorized"}, (0, 0, 0)),
        ({"state": "taken"}, (10_000, 0, 0)),
        ({"state": "cancelled"}, (0, 10_000, 0)),
        ({"state": "voided"}, (10_000, 0, 10_000)),
        ({"state": "expired"}, (0, 10_000, 0)),
        ({"captured": 6000}, (6000, 4000, 0)),
        ({"captured": "60.00", "refunded": "12.50"}, (6000, 4000, 1250)),
        ({"paymentType": "MOTO"}, (10_000, 0, 0)),
        ({"paymentType": "MOTO", "state": "voided"}, (10_000, 0, 10_000)),
    ],
)
def test_payments_are_made_in_any_state(
    card_merchant: CardMerchant, wish: dict[str, Any], money: tuple[int, int, int]
) -> None:
    books = card_merchant.books(card_merchant.payment(**wish))

    assert (books["captured"], books["released"], books["refunded"]) == money


def test_a_history_has_the_ids_and_times_that_were_wished_for(card_merchant: CardMerchant) -> None:
    history = [
        {"action": "release", "amount": 6000, "secondsAgo": 7200, "modificationId": "m-1", "paymentId": "P01RELEASE"},
        {"action": "refund", "amount": 1000, "secondsAgo": 3600, "modificationId": "m-2", "origin": "api"},
    ]

    paid = card_merchant.payment(createdSecondsAgo=9000, paymentId="P01MINE", cardId="CD01MINE", history=history)

    first, second = card_merchant.executions(paid)
    assert (paid.payment, paid.card) == ("P01MINE", "CD01MINE")
    assert (first["modificationId"], first["reconciliationReferenceId"], first["origin"]) == (
        "m-1",
        "P01RELEASE",
        "portal",
    )
    assert (second["modificationId"], second["kind"], second["origin"]) == ("m-2", "refund", "api")
    assert first["at"] < second["at"]


@pytest.mark.parametrize(
    "wish",
    [
        {"colour": "blue"},
        {"state": "lost"},
        {"paymentType": "Cash"},
        {"amount": 0},
        {"amount": 1.5},
        {"count": 0},
        {"merchantKey": "nobody"},
        {"captured": 10_001},
        {"history": [{"action": "refund", "amount": 1}]},
        {"history": [{"action": "dance"}]},
        {"history": [{"action": "release", "colour": "blue"}]},
    ],
)
def test_an_impossible_wish_makes_nothing(card_merchant: CardMerchant, wish: dict[str, Any]) -> None:
    good = {"merchantKey": card_merchant.key, "amount": 100}

    assert refused(card_merchant, "payments", payments=[good, {**good, **wish}])
    assert card_merchant.sandbox.ledger(gateway="smarterpay")["transactions"] == []


def test_thousands_are_made_in_one_call_quietly(card_merchant: CardMerchant, told: Mailbox) -> None:
    started = time.monotonic()

    wish = {"merchantKey": card_merchant.key, "amount": 100, "customReference": "BULK", "count": 2000}
    made = card_merchant.sandbox.control("smarterpay/payments", **wish)["transactions"]

    assert time.monotonic() - started < 20
    assert len({line["transactionId"] for line in made}) == len({line["cardId"] for line in made}) == 2000
    assert made[1]["partnerReference"] == "BULK-2"
    assert card_merchant.sandbox.control_get("deliveries")["deliveries"] == []


def test_a_payment_made_to_order_is_told_when_that_is_wished_for(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.payment(tell=True, state="taken")

    told.wait_for(1)
    types = [event.get("payment_type", event["event_type"]) for event in told.events]
    assert types == ["card_payment.create", "DeferredEcommerce", "DeferredRelease"]


@pytest.mark.parametrize("action", ["release", "cancel", "void", "refund", "expire"])
def test_the_portal_obeys_the_same_state_machine(card_merchant: CardMerchant, action: str) -> None:
    paid = card_merchant.payment(state="voided")

    sentence = refused(card_merchant, "portal", paymentId=paid.payment, action=action)

    assert sentence.endswith(".")
    assert card_merchant.books(paid)["refunded"] == 10_000


@pytest.mark.parametrize(
    "wish", [{"action": "dance"}, {"action": "refund", "amount": 0}, {"action": "refund", "amount": 10_001}]
)
def test_the_portal_refuses_what_it_cannot_do(card_merchant: CardMerchant, wish: dict[str, Any]) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    paid = card_merchant.payment(state="taken")

    assert refused(card_merchant, "portal", paymentId=paid.payment, **wish)
    assert card_merchant.books(paid)["refunded"] == 0


def test_the_portal_takes_a_part_or_everything(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    paid = card_merchant.payment()

    for wish in ({"action": "release", "amount": "60.00"}, {"action": "refund", "amount": 1000}, {"action": "refund"}):
        card_merchant.sandbox.control("smarterpay/portal", paymentId=paid.payment, **wish)

    assert (card_merchant.books(paid)["captured"], card_merchant.books(paid)["refunded"]) == (6000, 6000)
    assert [one["amount"] for one in card_merchant.executions(paid)] == [6000, 1000, 5000]


def test_the_portal_lets_reserved_money_go_back_at_once(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    card_merchant.sandbox.control("smarterpay/portal", paymentId=paid.payment, action="expire")

    assert (card_merchant.books(paid)["paymentStatus"], card_merchant.books(paid)["released"]) == ("expired", 10_000)


def test_the_shopper_decides_once(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(state="pending")

    card_merchant.sandbox.control("smarterpay/shopper", paymentId=paid.payment, decision="pay")

    assert refused(card_merchant, "shopper", paymentId=paid.payment, decision="decline")
    assert refused(card_merchant, "shopper", paymentId=paid.payment, decision="dance")
    assert card_merchant.books(paid)["paymentStatus"] == "deferred"


def test_the_ledger_shows_each_gateway_alone_or_all(card_merchant: CardMerchant, merchant: Merchant) -> None:
    transaction, paid = merchant.order(), card_merchant.payment()
    merchant.modify("capture", transaction)
    card_merchant.act("DeferredRelease", paid, key="key-1", amount=6000)

    everything = card_merchant.sandbox.ledger()
    ours = card_merchant.sandbox.ledger(gateway="smarterpay")

    for part in ("transactions", "executions", "requests"):
        assert {line["gateway"] for line in everything[part]} == {"smartpay", "smarterpay"}
        assert [line for line in everything[part] if line["gateway"] == "smarterpay"] == ours[part]
    [execution] = ours["executions"]
    [theirs] = card_merchant.sandbox.ledger(gateway="smartpay")["executions"]
    assert set(theirs) - {"captureId"} <= set(execution)
    assert (execution["modificationId"], execution["transactionId"], execution["kind"]) == (
        "key-1",
        paid.payment,
        "capture",
    )
    assert card_merchant.sandbox.ledger(modificationId="key-1")["transactions"][0]["transactionId"] == paid.payment
    assert card_merchant.sandbox.ledger(gateway="smarterpay", since="2999-01-01")["executions"] == []


def test_a_registration_is_no_modification_for_the_auditor(card_merchant: CardMerchant) -> None:
    card_merchant.register(key="key-1", custom_reference="ORDER-1")

    ledger = card_merchant.sandbox.ledger(gateway="smarterpay")
    assert ledger["executions"] == []
    assert [line["modificationId"] for line in ledger["requests"]] == [None]


def test_a_reset_forgets_gateway_c_too(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    card_merchant.act("DeferredCancel", paid, key="key-1", amount=5, isAsync=True)

    card_merchant.sandbox.control("reset")

    assert card_merchant.sandbox.ledger(gateway="smarterpay") == {"transactions": [], "executions": [], "requests": []}
    assert card_merchant.sandbox.control_get("smarterpay/warnings")["warnings"] == []
    assert card_merchant.cards().json["cards"] == []
    assert card_merchant.act("DeferredCancel", paid, key="key-1").status == 404


@pytest.mark.parametrize(
    ("dial", "position"),
    [
        ("smarterpayWebhooks", "v3"),
        ("smarterpayIdempotency", "maybe"),
        ("smarterpaySignatureHeader", "two words"),
        ("smarterpaySignatureHeader", ""),
        ("smarterpayReleaseDays", 31),
        ("smarterpayClearingSeconds", -1),
    ],
)
def test_a_dial_has_no_impossible_position(card_merchant: CardMerchant, dial: str, position: Any) -> None:
    before = card_merchant.sandbox.control_get("mode")

    answer = card_merchant.send("POST", "/_control/dials", json.dumps({dial: position}).encode())

    assert answer.status == 400
    assert card_merchant.sandbox.control_get("mode") == before
