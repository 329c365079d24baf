"""Which fix is open to whom: the permission beside each refusal, and every refusal with what to do instead."""

from __future__ import annotations

from typing import Any

import pytest

from orders.models import DiscrepancyState as S
from orders.models import DiscrepancyType as T
from orders.reconciliation.discrepancies.fix_facts import Asker, Decision, Facts, Fix, at_stake
from orders.reconciliation.discrepancies.fix_rules import may, offered

FINANCE = Asker(person=1, permissions=frozenset({"view", "reconcile"}))
SECOND = Asker(person=2, permissions=frozenset({"view", "reconcile"}))
VIEWER = Asker(person=3, permissions=frozenset({"view"}))
CLOSED = frozenset(S) - {S.OPEN, S.WAITING}


def facts(**fields: Any) -> Facts:
    """A refund of 25.00 EUR that nobody here asked for, on a payment that can be read."""
    values = {
        "type": T.THEIRS_NOT_OURS,
        "state": S.OPEN,
        "amount": 2_500,
        "difference": -2_500,
        "currency": "EUR",
        "accept_limit": 10_000,
        "line_type": "refund",
        "has_transaction": True,
        "reads": True,
        "month": "November 2026",
        **fields,
    }
    return Facts(**values)


def waiting(**fields: Any) -> Facts:
    return facts(state=S.WAITING, proposed_by=1, proposer="anna", **fields)


def refusal(fix: Fix, of: Facts, asker: Asker = FINANCE) -> str:
    decision: Decision = may(fix, of, asker)
    assert not decision.allowed
    assert decision.sentence.endswith(".")
    return decision.rule


@pytest.mark.parametrize("fix", [Fix.LINK, Fix.ADOPT, Fix.ASK, Fix.ACCEPT, Fix.WRITE_OFF])
def test_an_open_one_takes_each_fix_once(fix: Fix) -> None:
    assert may(fix, facts(), FINANCE).allowed
    assert refusal(fix, waiting()) == "waiting"
    for state in CLOSED:
        assert refusal(fix, facts(state=state)) == "closed"


@pytest.mark.parametrize("fix", Fix)
def test_nobody_without_the_permission_and_nothing_of_a_closed_month(fix: Fix) -> None:
    for of in (facts(), waiting(), facts(state=S.ACCEPTED)):
        assert refusal(fix, of, VIEWER) == "permission"
    assert refusal(fix, facts(month_closed=True)) == "month_closed"


def test_a_write_off_takes_two_people() -> None:
    assert may(Fix.CONFIRM, waiting(), SECOND).allowed
    assert refusal(Fix.CONFIRM, waiting(), FINANCE) == "own_proposal"
    assert refusal(Fix.CONFIRM, facts(), SECOND) == "not_waiting"


def test_who_proposed_may_take_it_back() -> None:
    assert may(Fix.REJECT, waiting(), FINANCE).allowed
    assert may(Fix.REJECT, waiting(), SECOND).allowed


@pytest.mark.parametrize(("amount", "allowed"), [(10_000, True), (10_001, False)])
def test_one_person_accepts_up_to_the_limit(amount: int, allowed: bool) -> None:
    decision = may(Fix.ACCEPT, facts(amount=amount, difference=-amount), FINANCE)
    assert decision.allowed is allowed
    if not allowed:
        assert decision.sentence == (
            "100.01 EUR is more than the 100.00 EUR that one person may accept for this account. Propose to write it "
            "off; a second person confirms."
        )


def test_the_larger_of_value_and_difference_is_at_stake() -> None:
    assert at_stake(facts(amount=5, difference=-20_000)) == 20_000
    assert at_stake(facts(amount=20_000, difference=0)) == 20_000


def test_what_came_late_is_accepted_whatever_it_is_worth() -> None:
    assert may(Fix.ACCEPT, facts(type=T.LATE, amount=10**9, difference=0), FINANCE).allowed


def test_a_contradiction_and_an_ambiguity_are_not_accepted_away() -> None:
    assert refusal(Fix.ACCEPT, facts(type=T.SETTLED_THOUGH_FAILED)) == "contradiction"
    assert refusal(Fix.ACCEPT, facts(type=T.AMBIGUOUS)) == "candidates"


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"type": T.AMOUNT}, "type"),
        ({"line_type": ""}, "type"),
        ({"line_type": "reversal"}, "line_type"),
        ({"has_transaction": False}, "no_payment"),
        ({"line_met": True}, "met"),
    ],
)
def test_only_a_movement_that_our_books_lack_is_adopted(fields: dict[str, Any], rule: str) -> None:
    assert refusal(Fix.ADOPT, facts(**fields)) == rule


def test_only_a_payment_that_can_be_read_is_asked_about() -> None:
    assert refusal(Fix.ASK, facts(has_transaction=False)) == "no_payment"
    assert refusal(Fix.ASK, facts(reads=False)) == "cannot_ask"


@pytest.mark.parametrize("type", T)
def test_only_what_has_not_met_is_linked(type: T) -> None:
    linkable = type in (T.THEIRS_NOT_OURS, T.OURS_NOT_THEIRS, T.AMBIGUOUS)
    assert may(Fix.LINK, facts(type=type), FINANCE).allowed is linkable
    assert offered(Fix.LINK, facts(type=type)) is linkable


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"state": S.OPEN}, "not_closed"),
        ({"state": S.VANISHED}, "vanished"),
        ({"state": S.RESOLVED, "fix": "adopt"}, "adopted"),
        ({"state": S.RESOLVED, "fix": "link"}, "linked"),
    ],
)
def test_what_stands_on_facts_is_not_reopened(fields: dict[str, Any], rule: str) -> None:
    assert refusal(Fix.REOPEN, facts(**fields)) == rule


@pytest.mark.parametrize("state", [S.ACCEPTED, S.WRITTEN_OFF])
def test_what_people_decided_is_reopened(state: S) -> None:
    assert may(Fix.REOPEN, facts(state=state), FINANCE).allowed


def test_a_page_offers_what_fits_the_state() -> None:
    def all_of(of: Facts) -> list[Fix]:
        return [fix for fix in Fix if offered(fix, of)]

    assert all_of(facts()) == [Fix.LINK, Fix.ADOPT, Fix.ASK, Fix.ACCEPT, Fix.WRITE_OFF]
    assert all_of(facts(type=T.FEE)) == [Fix.ASK, Fix.ACCEPT, Fix.WRITE_OFF]
    assert all_of(waiting()) == [Fix.CONFIRM, Fix.REJECT]
    assert all_of(facts(state=S.ACCEPTED)) == [Fix.REOPEN]
