"""Which action a card payment's state allows and what it does to the money at gateway C."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.client import Answer

DAY_SECONDS = 86_400
MONEY = ("authorized", "captured", "released", "refunded")


def failed(answer: Answer) -> bool:
    """HTTP 200 with the status failed and a text of the acquirer's (gateways.md C.3)."""
    body = answer.json
    return answer.status == 200 and body["status"] == "failed" and body["gateway_status_details"] != ""


def money(books: dict[str, Any]) -> tuple[int, ...]:
    return tuple(books[name] for name in MONEY)


def test_a_release_takes_the_money_and_is_answered_as_the_seed_shows(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredRelease", paid, amount=10_000, currency_code="GBP")

    body = answer.json
    assert list(body) == [
        *("card_id", "payment_id", "platform", "payment_type", "payment_gateway", "status", "status_details"),
        *("status_code", "gateway_status", "gateway_status_details", "gateway_status_code"),
    ]
    assert (body["status"], body["payment_type"], body["card_id"]) == ("successful", "DeferredRelease", paid.card)
    assert (body["status_details"], body["status_code"], body["gateway_status_code"]) == ("", "", "0000")
    assert body["gateway_status_details"] == "The Authorisation was Successful."
    assert body["payment_id"] not in (paid.payment, paid.card)
    assert money(card_merchant.books(paid)) == (10_000, 10_000, 0, 0)


def test_ids_look_like_those_of_the_seed(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    new = card_merchant.act("DeferredCancel", paid).json["payment_id"]

    assert (paid.card[:4], len(paid.card)) == ("CD01", len("CD01OQW39P4G97J56NXL"))
    assert all((one[:3], len(one)) == ("P01", len("P01QW39P4ODOY3P56NX")) for one in (paid.payment, new))


def test_a_partial_release_gives_the_rest_back(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    card_merchant.act("DeferredRelease", paid, amount=3000)

    assert money(card_merchant.books(paid)) == (10_000, 3000, 7000, 0)


def test_there_is_one_release_only(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    card_merchant.act("DeferredRelease", paid, amount=3000)

    assert failed(card_merchant.act("DeferredRelease", paid, amount=3000))
    assert card_merchant.books(paid)["captured"] == 3000


@pytest.mark.parametrize(("amount", "status"), [(10_000, "successful"), (10_001, "failed")])
def test_a_release_stops_at_the_original_amount(card_merchant: CardMerchant, amount: int, status: str) -> None:
    answer = card_merchant.act("DeferredRelease", card_merchant.payment(), amount=amount)

    assert answer.json["status"] == status


def test_a_cancel_gives_everything_back(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredCancel", paid)

    books = card_merchant.books(paid)
    assert answer.json["status"] == "successful"
    assert (money(books), books["paymentStatus"]) == ((10_000, 0, 10_000, 0), "cancelled")


def test_a_cancel_ignores_its_amount_and_warns_when_it_is_another(card_merchant: CardMerchant) -> None:
    same, other = card_merchant.payment(), card_merchant.payment()

    card_merchant.act("DeferredCancel", same, amount=10_000, currency_code="GBP")
    card_merchant.act("DeferredCancel", other, amount=100, currency_code="GBP")

    warned = card_merchant.sandbox.control_get("smarterpay/warnings")["warnings"]
    assert [card_merchant.books(paid)["released"] for paid in (same, other)] == [10_000, 10_000]
    assert [line["transactionId"] for line in warned] == [other.payment]


@pytest.mark.parametrize("before", ["DeferredCancel", "DeferredRelease"])
@pytest.mark.parametrize("after", ["DeferredCancel", "DeferredRelease"])
def test_what_is_released_or_cancelled_is_neither_released_nor_cancelled_again(
    card_merchant: CardMerchant, before: str, after: str
) -> None:
    paid = card_merchant.payment()
    card_merchant.act(before, paid, amount=10_000)
    books = money(card_merchant.books(paid))

    assert failed(card_merchant.act(after, paid, amount=10_000))
    assert money(card_merchant.books(paid)) == books


def test_a_capture_of_today_is_voided_whole_and_once(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    card_merchant.act("DeferredRelease", paid, amount=6000)

    part = card_merchant.act("Void", paid, amount=1000)
    whole = card_merchant.act("Void", paid)
    again = card_merchant.act("Void", paid)

    assert (failed(part), whole.json["status"], failed(again)) == (True, "successful", True)
    assert money(card_merchant.books(paid)) == (10_000, 6000, 4000, 6000)
    assert [one["kind"] for one in card_merchant.executions(paid) if one["status"] == "REFUNDED"] == ["void"]


def test_before_clearing_it_is_voided_and_after_clearing_refunded(card_merchant: CardMerchant) -> None:
    paid, other = card_merchant.payment(state="taken"), card_merchant.payment(state="taken")

    too_early = card_merchant.act("Refund", paid, amount=100)
    card_merchant.later(DAY_SECONDS)
    too_late = card_merchant.act("Void", other)
    in_time = card_merchant.act("Refund", paid, amount=100)

    assert (failed(too_early), failed(too_late), in_time.json["status"]) == (True, True, "successful")


def test_a_dial_lets_refunds_come_before_clearing(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)

    answer = card_merchant.act("Refund", card_merchant.payment(state="taken"), amount=100)

    assert answer.json["status"] == "successful"


def test_a_dial_shortens_clearing(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayClearingSeconds=0)

    answers = [
        card_merchant.act(kind, card_merchant.payment(state="taken"), amount=10_000) for kind in ("Void", "Refund")
    ]

    assert [answer.json["status"] for answer in answers] == ["failed", "successful"]


def test_refunds_stop_at_the_released_amount(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(captured=6000)
    card_merchant.later(DAY_SECONDS)

    taken = [card_merchant.act("Refund", paid, amount=amount).json["status"] for amount in (4000, 2001, 2000, 1)]

    assert taken == ["successful", "failed", "successful", "failed"]
    assert card_merchant.books(paid)["refunded"] == 6000


def test_what_was_refunded_in_part_is_not_voided(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    paid = card_merchant.payment(state="taken")
    card_merchant.act("Refund", paid, amount=100)

    assert failed(card_merchant.act("Void", paid))


@pytest.mark.parametrize("state", ["pending", "failed", "authorized", "cancelled", "voided", "expired"])
@pytest.mark.parametrize("payment_type", ["Void", "Refund"])
def test_only_taken_money_goes_back(card_merchant: CardMerchant, state: str, payment_type: str) -> None:
    paid = card_merchant.payment(state=state)
    before = money(card_merchant.books(paid))

    assert failed(card_merchant.act(payment_type, paid, amount=100))
    assert money(card_merchant.books(paid)) == before


def test_a_refund_may_name_the_release_or_the_original_payment(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayClearingSeconds=0)
    paid = card_merchant.payment()
    release = card_merchant.act("DeferredRelease", paid, amount=10_000).json["payment_id"]

    by_release = card_merchant.act("Refund", paid, amount=100, related_payment_id=release)
    by_original = card_merchant.act("Refund", paid, amount=200)

    assert [answer.json["status"] for answer in (by_release, by_original)] == ["successful", "successful"]
    assert card_merchant.books(paid)["refunded"] == 300


def test_without_a_related_payment_the_newest_under_the_card_is_meant(card_merchant: CardMerchant) -> None:
    first = card_merchant.payment(state="taken")
    repeated = card_merchant.act("Repeat", first, amount=2500).json["payment_id"]

    card_merchant.act("Void", first, related_payment_id=None)

    assert card_merchant.books(first)["refunded"] == 0
    assert card_merchant.sandbox.ledger(transactionId=repeated)["transactions"][0]["refunded"] == 2500


def test_a_payment_under_another_card_is_not_touched(card_merchant: CardMerchant) -> None:
    one, other = card_merchant.payment(), card_merchant.payment()

    answer = card_merchant.act("DeferredCancel", one, related_payment_id=other.payment)

    assert (answer.status, answer.json["status"]) == (400, "error")
    assert [card_merchant.books(paid)["released"] for paid in (one, other)] == [0, 0]


def test_an_authenticated_payment_is_taken_by_its_own_release(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(paymentType="AuthenticateEcommerce")

    wrong = card_merchant.act("DeferredRelease", paid, amount=4000)
    right = card_merchant.act("AuthoriseRelease", paid, amount=4000)

    assert (failed(wrong), right.json["status"]) == (True, "successful")
    assert card_merchant.executions(paid)[-1]["kind"] == "capture"
    assert card_merchant.books(paid)["captured"] == 4000


def test_a_repeat_is_a_payment_of_its_own_under_the_same_card(card_merchant: CardMerchant) -> None:
    first = card_merchant.payment(state="taken")

    answer = card_merchant.act("Repeat", first, amount=2500)

    line = card_merchant.sandbox.ledger(transactionId=answer.json["payment_id"])["transactions"][0]
    assert (line["cardId"], line["captured"], line["currencyCode"]) == (first.card, 2500, "GBP")


@pytest.mark.parametrize("seed", range(4))
def test_after_a_random_day_the_books_add_up(card_merchant: CardMerchant, seed: int) -> None:
    dice = random.Random(seed)
    card_merchant.sandbox.control(
        "mode", smarterpayRefundBeforeClearing=True, asyncDelaySeconds=0, asyncOutcome=dice.choice(["succeed", "fail"])
    )
    payments = [card_merchant.payment(state=dice.choice(["authorized", "taken"])) for _ in range(6)]

    for _ in range(60):
        kind = dice.choice(["DeferredRelease", "DeferredCancel", "Void", "Refund", "Refund"])
        amount = dice.randrange(1, 6000) if kind in ("DeferredRelease", "Refund") else None
        card_merchant.act(kind, dice.choice(payments), amount=amount, isAsnyc=dice.random() < 0.3)

    ledger = card_merchant.sandbox.ledger(gateway="smarterpay")
    for line in ledger["transactions"]:
        mine = [one for one in ledger["executions"] if one["transactionId"] == line["transactionId"]]
        done = {
            status: sum(one["amount"] for one in mine if one["status"] == status)
            for status in ("CAPTURED", "CANCELLED", "REFUNDED")
        }
        assert (line["captured"], line["refunded"]) == (done["CAPTURED"], done["REFUNDED"])
        assert line["refunded"] <= line["captured"] <= line["authorized"]
        closed = line["captured"] + line["released"] == line["authorized"]
        assert closed == (line["paymentStatus"] != "deferred")
