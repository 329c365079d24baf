"""Every fault at gateway C: what the client sees, and what the ledger says really happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.sandbox.card_merchant import CARDS, TRANSACTION, CardMerchant, Paid
from tests.sandbox.client import Answer
from tests.sandbox.mailbox import Mailbox

KEY = "key-1"
BEFORE = {
    "error_500_before": 500,
    "error_502_html": 502,
    "conflict_409": 409,
    "redirect_307": 307,
    "redirect_302": 302,
    "unauthorized": 401,
    "forbidden": 403,
    "too_many": 429,
    "unavailable": 503,
}
SPOILT: dict[str, Callable[[Answer], bool]] = {
    "error_500_after": lambda answer: answer.status == 500,
    "html_200": lambda answer: answer.body.startswith(b"<!doctype html>"),
    "empty_200": lambda answer: (answer.status, answer.body) == (200, b""),
    "truncate": lambda answer: int(answer.header("Content-Length") or 0) > len(answer.body),
    "bad_json": lambda answer: answer.body.startswith(b"{") and not answer.body.endswith(b"}"),
    "status_error_after": lambda answer: answer.json["status"] == "error",
}
WRONG: dict[str, Callable[[dict[str, Any], Paid], bool]] = {
    "wrong_amount": lambda body, _paid: body["payment_type"] == "Refund",
    "wrong_currency": lambda body, paid: body["card_id"] != paid.card,
    "missing_reference": lambda body, _paid: body["payment_id"] == "",
    "missing_modification": lambda body, _paid: body["status"] == "",
    "unknown_status": lambda body, _paid: body["status"] == "quantum_superposed",
}


@pytest.fixture
def paid(card_merchant: CardMerchant) -> Paid:
    return card_merchant.payment()


def release(card_merchant: CardMerchant, paid: Paid, amount: int = 10_000) -> Answer:
    return card_merchant.act("DeferredRelease", paid, key=KEY, amount=amount)


def strike(card_merchant: CardMerchant, fault: str, **rule: Any) -> None:
    card_merchant.sandbox.control("faults", fault=fault, **{"modificationId": KEY, **rule})


def outcomes(card_merchant: CardMerchant) -> list[str]:
    return [line["outcome"] for line in card_merchant.sandbox.ledger(modificationId=KEY)["requests"]]


@pytest.mark.parametrize(("fault", "status"), BEFORE.items())
def test_a_fault_before_prevents_the_work_and_a_retry_succeeds(
    card_merchant: CardMerchant, paid: Paid, fault: str, status: int
) -> None:
    strike(card_merchant, fault)

    struck, executions = release(card_merchant, paid), card_merchant.executions(paid)
    again = release(card_merchant, paid)

    assert (struck.status, executions) == (status, [])
    assert (again.json["status"], outcomes(card_merchant)) == ("successful", ["not_executed", "executed"])


@pytest.mark.parametrize("fault", ["reset_before", "lose_reply"])
def test_a_reset_leaves_the_client_without_a_word(card_merchant: CardMerchant, paid: Paid, fault: str) -> None:
    strike(card_merchant, fault)

    with pytest.raises(ConnectionResetError):
        release(card_merchant, paid)

    assert card_merchant.books(paid)["captured"] == (10_000 if fault == "lose_reply" else 0)
    assert release(card_merchant, paid).header("idempotency-replay") == ("true" if fault == "lose_reply" else None)
    assert card_merchant.books(paid)["captured"] == 10_000


@pytest.mark.parametrize(("fault", "seen"), SPOILT.items())
def test_a_spoilt_answer_hides_what_was_done_and_a_retry_gets_the_true_one(
    card_merchant: CardMerchant, paid: Paid, fault: str, seen: Callable[[Answer], bool]
) -> None:
    strike(card_merchant, fault)

    spoilt, captured = release(card_merchant, paid), card_merchant.books(paid)["captured"]
    again = release(card_merchant, paid)

    assert (seen(spoilt), captured) == (True, 10_000)
    assert (again.json["status"], again.header("idempotency-replay")) == ("successful", "true")
    assert card_merchant.books(paid)["captured"] == 10_000


@pytest.mark.parametrize(("fault", "captured"), [("status_error_before", 0), ("status_error_after", 10_000)])
def test_the_status_error_says_nothing_about_the_money(
    card_merchant: CardMerchant, paid: Paid, fault: str, captured: int
) -> None:
    strike(card_merchant, fault)

    answer = release(card_merchant, paid)

    body = answer.json
    assert (answer.status, body["status"], body["status_code"]) == (200, "error", "")
    assert (body["card_id"], body["payment_type"]) == (paid.card, "DeferredRelease")
    assert body["status_details"] == "The Payment Gateway did not respond."
    assert card_merchant.books(paid)["captured"] == captured


def test_after_an_unclear_answer_the_webhook_tells_the_truth(
    card_merchant: CardMerchant, paid: Paid, told: Mailbox
) -> None:
    strike(card_merchant, "status_error_after")

    release(card_merchant, paid)

    told.wait_for(1)
    assert [event["status"] for event in told.events] == ["successful"]


@pytest.mark.parametrize(
    ("fault", "status"), [("refuse", "failed"), ("refuse_provider", "failed"), ("refuse_200", "cancelled")]
)
def test_a_refusal_is_a_result_and_is_kept(card_merchant: CardMerchant, paid: Paid, fault: str, status: str) -> None:
    strike(card_merchant, fault)

    first, second = release(card_merchant, paid), release(card_merchant, paid)

    assert (first.status, first.json["status"], first.body) == (200, status, second.body)
    assert card_merchant.books(paid)["captured"] == 0


@pytest.mark.parametrize(("fault", "wrong"), WRONG.items())
def test_a_wrong_answer_leaves_the_books_right(
    card_merchant: CardMerchant, paid: Paid, fault: str, wrong: Callable[[dict[str, Any], Paid], bool]
) -> None:
    strike(card_merchant, fault)

    answer = release(card_merchant, paid)

    assert wrong(answer.json, paid)
    [execution] = card_merchant.executions(paid)
    assert (execution["status"], execution["amount"], execution["currency"]) == ("CAPTURED", 10_000, "GBP")


@pytest.mark.parametrize(
    ("fault", "amount", "currency"), [("wrong_amount", 10_100, "GBP"), ("wrong_currency", 10_000, "USD")]
)
def test_a_webhook_can_contradict_what_was_done(
    card_merchant: CardMerchant, paid: Paid, told: Mailbox, fault: str, amount: int, currency: str
) -> None:
    strike(card_merchant, fault)

    release(card_merchant, paid)

    told.wait_for(1)
    assert [(event["amount"], event["currency_code"]) for event in told.events] == [(amount, currency)]


def test_another_amount_may_be_executed(card_merchant: CardMerchant, paid: Paid, told: Mailbox) -> None:
    strike(card_merchant, "wrong_amount_executed")

    release(card_merchant, paid)

    told.wait_for(1)
    assert card_merchant.books(paid)["captured"] == 9999
    assert told.events[0]["amount"] == 9999


@pytest.mark.parametrize(
    ("fault", "end", "captured"), [("pending", "CAPTURED", 10_000), ("pending_then_failed", "FAILED", 0)]
)
def test_a_pending_result_ends_later(
    card_merchant: CardMerchant, paid: Paid, fault: str, end: str, captured: int
) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=60)
    strike(card_merchant, fault)

    answer = release(card_merchant, paid)
    card_merchant.later(61)

    assert (answer.status, answer.json["status"]) == (200, "pending")
    assert answer.json["payment_id"] == card_merchant.executions(paid)[0]["reconciliationReferenceId"]
    assert (card_merchant.executions(paid)[0]["status"], card_merchant.books(paid)["captured"]) == (end, captured)


@pytest.mark.parametrize(
    ("cents", "status"), [(36, "failed"), (46, "error"), (47, "error"), (31, "pending"), (0, "successful")]
)
def test_magic_cents_ask_for_a_fault_once(card_merchant: CardMerchant, paid: Paid, cents: int, status: str) -> None:
    card_merchant.sandbox.control("mode", magicAmounts=True)

    assert release(card_merchant, paid, 5000 + cents).json["status"] == status


@pytest.mark.parametrize(
    "rule",
    [
        {"modificationId": None, "transactionId": "the payment"},
        {"modificationId": None, "merchantKey": "merchant-one", "times": 1},
        {"modificationId": None, "amount": 10_000, "times": 1},
        {"modificationId": None, "path": "/SmarterPayCardPaymentService", "times": 1},
    ],
)
def test_a_rule_finds_its_request_by_any_of_its_marks(
    card_merchant: CardMerchant, paid: Paid, rule: dict[str, Any]
) -> None:
    if "transactionId" in rule:
        rule = {**rule, "transactionId": paid.payment}
    strike(card_merchant, "refuse", **rule)

    assert release(card_merchant, paid).json["status"] == "failed"
    assert card_merchant.sandbox.control_get("faults")["fired"] == {"refuse": 1}


def test_a_rule_for_the_payment_finds_a_refund_of_its_release(card_merchant: CardMerchant, paid: Paid) -> None:
    card_merchant.sandbox.control("mode", smarterpayRefundBeforeClearing=True)
    new = release(card_merchant, paid).json["payment_id"]
    strike(card_merchant, "refuse", modificationId=None, transactionId=paid.payment)

    answer = card_merchant.act("Refund", paid, amount=100, related_payment_id=new)

    assert answer.json["status"] == "failed"


def test_registrations_and_lists_meet_a_fault_only_by_their_path(card_merchant: CardMerchant) -> None:
    strike(card_merchant, "error_500_before", modificationId=None, probability=1)
    untouched = [card_merchant.register().status, card_merchant.cards().status]
    strike(card_merchant, "unavailable", modificationId=None, path="/service.svc", times=1)
    strike(card_merchant, "unavailable", modificationId=None, path="/SmarterPayCardPaymentService/api", times=1)

    struck = [card_merchant.cards(), card_merchant.register()]

    assert untouched == [200, 200]
    assert [(answer.status, answer.header("Retry-After")) for answer in struck] == [(503, "2"), (503, "2")]


def test_a_fault_on_an_accepted_request_loses_its_answer_only(card_merchant: CardMerchant, paid: Paid) -> None:
    card_merchant.sandbox.control("mode", asyncDelaySeconds=0)
    strike(card_merchant, "error_500_after")

    answer = card_merchant.act("DeferredCancel", paid, key=KEY, isAsnyc=True)

    card_merchant.later(1)
    assert (answer.status, card_merchant.books(paid)["released"]) == (500, 10_000)


def test_the_redirect_of_a_fault_leads_to_the_counter(card_merchant: CardMerchant, paid: Paid) -> None:
    strike(card_merchant, "redirect_307")

    location = release(card_merchant, paid).header("Location") or ""

    assert location == f"/_redirected{TRANSACTION.removeprefix('/smarterpay')}/{paid.card}"


def test_every_request_leaves_a_line_in_the_log(card_merchant: CardMerchant, paid: Paid) -> None:
    release(card_merchant, paid)
    card_merchant.send("GET", CARDS)
    card_merchant.send("POST", f"{TRANSACTION}/{paid.card}", b"{")

    lines = card_merchant.sandbox.ledger(gateway="smarterpay")["requests"]
    assert [(line["outcome"], line["httpStatus"]) for line in lines] == [
        ("executed", 200),
        ("read", 200),
        ("invalid", 400),
    ]
    assert (lines[0]["modificationId"], lines[0]["transactionId"], lines[0]["merchantKey"]) == (
        KEY,
        paid.payment,
        card_merchant.key,
    )
