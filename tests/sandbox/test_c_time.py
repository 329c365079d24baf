"""What happens later at gateway C: asynchronous results, and money that goes back by itself."""

from __future__ import annotations

import pytest

from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.mailbox import Mailbox

DAY_SECONDS = 86_400
KINDS = [("DeferredRelease", "authorized"), ("DeferredCancel", "authorized"), ("Void", "taken"), ("Refund", "taken")]


@pytest.fixture(autouse=True)
def refunds_at_any_time(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)


@pytest.mark.parametrize(("payment_type", "state"), KINDS)
def test_an_asynchronous_request_is_accepted_without_a_word_and_told_by_webhook(
    card_merchant: CardMerchant, told: Mailbox, payment_type: str, state: str
) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=0.1)
    paid = card_merchant.payment(state=state)

    answer = card_merchant.act(payment_type, paid, amount=10_000, isAsnyc=True, custom_reference="OURS")

    told.wait_for(2)
    assert (answer.status, answer.body) == (202, b"")
    assert [(event["event_type"], event["status"]) for event in told.events] == [
        ("payment.create", "pending"),
        ("payment.update", "successful"),
    ]
    assert {event["custom_reference"] for event in told.events} == {"OURS"}
    assert card_merchant.executions(paid)[-1]["status"] in {"CAPTURED", "CANCELLED", "REFUNDED"}


def test_until_its_time_an_asynchronous_request_moves_nothing(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=60)
    paid = card_merchant.payment()

    card_merchant.act("DeferredRelease", paid, amount=6000, isAsnyc=True)
    before = card_merchant.books(paid)["captured"], card_merchant.executions(paid)[0]["status"]
    card_merchant.later(61)

    assert before == (0, "CAPTURE_PENDING")
    assert (card_merchant.books(paid)["captured"], card_merchant.executions(paid)[0]["status"]) == (6000, "CAPTURED")


def test_an_asynchronous_request_may_fail_later(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=0, asyncOutcome="fail")
    paid = card_merchant.payment()

    card_merchant.act("DeferredRelease", paid, amount=6000, isAsnyc=True)

    told.wait_for(2)
    assert [event["status"] for event in told.events] == ["pending", "failed"]
    assert card_merchant.books(paid)["captured"] == 0


def test_what_became_impossible_meanwhile_fails(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=60)
    paid = card_merchant.payment()

    card_merchant.act("DeferredRelease", paid, amount=6000, isAsnyc=True)
    card_merchant.act("DeferredCancel", paid)
    card_merchant.later(61)

    assert [one["status"] for one in card_merchant.executions(paid)] == ["FAILED", "CANCELLED"]
    assert card_merchant.books(paid)["captured"] == 0


def test_what_is_due_after_the_authorisation_ended_fails(card_merchant: CardMerchant) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=60)
    paid = card_merchant.payment(expiresInSeconds=30)

    card_merchant.act("DeferredRelease", paid, amount=6000, isAsnyc=True)
    card_merchant.later(61)

    assert card_merchant.books(paid)["paymentStatus"] == "expired"
    assert card_merchant.executions(paid)[0]["status"] == "FAILED"


def test_bad_information_is_refused_at_once_even_when_asynchronous(card_merchant: CardMerchant) -> None:
    assert card_merchant.act("DeferredRelease", card_merchant.payment(), amount=-1, isAsnyc=True).status == 400


def test_the_webhook_may_come_before_the_answer(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", webhookFirst=True, asyncDelaySeconds=0)
    paid = card_merchant.payment()

    synchronous = card_merchant.act("DeferredRelease", paid, amount=10_000)
    after_first = len(told.letters)
    asynchronous = card_merchant.act("Void", paid, isAsnyc=True)

    assert (synchronous.status, after_first, asynchronous.status) == (200, 1, 202)
    assert [event["status"] for event in told.events] == ["successful", "pending", "successful"]


def test_a_pending_result_survives_a_kill(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=0.5)
    paid = card_merchant.payment()
    card_merchant.act("DeferredCancel", paid, isAsnyc=True)

    card_merchant.sandbox.kill()
    card_merchant.sandbox.start()

    told.wait_until(lambda: "successful" in [event["status"] for event in told.events])
    assert card_merchant.books(paid)["released"] == 10_000


@pytest.mark.parametrize(("days", "seconds", "state"), [(7, -60, "deferred"), (7, 0, "expired"), (30, -60, "deferred")])
def test_unreleased_money_goes_back_after_the_days_of_the_dial(
    card_merchant: CardMerchant, days: int, seconds: int, state: str
) -> None:
    card_merchant.sandbox.control("mode", smarterpayReleaseDays=days)
    paid = card_merchant.payment()

    card_merchant.later(days * DAY_SECONDS + seconds)

    books = card_merchant.books(paid)
    assert (books["paymentStatus"], books["released"]) == (state, 10_000 if state == "expired" else 0)


def test_released_money_does_not_go_back(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    card_merchant.act("DeferredRelease", paid, amount=6000)

    card_merchant.later(8 * DAY_SECONDS)

    assert (card_merchant.books(paid)["captured"], card_merchant.books(paid)["released"]) == (6000, 4000)


def test_after_the_time_a_release_fails(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment()
    card_merchant.later(7 * DAY_SECONDS)

    answer = card_merchant.act("DeferredRelease", paid, amount=100)

    assert answer.json["status"] == "failed"
    assert answer.json["gateway_status_details"] == "The authorisation has expired."


def test_an_authenticated_payment_holds_ninety_days(card_merchant: CardMerchant) -> None:
    paid = card_merchant.payment(paymentType="AuthenticateEcommerce")

    card_merchant.later(90 * DAY_SECONDS - 60)
    before = card_merchant.books(paid)["paymentStatus"]
    card_merchant.later(90 * DAY_SECONDS)

    assert (before, card_merchant.books(paid)["paymentStatus"]) == ("authenticated", "expired")


@pytest.mark.parametrize(("days", "allowed"), [(0, False), (1, True), (30, True), (31, False)])
def test_the_dial_of_days_goes_from_one_to_thirty(card_merchant: CardMerchant, days: int, allowed: bool) -> None:
    body = f'{{"smarterpayReleaseDays": {days}}}'.encode()

    answer = card_merchant.send("POST", "/_control/mode", body)

    assert answer.status == (200 if allowed else 400)
