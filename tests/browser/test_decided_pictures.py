"""What people decided, in a real browser: a pair taken apart, the search for its line, a night about a closed month."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page

from orders.models import (
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    JobRun,
    MonthClose,
    MonthState,
    SettlementTerms,
)
from orders.reconciliation.discrepancies.causes import explain
from orders.reconciliation.discrepancies.typing import look_again
from orders.reconciliation.matching.linking import unlink
from orders.reconciliation.months.period import Month
from orders.reconciliation.nights.ring import ring
from tests.browser.conftest import LogIn, Look
from tests.factories import a_captured_transaction, a_merchant, a_person, an_account
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def account() -> GatewayAccount:
    """At a gateway that is not asked, so that a night needs no network."""
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    a_person("finn", merchants=[merchant], groups=["finance"])
    return an_account(merchant=merchant, name="northwind cards", gateway="smarterpay")


def test_a_pair_taken_apart_and_the_search_for_its_line(
    page: Page, signed_in: LogIn, look: Look, account: GatewayAccount
) -> None:
    file = a_file(account, name="settlement-2026-11-20.csv")
    payment = a_captured_transaction(account=account)
    words = {"transaction_reference": payment.reference, "payout_reference": "PO-20261120"}
    line = a_line(file, reference="REC-20261120-000417", **words)
    item = a_modification_of(payment, gateway_reference=line.reference)
    made = a_match(line, modification=item)
    signed_in(page, "finn")
    look(page, f"/reconciliation/matches/{made.pk}/", "match-to-take-apart")

    reason = "The portal shows that this capture was paid out on 19 November, with the order before it."
    look_again(unlink(made.pk, by=User.objects.get(username="finn"), reason=reason))
    row = line.discrepancies.get()
    explain([row.pk])
    look(page, f"/reconciliation/discrepancies/{row.pk}/", "discrepancy-taken-apart")

    other = a_line(file, reference="REC-20261120-000555", payout_reference="PO-20261120", gross=3_990)
    a_discrepancy(line=other)
    look(page, "/search/?q=po-20261120", "search-lines")
    look(page, "/search/?q=nothing-like-this", "search-nothing")


def test_a_night_that_tells_of_a_closed_month_and_a_month_that_had_no_nights_before(
    page: Page, signed_in: LogIn, look: Look, account: GatewayAccount
) -> None:
    today = timezone.now().date()
    last = Month.of(today).previous
    a_file(account, business_date=last.first + timedelta(days=3), first_booked_on=last.first)
    SettlementTerms.objects.create(account=account, expected_from=last.first)
    item = a_modification_of(a_captured_transaction(account=account), gateway_reference="REC-20261001-000009")
    a_discrepancy(
        account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        state=DiscrepancyState.VANISHED,
        resolution="It has met: line and movement are the same money, in run 1.",
        key=f"item:{item.pk}",
        modification=item,
        transaction=item.transaction,
        reference=item.gateway_reference,
        occurred_on=last.first,
        month=last.first,
    )
    first, second = (a_person(merchants=[account.merchant], groups=["finance"]) for _ in range(2))
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=last.first,
        until=last.until,
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=first,
        proposed_at=timezone.now(),
        decided_by=second,
        decided_at=timezone.now(),
    )
    SettlementTerms.objects.update(expected_from=None)
    ring()
    day: date = JobRun.objects.filter(job="night").latest("business_date").business_date
    signed_in(page, "finn")
    look(page, f"/reconciliation/nights/{account.merchant_id}/{day}/", "night-of-a-closed-month")
    look(page, f"/reconciliation/months/{account.pk}/{Month.of(day)}/", "month-of-the-first-night")
