"""The client and the sandbox hold one contract: every verdict is checked against what the ledger says happened."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from orders.gateways import smartpay_orders
from orders.gateways.base import Delivery, Door, Fault, Instruction, Kind, Outcome, Snapshot, TransactionState, Verdict
from orders.money import Money
from tests.sandbox.mailbox import mailbox
from tests.sandbox.shop_b import SECRET
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = pytest.mark.process

KEY = "sk_test_contract1"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        running.control("mode", magicAmounts=False)
        yield running


@pytest.fixture
def door(gateway: SandboxHandle) -> Door:
    return Door(
        base_url=f"{gateway.url}/smartpay-orders/v1",
        merchant_key="merchant-b",
        authentication_key=KEY,
        origin="https://dashboard.example",
        deadline_seconds=5,
        address="127.0.0.1",
    )


def an_order(gateway: SandboxHandle, **wish: Any) -> str:
    made = gateway.control("smartpay-orders/orders", merchantKey=KEY, **{"amount": 10_000, **wish})
    return str(made["transactions"][0]["transactionId"])


def in_portal(gateway: SandboxHandle, order: str, action: str, **more: Any) -> None:
    gateway.control("smartpay-orders/portal", transactionId=order, action=action, **more)


def an_instruction(order: str, kind: Kind, amount: int = 10_000, **more: Any) -> Instruction:
    return Instruction(
        modification_id=str(uuid.uuid4()),
        kind=kind,
        transaction_reference=order,
        merchant_key="merchant-b",
        amount=Money(amount, "JPY"),
        description="contract",
        custom_references={"custom1": "order", "custom2": "person"},
        **more,
    )


def a_refund(gateway: SandboxHandle, door: Door, amount: int) -> Instruction:
    order = an_order(gateway, paymentStatus="succeeded")
    payment = shown(door, order).movements[0].gateway_id
    return an_instruction(order, Kind.REFUND, amount, capture_reference=payment)


def send(door: Door, instruction: Instruction) -> Outcome:
    return smartpay_orders.send(door, smartpay_orders.compose(instruction), instruction)


def shown(door: Door, order: str) -> Snapshot:
    snapshot = smartpay_orders.fetch(door, order, "JPY").snapshot
    assert snapshot is not None
    return snapshot


def executions(gateway: SandboxHandle, instruction: Instruction) -> list[Any]:
    found: list[Any] = gateway.ledger(modificationId=instruction.modification_id)["executions"]
    return found


def happens_once(gateway: SandboxHandle, door: Door, instruction: Instruction) -> Outcome:
    """Sent twice and looked up: one execution of the amount, and three answers of one mind."""
    first, second, asked = send(door, instruction), send(door, instruction), smartpay_orders.look_up(door, instruction)

    assert [one.verdict for one in (first, second, asked)] == [Verdict.SUCCEEDED] * 3
    assert first.facts == second.facts
    assert first.facts.reference == asked.facts.reference != ""
    assert first.facts.gateway_id == asked.facts.gateway_id != ""
    assert [line["amount"] for line in executions(gateway, instruction)] == [instruction.amount.amount_minor]
    return asked


def test_a_capture_in_parts_then_the_rest_is_cancelled(gateway: SandboxHandle, door: Door) -> None:
    order = an_order(gateway)

    first = happens_once(gateway, door, an_instruction(order, Kind.CAPTURE, 2_000))
    second = happens_once(gateway, door, an_instruction(order, Kind.CAPTURE, 3_000))
    assert (first.facts.transaction_state, second.facts.transaction_state) == (TransactionState.AUTHORIZED,) * 2
    rest = happens_once(gateway, door, an_instruction(order, Kind.CANCEL, 5_000))

    assert rest.facts.amount == Money(5_000, "JPY")
    snapshot = shown(door, order)
    assert (snapshot.state, snapshot.raw_status) == (TransactionState.CAPTURED, "succeeded")
    assert [one.amount.amount_minor for one in snapshot.movements if one.amount] == [2_000, 3_000]


def test_a_last_capture_releases_the_rest_when_told_so(gateway: SandboxHandle, door: Door) -> None:
    order = an_order(gateway)

    captured = happens_once(gateway, door, an_instruction(order, Kind.CAPTURE, 2_000, release_rest=True))

    assert captured.facts.transaction_state is TransactionState.CAPTURED
    assert send(door, an_instruction(order, Kind.CAPTURE, 1)).verdict is Verdict.DECLINED


def test_an_untouched_order_is_cancelled_whole(gateway: SandboxHandle, door: Door) -> None:
    order = an_order(gateway)

    happens_once(gateway, door, an_instruction(order, Kind.CANCEL))

    snapshot = shown(door, order)
    assert snapshot.state is TransactionState.CANCELLED
    assert [one.type for one in snapshot.movements] == ["cancel"]


def test_a_payment_is_refunded_in_parts_until_nothing_is_left(gateway: SandboxHandle, door: Door) -> None:
    whole = a_refund(gateway, door, 4_000)

    happens_once(gateway, door, whole)
    assert shown(door, whole.transaction_reference).state is TransactionState.CAPTURED
    happens_once(gateway, door, replace(whole, modification_id=str(uuid.uuid4()), amount=Money(6_000, "JPY")))

    snapshot = shown(door, whole.transaction_reference)
    assert (snapshot.state, snapshot.warnings) == (TransactionState.REFUNDED, ())
    refunds = [one for one in snapshot.movements if one.type == "refund"]
    assert [one.capture_reference for one in refunds] == [whole.capture_reference] * 2
    more = replace(whole, modification_id=str(uuid.uuid4()), amount=Money(1, "JPY"))
    declined = send(door, more)
    assert (declined.verdict, declined.facts.failure_code) == (Verdict.DECLINED, "amount.insufficient")
    assert smartpay_orders.look_up(door, more).absent


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
        ("conflict_409", Verdict.UNKNOWN, 0),
        ("redirect_307", Verdict.UNKNOWN, 0),
        ("redirect_302", Verdict.UNKNOWN, 0),
        ("unauthorized", Verdict.NOT_SENT, 0),
        ("too_many", Verdict.UNKNOWN, 0),
        ("unavailable", Verdict.UNKNOWN, 0),
        ("lose_reply", Verdict.UNKNOWN, 1),
        ("hang_after", Verdict.UNKNOWN, 1),
        ("error_500_after", Verdict.UNKNOWN, 1),
        ("drip_status", Verdict.UNKNOWN, 1),
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
    ],
)
@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.REFUND])
def test_no_fault_is_taken_for_something_it_is_not(
    gateway: SandboxHandle, door: Door, kind: Kind, fault: str, verdict: Verdict, happened: int
) -> None:
    refund = kind is Kind.REFUND
    instruction = a_refund(gateway, door, 2_500) if refund else an_instruction(an_order(gateway), kind, 2_500)
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])

    outcome = send(replace(door, deadline_seconds=1), instruction)

    assert outcome.verdict is verdict
    assert len([line for line in executions(gateway, instruction) if line["status"] != "FAILED"]) == happened
    assert outcome.review is fault.startswith(("redirect", "wrong"))
    assert bool(outcome.pause_account) is (fault.startswith("redirect") or fault == "unauthorized")
    assert (outcome.retry_after_seconds is not None) is (fault in ("too_many", "unavailable"))
    assert gateway.control_get("redirect-hits")["count"] == 0


@pytest.mark.parametrize("fault", ["lose_reply", "error_500_after", "truncate", "html_200", "amount_false"])
@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL, Kind.REFUND])
def test_after_a_spoilt_answer_look_up_and_repeat_agree_and_it_happened_once(
    gateway: SandboxHandle, door: Door, kind: Kind, fault: str
) -> None:
    instruction = (
        a_refund(gateway, door, 2_500)
        if kind is Kind.REFUND
        else an_instruction(an_order(gateway), kind, 10_000 if kind is Kind.CANCEL else 2_500)
    )
    gateway.control("faults", rules=[{"fault": fault, "modificationId": instruction.modification_id, "times": 1}])
    # A cancel has no amount of its own: only the order's would have to be there.
    harmless = kind is Kind.CANCEL and fault == "amount_false"
    assert send(door, instruction).verdict is (Verdict.SUCCEEDED if harmless else Verdict.UNKNOWN)

    assert smartpay_orders.look_up(door, instruction).verdict is Verdict.SUCCEEDED
    assert len(executions(gateway, instruction)) == 1


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL, Kind.REFUND])
def test_what_never_arrived_is_absent(gateway: SandboxHandle, door: Door, kind: Kind) -> None:
    instruction = a_refund(gateway, door, 10) if kind is Kind.REFUND else an_instruction(an_order(gateway), kind)

    looked_up = smartpay_orders.look_up(door, instruction)

    assert (looked_up.verdict, looked_up.absent) == (Verdict.UNKNOWN, True)


def test_after_six_hours_the_same_key_would_act_again_and_the_look_up_still_finds_it(
    gateway: SandboxHandle, door: Door
) -> None:
    instruction = a_refund(gateway, door, 100)
    assert send(door, instruction).verdict is Verdict.SUCCEEDED

    gateway.control("clock", offsetSeconds=6 * 3600 + 1)
    try:
        looked_up = smartpay_orders.look_up(door, instruction)
        again = send(door, instruction)
    finally:
        gateway.control("clock", offsetSeconds=0)

    assert looked_up.verdict is Verdict.SUCCEEDED
    assert again.facts.gateway_id != looked_up.facts.gateway_id
    assert len(executions(gateway, instruction)) == 2
    assert smartpay_orders.look_up(door, instruction).verdict is Verdict.MISMATCH


def test_the_same_key_with_other_bytes_tells_nothing_of_the_money(gateway: SandboxHandle, door: Door) -> None:
    instruction = a_refund(gateway, door, 100)
    assert send(door, instruction).verdict is Verdict.SUCCEEDED

    assert send(door, replace(instruction, amount=Money(200, "JPY"))).verdict is Verdict.UNKNOWN


def test_what_somebody_did_in_the_portal_is_shown_and_is_not_ours(gateway: SandboxHandle, door: Door) -> None:
    order = an_order(gateway)
    in_portal(gateway, order, "capture", amount=4_000)
    payment = shown(door, order).movements[0].gateway_id
    in_portal(gateway, order, "refund", amount=1_000, paymentId=payment)

    movements = shown(door, order).movements

    assert [(one.type, one.modification_id, one.verdict) for one in movements] == [
        ("capture", "", Verdict.SUCCEEDED),
        ("refund", "", Verdict.SUCCEEDED),
    ]


def test_an_authorization_that_ran_out_was_not_cancelled_by_us(gateway: SandboxHandle, door: Door) -> None:
    order = an_order(gateway)
    in_portal(gateway, order, "expire")

    assert shown(door, order).state is TransactionState.EXPIRED
    assert smartpay_orders.look_up(door, an_instruction(order, Kind.CANCEL)).verdict is Verdict.DECLINED


def test_a_wrong_key_pauses_the_account_and_moves_nothing(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway), Kind.CAPTURE)
    locked_out = replace(door, authentication_key="not-a-key")

    outcome = send(locked_out, instruction)

    assert (outcome.verdict, executions(gateway, instruction)) == (Verdict.NOT_SENT, [])
    assert outcome.pause_account
    assert smartpay_orders.look_up(locked_out, instruction).pause_account
    assert smartpay_orders.fetch_list(locked_out, "").pause_account


def test_another_merchants_order_is_missing(gateway: SandboxHandle, door: Door) -> None:
    stranger = replace(door, authentication_key="sk_test_stranger1")

    fetched = smartpay_orders.fetch(stranger, an_order(gateway), "JPY")

    assert (fetched.snapshot, fetched.missing) == (None, True)


def listed_orders(door: Door) -> tuple[list[Snapshot], int]:
    """Every order of the merchant, and how many pages they took."""
    found: list[Snapshot] = []
    page, pages = "", 0
    while pages == 0 or page:
        listed = smartpay_orders.fetch_list(door, page)
        assert listed.reason == ""
        found += listed.snapshots
        page, pages = listed.next_page, pages + 1
    return found, pages


def test_every_order_is_listed_once_page_by_page(gateway: SandboxHandle, door: Door) -> None:
    gateway.control("smartpay-orders/orders", merchantKey="sk_test_lister1", amount=500, count=45)

    found, pages = listed_orders(replace(door, authentication_key="sk_test_lister1"))

    assert pages == 3
    assert len(found) == len({one.transaction_reference for one in found}) == 45


def test_orders_in_every_state_of_the_gateway_have_a_state_of_ours(door: Door) -> None:
    found, _pages = listed_orders(replace(door, authentication_key="sk_test_newcomer1"))

    assert {one.state for one in found} == {
        TransactionState.PENDING_AUTHORIZATION,
        TransactionState.AUTHORIZED,
        TransactionState.CAPTURED,
        TransactionState.CANCELLED,
        TransactionState.REFUNDED,
        TransactionState.FAILED,
        TransactionState.EXPIRED,
    }
    assert all(one.warnings == () and one.amount is not None and one.lines for one in found)


def test_an_order_is_found_by_what_was_captured_and_refunded(gateway: SandboxHandle, door: Door) -> None:
    instruction = a_refund(gateway, door, 100)
    refund_id = send(door, instruction).facts.gateway_id

    for known in (instruction.capture_reference, refund_id):
        found = smartpay_orders.find(door, known).snapshot
        assert found is not None
        assert found.transaction_reference == instruction.transaction_reference


def test_its_webhooks_are_believed_and_lead_to_the_order(gateway: SandboxHandle, door: Door) -> None:
    instruction = an_instruction(an_order(gateway), Kind.CAPTURE)
    with mailbox() as letters:
        gateway.control("webhook", gateway="smartpay_orders", merchantKey=KEY, url=letters.url, secret=SECRET)
        assert send(door, instruction).verdict is Verdict.SUCCEEDED
        letter = letters.wait_for(1)[0]
        gateway.control("webhook", gateway="smartpay_orders", merchantKey=KEY, url=None)
    delivery = Delivery(headers=letter.headers, body=letter.body, received_at=datetime.now(UTC))

    opened = smartpay_orders.open_delivery(delivery, [SECRET], {})

    assert (opened.signed, opened.acknowledge) == (True, 200)
    (event,) = opened.events
    assert (event.type, event.transaction_reference) == ("payment.created", instruction.transaction_reference)
    assert event.modification_id == instruction.modification_id


def test_a_stopped_gateway_means_nothing_was_sent(door: Door, tmp_path_factory: pytest.TempPathFactory) -> None:
    with sandbox(tmp_path_factory.mktemp("stopped")) as other:
        gone = replace(door, base_url=f"{other.url}/smartpay-orders/v1")

    outcome = send(gone, an_instruction("order_test_1", Kind.CAPTURE))

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.observation is not None
    assert outcome.observation.fault is Fault.REFUSED
