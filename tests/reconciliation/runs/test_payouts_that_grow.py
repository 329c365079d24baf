"""A payout that does not add up is told with what it is off by now, whatever was decided about less."""

from __future__ import annotations

import pytest

from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, GatewayAccount, SettlementTerms
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.runs import rematch
from tests.factories import a_captured_transaction, a_person, an_account
from tests.reconciliation.runs.bringing import DAY, bring_and_work, line
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> GatewayAccount:
    """Of payout P1, 100.00 was listed and 99.00 paid."""
    account = an_account()
    SettlementTerms.objects.create(account=account, accept_limit=100_000)
    _capture(account, "R1", 10_000)
    bring_and_work(account, line("R1", "100.00", payout="P1"), f"P1,,,payout,-99.00,0.00,-99.00,EUR,{DAY},P1")
    return account


def _capture(account: GatewayAccount, reference: str, amount: int) -> None:
    a_modification_of(
        a_captured_transaction(account=account, captured=amount),
        amount=amount,
        gateway_reference=reference,
        gateway_id="",
    )


def _more_is_owed(account: GatewayAccount) -> Discrepancy:
    """Another file lists 9,000.00 more for the same payout, and a night looks at it; what is told of the payout."""
    _capture(account, "R2", 900_000)
    bring_and_work(account, line("R2", "9000.00", payout="P1"), name="later.csv")
    rematch(account, DAY)
    return Discrepancy.objects.get(type=DiscrepancyType.AMOUNT)


def test_an_open_one_shows_what_it_is_off_by_now(account: GatewayAccount) -> None:
    row = _more_is_owed(account)

    assert (row.state, row.amount) == (DiscrepancyState.OPEN, 900_100)
    assert "9100.00" in row.sentence


def test_who_accepted_a_euro_has_not_accepted_nine_thousand(account: GatewayAccount) -> None:
    fay = a_person(merchants=[account.merchant], groups=["finance"])
    row = Discrepancy.objects.get()
    apply_fix(row.pk, "accept", by=fay, version=row.version, reason="the gateway's own fee")

    row = _more_is_owed(account)

    assert (row.state, row.amount, row.reopened) == (DiscrepancyState.OPEN, 900_100, 1)


def test_a_first_signature_on_a_euro_is_none_on_nine_thousand(account: GatewayAccount) -> None:
    fay = a_person(merchants=[account.merchant], groups=["finance"])
    row = Discrepancy.objects.get()
    apply_fix(row.pk, "write_off", by=fay, version=row.version, reason="nobody will find it")

    row = _more_is_owed(account)

    assert (row.state, row.amount, row.proposed_by) == (DiscrepancyState.OPEN, 900_100, None)


def test_what_did_not_grow_stays_as_it_was_decided(account: GatewayAccount) -> None:
    fay = a_person(merchants=[account.merchant], groups=["finance"])
    row = Discrepancy.objects.get()
    apply_fix(row.pk, "accept", by=fay, version=row.version, reason="the gateway's own fee")

    rematch(account, DAY)

    row.refresh_from_db()
    assert (row.state, row.amount, row.reopened) == (DiscrepancyState.ACCEPTED, 100, 0)
