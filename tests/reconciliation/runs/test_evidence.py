"""A settlement line is evidence: it settles what is unknown, contradicts what failed, and says so once."""

from __future__ import annotations

import pytest

from orders.database import database_now
from orders.gateways.base import Kind
from orders.models import (
    Discrepancy,
    DiscrepancyType,
    Evidence,
    EvidenceSource,
    ExternalMovement,
    Match,
    Modification,
    ModificationState,
    SettlementLine,
    Transaction,
)
from orders.reconciliation.evidence import apply_settlements
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.matching.linking import link
from tests import factories
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.steps import answered, armed, asked, fresh
from tests.reconciliation.runs.bringing import bring_and_work
from tests.reconciliation_factories import a_profile

pytestmark = pytest.mark.django_db
S = ModificationState


def now(row: Modification) -> Modification:
    return Modification.objects.select_related("account", "transaction").get(pk=row.pk)


def refund_line(row: Modification, gross: str, *, reference: str = "rec-9") -> str:
    """A line of today that names our modification by its id, as our partner reference."""
    today = database_now().date()
    return f"{reference},{row.transaction.reference},{row.pk},refund,{gross},0.00,{gross},EUR,{today},"


def an_unknown_refund() -> tuple[Transaction, Modification]:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    answered(armed(row), steps.unknown())
    assert now(row).state == S.UNKNOWN
    return transaction, row


def a_failed_refund() -> tuple[Transaction, Modification]:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    answered(armed(row), steps.declined())
    assert now(row).state == S.FAILED
    return transaction, row


def test_an_unknown_refund_is_settled_by_its_line() -> None:
    transaction, row = an_unknown_refund()

    bring_and_work(row.account, refund_line(row, "-25.00"))

    row = now(row)
    assert (row.state, row.gateway_reference, row.executed_amount) == (S.SUCCEEDED, "rec-9", 2_500)
    assert money_of(transaction) == {"captured": 10_000, "refunded": 2_500}
    assert fresh(transaction).unknown_count == 0
    assert row.evidence.get(source=EvidenceSource.SETTLEMENT).applied
    assert not Discrepancy.objects.exists()


def test_the_same_evidence_a_second_time_changes_nothing() -> None:
    transaction, row = an_unknown_refund()
    bring_and_work(row.account, refund_line(row, "-25.00"))
    version = fresh(transaction).version

    assert apply_settlements(row.account_id) == 0

    assert fresh(transaction).version == version
    assert Evidence.objects.filter(source=EvidenceSource.SETTLEMENT).count() == 1
    assert money_of(transaction) == {"captured": 10_000, "refunded": 2_500}


def test_another_amount_settles_nothing() -> None:
    transaction, row = an_unknown_refund()

    bring_and_work(row.account, refund_line(row, "-24.00"))

    assert now(row).state == S.UNKNOWN
    assert money_of(transaction)["refunding"] == 2_500
    assert Discrepancy.objects.exists()


def test_an_amount_within_the_tolerance_is_met_and_settles_nothing() -> None:
    transaction, row = an_unknown_refund()
    profile = a_profile(row.account, mapping=SANDBOX_MAPPING.to_json(), tolerance_minor=2)

    bring_and_work(row.account, refund_line(row, "-24.99"), profile=profile)

    assert Match.objects.get().difference == 1
    assert now(row).state == S.UNKNOWN
    assert not fresh(transaction).frozen
    assert money_of(transaction)["refunding"] == 2_500


def test_one_persons_link_settles_nothing() -> None:
    transaction, row = an_unknown_refund()
    file, _ = bring_and_work(row.account, "rec-9,T-strange,,refund,-25.00,0.00,-25.00,EUR,2026-11-20,")
    fay = factories.a_person(merchants=[transaction.merchant], groups=["finance"])
    link(SettlementLine.objects.get(file=file).pk, modification_id=row.pk, by=fay, reason="It looks alike.")

    assert apply_settlements(row.account_id) == 0

    assert now(row).state == S.UNKNOWN
    assert money_of(transaction)["refunding"] == 2_500


def test_a_failed_refund_that_was_paid_freezes_and_becomes_a_discrepancy() -> None:
    transaction, row = a_failed_refund()

    bring_and_work(row.account, refund_line(row, "-25.00"))

    assert now(row).state == S.FAILED
    assert "ended as failed" in fresh(transaction).frozen_reason
    assert Discrepancy.objects.get().type == DiscrepancyType.SETTLED_THOUGH_FAILED
    movement = ExternalMovement.objects.get()
    assert (movement.modification, movement.amount, movement.booked) == (row, 2_500, False)


def test_a_contradiction_is_told_once() -> None:
    transaction, row = a_failed_refund()
    bring_and_work(row.account, refund_line(row, "-25.00"))
    version = fresh(transaction).version

    assert apply_settlements(row.account_id) == 0

    assert fresh(transaction).version == version
    assert ExternalMovement.objects.count() == 1


def test_a_refused_file_proves_nothing() -> None:
    transaction, row = an_unknown_refund()

    bring_and_work(row.account, refund_line(row, "-25.00"), "garbage")

    assert now(row).state == S.UNKNOWN
    assert not Evidence.objects.filter(source=EvidenceSource.SETTLEMENT).exists()
    assert money_of(transaction)["refunding"] == 2_500
