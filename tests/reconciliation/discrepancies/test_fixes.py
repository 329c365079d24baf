"""Prepared fixes: done once, by who may, as previewed; a write-off by two people; a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User

from orders.database import refuse_open_transaction
from orders.mirror.refresh import RefreshResult
from orders.models import (
    DiscrepancyState,
    Event,
    GatewayAccount,
    MonthClose,
    MonthState,
    Source,
)
from orders.modifications.refusals import ChangedSince, NotAllowed, UnknownThing
from orders.reconciliation.discrepancies.fix_offers import offers
from tests.factories import a_person, an_account
from tests.reconciliation.discrepancies.fixing import (
    WHY,
    a_strange_refund,
    fix,
    offer,
    refused,
)

S = DiscrepancyState
pytestmark = pytest.mark.django_db


# Accepting.


def test_a_small_difference_is_accepted_once(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account)
    assert fix(row, "accept", anna) == f"The difference of 25.00 EUR was accepted: {WHY}"
    with pytest.raises(ChangedSince):
        fix(row, "accept", anna)
    row.refresh_from_db()
    assert (row.state, row.fix, row.closed_by, row.version) == (S.ACCEPTED, "accept", anna, 2)
    assert row.resolution == f"The difference of 25.00 EUR was accepted: {WHY}"
    assert [(entry.verb, entry.actor) for entry in row.entries.all()] == [("accept", anna)]
    event = Event.objects.get(verb="discrepancy.accept")
    assert (event.actor, event.source, event.transaction, event.refused) == (anna, Source.PAGE, row.transaction, False)
    assert refused(row, "accept", anna) == "closed"


def test_over_the_limit_a_second_person_is_needed(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account, amount=5_001)
    assert refused(row, "accept", anna) == "limit"
    assert Event.objects.filter(verb="discrepancy.accept_refused", refused=True, actor=anna).exists()
    assert not row.entries.exists()


@pytest.mark.parametrize("reason", ["", "  ", "\0", "x" * 501])
def test_a_reason_is_needed_and_has_an_end(account: GatewayAccount, anna: User, reason: str) -> None:
    assert refused(a_strange_refund(account), "accept", anna, reason=reason) == "reason"


def test_who_saw_something_older_hears_what_happened_since(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    fix(row, "write_off", bert)
    with pytest.raises(ChangedSince) as refusal:
        fix(row, "accept", anna)
    assert "Waiting for a second person" in refusal.value.sentence
    assert refusal.value.changes == [f"bert: bert proposed to write off 25.00 EUR: {WHY}"]


# Writing off.


def test_a_write_off_is_proposed_by_one_and_confirmed_by_another(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account, amount=9_999)
    fix(row, "write_off", anna)
    row.refresh_from_db()
    assert (row.state, row.proposed_by, row.closed_at) == (S.WAITING, anna, None)
    assert refused(row, "confirm", anna) == "own_proposal"
    assert refused(row, "accept", bert) == "waiting"
    assert fix(row, "confirm", bert) == f"99.99 EUR was written off, as anna proposed: {WHY}"
    row.refresh_from_db()
    assert (row.state, row.fix, row.proposed_by, row.closed_by) == (S.WRITTEN_OFF, "write_off", anna, bert)
    assert refused(row, "confirm", bert) == "not_waiting"
    assert [entry.verb for entry in row.entries.all()] == ["proposed", "write_off"]


def test_a_rejected_write_off_is_open_again_and_can_be_proposed_anew(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account)
    fix(row, "write_off", anna)
    row.refresh_from_db()
    assert refused(row, "reject", bert, reason="") == "reason"
    fix(row, "reject", bert)
    row.refresh_from_db()
    assert (row.state, row.proposed_by, row.resolution) == (S.OPEN, None, "")
    fix(row, "write_off", bert)
    row.refresh_from_db()
    assert row.proposed_by == bert


def test_an_administrator_confirms_no_write_off_of_their_own(account: GatewayAccount) -> None:
    root = a_person("root", is_superuser=True)
    row = a_strange_refund(account)
    fix(row, "write_off", root)
    row.refresh_from_db()
    assert refused(row, "confirm", root) == "own_proposal"


# Asking the gateway.


@pytest.fixture
def asked() -> Iterator[list[int]]:
    """The payments that the gateway was asked about; it says that nothing is new."""
    found: list[int] = []

    def answer(*, transaction_id: int, by: User, source: Source) -> RefreshResult:
        found.append(transaction_id)
        return RefreshResult(transaction_id=transaction_id, changed=False, sentence="Nothing new.")

    with patch("orders.reconciliation.discrepancies.fixes.refresh_transaction", side_effect=answer):
        yield found


def test_asking_leaves_it_open_and_writes_down_the_answer(
    account: GatewayAccount, anna: User, asked: list[int]
) -> None:
    row = a_strange_refund(account)
    assert (
        fix(row, "ask", anna, reason="")
        == "The gateway was asked. Nothing new. What has not met is matched again by the next run."
    )
    row.refresh_from_db()
    assert (row.state, row.version, asked) == (S.OPEN, 1, [row.transaction_id])
    assert row.entries.get().verb == "asked"


@pytest.mark.django_db(transaction=True)
def test_the_network_is_used_while_no_transaction_is_open(account: GatewayAccount, anna: User) -> None:
    def answer(*, transaction_id: int, by: User, source: Source) -> RefreshResult:
        refuse_open_transaction()
        return RefreshResult(transaction_id=transaction_id, changed=False, sentence="", problem="It is away.")

    row = a_strange_refund(account)
    with patch("orders.reconciliation.discrepancies.fixes.refresh_transaction", side_effect=answer):
        assert fix(row, "ask", anna) == "The gateway was asked and gave no answer that helps: It is away."


def test_who_may_not_ask_uses_no_network(account: GatewayAccount, asked: list[int]) -> None:
    agent = a_person(merchants=[account.merchant])
    assert refused(a_strange_refund(account), "ask", agent) == "permission"
    assert asked == []


# Reopening, and everybody's refusals.


def test_what_was_accepted_is_reopened_and_keeps_its_history(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    fix(row, "accept", anna)
    row.refresh_from_db()
    fix(row, "reopen", bert, reason="The bank says otherwise.")
    row.refresh_from_db()
    assert (row.state, row.reopened, row.closed_at, row.fix) == (S.OPEN, 1, None, "")
    assert [entry.verb for entry in row.entries.all()] == ["accept", "reopened"]
    assert WHY in row.entries.last().text  # type: ignore[union-attr]
    assert refused(row, "reopen", bert) == "not_closed"


def test_a_written_off_one_is_reopened_and_needs_two_people_again(
    account: GatewayAccount, anna: User, bert: User
) -> None:
    row = a_strange_refund(account)
    for code, by in (("write_off", anna), ("confirm", bert), ("reopen", bert), ("write_off", bert)):
        fix(row, code, by)
        row.refresh_from_db()
    assert refused(row, "confirm", bert) == "own_proposal"
    fix(row, "confirm", anna)


@pytest.mark.parametrize("code", ["link", "adopt", "ask", "accept", "write_off", "confirm", "reject", "reopen"])
def test_another_merchants_discrepancy_does_not_exist(account: GatewayAccount, code: str) -> None:
    row, stranger = a_strange_refund(account), a_person(groups=["finance"], merchants=[an_account().merchant])
    with pytest.raises(UnknownThing):
        fix(row, code, stranger)


@pytest.mark.parametrize("code", ["link", "adopt", "ask", "accept", "write_off"])
def test_an_agent_may_look_and_not_fix(account: GatewayAccount, code: str) -> None:
    row, agent = a_strange_refund(account), a_person(merchants=[account.merchant])
    assert refused(row, code, agent) == "permission"
    assert not any(one.allowed for one in offers(row, agent))


def test_an_unknown_fix_is_refused(account: GatewayAccount, anna: User) -> None:
    with pytest.raises(NotAllowed, match="no such fix"):
        fix(a_strange_refund(account), "forget", anna)


def test_nothing_of_a_closed_month_is_fixed(account: GatewayAccount, anna: User, bert: User) -> None:
    row = a_strange_refund(account)
    MonthClose.objects.create(
        merchant=account.merchant,
        account=account,
        month=date(2026, 11, 1),
        until=date(2026, 12, 1),
        state=MonthState.CLOSED,
        report={},
        report_sha256="0" * 64,
        signature="0" * 64,
        proposed_by=anna,
        proposed_at="2026-12-01T00:00:00Z",
        decided_by=bert,
        decided_at="2026-12-01T00:00:00Z",
    )
    for code in ("link", "adopt", "ask", "accept", "write_off"):
        assert refused(row, code, anna) == "month_closed"


def test_the_page_and_the_act_say_the_same(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account, amount=5_001)
    shown = offer(row, "accept", anna)
    assert not shown.allowed
    with pytest.raises(NotAllowed) as refusal:
        fix(row, "accept", anna)
    assert refusal.value.sentence == shown.sentence
