"""While one person closes a month, others bring files, part matches and accept: what is closed is what was signed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.contrib.auth.models import User

from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, MonthClose, MonthState
from orders.modifications.refusals import Refused
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.matching.linking import unlink
from orders.reconciliation.months.checklist import checklist
from orders.reconciliation.months.closing import confirm, propose
from orders.reconciliation.months.report import digest, report_of
from tests.modifications.test_together import together
from tests.reconciliation.months.scenes import DAY, MONTH, Office, an_office
from tests.reconciliation.runs.bringing import bring_and_work, line
from tests.reconciliation_factories import a_discrepancy, a_line, a_match

pytestmark = pytest.mark.django_db(transaction=True)


def a_file_comes(office: Office) -> Callable[[], object]:
    return lambda: bring_and_work(office.account, line("late-1", "10.00", day=DAY), business_date=DAY)


def a_match_ends(office: Office) -> Callable[[], object]:
    match = a_match(a_line(office.account.settlement_files.get()))
    person = office.fay.pk
    return lambda: unlink(match.pk, by=User.objects.get(pk=person), reason="It is another.")


def a_difference_reopens(office: Office) -> Callable[[], object]:
    row = a_discrepancy(
        office.account,
        type=DiscrepancyType.FEE,
        state=DiscrepancyState.ACCEPTED,
        difference=0,
        month=MONTH.first,
        occurred_on=DAY,
    )
    person = office.fay.pk
    return lambda: apply_fix(
        row.pk,
        "reopen",
        by=User.objects.get(pk=person),
        version=Discrepancy.objects.get(pk=row.pk).version,
        reason="It is not over.",
    )


@pytest.mark.parametrize("change", [a_file_comes, a_match_ends, a_difference_reopens])
def test_a_month_is_closed_as_it_was_signed_or_not_at_all(change: Callable[[Office], Callable[[], object]]) -> None:
    office = an_office()
    work = change(office)
    signed = propose(account=office.account, month=MONTH, by=office.fay)
    second = office.sue.pk

    def close() -> None:
        with suppress(Refused):
            confirm(month_close_id=signed.pk, report_sha256=signed.report_sha256, by=User.objects.get(pk=second))

    together([work, close])

    row = MonthClose.objects.get()
    if row.state == MonthState.CLOSED:
        now = report_of(office.account, MONTH, checklist(office.account, MONTH))
        assert digest(now) == row.report_sha256
