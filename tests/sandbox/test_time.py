"""What time does at gateway A: pending ends, authorizations expire, automatic captures happen."""

from __future__ import annotations

import pytest

from tests.sandbox.client import Merchant

DAY = 86_400
PENDING = {"capture": "CAPTURE_PENDING", "cancel": "CANCELLATION_PENDING", "refund": "REFUND_PENDING"}
DONE = {"capture": "CAPTURED", "cancel": "CANCELLED", "refund": "REFUNDED"}
STARTS_IN = {"capture": "AUTHORIZATION_COMPLETED", "cancel": "AUTHORIZATION_COMPLETED", "refund": "CAPTURED"}


@pytest.mark.parametrize("kind", ["capture", "cancel", "refund"])
def test_an_asynchronous_modification_is_pending_and_then_done(merchant: Merchant, kind: str) -> None:
    transaction = merchant.order(asynchronous=True, paymentStatus=STARTS_IN[kind])

    answer = merchant.modify(kind, transaction)
    before = merchant.books(transaction)
    merchant.sandbox.control("clock", offsetSeconds=60)

    assert answer.json["modification"]["status"] == PENDING[kind]
    assert before["released"] + before["refunded"] == 0
    entry = merchant.status(transaction)["modifications"][-1]
    assert entry["status"] == DONE[kind]
    assert [line["status"] for line in entry["statusHistory"]] == [PENDING[kind], DONE[kind]]


@pytest.mark.parametrize("kind", ["capture", "cancel", "refund"])
def test_an_asynchronous_modification_can_fail_and_then_no_money_moved(merchant: Merchant, kind: str) -> None:
    merchant.sandbox.control("mode", asynchronous=True, asyncOutcome="fail")
    transaction = merchant.order(paymentStatus=STARTS_IN[kind])
    untouched = merchant.books(transaction)

    merchant.modify(kind, transaction)
    merchant.sandbox.control("clock", offsetSeconds=60)

    entry = merchant.status(transaction)["modifications"][-1]
    assert (entry["status"], entry["error"]["error"]) == ("FAILED", "payment_provider_processing")
    after = merchant.books(transaction)
    assert {name: after[name] for name in ("captured", "released", "refunded", "paymentStatus")} == {
        name: untouched[name] for name in ("captured", "released", "refunded", "paymentStatus")
    }


def test_a_refund_in_flight_counts_against_the_ceiling(merchant: Merchant) -> None:
    transaction = merchant.order(asynchronous=True, paymentStatus="CAPTURED")

    first = merchant.modify("refund", transaction, 70)
    second = merchant.modify("refund", transaction, 40)

    assert (first.status, second.status) == (200, 400)


def test_while_a_capture_is_pending_nothing_else_starts(merchant: Merchant) -> None:
    transaction = merchant.order(asynchronous=True)
    merchant.modify("capture", transaction, 70)

    statuses = [merchant.modify(kind, transaction).status for kind in ("capture", "cancel", "refund", "cancelOrRefund")]

    assert statuses == [400] * 4


def test_an_authorization_expires_after_five_days(merchant: Merchant) -> None:
    transaction = merchant.order()
    merchant.sandbox.control("clock", offsetSeconds=5 * DAY - 60)
    still = merchant.status(transaction)["paymentStatus"]

    merchant.sandbox.control("clock", offsetSeconds=5 * DAY + 60)

    assert (still, merchant.status(transaction)["paymentStatus"]) == ("AUTHORIZATION_COMPLETED", "EXPIRED")
    assert merchant.modify("capture", transaction, 25).error["code"] == "invalid_state"
    assert merchant.books(transaction)["released"] == 10_000


def test_a_capture_in_time_keeps_the_money(merchant: Merchant) -> None:
    transaction = merchant.order()
    merchant.modify("capture", transaction, 25)

    merchant.sandbox.control("clock", offsetSeconds=9 * DAY)

    assert merchant.status(transaction)["paymentStatus"] == "CAPTURED"


def test_what_was_captured_of_several_stays_when_the_rest_expires(merchant: Merchant) -> None:
    transaction = merchant.order(multiCapture=True)
    merchant.modify("capture", transaction, 25)

    merchant.sandbox.control("clock", offsetSeconds=6 * DAY)

    books = merchant.books(transaction)
    assert (books["paymentStatus"], books["captured"], books["released"]) == ("CAPTURED", 2500, 7500)


def test_an_automatic_capture_happens_once_and_without_a_call(merchant: Merchant) -> None:
    transaction = merchant.order(autoCaptureSeconds=30)
    early = merchant.status(transaction)["modifications"]
    merchant.sandbox.control("clock", offsetSeconds=31)

    late = [merchant.status(transaction) for _ in range(2)][-1]

    assert early == []
    assert (late["paymentStatus"], len(late["modifications"])) == ("CAPTURED", 1)
    executions = merchant.sandbox.ledger(transactionId=transaction)["executions"]
    assert [(one["origin"], one["amount"]) for one in executions] == [("auto", 10_000)]
