"""Causes are found from the books in a bounded number of queries, kept with all that was tested, and asked anew."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import (
    Cause,
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    FileState,
    GatewayAccount,
    LineType,
    Modification,
    MonthClose,
    MonthState,
    SettlementLine,
    SettlementTerms,
    Transaction,
)
from orders.reconciliation.discrepancies.causes import explain
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation_factories import (
    BOOKED,
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_movement,
    a_run,
)

EXECUTED = datetime(2026, 11, 20, 9, tzinfo=UTC)
LATER = date(2026, 12, 4)
pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> GatewayAccount:
    account = an_account()
    SettlementTerms.objects.create(account=account, delay_days=0, patience_days=1)
    return account


def a_capture_of(
    account: GatewayAccount, *, amount: int = 10_000, at: datetime = EXECUTED, **fields: Any
) -> Modification:
    transaction = a_captured_transaction(account=account, captured=amount)
    values: dict[str, Any] = {"gateway_at": at, "requested_at": at - timedelta(minutes=1), "finished_at": at, **fields}
    return a_modification_of(transaction, amount=amount, **values)


def missed(modification: Modification) -> Discrepancy:
    """As the night's expectations write it."""
    return a_discrepancy(
        modification.transaction.account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        key=f"item:{modification.pk}",
        modification=modification,
        transaction=modification.transaction,
        amount=modification.amount,
        difference=-modification.amount,
        reference=modification.gateway_reference,
    )


def stranger(account: GatewayAccount, **fields: Any) -> Discrepancy:
    return a_discrepancy(line=a_line(a_file(account), **fields))


def top(row: Discrepancy, today: date = LATER) -> tuple[str, int]:
    explain([row.pk], today=today)
    row.refresh_from_db()
    return row.cause, row.confidence


def test_a_late_movement_whose_day_has_a_file_is_missing_in_it(account: GatewayAccount) -> None:
    file = a_file(account, lines=1_204, name="twentieth.csv")
    a_match(a_line(file), modification=a_capture_of(account))
    row = missed(a_capture_of(account, gateway_reference="rec-lost"))
    assert top(row) == (Cause.LINE_MISSING, 90)
    told = row.evidence["tested"][-1]["sentence"]
    assert "The file of 20 Nov 2026 holds 1,204 lines but none with the reference rec-lost" in told
    assert "1 other movement of 20 Nov 2026 did settle" in told


def test_a_late_movement_whose_day_has_no_file_waits_for_the_file(account: GatewayAccount) -> None:
    a_match(a_line(a_file(account)), modification=a_capture_of(account))
    row = missed(a_capture_of(account, at=EXECUTED + timedelta(days=3)))
    assert top(row)[0] == Cause.FILE_MISSING


def daily_files(account: GatewayAccount, *, without: int) -> None:
    """Of the business days around the twentieth, each with a movement that met; one day's file never came."""
    for number, step in enumerate((-3, -2, -1, 0, 3, 4, 5)):
        if number == without:
            continue
        day = BOOKED + timedelta(days=step)
        file = a_file(account, business_date=day, first_booked_on=day, last_booked_on=day)
        a_match(a_line(file), modification=a_capture_of(account, at=EXECUTED + timedelta(days=step)))


def test_a_late_line_of_its_day_makes_no_file_of_that_day(account: GatewayAccount) -> None:
    daily_files(account, without=3)
    late = a_file(account, business_date=BOOKED + timedelta(days=6), first_booked_on=BOOKED)
    a_match(a_line(late, booked_on=BOOKED + timedelta(days=6)), modification=a_capture_of(account))
    assert top(missed(a_capture_of(account)))[0] == Cause.FILE_MISSING


def test_a_file_of_several_days_holds_each_of_them(account: GatewayAccount) -> None:
    file = a_file(account, business_date=BOOKED + timedelta(days=4), first_booked_on=BOOKED - timedelta(days=2))
    a_match(a_line(file, booked_on=BOOKED), modification=a_capture_of(account))
    assert top(missed(a_capture_of(account, at=EXECUTED - timedelta(days=1))))[0] == Cause.LINE_MISSING


def test_a_refused_file_is_no_file(account: GatewayAccount) -> None:
    a_match(a_line(a_file(account)), modification=a_capture_of(account))
    a_file(account, state=FileState.REFUSED, business_date=BOOKED + timedelta(days=3))
    assert top(missed(a_capture_of(account, at=EXECUTED + timedelta(days=3))))[0] == Cause.FILE_MISSING


def test_before_its_last_day_it_is_only_not_due(account: GatewayAccount) -> None:
    assert top(missed(a_capture_of(account)), today=BOOKED) == (Cause.NOT_DUE, 90)


def test_a_line_and_a_movement_under_two_references_find_each_other(account: GatewayAccount) -> None:
    a_file(account)
    ours = missed(a_capture_of(account, amount=4_711, gateway_reference="rec-4711"))
    theirs = stranger(account, gross=4_711, reference="rec-4171")
    assert top(ours)[0] == Cause.WRONG_REFERENCE
    assert top(theirs)[0] == Cause.WRONG_REFERENCE


def test_what_has_met_its_line_is_nobodys_wrong_reference(account: GatewayAccount) -> None:
    capture = a_capture_of(account, amount=4_711)
    a_match(a_line(a_file(account), gross=4_711), modification=capture)
    assert top(stranger(account, gross=4_711, reference="nobody"))[0] == Cause.UNKNOWN_PAYMENT


def test_a_movement_that_comes_in_a_later_file_gives_the_line_back_its_riddle(account: GatewayAccount) -> None:
    capture = a_capture_of(account, amount=4_711)
    row = stranger(account, gross=4_711, reference="nobody")
    assert top(row)[0] == Cause.WRONG_REFERENCE
    a_match(a_line(a_file(account), gross=4_711), modification=capture)
    explain(run=a_run(account), today=LATER)
    row.refresh_from_db()
    assert row.cause == Cause.UNKNOWN_PAYMENT
    assert [entry.verb for entry in row.entries.all()] == ["explained", "explained"]


def test_the_payment_of_another_account_is_named_only_within_the_merchant(account: GatewayAccount) -> None:
    sister, stranger_account = an_account(merchant=account.merchant, name="sister"), an_account(name="secret name")
    of_sister = stranger(account, transaction_reference=a_captured_transaction(account=sister).reference)
    of_other = stranger(account, transaction_reference=a_captured_transaction(account=stranger_account).reference)
    assert top(of_sister)[0] == top(of_other)[0] == Cause.OTHER_ACCOUNT
    assert "sister" in of_sister.evidence["tested"][0]["sentence"]
    assert "secret name" not in str(of_other.evidence)


def test_the_payment_is_found_by_the_line_where_the_discrepancy_names_none(account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    row = stranger(
        account, type=LineType.REFUND, gross=-2_500, fee=0, transaction_reference=transaction.reference, reference="x-1"
    )
    assert top(row)[0] == Cause.PORTAL_ACTION


def test_the_second_line_of_a_movement_is_told_from_a_second_movement(account: GatewayAccount) -> None:
    capture = a_capture_of(account)
    first = a_line(a_file(account), gateway_id="cap-1", number=2)
    a_match(first, modification=capture)
    again = a_line(first.file, gateway_id="cap-1", number=3)
    other = a_line(first.file, gateway_id="cap-2", number=4)
    fields: dict[str, Any] = {
        "type": DiscrepancyType.DUPLICATE,
        "modification": capture,
        "transaction": capture.transaction,
    }
    assert top(a_discrepancy(line=again, **fields))[0] == Cause.DUPLICATE_LINE
    assert top(a_discrepancy(line=other, **fields))[0] == Cause.EXECUTED_TWICE


def test_a_chargeback_after_a_refund_counts_what_was_refunded(account: GatewayAccount) -> None:
    transaction = a_captured_transaction(account=account)
    a_movement(transaction, kind="refund", amount=10_000)
    line = a_line(a_file(account), type=LineType.CHARGEBACK, gross=-10_000, fee=0)
    row = a_discrepancy(line=line, type=DiscrepancyType.CHARGEBACK_AFTER_REFUND, transaction=transaction)
    assert top(row) == (Cause.CHARGED_BACK_AFTER_REFUND, 95)
    assert "100.00 EUR was refunded" in row.evidence["tested"][0]["sentence"]


def test_asking_twice_writes_once(account: GatewayAccount) -> None:
    row = stranger(account)
    assert explain([row.pk], today=LATER) == 1
    assert explain([row.pk], today=LATER) == 0
    assert DiscrepancyEntry.objects.filter(discrepancy=row).count() == 1


def test_other_evidence_stays_beside_what_was_tested(account: GatewayAccount) -> None:
    line = a_line(a_file(account))
    row = a_discrepancy(line=line, evidence={"candidates": 3})
    top(row)
    assert row.evidence["candidates"] == 3
    assert [one["cause"] for one in row.evidence["tested"]][-1] == Cause.UNKNOWN_PAYMENT


def test_what_is_closed_is_not_explained_again(account: GatewayAccount) -> None:
    row = a_discrepancy(line=a_line(a_file(account)), state=DiscrepancyState.ACCEPTED)
    assert explain([row.pk], today=LATER) == 0
    row.refresh_from_db()
    assert row.cause == ""


def test_what_stands_in_a_closed_month_is_left_alone(account: GatewayAccount) -> None:
    row = stranger(account)
    one, two = a_person(), a_person()
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=date(2026, 11, 1),
        until=date(2026, 12, 1),
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=one,
        proposed_at=EXECUTED,
        decided_by=two,
        decided_at=EXECUTED,
    )
    assert explain([row.pk], today=LATER) == 0


def test_the_number_of_queries_does_not_grow_with_the_rows(account: GatewayAccount) -> None:
    few = queries_for(account, _some(account, 2))
    many = queries_for(account, _some(account, 25))
    assert many <= few
    assert few <= 26


def queries_for(account: GatewayAccount, rows: Sequence[Discrepancy]) -> int:
    with CaptureQueriesContext(connection) as captured:
        explain([row.pk for row in rows], today=LATER)
    assert not Discrepancy.objects.filter(pk__in=[row.pk for row in rows], cause="").exists()
    return len(captured)


def _some(account: GatewayAccount, count: int) -> list[Discrepancy]:
    """So many of several types, each on a payment of its own."""
    rows = []
    for number in range(count):
        capture = a_capture_of(account, amount=1_000 + number)
        rows.append(missed(capture))
        rows.append(stranger(account, gross=1_000 + number, reference=str(uuid4())))
        line = a_line(a_file(account), gross=900)
        fields: dict[str, Any] = {"modification": capture, "transaction": capture.transaction}
        rows.append(a_discrepancy(line=line, type=DiscrepancyType.AMOUNT, **fields))
    return rows


def test_rows_and_payments_of_several_accounts_stay_apart(account: GatewayAccount) -> None:
    other = an_account(merchant=account.merchant)
    ours = missed(a_capture_of(account, amount=4_711))
    theirs = stranger(other, gross=4_711, reference="elsewhere")
    explain([ours.pk, theirs.pk], today=LATER)
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert ours.cause != Cause.WRONG_REFERENCE
    assert theirs.cause != Cause.WRONG_REFERENCE
    assert Transaction.objects.count() == 1
    assert SettlementLine.objects.count() == 1
