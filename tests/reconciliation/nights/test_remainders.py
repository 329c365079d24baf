"""What an ended authorization still holds is a discrepancy until it went; so is a leg that failed."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client

from orders.database import database_now
from orders.models import Discrepancy, DiscrepancyEntry, DiscrepancyState, GatewayAccount, Transaction
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.remainders import watch_remainders
from tests.factories import a_captured_transaction, a_person, a_transaction, an_account
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db


def watch(account: GatewayAccount) -> dict[str, Any]:
    due = Due(account=account, terms=Terms(), day=date(2026, 11, 20), newest=True)
    return watch_remainders(due, database_now()).figures


def ended(account: GatewayAccount, *, days: float = 2, **fields: Any) -> Transaction:
    return a_transaction(account=account, expires_at=database_now() - timedelta(days=days), **fields)


def test_a_rest_that_outlives_its_authorization_by_a_day_is_a_discrepancy_once() -> None:
    account = an_account()
    transaction = ended(account, captured=7_000)

    watch(account)
    figures = watch(account)

    row = Discrepancy.objects.get()
    assert figures["remainders"] == 1
    assert (row.key, row.type, row.amount, row.difference) == (f"rest:{transaction.pk}", "remainder", 3_000, 0)
    assert (row.transaction_id, row.merchant_id) == (transaction.pk, account.merchant_id)
    assert "neither captured nor released" in row.sentence
    assert list(row.entries.values_list("verb", flat=True)) == ["opened"]


@pytest.mark.parametrize(
    "fields",
    [
        {"days": 0.5},
        {"days": 2, "released": 10_000},
        {"days": 2, "captured": 10_000},
        {"days": 2, "capturing": 3_000},
    ],
    ids=["within a day", "released", "captured", "being captured"],
)
def test_what_is_not_held_too_long_is_none(fields: dict[str, Any]) -> None:
    account = an_account()
    ended(account, **fields)

    assert watch(account)["remainders"] == 0
    assert not Discrepancy.objects.exists()


def test_only_the_accounts_own_payments_are_looked_at() -> None:
    ended(an_account())

    assert watch(an_account())["remainders"] == 0


def test_it_vanishes_with_a_reason_when_the_rest_went_and_comes_back_with_its_history() -> None:
    account = an_account()
    transaction = ended(account)
    watch(account)

    Transaction.objects.filter(pk=transaction.pk).update(released=10_000)
    watch(account)
    row = Discrepancy.objects.get()
    assert (row.state, row.resolution.startswith("The rest was captured or released")) == (
        DiscrepancyState.VANISHED,
        True,
    )

    Transaction.objects.filter(pk=transaction.pk).update(released=0)
    watch(account)
    row.refresh_from_db()
    assert (row.state, row.reopened, row.resolution) == (DiscrepancyState.OPEN, 1, "")
    assert list(row.entries.values_list("verb", flat=True)) == ["opened", "vanished", "reopened"]


def test_what_somebody_accepted_stays_accepted() -> None:
    account = an_account()
    ended(account)
    watch(account)
    Discrepancy.objects.update(
        state=DiscrepancyState.ACCEPTED, closed_at=database_now(), resolution="The gateway confirmed it."
    )

    watch(account)

    assert Discrepancy.objects.get().state == DiscrepancyState.ACCEPTED
    assert DiscrepancyEntry.objects.count() == 1


def test_a_leg_that_failed_more_than_a_day_ago_is_a_discrepancy_once() -> None:
    account = an_account()
    long_ago, lately = database_now() - timedelta(days=3), database_now() - timedelta(hours=3)
    leg = {"destination": "partner 7", "status": "9", "reference": "", "error": "closed account", "failed": True}
    well = {**leg, "error": "", "status": "0000", "failed": False}
    for finished_at, legs in ((long_ago, [well, leg]), (lately, [leg]), (long_ago, [well])):
        transaction = a_captured_transaction(account=account)
        a_modification_of(transaction, legs=legs, finished_at=finished_at)

    watch(account)
    figures = watch(account)

    row = Discrepancy.objects.get()
    assert figures["legs"] == 1
    assert (row.type, row.amount, row.key) == ("split_leg_failed", 10_000, f"legs:{row.modification_id}")
    assert "partner 7 (closed account)" in row.sentence


def test_the_day_on_which_a_rest_is_expected_back_is_known_while_something_is_held(client: Client) -> None:
    account = an_account()
    transaction = ended(account, captured=7_000)
    assert transaction.expires_at is not None
    assert transaction.rest_expected_by == transaction.expires_at + timedelta(days=1)
    assert ended(account).rest_expected_by is None

    client.force_login(a_person(merchants=[account.merchant], groups=["viewer"]))
    page = client.get(f"/orders/{transaction.order_id}/").content.decode()
    assert "Rest expected back by" in page

    Transaction.objects.filter(pk=transaction.pk).update(released=3_000)
    transaction.refresh_from_db()
    assert transaction.rest_expected_by is None
