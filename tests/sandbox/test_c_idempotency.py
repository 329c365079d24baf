"""The Idempotency-Key of gateway C: per endpoint, kept for a day, and honoured only while the dial says so (C.4)."""

from __future__ import annotations

import concurrent.futures
import time
import uuid

import pytest

from tests.sandbox.card_merchant import CardMerchant, Paid

DAY_SECONDS = 86_400
REPLAY = "idempotency-replay"


@pytest.fixture
def taken(card_merchant: CardMerchant) -> Paid:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    return card_merchant.payment(state="taken")


def test_a_known_key_gets_the_first_answer_byte_by_byte(card_merchant: CardMerchant, taken: Paid) -> None:
    first, second = (card_merchant.act("Refund", taken, key="key-1", amount=100) for _ in range(2))

    assert (first.body, first.status) == (second.body, second.status)
    assert (first.header(REPLAY), second.header(REPLAY)) == (None, "true")
    assert card_merchant.books(taken)["refunded"] == 100


def test_keys_are_case_sensitive(card_merchant: CardMerchant, taken: Paid) -> None:
    for key in ("key-1", "KEY-1"):
        card_merchant.act("Refund", taken, key=key, amount=100)

    assert card_merchant.books(taken)["refunded"] == 200


def test_without_a_key_every_request_is_carried_out(card_merchant: CardMerchant, taken: Paid) -> None:
    for _ in range(2):
        card_merchant.act("Refund", taken, key="", amount=100, custom_reference="SAME")

    assert card_merchant.books(taken)["refunded"] == 200
    assert [one["modificationId"] for one in card_merchant.executions(taken)[1:]] == ["SAME", "SAME"]


def test_with_the_dial_off_a_repeat_is_carried_out_twice(card_merchant: CardMerchant, taken: Paid) -> None:
    card_merchant.sandbox.control("mode", smarterpayIdempotency="off")

    answers = [card_merchant.act("Refund", taken, key="key-1", amount=100) for _ in range(2)]

    assert [answer.header(REPLAY) for answer in answers] == [None, None]
    assert len({answer.json["payment_id"] for answer in answers}) == 2
    assert card_merchant.books(taken)["refunded"] == 200
    assert [one["modificationId"] for one in card_merchant.executions(taken)[1:]] == ["key-1", "key-1"]


def test_a_refusal_is_replayed_too(card_merchant: CardMerchant, taken: Paid) -> None:
    first, second = (card_merchant.act("Refund", taken, key="key-1", amount=10_001) for _ in range(2))

    assert first.json["status"] == "failed"
    assert (first.body, second.header(REPLAY)) == (second.body, "true")


def test_bad_information_is_not_kept_for_the_key(card_merchant: CardMerchant, taken: Paid) -> None:
    refused = card_merchant.act("Refund", taken, key="key-1", amount=-1)
    mended = card_merchant.act("Refund", taken, key="key-1", amount=100)

    assert (refused.status, mended.json["status"]) == (400, "successful")


def test_an_accepted_request_is_accepted_once(card_merchant: CardMerchant, taken: Paid) -> None:
    answers = [card_merchant.act("Refund", taken, key="key-1", amount=100, isAsnyc=True) for _ in range(2)]

    assert [(answer.status, answer.body) for answer in answers] == [(202, b""), (202, b"")]
    assert len(card_merchant.executions(taken)) == 2


def test_a_key_counts_for_one_endpoint(card_merchant: CardMerchant, taken: Paid) -> None:
    other = card_merchant.payment(state="taken")

    for paid in (taken, other):
        card_merchant.act("Refund", paid, key="key-1", amount=100)

    assert [card_merchant.books(paid)["refunded"] for paid in (taken, other)] == [100, 100]


def test_a_key_counts_for_one_merchant(card_merchant: CardMerchant) -> None:
    other = CardMerchant(sandbox=card_merchant.sandbox, key="merchant-two", token="secret-two")

    ids = {merchant.register(key="key-1").json["payment_id"] for merchant in (card_merchant, other)}
    again = card_merchant.register(key="key-1")

    assert (len(ids), again.header(REPLAY)) == (2, "true")


@pytest.mark.parametrize(("seconds", "refunded"), [(DAY_SECONDS - 60, 100), (DAY_SECONDS, 200)])
def test_after_a_day_a_key_runs_again(card_merchant: CardMerchant, taken: Paid, seconds: int, refunded: int) -> None:
    card_merchant.act("Refund", taken, key="key-1", amount=100)
    card_merchant.later(seconds)

    card_merchant.act("Refund", taken, key="key-1", amount=100)

    assert card_merchant.books(taken)["refunded"] == refunded


def test_other_bytes_under_a_known_key_get_the_first_answer_and_a_mark_in_the_log(
    card_merchant: CardMerchant, taken: Paid
) -> None:
    first = card_merchant.act("Refund", taken, key="key-1", amount=100)
    second = card_merchant.act("Refund", taken, key="key-1", amount=5000)

    outcomes = [line["outcome"] for line in card_merchant.sandbox.ledger(modificationId="key-1")["requests"]]
    assert first.body == second.body
    assert (card_merchant.books(taken)["refunded"], outcomes) == (100, ["executed", "replayed_for_other_bytes"])


def test_fifty_requests_with_one_key_move_money_once(card_merchant: CardMerchant, taken: Paid) -> None:
    key = str(uuid.uuid4())

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: card_merchant.act("Refund", taken, key=key, amount=100), range(50)))

    assert {answer.status for answer in answers} <= {200, 409}
    assert card_merchant.books(taken)["refunded"] == 100


def test_a_second_request_while_the_first_runs_is_a_409(card_merchant: CardMerchant, taken: Paid) -> None:
    card_merchant.sandbox.control("faults", fault="slow", modificationId="key-1", seconds=0.5)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        first = pool.submit(card_merchant.act, "Refund", taken, key="key-1", amount=100)
        while not card_merchant.sandbox.control_get("faults")["fired"]:
            time.sleep(0.01)
        second = card_merchant.act("Refund", taken, key="key-1", amount=100)

    assert (first.result().status, second.status, second.json["status"]) == (200, 409, "error")
    assert card_merchant.books(taken)["refunded"] == 100


def test_a_kept_answer_survives_a_kill(card_merchant: CardMerchant, taken: Paid) -> None:
    first = card_merchant.act("Refund", taken, key="key-1", amount=100)

    card_merchant.sandbox.kill()
    card_merchant.sandbox.start()

    second = card_merchant.act("Refund", taken, key="key-1", amount=100)
    assert (first.body, card_merchant.books(taken)["refunded"]) == (second.body, 100)
