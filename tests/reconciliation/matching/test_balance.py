"""What adds up, what explains a difference, and what is missing when nothing does."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from orders.models import DiscrepancyState, DiscrepancyType, SettlementFile
from orders.reconciliation.matching.balance import Balance, balance
from tests.factories import a_captured_transaction
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of, a_movement

pytestmark = pytest.mark.django_db


def of(file: SettlementFile, currency: str = "EUR", **span: Any) -> Balance:
    return balance(file.account_id, **{"until": None, **span})[currency]


@pytest.fixture
def file(db: None) -> SettlementFile:
    return a_file()


def test_what_met_adds_up(file: SettlementFile) -> None:
    a_match(line=a_line(file))
    found = of(file)
    assert found == Balance(lines=10_000, items=10_000, fee=150, net=9_850)
    assert found.holds
    assert found.as_json()["missing"] == 0


def test_what_no_line_says_yet_is_on_the_way(file: SettlementFile) -> None:
    a_modification_of(a_captured_transaction(account=file.account), amount=4_000)
    a_movement(a_captured_transaction(account=file.account), amount=1_000)
    assert of(file) == Balance(items=3_000, on_the_way=3_000)


def test_a_line_that_nothing_explains_is_missing(file: SettlementFile) -> None:
    a_line(file)
    assert not of(file).holds
    assert of(file).missing == 10_000


def test_a_discrepancy_explains_its_line(file: SettlementFile) -> None:
    a_discrepancy(line=a_line(file))
    assert of(file).holds
    assert of(file).discrepancies == 10_000


def test_one_that_vanished_explains_nothing(file: SettlementFile) -> None:
    a_discrepancy(line=a_line(file), state=DiscrepancyState.VANISHED)
    assert of(file).missing == 10_000


def test_a_wrong_amount_is_the_movement_and_the_difference(file: SettlementFile) -> None:
    ours = a_modification_of(a_captured_transaction(account=file.account))
    line = a_line(file, gross=9_000)
    a_discrepancy(line=line, type=DiscrepancyType.AMOUNT, modification=ours, difference=-1_000)
    assert of(file) == Balance(lines=9_000, items=10_000, discrepancies=-1_000, fee=150, net=8_850)


def test_another_currency_is_explained_on_both_sides(file: SettlementFile) -> None:
    ours = a_modification_of(a_captured_transaction(account=file.account))
    line = a_line(file, gross=9_000, currency="SEK")
    a_discrepancy(
        line=line, type=DiscrepancyType.CURRENCY, modification=ours, difference=-10_000, currency="EUR", amount=10_000
    )
    assert of(file).holds
    assert of(file, "SEK").holds


def test_a_missed_movement_is_not_on_the_way(file: SettlementFile) -> None:
    transaction = a_captured_transaction(account=file.account)
    ours = a_modification_of(transaction)
    a_discrepancy(
        file.account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        modification=ours,
        transaction=transaction,
        difference=-10_000,
    )
    assert of(file) == Balance(items=10_000, discrepancies=-10_000)


def test_a_tolerated_difference_is_told(file: SettlementFile) -> None:
    ours = a_modification_of(a_captured_transaction(account=file.account))
    a_match(line=a_line(file, gross=9_999), modification=ours, amount=10_000, difference=-1)
    assert of(file).holds
    assert of(file).differences == -1


def test_a_fee_and_a_late_line_stand_beside_the_sum(file: SettlementFile) -> None:
    line = a_line(file)
    a_match(line=line)
    a_discrepancy(line=line, key="fee:1", type=DiscrepancyType.FEE, difference=-20, amount=20)
    assert of(file).holds


def test_lines_that_do_not_count_are_nobodys(file: SettlementFile) -> None:
    a_line(file, overlap=True)
    a_line(a_file(file.account, state="refused"))  # type: ignore[arg-type]
    assert balance(file.account_id, until=None) == {}


def test_a_payout_of_movements_alone_is_their_sum(file: SettlementFile) -> None:
    transaction = a_captured_transaction(account=file.account)
    line = a_line(file, type="payout", gross=-7_000, fee=0)
    for kind, amount in (("capture", 10_000), ("refund", 3_000)):
        ours = a_modification_of(transaction, kind=kind, amount=amount)
        a_match(line=line, modification=ours, rule="payout", amount=amount)
    assert of(file) == Balance(lines=7_000, items=7_000, paid_out=7_000)


def test_a_month_holds_its_own_lines(file: SettlementFile) -> None:
    a_match(line=a_line(file))
    a_line(file, booked_on=date(2026, 10, 31))
    assert of(file, month=date(2026, 11, 1)).holds
    assert of(file, month=date(2026, 10, 1)).missing == 10_000
    assert of(file, until=date(2026, 10, 31)).missing == 10_000
