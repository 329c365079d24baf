"""Any order and any number of copies of a set of webhooks ends in the same books (money safety, I17)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.gateways import smartpay
from orders.gateways.base import Kind, TransactionState
from orders.gateways.registry import GATEWAYS
from orders.models import ExternalMovement, GatewayAccount, Modification, Transaction
from tests import factories
from tests.commands.running import run
from tests.examples import examples
from tests.inbox.letters import (
    Letter,
    an_account_at_b,
    an_account_at_c,
    from_a,
    from_b,
    from_c,
    payment_event,
    post,
    result_of,
    work_off,
)
from tests.inbox.pretend import PretendGateway, a_snapshot, moved
from tests.modifications import steps
from tests.modifications.steps import asked, ended

pytestmark = pytest.mark.django_db

COPIES_AT_MOST = 6
MONEY = ("authorized", "capturing", "captured", "released", "refunding", "refunded", "charged_back")


class Scene:
    """Accounts at all three gateways, and everything that is told about them."""

    def __init__(self, at_a: PretendGateway, at_b: PretendGateway) -> None:
        self.a, self.b, self.c = factories.an_account(), an_account_at_b(), an_account_at_c()
        self.letters = [*self._of_a(at_a), *self._of_b(at_b), *self._of_c()]

    def _of_a(self, gateway: PretendGateway) -> list[tuple[GatewayAccount, Letter]]:
        factories.a_transaction(account=self.a, authorized=5_000, reference="T-1")
        capture = moved("capture", 5_000, gateway_id="cap-1", currency="EUR")
        gateway.shown["T-1"] = a_snapshot(
            "T-1", amount=5_000, currency="EUR", state=TransactionState.CAPTURED, movements=(capture,)
        )
        times = ("2026-05-26T14:29:05.994Z", "2026-05-27T14:29:05.994Z")
        return [(self.a, from_a("T-1", created_at=at)) for at in times]

    def _of_b(self, gateway: PretendGateway) -> list[tuple[GatewayAccount, Letter]]:
        movements = (moved("capture", 6_000, gateway_id="payment_1"), moved("refund", 1_000, gateway_id="refund_1"))
        gateway.shown["order_1"] = a_snapshot("order_1", state=TransactionState.CAPTURED, movements=movements)
        gateway.owners |= {"payment_1": "order_1", "refund_1": "order_1"}
        told = (
            from_b("order.authorized", {"id": "order_1", "amount": 10_000, "currency": "JPY"}),
            from_b("payment.created", {"id": "payment_1", "order": "order_1", "amount": 6_000}),
            from_b("refund.created", {"id": "refund_1", "payment": "payment_1", "amount": 1_000}),
        )
        return [(self.b, letter) for letter in told]

    def _of_c(self) -> list[tuple[GatewayAccount, Letter]]:
        ours = factories.a_transaction(account=self.c, card_reference="card-2", reference="Q1")
        capture = ended(asked(ours, Kind.CAPTURE, 7_000), steps.pending())
        refused = factories.a_transaction(account=self.c, card_reference="card-3", reference="R1")
        cancel = ended(asked(refused, Kind.CANCEL, 10_000), steps.pending())
        begun = payment_event("DeferredEcommerce", payment_id="P1", amount=5_000, created_at="2026-05-01T10:00:00Z")
        unused = payment_event(
            "DeferredMOTO", payment_id="S1", amount=800, card="card-4", created_at="2026-05-01T10:00:00Z"
        )
        told = (
            from_c(begun),
            from_c(begun | {"event_id": "again", "updated_at": "2026-06-01T10:00:00Z"}),
            from_c(payment_event("DeferredRelease", payment_id="P2", related="P1", amount=3_000)),
            from_c(payment_event("Refund", payment_id="P3", related="P2", amount=500)),
            from_c(result_of(capture, "DeferredRelease", status="Pending")),
            from_c(result_of(capture, "DeferredRelease", payment_id="Q2")),
            from_c(payment_event("Refund", payment_id="Q3", related="Q2", amount=700, card="card-2")),
            from_c(result_of(cancel, "DeferredCancel", status="Failed", amount=None)),
            from_c(unused),
            from_c(unused | {"event_id": "back", "status": "Cancelled", "updated_at": "2026-05-09T10:00:00Z"}),
        )
        return [(self.c, letter) for letter in told]

    def hear(self, order: Sequence[int]) -> None:
        for number in order:
            account, letter = self.letters[number]
            assert post(account, letter).status_code == 200
            work_off()
        work_off(rounds=3)

    def books(self) -> list[Any]:
        accounts = (self.a, self.b, self.c)
        transactions = Transaction.objects.filter(account__in=accounts)
        kept = ExternalMovement.objects.filter(account__in=accounts)
        asked_for = Modification.objects.filter(account__in=accounts)
        return [
            sorted(transactions.values_list("reference", "state", "capture_open", "frozen_reason", *MONEY)),
            sorted(kept.values_list("gateway_id", "kind", "amount", "booked")),
            sorted(asked_for.values_list("kind", "state", "amount")),
        ]


NUMBERS = range(15)
EXPECTED = [
    [
        ("P1", "captured", False, "", 5_000, 0, 3_000, 2_000, 0, 500, 0),
        ("Q1", "captured", False, "", 10_000, 0, 7_000, 3_000, 0, 700, 0),
        ("R1", "authorized", True, "", 10_000, 0, 0, 0, 0, 0, 0),
        ("S1", "expired", False, "", 800, 0, 0, 800, 0, 0, 0),
        ("T-1", "captured", False, "", 5_000, 0, 5_000, 0, 0, 0, 0),
        ("order_1", "captured", False, "", 10_000, 0, 6_000, 4_000, 0, 1_000, 0),
    ],
    [
        ("P2", "capture", 3_000, True),
        ("P3", "refund", 500, True),
        ("Q3", "refund", 700, True),
        ("cap-1", "capture", 5_000, True),
        ("payment_1", "capture", 6_000, True),
        ("refund_1", "refund", 1_000, True),
    ],
    [("cancel", "failed", 10_000), ("capture", "succeeded", 7_000)],
]


@settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.permutations(NUMBERS),
    copies=st.lists(st.sampled_from(NUMBERS), max_size=COPIES_AT_MOST),
)
def test_any_permutation_with_any_copies_ends_in_the_same_books(
    order: list[int], copies: list[int], gateway: PretendGateway
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        at_a = PretendGateway(module=smartpay)
        patch.setitem(GATEWAYS, "smartpay", at_a)
        scene = Scene(at_a, gateway)
        assert len(scene.letters) == len(NUMBERS)

        scene.hear([*order[:7], *copies, *order[7:]])

    assert scene.books() == EXPECTED
    held = run("invariants")
    assert held.code == 0, held.out
