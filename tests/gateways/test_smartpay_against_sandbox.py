"""The client and the sandbox hold one contract: every verdict is checked against what the ledger says happened."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

import pytest

from orders.gateways import smartpay
from orders.gateways.base import Door, Fault, Instruction, Kind, Outcome, TransactionState, Verdict
from orders.money import Money
from tests.gateways.conftest import MERCHANT
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = pytest.mark.process


def an_order(gateway: SandboxHandle, **wish: Any) -> str:
    usual = {"merchantKey": MERCHANT, "amount": "100.00", "currencyCode": "EUR", "partnerReference": str(uuid.uuid4())}
    made = gateway.control("orders", orders=[{**usual, **wish}])
    return str(made["transactions"][0]["transactionId"])


def an_instruction(transaction: str, kind: Kind, amount: str = "100.00") -> Instruction:
    return Instruction(
        modification_id=str(uuid.uuid4()),
        kind=kind,
        transaction_reference=transaction,
        merchant_key=MERCHANT,
        amount=Money(int(amount.replace(".", "")), "EUR"),
        description="contract",
        custom_references={"custom1": "order", "custom2": "person", "custom3": "dashboard"},
    )


def send(door: Door, instruction: Instruction) -> Outcome:
    return smartpay.send(door, smartpay.compose(instruction), instruction)


def executions(gateway: SandboxHandle, instruction: Instruction) -> list[Any]:
    found: list[Any] = gateway.ledger(modificationId=instruction.modification_id)["executions"]
    return found


@pytest.mark.parametrize(
    ("state", "kind", "amount", "executed"),
    [
        ("AUTHORIZATION_COMPLETED", Kind.CAPTURE, "100.00", None),
        ("AUTHORIZATION_COMPLETED", Kind.CAPTURE, "40.00", None),
        ("AUTHORIZATION_COMPLETED", Kind.CANCEL, "100.00", None),
        ("AUTHORIZATION_COMPLETED", Kind.CANCEL_OR_REFUND, "100.00", Kind.CANCEL),
        ("CAPTURED", Kind.REFUND, "100.00", None),
        ("SETTLED", Kind.REFUND, "25.00", None),
        ("CAPTURED", Kind.CANCEL_OR_REFUND, "100.00", Kind.REFUND),
    ],
)
def test_each_kind_moves_exactly_its_amount_once(
    gateway: SandboxHandle, door: Door, state: str, kind: Kind, amount: str, executed: Kind | None
) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus=state), kind, amount)

    first, second = send(door, instruction), send(door, instruction)

    assert (first.verdict, first.facts.executed_kind) == (Verdict.SUCCEEDED, executed)
    assert first.facts.reference
    assert second.verdict is Verdict.SUCCEEDED
    assert replace(second.facts, warnings=()) == replace(first.facts, warnings=())
    assert [line["amount"] for line in executions(gateway, instruction)] == [instruction.amount.amount_minor]
    looked_up = smartpay.look_up(door, instruction)
    assert (looked_up.verdict, looked_up.facts.reference) == (Verdict.SUCCEEDED, first.facts.reference)


@pytest.mark.parametrize(
    ("fault", "verdict", "happened"),
    [
        ("refuse", Verdict.DECLINED, 0),
        ("refuse_provider", Verdict.DECLINED, 0),
        ("reset_before", Verdict.UNKNOWN, 0),
        ("close_before", Verdict.UNKNOWN, 0),
        ("error_500_before", Verdict.UNKNOWN, 0),
        ("error_502_html", Verdict.UNKNOWN, 0),
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
        ("wrong_amount_executed", Verdict.MISMATCH, 1),
        ("missing_reference", Verdict.UNKNOWN, 1),
        ("missing_modification", Verdict.UNKNOWN, 1),
        ("amount_false", Verdict.UNKNOWN, 1),
        ("unknown_status", Verdict.PENDING, 1),
        ("pending", Verdict.PENDING, 1),
    ],
)
def test_no_fault_is_taken_for_something_it_is_not(
    gateway: SandboxHandle, door: Door, fault: str, verdict: Verdict, happened: int
) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus="CAPTURED"), Kind.REFUND, "25.00")
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])
    quick = replace(door, deadline_seconds=1)

    outcome = send(quick, instruction)

    assert outcome.verdict is verdict
    assert len(executions(gateway, instruction)) == happened
    assert outcome.review is (fault.startswith(("redirect", "wrong")))
    assert bool(outcome.pause_account) is (fault.startswith("redirect") or fault in ("unauthorized", "forbidden"))
    assert (outcome.retry_after_seconds is not None) is (fault in ("too_many", "unavailable"))
    assert gateway.control_get("redirect-hits")["count"] == 0


@pytest.mark.parametrize("fault", ["lose_reply", "error_500_after", "truncate", "html_200", "amount_false"])
def test_after_a_spoilt_answer_repeat_and_look_up_agree_and_pay_once(
    gateway: SandboxHandle, door: Door, fault: str
) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus="CAPTURED"), Kind.REFUND, "25.00")
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])
    assert send(door, instruction).verdict is Verdict.UNKNOWN

    looked_up = smartpay.look_up(door, instruction)
    assert looked_up.verdict is Verdict.SUCCEEDED
    assert len(executions(gateway, instruction)) == 1


def test_an_error_inside_a_200_is_declined_and_stays_so(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus="CAPTURED"), Kind.REFUND, "25.00")
    gateway.control("faults", rules=[{"fault": "refuse_200", "modificationId": instruction.modification_id}])

    assert send(door, instruction).verdict is Verdict.DECLINED
    assert smartpay.look_up(door, instruction).verdict is Verdict.DECLINED


def test_pending_becomes_succeeded_by_looking_it_up(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway), Kind.CAPTURE)
    gateway.control("faults", rules=[{"fault": "pending", "modificationId": instruction.modification_id}])
    assert send(door, instruction).verdict is Verdict.PENDING

    gateway.control("clock", offsetSeconds=60)

    assert smartpay.look_up(door, instruction).verdict is Verdict.SUCCEEDED
    # The replay is the first answer, so it is older than what we know meanwhile (seed 000).
    assert send(door, instruction).verdict is Verdict.PENDING


def test_an_unknown_modification_is_absent_and_an_unknown_transaction_missing(
    gateway: SandboxHandle, door: Door
) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus="CAPTURED"), Kind.REFUND)

    looked_up = smartpay.look_up(door, instruction)
    missing = smartpay.fetch(door, str(uuid.uuid4()), "EUR")

    assert (looked_up.verdict, looked_up.absent) == (Verdict.UNKNOWN, True)
    assert (missing.snapshot, missing.missing) == (None, True)


def test_wrong_keys_pause_the_account(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway), Kind.CAPTURE)
    locked_out = replace(door, authentication_key="rotated")

    outcome = send(locked_out, instruction)

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.pause_account
    assert executions(gateway, instruction) == []


def test_more_than_was_captured_is_declined(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway, paymentStatus="CAPTURED", captured="40.00"), Kind.REFUND, "40.05")

    outcome = send(door, instruction)

    assert outcome.verdict is Verdict.DECLINED
    assert executions(gateway, instruction) == []


def test_a_transaction_is_fetched_with_its_whole_life(gateway: SandboxHandle, door: Door) -> None:
    transaction = an_order(gateway, paymentStatus="CHARGEBACK", refunded="10.00")

    snapshot = smartpay.fetch(door, transaction, "EUR").snapshot

    assert snapshot is not None
    assert (snapshot.state, snapshot.amount) == (TransactionState.CHARGEBACK, Money(10000, "EUR"))
    assert {movement.type for movement in snapshot.movements} == {"capture", "refund", "settlement", "chargeback"}
    assert all(movement.verdict is Verdict.SUCCEEDED for movement in snapshot.movements)


def test_a_stopped_gateway_means_nothing_was_sent(door: Door, tmp_path_factory: pytest.TempPathFactory) -> None:
    with sandbox(tmp_path_factory.mktemp("stopped")) as other:
        gone = replace(door, base_url=other.gateway_url)

    outcome = send(gone, an_instruction(str(uuid.uuid4()), Kind.REFUND))

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.observation is not None
    assert outcome.observation.fault is Fault.REFUSED
