"""The client and the sandbox hold one contract: every verdict is checked against what the ledger says happened."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.gateways import smarterpay
from orders.gateways.base import (
    Delivery,
    Door,
    Fault,
    Instruction,
    Kind,
    Opened,
    Outcome,
    Told,
    TransactionState,
    Verdict,
)
from orders.money import Money
from tests.gateways.raw_server import RawServer, answering, raw_server
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = pytest.mark.process

MERCHANT, TOKEN, WEBHOOK_SECRET = "merchant-one", "secret-one", "webhook-secret"
CLEARED_SECONDS = 25 * 3600
PATIENCE_SECONDS = 10


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), merchants={MERCHANT: TOKEN}) as running:
        yield running


@pytest.fixture
def door(gateway: SandboxHandle) -> Door:
    return Door(
        base_url=f"{gateway.url}/smarterpay",
        merchant_key=MERCHANT,
        authentication_key=TOKEN,
        origin="https://dashboard.example",
        deadline_seconds=5,
        address="127.0.0.1",
        data_url=f"{gateway.url}/smarterpay",
        data_address="127.0.0.1",
    )


def a_payment(gateway: SandboxHandle, **wish: Any) -> Any:
    usual = {"merchantKey": MERCHANT, "amount": "100.00", "currencyCode": "GBP", "customReference": "order-7"}
    return gateway.control("smarterpay/payments", payments=[{**usual, **wish}])["transactions"][0]


def an_old_capture(gateway: SandboxHandle) -> Any:
    return a_payment(gateway, state="taken", createdSecondsAgo=CLEARED_SECONDS)


def an_instruction(payment: Any, kind: Kind, amount: str = "100.00", **more: Any) -> Instruction:
    return Instruction(
        modification_id=str(uuid.uuid4()),
        kind=kind,
        transaction_reference=payment["transactionId"],
        merchant_key=MERCHANT,
        amount=Money(int(amount.replace(".", "")), "GBP"),
        description="contract",
        card_reference=payment["cardId"],
        capture_reference=payment["transactionId"],
        custom_references={"custom1": "order", "custom2": "person"},
        **more,
    )


def send(door: Door, instruction: Instruction) -> Outcome:
    return smarterpay.send(door, smarterpay.compose(instruction), instruction)


def executions(gateway: SandboxHandle, instruction: Instruction) -> list[Any]:
    lines = gateway.ledger(modificationId=instruction.modification_id)["executions"]
    return [line for line in lines if line["status"] != "FAILED"]


@pytest.mark.parametrize(
    ("kind", "amount", "past"),
    [
        (Kind.CAPTURE, "100.00", {}),
        (Kind.CAPTURE, "40.00", {}),
        (Kind.CANCEL, "100.00", {}),
        (Kind.VOID, "100.00", {"state": "taken"}),
        (Kind.REFUND, "100.00", {"state": "taken", "createdSecondsAgo": CLEARED_SECONDS}),
        (Kind.REFUND, "25.00", {"state": "taken", "createdSecondsAgo": CLEARED_SECONDS}),
    ],
)
def test_each_kind_moves_exactly_its_amount_once(
    gateway: SandboxHandle, door: Door, kind: Kind, amount: str, past: dict[str, Any]
) -> None:
    instruction = an_instruction(a_payment(gateway, **past), kind, amount)

    first, second = send(door, instruction), send(door, instruction)

    assert first.verdict is second.verdict is Verdict.SUCCEEDED
    assert first.facts == replace(second.facts, warnings=())
    assert "repeated its first answer" in second.facts.warnings[0]
    [line] = executions(gateway, instruction)
    assert (line["kind"], line["amount"]) == (kind.value, instruction.amount.amount_minor)
    assert line["reconciliationReferenceId"] == first.facts.reference == first.facts.gateway_id
    assert gateway.control_get(f"smarterpay/warnings?paymentId={line['transactionId']}")["warnings"] == []


@pytest.mark.parametrize(
    ("fault", "verdict", "happened"),
    [
        ("refuse", Verdict.DECLINED, 0),
        ("refuse_provider", Verdict.DECLINED, 0),
        ("refuse_200", Verdict.DECLINED, 0),
        ("reset_before", Verdict.UNKNOWN, 0),
        ("close_before", Verdict.UNKNOWN, 0),
        ("error_500_before", Verdict.UNKNOWN, 0),
        ("error_502_html", Verdict.UNKNOWN, 0),
        ("status_error_before", Verdict.UNKNOWN, 0),
        ("conflict_409", Verdict.UNKNOWN, 0),
        ("redirect_307", Verdict.UNKNOWN, 0),
        ("redirect_302", Verdict.UNKNOWN, 0),
        ("unauthorized", Verdict.NOT_SENT, 0),
        ("forbidden", Verdict.NOT_SENT, 0),
        ("too_many", Verdict.UNKNOWN, 0),
        ("unavailable", Verdict.UNKNOWN, 0),
        ("lose_reply", Verdict.UNKNOWN, 1),
        ("hang_after", Verdict.UNKNOWN, 1),
        ("error_500_after", Verdict.UNKNOWN, 1),
        ("status_error_after", Verdict.UNKNOWN, 1),
        ("drip_status", Verdict.UNKNOWN, 1),
        ("drip_headers", Verdict.UNKNOWN, 1),
        ("drip_body", Verdict.UNKNOWN, 1),
        ("truncate", Verdict.UNKNOWN, 1),
        ("endless", Verdict.UNKNOWN, 1),
        ("html_200", Verdict.UNKNOWN, 1),
        ("empty_200", Verdict.UNKNOWN, 1),
        ("bad_json", Verdict.UNKNOWN, 1),
        ("wrong_currency", Verdict.MISMATCH, 1),
        ("wrong_amount", Verdict.MISMATCH, 1),
        ("missing_reference", Verdict.UNKNOWN, 1),
        ("missing_modification", Verdict.UNKNOWN, 1),
        ("unknown_status", Verdict.UNKNOWN, 1),
        ("pending", Verdict.PENDING, 1),
    ],
)
def test_no_fault_is_taken_for_something_it_is_not(
    gateway: SandboxHandle, door: Door, fault: str, verdict: Verdict, happened: int
) -> None:
    instruction = an_instruction(an_old_capture(gateway), Kind.REFUND, "25.00")
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])
    quick = replace(door, deadline_seconds=1)

    outcome = send(quick, instruction)

    assert outcome.verdict is verdict
    assert len(executions(gateway, instruction)) == happened
    assert outcome.review is fault.startswith(("redirect", "wrong"))
    assert bool(outcome.pause_account) is (fault.startswith("redirect") or fault in ("unauthorized", "forbidden"))
    assert (outcome.retry_after_seconds is not None) is (fault in ("too_many", "unavailable"))
    assert gateway.control_get("redirect-hits")["count"] == 0


@pytest.mark.parametrize("fault", ["lose_reply", "status_error_after", "missing_reference"])
def test_after_an_unclear_answer_the_list_of_cards_settles_nothing(
    gateway: SandboxHandle, door: Door, fault: str
) -> None:
    instruction = an_instruction(a_payment(gateway), Kind.CAPTURE)
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])
    assert send(door, instruction).verdict is Verdict.UNKNOWN

    looked_up = smarterpay.look_up(door, instruction)

    assert (looked_up.verdict, looked_up.absent) == (Verdict.UNKNOWN, False)
    assert "for this card, which proves nothing" in looked_up.reason
    assert len(executions(gateway, instruction)) == 1


@pytest.mark.parametrize(
    ("kind", "past"),
    [
        (Kind.CAPTURE, {"state": "taken"}),
        (Kind.CAPTURE, {"state": "cancelled"}),
        (Kind.CAPTURE, {"state": "expired"}),
        (Kind.CANCEL, {"state": "taken"}),
        (Kind.CANCEL, {"state": "cancelled"}),
        (Kind.VOID, {"state": "taken", "createdSecondsAgo": CLEARED_SECONDS}),
        (Kind.VOID, {"state": "voided"}),
        (Kind.REFUND, {"state": "taken"}),
    ],
)
def test_what_the_state_does_not_allow_is_declined(
    gateway: SandboxHandle, door: Door, kind: Kind, past: dict[str, Any]
) -> None:
    instruction = an_instruction(a_payment(gateway, **past), kind)

    outcome = send(door, instruction)

    assert outcome.verdict is Verdict.DECLINED
    assert outcome.facts.failure_text
    assert executions(gateway, instruction) == []


def test_a_release_of_more_than_is_held_and_a_card_of_somebody_else_are_declined(
    gateway: SandboxHandle, door: Door
) -> None:
    payment = a_payment(gateway)
    too_much = an_instruction(payment, Kind.CAPTURE, "100.05")
    elsewhere = replace(an_instruction(payment, Kind.CAPTURE), card_reference="CD01NOSUCHCARD000001")

    assert send(door, too_much).verdict is send(door, elsewhere).verdict is Verdict.DECLINED
    assert executions(gateway, too_much) == executions(gateway, elsewhere) == []


def test_a_wrong_token_pauses_the_account(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(a_payment(gateway), Kind.CAPTURE)

    outcome = send(replace(door, authentication_key="rotated"), instruction)

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.pause_account
    assert executions(gateway, instruction) == []


def test_a_stopped_gateway_means_nothing_was_sent(door: Door, tmp_path_factory: pytest.TempPathFactory) -> None:
    with sandbox(tmp_path_factory.mktemp("stopped")) as other:
        gone = replace(door, base_url=f"{other.url}/smarterpay")
    payment = {"transactionId": "P01", "cardId": "CD01"}

    outcome = send(gone, an_instruction(payment, Kind.REFUND))

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.observation is not None
    assert outcome.observation.fault is Fault.REFUSED


# Webhooks.


@pytest.fixture
def inbox(gateway: SandboxHandle) -> Iterator[RawServer]:
    with raw_server(answering(b"")) as server:
        where = {"gateway": "smarterpay", "merchantKey": MERCHANT}
        gateway.control("webhook", **where, url=server.url, secret=WEBHOOK_SECRET)
        yield server
        gateway.control("webhook", **where, url=None)
        gateway.control("dials", smarterpayWebhooks="v2")


def opened(raw: bytes, secret: str = WEBHOOK_SECRET) -> Opened:
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    delivery = Delivery(
        headers={name.lower(): value for name, value in lines}, body=body, received_at=datetime.now(UTC)
    )
    return smarterpay.open_delivery(delivery, [secret], {})


def deliveries(inbox: RawServer, count: int) -> list[Opened]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(inbox.requests) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return [opened(raw) for raw in list(inbox.requests)]


def told_of(inbox: RawServer, instruction: Instruction, count: int) -> list[Told]:
    """The events about one modification, however many others come between them."""
    deadline, told = time.monotonic() + PATIENCE_SECONDS, list[Told]()
    while len(told) < count and time.monotonic() < deadline:
        events = [event for delivery in deliveries(inbox, 0) for event in delivery.events]
        told = [event for event in events if event.modification_id == instruction.modification_id]
        time.sleep(0.02)
    return told


@pytest.mark.parametrize("version", ["v2", "v1", "v1_bare"])
@pytest.mark.parametrize(
    ("kind", "past"),
    [
        (Kind.CAPTURE, {}),
        (Kind.CANCEL, {}),
        (Kind.VOID, {"state": "taken"}),
        (Kind.REFUND, {"state": "taken", "createdSecondsAgo": CLEARED_SECONDS}),
    ],
)
def test_an_asynchronous_wish_ends_by_webhook(
    gateway: SandboxHandle, door: Door, inbox: RawServer, kind: Kind, past: dict[str, Any], version: str
) -> None:
    gateway.control("dials", smarterpayWebhooks=version, asyncDelaySeconds=0.1)
    instruction = an_instruction(a_payment(gateway, **past), kind, asynchronous=True)

    answer = send(door, instruction)
    time.sleep(0.2)
    gateway.control("clock", offsetSeconds=0)
    told = told_of(inbox, instruction, 2)

    assert answer.verdict is Verdict.PENDING
    assert [event.outcome.verdict for event in told if event.outcome] == [Verdict.PENDING, Verdict.SUCCEEDED]
    last = told[-1]
    assert last.outcome is not None
    assert last.outcome.facts.amount == instruction.amount
    assert last.outcome.facts.executed_kind is kind
    assert last.outcome.facts.reference == executions(gateway, instruction)[0]["reconciliationReferenceId"]
    assert last.card_reference == instruction.card_reference
    assert last.transaction_reference == (instruction.transaction_reference if version == "v2" else "")


def test_a_refund_in_the_portal_is_a_movement_of_nobody(gateway: SandboxHandle, inbox: RawServer) -> None:
    payment = an_old_capture(gateway)

    gateway.control("smarterpay/portal", paymentId=payment["transactionId"], action="refund", amount="12.00")
    [delivery] = deliveries(inbox, 1)
    [told] = delivery.events

    assert delivery.signed
    assert delivery.acknowledge == 200
    assert told.movement is not None
    assert (told.movement.type, told.movement.modification_id) == ("refund", "")
    assert told.movement.amount == Money(1200, "GBP")
    assert told.transaction_reference == payment["transactionId"]


@pytest.mark.parametrize(
    ("payment_type", "state"),
    [("DeferredMOTO", TransactionState.AUTHORIZED), ("MOTO", TransactionState.CAPTURED)],
)
@pytest.mark.parametrize("version", ["v2", "v1"])
def test_a_new_payment_becomes_known_by_webhook(
    gateway: SandboxHandle, inbox: RawServer, payment_type: str, state: TransactionState, version: str
) -> None:
    gateway.control("dials", smarterpayWebhooks=version)
    past = "authorized" if payment_type == "DeferredMOTO" else "taken"

    payment = a_payment(gateway, paymentType=payment_type, state=past, tell=True)
    told = [event for event in deliveries(inbox, 1)[0].events if event.snapshot]

    [event] = told
    assert event.snapshot is not None
    assert (event.snapshot.transaction_reference, event.snapshot.state) == (payment["transactionId"], state)
    assert (event.snapshot.card_reference, event.snapshot.amount) == (payment["cardId"], Money(10000, "GBP"))
    assert event.snapshot.order_reference == "order-7"


def test_a_reservation_that_ran_out_is_told_as_a_cancel(gateway: SandboxHandle, inbox: RawServer) -> None:
    payment = a_payment(gateway)

    gateway.control("smarterpay/portal", paymentId=payment["transactionId"], action="expire")
    [told] = deliveries(inbox, 1)[0].events

    assert told.movement is not None
    assert told.movement.type == "cancel"
    assert told.transaction_reference == payment["transactionId"]
