"""Reading a whole transaction from gateway A, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways import smartpay
from orders.gateways.base import Fetched, TransactionState, Verdict
from orders.money import Money
from tests.gateways.instructions import TRANSACTION, an_instruction
from tests.gateways.payload_files import GONE, payload_bytes
from tests.gateways.raw_server import answering, raw_server
from tests.gateways.test_http import a_door


def fetch(body: bytes, *, status: str = "200 OK", headers: bytes = b"") -> Fetched:
    with raw_server(answering(body, status=status, headers=headers)) as server:
        return smartpay.fetch(a_door(server.url), TRANSACTION, "EUR")


def test_a_transaction_is_read_with_every_movement() -> None:
    fetched = fetch(payload_bytes("status_with_history"))

    snapshot = fetched.snapshot
    assert snapshot is not None
    assert (snapshot.state, snapshot.raw_status, snapshot.amount) == (
        TransactionState.SETTLED,
        "SETTLED",
        Money(3599, "EUR"),
    )
    assert [(movement.type, movement.verdict, movement.amount) for movement in snapshot.movements] == [
        ("capture", Verdict.SUCCEEDED, Money(3599, "EUR")),
        ("settlement", Verdict.SUCCEEDED, Money(3599, "EUR")),
        ("refund", Verdict.PENDING, Money(590, "EUR")),
        ("chargeback", Verdict.SUCCEEDED, Money(1000, "EUR")),
        ("", Verdict.PENDING, None),
    ]
    assert [movement.reference for movement in snapshot.movements] == ["QixTLEO28YngDAUuaUEOi", "", "R1", "CB1", ""]
    assert snapshot.movements[4].raw_type == "REVALUATION"


def test_every_field_of_the_answer_is_kept_with_exact_amounts() -> None:
    snapshot = fetch(payload_bytes("status_with_history")).snapshot

    assert snapshot is not None
    assert snapshot.raw["paymentLinkId"] == "link-1"
    assert snapshot.raw["transactionOverview"]["amount"] == "35.99"
    assert snapshot.raw["transactionOverview"]["targetMerchantAccountReference"] == 123456789
    assert snapshot.raw["statusHistory"][0]["status"] == "CREATED"
    assert snapshot.movements[2].facts["modificationAmount"]["amount"] == "5.9"


def test_an_amount_without_currency_is_taken_in_the_orders_currency() -> None:
    snapshot = fetch(payload_bytes("status_with_history", transactionOverview__currencyCode=GONE)).snapshot

    assert snapshot is not None
    assert snapshot.amount == Money(3599, "EUR")


def test_the_status_is_asked_with_all_required_headers() -> None:
    with raw_server(answering(payload_bytes("status_with_history"))) as server:
        smartpay.fetch(a_door(server.url), TRANSACTION, "EUR")

    head = server.requests[0]
    assert head.startswith(f"GET /payment/status/{TRANSACTION} HTTP/1.1".encode())
    for header in (
        b"Content-Type: application/json",
        b"Accept-Language: en-US",
        b"Origin: https://dashboard.example",
        b"User-Agent: smartpay-dashboard",
        b"Authorization: Basic bWVyY2hhbnQta2V5LTE6dG9wLXNlY3JldA==",
    ):
        assert header in head


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        (payload_bytes("error_validation"), "404 Not Found", {"missing": True}),
        (b"<html>", "404 Not Found", {"missing": False}),
        (b"", "401 Unauthorized", {"missing": False}),
        (b"", "500 Oops", {"missing": False}),
        (b"<html>", "200 OK", {"missing": False}),
        (b"{}", "200 OK", {"missing": False}),
        (payload_bytes("status_with_history", transactionOverview__transactionId="another"), "200 OK", {}),
    ],
)
def test_without_a_snapshot_there_is_a_sentence(body: bytes, status: str, expected: dict[str, Any]) -> None:
    fetched = fetch(body, status=status)

    assert fetched.snapshot is None
    assert fetched.reason.endswith(".")
    assert bool(fetched.pause_account) is status.startswith("401")
    for name, value in expected.items():
        assert getattr(fetched, name) is value


def test_retry_after_of_a_status_read_is_handed_on() -> None:
    assert fetch(b"", status="429 Slow down", headers=b"Retry-After: 7\r\n").retry_after_seconds == 7


def test_a_reference_that_cannot_be_asked_for_sends_nothing() -> None:
    door = a_door("http://127.0.0.1:1")

    assert "nothing was sent" in smartpay.fetch(door, "../x", "EUR").reason
    outcome = smartpay.look_up(door, an_instruction(transaction_reference="../x"))
    assert (outcome.verdict, outcome.review, outcome.absent) == (Verdict.UNKNOWN, True, False)


def test_a_rotated_key_is_used_at_once_for_the_same_frozen_bytes() -> None:
    instruction = an_instruction()
    frozen = smartpay.compose(instruction)

    with raw_server(answering(payload_bytes("refund_done"))) as server:
        for key in ("first", "second"):
            door = a_door(server.url).__class__(**{**vars(a_door(server.url)), "authentication_key": key})
            assert smartpay.send(door, frozen, instruction).verdict is Verdict.SUCCEEDED

    first, second = server.requests
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2] == frozen.body
    assert first != second
