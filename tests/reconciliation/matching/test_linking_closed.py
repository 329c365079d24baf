"""A line that a closed month tells is linked with nothing until the month is open again."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User

from orders.models import GatewayAccount, Match, MonthClose, MonthState
from orders.modifications.refusals import Refused
from orders.reconciliation.matching.linking import link
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_modification_of

pytestmark = pytest.mark.django_db


def october(account: GatewayAccount, by: User, second: User, state: MonthState) -> MonthClose:
    decided = {"decided_by": second, "decided_at": "2026-11-02T00:00:00Z"}
    return MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=date(2026, 10, 1),
        until=date(2026, 11, 1),
        state=state,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=by,
        proposed_at="2026-11-01T00:00:00Z",
        **(decided if state == MonthState.CLOSED else {}),
    )


@pytest.mark.parametrize("state", [MonthState.PROPOSED, MonthState.CLOSED])
def test_a_line_of_a_closed_month_is_linked_with_nothing(
    state: MonthState,
) -> None:
    account = an_account()
    anna, bert = (a_person(merchants=[account.merchant], groups=["finance"]) for _ in range(2))
    transaction = a_captured_transaction(account=account)
    capture = a_modification_of(transaction)
    line = a_line(a_file(account, business_date=date(2026, 10, 20)))
    a_discrepancy(line=line, month=date(2026, 10, 1))
    october(account, anna, bert, state)
    if state == MonthState.PROPOSED:
        link(line.pk, modification_id=capture.pk, by=anna, reason="Seen in the portal.")
        return
    with pytest.raises(Refused, match=r"closed with October 2026\. Reopen the month first; nothing was linked"):
        link(line.pk, modification_id=capture.pk, by=anna, reason="Seen in the portal.")
    assert not Match.objects.exists()
