"""An order captured in parts and given back over all of them, at a real sandbox of gateway B: both books agree."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from orders.gateways.base import Kind
from orders.models import GatewayAccount, ModificationState, RefundPlan, Source, Transaction
from orders.modifications import clock
from orders.modifications.plans import finish_plan, progress_of
from tests.commands.running import run
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.other_accounts import an_orders_account, in_yen
from tests.modifications.planning import legs_of, planned
from tests.sandbox_process import SandboxHandle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.process]
S = ModificationState
Make = Callable[[], Transaction]


@pytest.fixture
def orders_account(gateway: SandboxHandle, settings: Any) -> GatewayAccount:
    settings.ALLOW_INSECURE_GATEWAYS = True
    settings.UNDO_SECONDS = 0
    settings.BACKOFF_FIRST_SECONDS = 0.05
    return an_orders_account(
        base_url=f"{gateway.url}/smartpay-orders/v1",
        authentication_key=f"sk_test_{uuid.uuid4().hex[:12]}",
        profile={"deadline_seconds": 3},
    )


@pytest.fixture
def captured_twice(gateway: SandboxHandle, orders_account: GatewayAccount) -> Transaction:
    """10,000 yen, captured in 6,000 and then 4,000 by us."""
    key = orders_account.authentication_key
    made = gateway.control("smartpay-orders/orders", merchantKey=key, amount=10_000)
    transaction = in_yen(account=orders_account, reference=made["transactions"][0]["transactionId"])
    for amount in (6_000, 4_000):
        steps.asked(steps.fresh(transaction), Kind.CAPTURE, amount)
        clock.run_until_idle()
    assert money_of(transaction) == {"captured": 10_000}
    return steps.fresh(transaction)


def refunds_at(gateway: SandboxHandle, transaction: Transaction) -> list[int]:
    lines = gateway.ledger(transactionId=transaction.reference)["executions"]
    return [line["amount"] for line in lines if line["kind"] == "refund" and line["status"] != "FAILED"]


def states_of(plan: RefundPlan) -> list[str]:
    return [leg.state for leg in legs_of(plan)]


def test_a_refund_over_both_captures_is_done_once_at_the_gateway(
    gateway: SandboxHandle, captured_twice: Transaction
) -> None:
    plan = planned(captured_twice, 9_000, by=steps.an_agent(captured_twice))

    clock.run_until_idle()

    assert states_of(plan) == [S.SUCCEEDED, S.SUCCEEDED]
    assert refunds_at(gateway, captured_twice) == [4_000, 5_000]
    assert money_of(captured_twice) == {"captured": 10_000, "refunded": 9_000}
    assert [one.open_to_refund for one in captured_twice.captures.all()] == [1_000, 0]
    assert run("invariants").code == 0


def test_a_part_that_the_gateway_refused_is_finished_later(gateway: SandboxHandle, captured_twice: Transaction) -> None:
    plan = planned(captured_twice, 9_000, by=steps.an_agent(captured_twice))
    refused = legs_of(plan)[1]
    gateway.control("faults", rules=[{"fault": "refuse", "modificationId": str(refused.pk), "times": 1}])
    clock.run_until_idle()
    assert states_of(plan) == [S.SUCCEEDED, S.FAILED]
    assert refunds_at(gateway, captured_twice) == [4_000]

    finish_plan(plan_id=plan.pk, by=plan.requested_by, source=Source.COMMAND, expected_version=None)
    clock.run_until_idle()

    assert progress_of(plan, plan.modifications.all()).done == 9_000
    assert refunds_at(gateway, captured_twice) == [4_000, 5_000]
    assert run("invariants").code == 0


def test_a_part_whose_answer_was_lost_is_not_done_twice_and_the_other_one_waits_for_it(
    gateway: SandboxHandle, captured_twice: Transaction
) -> None:
    plan = planned(captured_twice, 9_000, by=steps.an_agent(captured_twice))
    first, second = legs_of(plan)
    gateway.control("faults", rules=[{"fault": "lose_reply", "modificationId": str(first.pk), "times": 1}])

    clock.run_until_idle()
    for _ in range(5):
        waiting = [leg for leg in legs_of(plan) if not leg.finished]
        for leg in waiting:
            steps.due_now(leg)
        clock.run_until_idle()

    assert states_of(plan) == [S.SUCCEEDED, S.SUCCEEDED]
    assert refunds_at(gateway, captured_twice) == [4_000, 5_000]
    first_ended = plan.modifications.get(pk=first.pk).finished_at
    second_sent = plan.modifications.get(pk=second.pk).first_sent_at
    assert first_ended is not None
    assert second_sent is not None
    assert first_ended <= second_sent
    assert run("invariants").code == 0


def test_the_rest_is_cancelled_after_a_capture_in_parts(gateway: SandboxHandle, orders_account: GatewayAccount) -> None:
    made = gateway.control("smartpay-orders/orders", merchantKey=orders_account.authentication_key, amount=10_000)
    transaction = in_yen(account=orders_account, reference=made["transactions"][0]["transactionId"])
    steps.asked(transaction, Kind.CAPTURE, 6_000)
    clock.run_until_idle()

    rest = steps.asked(steps.fresh(transaction), Kind.CANCEL, 4_000)
    clock.run_until_idle()

    rest.refresh_from_db()
    assert rest.state == S.SUCCEEDED
    assert money_of(transaction) == {"captured": 6_000, "released": 4_000}
    assert run("invariants").code == 0
