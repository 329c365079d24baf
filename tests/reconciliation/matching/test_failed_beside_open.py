"""A line that a failed refund could be and an open one too; then the open one fails as well: the payment freezes,
whatever people had said of the line meanwhile."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, EvidenceSource, Transaction
from orders.modifications.resolve import apply_evidence
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.runs import rematch
from tests.factories import a_person
from tests.modifications import steps
from tests.modifications.steps import fresh
from tests.reconciliation.matching.settling import (
    a_closed_month,
    a_failed_refund,
    a_night,
    a_pending_refund,
    a_refund_line,
    brought,
    today,
    types,
)
from tests.reconciliation.matching.test_failed_since import declined

pytestmark = pytest.mark.django_db


@pytest.fixture
def fay(payment: Transaction) -> User:
    return a_person("fay", merchants=[payment.merchant], groups=["finance"])


def said(payment: Transaction, fix: str, fay: User) -> Discrepancy:
    """What a person says of the line while it could be two refunds."""
    brought(payment, a_refund_line(payment, reference="", day=today()))
    row = Discrepancy.objects.unsettled().get()
    assert row.type == DiscrepancyType.AMBIGUOUS
    apply_fix(row.pk, fix, by=fay, version=row.version, reason="It is not ours.")
    row.refresh_from_db()
    return row


def test_what_waits_for_a_second_person_begins_anew(payment: Transaction, fay: User) -> None:
    failed, pending = a_failed_refund(payment), a_pending_refund(payment)
    row = said(payment, "write_off", fay)
    assert row.state == DiscrepancyState.WAITING
    declined(pending)

    a_night(payment)

    assert types() == [DiscrepancyType.SETTLED_THOUGH_FAILED]
    row.refresh_from_db()
    assert (row.state, row.proposed_by, row.modification_id in (failed.pk, pending.pk)) == ("open", None, True)
    assert "ended as failed" in fresh(payment).frozen_reason


def test_in_a_closed_month_the_row_stays_and_the_payment_freezes(payment: Transaction, fay: User) -> None:
    a_failed_refund(payment)
    pending = a_pending_refund(payment)
    row = said(payment, "write_off", fay)
    apply_fix(
        row.pk,
        "confirm",
        by=a_person(merchants=[payment.merchant], groups=["finance"]),
        version=row.version,
        reason="Right.",
    )
    month = a_closed_month(payment, fay)
    assert not fresh(payment).frozen
    declined(pending)

    for _ in range(2):
        assert not rematch(payment.account, month.until).problem

    row.refresh_from_db()
    assert (row.state, row.type) == (DiscrepancyState.WRITTEN_OFF, DiscrepancyType.AMBIGUOUS)
    assert "ended as failed" in fresh(payment).frozen_reason


def test_where_the_open_one_succeeds_nothing_freezes(payment: Transaction, fay: User) -> None:
    a_failed_refund(payment)
    pending = a_pending_refund(payment)
    said(payment, "write_off", fay)
    yes = steps.success(pending)
    apply_evidence(modification_id=pending.pk, outcome=yes, source=EvidenceSource.QUERY, source_key="asked")

    a_night(payment)

    assert not fresh(payment).frozen
