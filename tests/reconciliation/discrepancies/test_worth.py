"""What a discrepancy is worth: one rule, the same in Python and in SQL."""

from __future__ import annotations

import pytest

from orders.models import Discrepancy, SettlementFile, Transaction
from orders.models import DiscrepancyType as T
from orders.models.discrepancy import WORTH
from orders.reconciliation.figures import figures_of
from tests.reconciliation.discrepancies.typed import our, run_of
from tests.reconciliation_factories import a_discrepancy, a_line, a_run

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("type", "amount", "difference", "worth"),
    [
        (T.AMOUNT, 1_000, -1_000, 1_000),
        (T.THEIRS_NOT_OURS, 4_000, -4_000, 4_000),
        (T.KIND, 11_996, -23_992, 23_992),
        (T.REMAINDER, 3_000, 0, 3_000),
        (T.CHARGEBACK_AFTER_REFUND, 2_500, 0, 2_500),
        (T.LATE, 66_695, 0, 0),
    ],
)
def test_it_is_the_difference_else_the_amount_and_nothing_for_a_delay(
    type: T, amount: int, difference: int, worth: int
) -> None:
    assert a_discrepancy(type=type, amount=amount, difference=difference).worth == worth


@pytest.mark.parametrize("type", list(T))
def test_python_and_sql_say_the_same_of_every_type(type: T) -> None:
    for difference in (-20_000, -1, 0, 1, 20_000):
        a_discrepancy(type=type, amount=10_000, difference=difference)

    rows = Discrepancy.objects.order_by("pk")

    assert list(rows.values_list(WORTH, flat=True)) == [row.worth for row in rows]


def test_a_capture_listed_as_a_refund_is_off_by_twice_its_amount(
    file: SettlementFile, transaction: Transaction
) -> None:
    our(transaction, amount=11_996)
    a_line(file, type="refund", reference="R1", gross=-11_996, fee=0)
    run_of(file)

    row = Discrepancy.objects.get()

    assert (row.type, row.difference, row.worth) == (T.KIND, -23_992, 23_992)


def test_the_figures_of_a_run_are_sums_of_it() -> None:
    run = a_run()
    a_discrepancy(run.account, run=run, type=T.KIND, amount=11_996, difference=-23_992)
    a_discrepancy(run.account, run=run, type=T.LATE, amount=66_695, difference=0)

    assert figures_of(run, matches={})["discrepancies"] == {
        "kind": {"EUR": {"count": 1, "amount": 23_992}},
        "late": {"EUR": {"count": 1, "amount": 0}},
    }
