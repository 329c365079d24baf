"""However many lines are read, named or written at once: the same discrepancies, each with its history."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Discrepancy, DiscrepancyEntry, SettlementFile, Transaction
from orders.reconciliation.discrepancies import typing_beside, typing_verdicts
from orders.reconciliation.discrepancies.typing import type_leftovers
from tests.reconciliation.discrepancies.typed import open_ones, our, run_of, typed
from tests.reconciliation_factories import a_line, a_movement

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("at_once", [1, 2, 1_000])
def test_lines_read_piece_by_piece_tell_the_same(
    monkeypatch: pytest.MonkeyPatch, file: SettlementFile, transaction: Transaction, at_once: int
) -> None:
    monkeypatch.setattr(typing_verdicts, "_AT_ONCE", at_once)
    ours = our(transaction)
    a_line(file, reference="R1", gross=5_000)
    a_line(file, reference="R7", transaction_reference=transaction.reference)
    a_line(file, reference="R1", gross=3_000)
    a_line(file, reference="R8", gross=700)

    assert typed(file) == [
        ("amount", -2_000, 2_000, "EUR"),
        ("theirs_not_ours", 10_000, 10_000, "EUR"),
        ("theirs_not_ours", 700, 700, "EUR"),
    ]

    named = Discrepancy.objects.order_by("line__number").values_list("modification_id", "transaction_id")
    assert list(named) == [(ours.pk, transaction.pk), (None, transaction.pk), (None, None)]
    for row in Discrepancy.objects.all():
        (entry,) = DiscrepancyEntry.objects.filter(discrepancy=row)
        assert (entry.verb, entry.text, entry.at) == ("opened", row.sentence, row.opened_at)


@pytest.mark.parametrize("few", [0, 1, 5_000])
def test_many_payouts_and_chargebacks_tell_what_few_tell(
    monkeypatch: pytest.MonkeyPatch, file: SettlementFile, transaction: Transaction, few: int
) -> None:
    monkeypatch.setattr(typing_beside, "_FEW", few)
    our(transaction, kind="refund", amount=10_000)
    a_movement(transaction, kind="chargeback", amount=10_000, gateway_reference="C1")
    words = {"reference": "C1", "transaction_reference": transaction.reference, "payout_reference": "P1"}
    a_line(file, type="chargeback", gross=-10_000, fee=0, **words)
    a_line(file, type="payout", gross=-200, fee=0, payout_reference="P1")

    assert typed(file) == [("chargeback_after_refund", 0, 10_000, "EUR"), ("amount", 0, 10_200, "EUR")]


def test_a_file_without_payouts_and_chargebacks_is_not_gone_through_for_them(
    file: SettlementFile, transaction: Transaction
) -> None:
    a_line(file, reference="R9", payout_reference="P1")
    with CaptureQueriesContext(connection) as without:
        run = run_of(file)
    a_line(file, type="payout", gross=-9_800, fee=0, payout_reference="P1")
    with CaptureQueriesContext(connection) as with_payout:
        type_leftovers(run)

    def asked(captured: CaptureQueriesContext) -> int:
        return sum("l.type = 'payout'" in query["sql"] for query in captured)

    assert (asked(without), asked(with_payout)) == (0, 1)
    assert [type for type, *_ in open_ones()] == ["theirs_not_ours", "amount"]
