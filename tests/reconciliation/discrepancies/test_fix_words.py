"""A fix says what was given up: the whole difference of a wrong kind, and of late money only the delay."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.models import DiscrepancyType as T
from orders.models import GatewayAccount
from tests.factories import a_captured_transaction
from tests.reconciliation.discrepancies.fixing import changed_figures, fix, offer
from tests.reconciliation_factories import a_discrepancy, a_file, a_line

pytestmark = pytest.mark.django_db


def test_a_wrong_kind_is_previewed_and_written_off_with_its_whole_difference(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    transaction = a_captured_transaction(account=account, captured=11_996)
    line = a_line(a_file(account), type="refund", gross=-11_996, fee=0)
    row = a_discrepancy(line=line, transaction=transaction, type=T.KIND, amount=11_996, difference=-23_992)

    proposed = fix(row, "write_off", anna)
    row.refresh_from_db()
    previewed = changed_figures(offer(row, "confirm", bert))
    confirmed = fix(row, "confirm", bert)

    assert "proposed to write off 239.92 EUR" in proposed
    assert previewed == {"Not met": "239.92 EUR → 0.00 EUR"}
    assert confirmed.startswith("239.92 EUR was written off")


def test_of_money_that_came_late_the_delay_is_accepted(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account, type=T.LATE, amount=66_695, difference=0, currency="GBP")

    said = fix(row, "accept", anna)

    assert said.startswith("The delay was accepted:")
    assert "666.95" not in said
