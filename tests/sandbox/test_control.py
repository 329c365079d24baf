"""The control doors: merchants, portal, settlement, chargebacks, dials; and what they refuse."""

from __future__ import annotations

import json
import urllib.error
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox_process import SandboxHandle


@pytest.mark.parametrize(
    ("action", "amount", "kind", "minor"),
    [
        ("capture", 3000, "CAPTURE", 3000),
        ("capture", "30.00", "CAPTURE", 3000),
        ("cancel", None, "CANCELLATION", 10_000),
    ],
)
def test_the_portal_acts_behind_the_dashboards_back(
    merchant: Merchant, action: str, amount: object, kind: str, minor: int
) -> None:
    transaction = merchant.order()

    done = merchant.sandbox.control("portal", transactionId=transaction, action=action, amount=amount)

    entry = merchant.status(transaction)["modifications"][0]["modificationData"]
    assert (entry["type"], entry["modificationId"]) == (kind, done["modificationId"])
    executions = merchant.sandbox.ledger(transactionId=transaction)["executions"]
    assert [(one["origin"], one["amount"]) for one in executions] == [("portal", minor)]


def test_a_refund_in_the_portal_lowers_what_the_api_may_refund(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    merchant.sandbox.control("portal", transactionId=transaction, action="refund", amount=8000)

    assert merchant.modify("refund", transaction, 30).status == 400
    assert merchant.modify("refund", transaction, 20).status == 200


def test_settling_adds_a_modification(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED", captured=6000)

    merchant.sandbox.control("settle", transactionId=transaction)

    read = merchant.status(transaction)
    assert read["paymentStatus"] == "SETTLED"
    assert read["modifications"][-1]["modificationData"]["type"] == "SETTLEMENT"
    assert merchant.modify("refund", transaction, 60).status == 200


@pytest.mark.parametrize(("amount", "status"), [(None, "CHARGEBACK"), (500, "CAPTURED")])
def test_a_chargeback_takes_money_even_after_a_refund(merchant: Merchant, amount: int | None, status: str) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED", refunded=9900)

    merchant.sandbox.control("chargeback", transactionId=transaction, amount=amount)

    books = merchant.books(transaction)
    assert (books["chargedBack"], books["paymentStatus"]) == (amount or 10_000, status)
    assert merchant.status(transaction)["modifications"][-1]["modificationData"]["type"] == "CHARGEBACK"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("merchants", {"merchantKey": "with:colon", "authenticationKey": "s"}),
        ("merchants", {"merchantKey": "m"}),
        ("orders", {"merchantKey": "nobody", "amount": 1}),
        ("orders", {"merchantKey": "merchant-one", "amount": 1.5}),
        ("orders", {"merchantKey": "merchant-one", "amount": "1.555"}),
        ("orders", {"merchantKey": "merchant-one", "amount": 1, "paymentStatus": "LOST"}),
        ("orders", {"merchantKey": "merchant-one", "amount": 1, "colour": "red"}),
        ("faults", {"fault": "earthquake"}),
        ("faults", {"fault": "slow", "seconds": -1}),
        ("faults", {"fault": "slow", "probability": 2}),
        ("faults", {"fault": "slow", "wind": 3}),
        ("mode", {"asyncOutcome": "maybe"}),
        ("mode", {"asynchronous": 1}),
        ("mode", {"latencySeconds": "fast"}),
        ("mode", {"colour": "red"}),
        ("clock", {}),
        ("portal", {"transactionId": "none", "action": "capture"}),
        ("settle", {"transactionId": "none"}),
        ("chargeback", {"transactionId": "none"}),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(box: SandboxHandle, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        box.control(path, **body)

    with refused.value as answer:
        assert answer.code == 400
        assert json.loads(answer.read())["error"]


def test_an_impossible_portal_action_moves_nothing(merchant: Merchant) -> None:
    transaction = merchant.order()

    with pytest.raises(urllib.error.HTTPError) as refused:
        merchant.sandbox.control("portal", transactionId=transaction, action="refund", amount=1)

    refused.value.close()
    assert refused.value.code == 400
    assert merchant.books(transaction)["refunded"] == 0


def test_a_merchant_added_later_is_known_at_once(box: SandboxHandle) -> None:
    box.control("merchants", merchantKey="3ip7f1", authenticationKey="8e72")
    newcomer = Merchant(sandbox=box, key="3ip7f1", secret="8e72")

    assert newcomer.modify("capture", newcomer.order(), 25).status == 200


def test_reset_empties_everything_but_the_merchants(merchant: Merchant) -> None:
    merchant.modify("capture", merchant.order(), 25)
    merchant.sandbox.control("faults", fault="refuse")
    merchant.sandbox.control("clock", offsetSeconds=99)

    merchant.sandbox.control("reset")

    assert merchant.sandbox.ledger() == {"transactions": [], "executions": [], "requests": []}
    assert merchant.sandbox.control_get("faults") == {"rules": [], "fired": {}}
    assert merchant.sandbox.control_get("mode")["clockOffsetSeconds"] == 0
    assert merchant.modify("capture", merchant.order(), 25).status == 200


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Host": "127.0.0.1", "Sec-Fetch-Site": "cross-site"}])
def test_a_foreign_web_page_cannot_drive_the_control_doors(merchant: Merchant, headers: dict[str, str | None]) -> None:
    transaction = merchant.order()
    body = json.dumps({"transactionId": transaction, "action": "cancel"}).encode()

    # The client always writes a Host header of its own first; the last one counts.
    answer = merchant.send("POST", "/_control/portal", body, headers=headers)

    assert answer.status == 403
    assert merchant.books(transaction)["paymentStatus"] == "AUTHORIZATION_COMPLETED"


def test_an_order_may_come_with_a_past_whose_ids_the_caller_chose(merchant: Merchant) -> None:
    steps = [
        {"kind": "capture", "amount": 8000, "modificationId": "past-1", "secondsAgo": 60},
        {"kind": "refund", "amount": 500, "modificationId": "past-2", "reconciliationReferenceId": "known-22"},
        {"kind": "refund", "amount": 300, "modificationId": "past-3", "pendingSeconds": 600},
    ]

    transaction = merchant.order(history=steps)

    read = merchant.status(transaction)
    entries = [(one["modificationData"]["modificationId"], one["status"]) for one in read["modifications"]]
    assert entries == [("past-1", "CAPTURED"), ("past-2", "REFUNDED"), ("past-3", "REFUND_PENDING")]
    assert read["modifications"][1]["modificationData"]["reconciliationReferenceId"] == "known-22"
    books = merchant.sandbox.ledger(transactionId=transaction)["transactions"][0]
    assert (books["captured"], books["released"], books["refunded"]) == (8000, 2000, 500)
