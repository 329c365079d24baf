"""Owners, due dates, comments and carrying: each row stands or falls alone, and its history says who did what."""

from __future__ import annotations

from datetime import date

import pytest
from django.contrib.auth.models import User

from orders.models import Discrepancy, DiscrepancyState, Event, GatewayAccount, MonthClose, MonthState
from orders.reconciliation.discrepancies import desk
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy

pytestmark = pytest.mark.django_db
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def account() -> GatewayAccount:
    return an_account()


def only(verdicts: list[desk.Verdict]) -> desk.Verdict:
    (verdict,) = verdicts
    return verdict


def history(row: Discrepancy) -> list[tuple[str, str]]:
    return [(entry.verb, entry.text) for entry in row.entries.all()]


def a_closed_month(account: GatewayAccount, month: date, until: date) -> None:
    one, two = a_person(), a_person()
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=month,
        until=until,
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=one,
        proposed_at="2026-12-01T00:00:00Z",
        decided_by=two,
        decided_at="2026-12-01T00:00:00Z",
    )


def test_an_owner_is_given_and_taken_away(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    assert only(desk.assign([row.pk], owner_id=anna.pk, by=anna)).done
    row.refresh_from_db()
    assert (row.owner, row.version) == (anna, 2)
    assert only(desk.assign([row.pk], owner_id=anna.pk, by=anna)).sentence == "anna owns it already."
    assert only(desk.assign([row.pk], owner_id=None, by=anna)).done
    row.refresh_from_db()
    assert row.owner is None
    assert history(row) == [("assigned", "anna took it."), ("assigned", "anna gave it to nobody.")]
    assert Event.objects.filter(verb="discrepancy.assigned", actor=anna).count() == 2


def test_nobody_owns_what_they_may_not_work_on(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    agent, stranger = a_person(merchants=[account.merchant]), a_person(groups=["finance"])
    for owner_id in (agent.pk, stranger.pk, 10**9):
        assert only(desk.assign([row.pk], owner_id=owner_id, by=anna)).code == "owner"
    row.refresh_from_db()
    assert (row.owner, row.version) == (None, 1)


def test_a_due_date_is_set_once_and_taken_away(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    assert only(desk.set_due([row.pk], due_on=DECEMBER, by=anna)).sentence == "It is due on 1 December 2026."
    assert only(desk.set_due([row.pk], due_on=DECEMBER, by=anna)).sentence == "It has this due date already."
    assert only(desk.set_due([row.pk], due_on=None, by=anna)).done
    row.refresh_from_db()
    assert row.due_on is None
    assert len(history(row)) == 2


def test_a_comment_is_kept_as_it_was_written(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account, state=DiscrepancyState.ACCEPTED)
    assert only(desk.comment([row.pk], text=" The bank calls back.\nOn Monday. ", by=anna)).done
    assert history(row) == [("commented", "The bank calls back.\nOn Monday.")]
    assert only(desk.comment([row.pk], text="  ", by=anna)).code == "text"
    assert only(desk.comment([row.pk], text="x" * 4_001, by=anna)).code == "text"
    row.refresh_from_db()
    assert row.version == 1


def test_carrying_needs_a_reason_and_a_later_open_month(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    a_closed_month(account, date(2027, 1, 1), date(2027, 2, 1))

    def carried(month: date, reason: str = "The gateway answers next week.") -> desk.Verdict:
        return only(desk.carry([row.pk], to_month=month, reason=reason, by=anna))

    assert carried(DECEMBER, " ").code == "reason"
    assert carried(DECEMBER, "x" * 501).code == "reason"
    assert carried(date(2026, 11, 30)).code == "to_month"
    assert carried(date(2026, 10, 1)).code == "to_month"
    assert carried(date(2028, 1, 1)).code == "to_month"
    assert carried(date(2027, 1, 5)).code == "month_closed"
    assert carried(date(2026, 12, 24)).done
    assert carried(DECEMBER).code == "to_month"
    row.refresh_from_db()
    assert row.month == DECEMBER
    entry = row.entries.get()
    assert (entry.verb, entry.text) == ("carried", "The gateway answers next week.")
    assert (entry.details["from"], entry.details["to"]) == ("2026-11-01", "2026-12-01")


def test_many_at_once_each_get_a_verdict(account: GatewayAccount, anna: User) -> None:
    fine, closed = a_discrepancy(account), a_discrepancy(account, state=DiscrepancyState.ACCEPTED)
    foreign = a_discrepancy()
    verdicts = desk.set_due([fine.pk, closed.pk, foreign.pk, 10**9, fine.pk], due_on=DECEMBER, by=anna)
    assert [(verdict.discrepancy_id, verdict.done, verdict.code) for verdict in verdicts] == [
        (fine.pk, True, ""),
        (closed.pk, False, "closed"),
        (foreign.pk, False, "unknown_discrepancy"),
        (10**9, False, "unknown_discrepancy"),
    ]
    foreign.refresh_from_db()
    assert foreign.due_on is None


def test_only_who_reconciles_works_at_the_desk(account: GatewayAccount) -> None:
    row, agent = a_discrepancy(account), a_person(merchants=[account.merchant])
    for verdicts in (
        desk.assign([row.pk], owner_id=None, by=agent),
        desk.set_due([row.pk], due_on=DECEMBER, by=agent),
        desk.comment([row.pk], text="Hello", by=agent),
        desk.carry([row.pk], to_month=DECEMBER, reason="Later", by=agent),
    ):
        assert only(verdicts).code == "permission"
    assert history(row) == []
    assert Event.objects.filter(refused=True, actor=agent).count() == 4


def test_another_accounts_row_is_not_carried_with_this_ones(account: GatewayAccount, anna: User) -> None:
    other = an_account(merchant=account.merchant)
    row = a_discrepancy(other)
    verdict = only(desk.carry([row.pk], to_month=DECEMBER, reason="Later", by=anna, account_id=account.pk))
    assert verdict.code == "account"


def test_what_somebody_changed_meanwhile_is_not_overwritten(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    assert only(desk.set_due([row.pk], due_on=DECEMBER, by=anna, version=1)).done
    late = only(desk.set_due([row.pk], due_on=None, by=anna, version=1))
    assert late.code == "changed_since"
    row.refresh_from_db()
    assert row.due_on == DECEMBER


def test_a_closed_month_keeps_its_rows(account: GatewayAccount, anna: User) -> None:
    row = a_discrepancy(account)
    a_closed_month(account, date(2026, 11, 1), DECEMBER)
    for verdicts in (
        desk.set_due([row.pk], due_on=DECEMBER, by=anna),
        desk.comment([row.pk], text="Hello", by=anna),
        desk.carry([row.pk], to_month=DECEMBER, reason="Later", by=anna),
    ):
        assert only(verdicts).code == "month_closed"
    assert history(row) == []
