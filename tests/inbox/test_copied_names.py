"""A portal lets people copy references: word of another payment under the name of ours neither settles nor is lost."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways.base import Kind
from orders.models import ExternalMovement, GatewayAccount, Modification, ModificationState
from tests.inbox.letters import from_c, result_of, told, work_off
from tests.inbox.test_settling import accepted, captured_at_c, now
from tests.modifications.channels import money_of
from tests.modifications.steps import asked, fresh

pytestmark = pytest.mark.django_db
S = ModificationState
COPIES: list[dict[str, Any]] = [{"metadata": {}}, {}]


def a_refund(account: GatewayAccount, amount: int = 2_000) -> Modification:
    return accepted(asked(captured_at_c(account), Kind.REFUND, amount))


@pytest.mark.parametrize("copied", COPIES, ids=["reference", "metadata"])
def test_another_refund_under_the_name_of_ours_is_booked_once(
    account_c: GatewayAccount, copied: dict[str, Any]
) -> None:
    row = a_refund(account_c)
    told(account_c, from_c(result_of(row, "Refund", payment_id="pay-1")))

    for _ in range(2):
        delivery = told(account_c, from_c(result_of(row, "Refund", payment_id="pay-2", **copied)))

    assert delivery.state == "done"
    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 4_000}
    assert ExternalMovement.objects.get().gateway_id == "pay-2"
    assert not fresh(row.transaction).frozen


def test_the_same_payment_told_again_is_not_booked(account_c: GatewayAccount) -> None:
    row = a_refund(account_c)

    for _ in range(2):
        told(account_c, from_c(result_of(row, "Refund", payment_id="pay-1")))

    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 2_000}
    assert not ExternalMovement.objects.exists()


def test_another_refund_waits_while_it_may_be_one_of_ours_without_an_end(account_c: GatewayAccount) -> None:
    row = a_refund(account_c)
    told(account_c, from_c(result_of(row, "Refund", payment_id="pay-1")))
    second = accepted(asked(fresh(row.transaction), Kind.REFUND, 1_000))

    delivery = told(account_c, from_c(result_of(row, "Refund", payment_id="pay-2", metadata={}, amount=1_500)))
    assert delivery.state == "unmatched"
    told(account_c, from_c(result_of(second, "Refund", payment_id="pay-3")))
    work_off()

    assert money_of(row.transaction) == {"captured": 10_000, "refunded": 4_500}


@pytest.mark.parametrize("said", [{"related": "another-payment"}, {"card": "another-card"}], ids=["payment", "card"])
def test_a_refusal_of_another_payments_refund_under_our_name_frees_nothing(
    account_c: GatewayAccount, said: dict[str, Any]
) -> None:
    row = a_refund(account_c)

    delivery = told(account_c, from_c(result_of(row, "Refund", status="Failed", **said)))

    assert now(row).state == S.PENDING
    assert money_of(row.transaction) == {"captured": 10_000, "refunding": 2_000}
    assert "nothing changed" in delivery.sentence
