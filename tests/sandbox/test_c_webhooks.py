"""What gateway C tells by webhook: both envelopes, signed, told again until heard (gateways.md C.5)."""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from typing import Any

import pytest

from tests.sandbox.card_merchant import WEBHOOK_SECRET, CardMerchant
from tests.sandbox.mailbox import Mailbox

DAY_SECONDS = 86_400
HEADER = "x-smarterpay-signature"


def signature_of(body: bytes) -> str:
    return hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()


def about(told: Mailbox, payment_id: str) -> list[dict[str, Any]]:
    return [event for event in told.events if event["id"] == payment_id]


def test_a_release_is_told_with_all_that_its_answer_does_not_say(card_merchant: CardMerchant, told: Mailbox) -> None:
    paid = card_merchant.payment()
    metadata = {"modification_id": str(uuid.uuid4()), "rate": 1.25}

    answer = card_merchant.act(
        "DeferredRelease", paid, amount=6000, custom_reference="OURS", metadata=metadata,
        internal_payment_description="inside", gateway_payment_description="outside",
    )  # fmt: skip

    [letter] = told.wait_for(1)
    envelope = letter.json
    [event] = envelope["events"]
    assert set(envelope) == {"id", "idempotency_key", "sent_at", "client", "events"}
    assert envelope["client"] == {"id": card_merchant.key}
    assert (event["event_type"], event["id"]) == ("payment.create", answer.json["payment_id"])
    assert (event["amount"], event["currency_code"]) == (6000, "GBP")
    assert (event["payment_type"], event["status"]) == ("DeferredRelease", "successful")
    assert (event["custom_reference"], event["metadata"]) == ("OURS", metadata)
    assert event["related_payment"]["id"] == paid.payment
    card_payment = event["card_payment"]
    assert card_payment["card"]["id"] == paid.card
    assert card_payment["internal_payment_description"] == "inside"
    assert card_payment["gateway_payment_description"] == "outside"
    assert (card_payment["gateway_status"], card_payment["gateway_status_code"]) == ("Ok", "0000")


def test_the_raw_body_is_signed_in_a_header_of_choice(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.act("DeferredCancel", card_merchant.payment())
    told.wait_for(1)
    card_merchant.sandbox.control("mode", smarterpaySignatureHeader="X-Seal")

    card_merchant.act("DeferredCancel", card_merchant.payment())

    first, second = told.wait_for(2)
    assert first.headers[HEADER] == signature_of(first.body)
    assert (second.headers["x-seal"], HEADER in second.headers) == (signature_of(second.body), False)


def test_a_bad_signature_comes_on_the_dial(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", webhookBadSignature=1)

    card_merchant.act("DeferredCancel", card_merchant.payment())

    [letter] = told.wait_for(1)
    assert letter.headers[HEADER] != signature_of(letter.body)


def test_nothing_is_told_where_no_address_is_set(card_merchant: CardMerchant) -> None:
    card_merchant.act("DeferredCancel", card_merchant.payment())

    assert card_merchant.sandbox.control_get("deliveries")["deliveries"] == []


def test_another_merchants_address_hears_nothing(card_merchant: CardMerchant, told: Mailbox) -> None:
    other = CardMerchant(sandbox=card_merchant.sandbox, key="merchant-two", token="secret-two")

    other.act("DeferredCancel", other.payment())
    card_merchant.act("DeferredCancel", card_merchant.payment())

    assert [letter.json["client"]["id"] for letter in told.wait_for(1)] == [card_merchant.key]


@pytest.mark.parametrize("status", [200, 202, 204])
def test_any_success_acknowledges(card_merchant: CardMerchant, told: Mailbox, status: int) -> None:
    told.answers = [status]

    card_merchant.act("DeferredCancel", card_merchant.payment())

    told.wait_until(lambda: _states(card_merchant) == ["acknowledged"])
    assert len(told.letters) == 1


@pytest.mark.parametrize("status", [302, 400, 498, 500])
def test_anything_else_is_told_again_with_the_same_bytes(
    card_merchant: CardMerchant, told: Mailbox, status: int
) -> None:
    told.answers = [status, status]

    card_merchant.act("DeferredCancel", card_merchant.payment())

    told.wait_until(lambda: _states(card_merchant) == ["acknowledged"])
    assert len({letter.body for letter in told.letters}) == 1
    assert len(told.letters) == 3


def test_after_ten_resends_it_is_given_up_and_the_portal_can_send_it_again(
    card_merchant: CardMerchant, told: Mailbox
) -> None:
    told.answers = [500] * 11

    card_merchant.act("DeferredCancel", card_merchant.payment())

    told.wait_until(lambda: _states(card_merchant) == ["given_up"])
    assert len(told.letters) == 11
    [delivery] = card_merchant.sandbox.control_get("deliveries")["deliveries"]
    card_merchant.sandbox.control("deliveries/resend", id=delivery["id"])
    told.wait_until(lambda: _states(card_merchant) == ["acknowledged"])
    assert len({letter.json["idempotency_key"] for letter in told.letters}) == 1


def test_a_duplicate_has_the_same_keys(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", webhookDuplicates=1, webhookCopies=3)

    card_merchant.act("DeferredCancel", card_merchant.payment())

    letters = told.wait_for(3)
    assert len({letter.json["idempotency_key"] for letter in letters}) == 1
    assert len({event["event_id"] for event in told.events}) == 1


def test_two_events_have_different_keys(card_merchant: CardMerchant, told: Mailbox) -> None:
    for _ in range(2):
        card_merchant.act("DeferredCancel", card_merchant.payment())

    letters = told.wait_for(2)
    assert len({letter.json["idempotency_key"] for letter in letters}) == 2
    assert len({event["event_id"] for event in told.events}) == 2


def test_a_refusal_is_told_too(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.act("Refund", card_merchant.payment(), amount=100)

    [letter] = told.wait_for(1)
    [event] = letter.json["events"]
    assert (event["status"], event["payment_type"]) == ("failed", "Refund")
    assert event["card_payment"]["gateway_status_details"] == "No money has been taken by this transaction."


def test_a_registration_tells_of_the_card_and_of_the_payment(card_merchant: CardMerchant, told: Mailbox) -> None:
    answer = card_merchant.register(custom_reference="ORDER-1", metadata={"shop": 1})

    [letter] = told.wait_for(1)
    card, payment = letter.json["events"]
    assert (card["event_type"], card["id"]) == ("card_payment.create", answer.json["card_id"])
    assert (payment["event_type"], payment["id"]) == ("payment.create", answer.json["payment_id"])
    assert (payment["related_payment"], payment["amount"]) == (None, 10_000)
    assert all(event["custom_reference"] == "ORDER-1" for event in (card, payment))


def test_the_shoppers_decision_is_told_as_a_change(card_merchant: CardMerchant, told: Mailbox) -> None:
    ids = [card_merchant.register("DeferredEcommerce").json["payment_id"] for _ in range(2)]

    for payment_id, decision in zip(ids, ("pay", "decline"), strict=True):
        card_merchant.sandbox.control("smarterpay/shopper", paymentId=payment_id, decision=decision)

    told.wait_for(4)
    told_of = [[(event["event_type"], event["status"]) for event in about(told, one)] for one in ids]
    assert told_of == [
        [("payment.create", "pending"), ("payment.update", "successful")],
        [("payment.create", "pending"), ("payment.update", "failed")],
    ]


@pytest.mark.parametrize(
    ("action", "state", "payment_type"),
    [
        ("release", "authorized", "DeferredRelease"),
        ("cancel", "authorized", "DeferredCancel"),
        ("void", "taken", "Void"),
        ("refund", "taken", "Refund"),
    ],
)
def test_the_portal_acts_without_our_references_and_a_webhook_alone_tells(
    card_merchant: CardMerchant, told: Mailbox, action: str, state: str, payment_type: str
) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    paid = card_merchant.payment(state=state, customReference="ORDER-1")

    card_merchant.sandbox.control("smarterpay/portal", paymentId=paid.payment, action=action)

    [letter] = told.wait_for(1)
    [event] = letter.json["events"]
    assert (event["payment_type"], event["amount"], event["status"]) == (payment_type, 10_000, "successful")
    assert (event["related_payment"]["id"], event["custom_reference"]) == (paid.payment, "")
    assert card_merchant.executions(paid)[-1]["origin"] == "portal"


def test_money_that_goes_back_by_itself_is_told_as_cancelled(card_merchant: CardMerchant, told: Mailbox) -> None:
    paid = card_merchant.payment()

    card_merchant.later(7 * DAY_SECONDS)

    told.wait_for(1)
    [event] = about(told, paid.payment)
    assert (event["event_type"], event["status"]) == ("payment.update", "cancelled")
    assert event["payment_type"] == "DeferredEcommerce"


def test_version_one_delivers_one_event_in_a_wrapper(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", smarterpayWebhooks="v1")
    paid = card_merchant.payment()

    answer = card_merchant.act("DeferredRelease", paid, amount=6000, custom_reference="OURS", metadata={"a": 1})

    [letter] = told.wait_for(1)
    [event] = letter.json["events"]
    assert set(letter.json) == {"events"}
    assert re.fullmatch(r"EV\d{9}", event["id"])
    assert (event["resource_type"], event["reference"]) == ("cardpayment", answer.json["payment_id"])
    assert (event["transaction_type"], event["status"]) == ("DeferredRelease", "successful")
    assert (event["initial_amount"], event["currency_code"]) == (6000, "GBP")
    assert (event["custom_reference"], event["metadata"]) == ("OURS", {"a": 1})
    assert "related_payment" not in event


def test_the_older_version_one_has_no_wrapper(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", smarterpayWebhooks="v1_bare")

    card_merchant.act("DeferredCancel", card_merchant.payment())

    [letter] = told.wait_for(1)
    assert (letter.json["resource_type"], letter.json["transaction_type"]) == ("cardpayment", "DeferredCancel")
    assert letter.headers[HEADER] == signature_of(letter.body)


def test_the_order_of_properties_may_vary(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", optionalFields=True)

    for _ in range(6):
        card_merchant.act("DeferredCancel", card_merchant.payment())

    told.wait_for(6)
    assert len({tuple(event) for event in told.events}) > 1
    assert len({frozenset(event) for event in told.events}) == 1


def test_a_request_that_was_refused_tells_nothing(card_merchant: CardMerchant, told: Mailbox) -> None:
    paid = card_merchant.payment()
    card_merchant.act("DeferredCancel", paid, platform="Other")

    card_merchant.act("DeferredCancel", paid)

    assert [letter.json["events"][0]["status"] for letter in told.wait_for(1)] == ["successful"]


def test_a_replay_tells_nothing_again(card_merchant: CardMerchant, told: Mailbox) -> None:
    paid = card_merchant.payment()

    for _ in range(3):
        card_merchant.act("DeferredCancel", paid, key="key-1")

    assert len(card_merchant.sandbox.control_get("deliveries")["deliveries"]) == 1


def test_a_webhook_that_was_not_sent_before_a_kill_is_sent_after_it(card_merchant: CardMerchant, told: Mailbox) -> None:
    card_merchant.sandbox.control("mode", webhookDelaySeconds=1)
    card_merchant.act("DeferredCancel", card_merchant.payment())

    card_merchant.sandbox.kill()
    assert told.letters == []
    card_merchant.sandbox.start()

    [letter] = told.wait_for(1)
    assert letter.headers[HEADER] == signature_of(letter.body)


def _states(card_merchant: CardMerchant) -> list[str]:
    return [line["state"] for line in card_merchant.sandbox.control_get("deliveries")["deliveries"]]
