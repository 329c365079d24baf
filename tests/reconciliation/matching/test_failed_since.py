"""A line that met a refund whose outcome was open, and the refund failed: the payment freezes, the line says why."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import Facts, Kind, Outcome, Verdict
from orders.models import (
    Discrepancy,
    DiscrepancyType,
    Evidence,
    EvidenceSource,
    ExternalMovement,
    Match,
    Modification,
    ModificationState,
    Transaction,
)
from orders.modifications.resolve import apply_evidence
from orders.reconciliation.discrepancies.fixes import apply_fix
from orders.reconciliation.evidence import apply_settlements
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.letting_go import let_go_of_failed
from orders.reconciliation.matching.balance import balance
from orders.reconciliation.matching.partings import apart, stories
from tests.factories import a_person
from tests.modifications import steps
from tests.modifications.steps import answered, armed, asked, fresh
from tests.reconciliation.matching.settling import (
    a_closed_month,
    a_night,
    a_refund_line,
    an_unknown_refund,
    brought,
    met,
    today,
    types,
)
from tests.reconciliation.runs.bringing import bring_and_work
from tests.reconciliation_factories import a_profile

pytestmark = pytest.mark.django_db
S = ModificationState


@pytest.fixture
def fay(payment: Transaction) -> User:
    return a_person("fay", merchants=[payment.merchant], groups=["finance"])


def declined(row: Modification) -> Modification:
    """The gateway was asked, and says that it moved nothing."""
    no = Outcome(verdict=Verdict.DECLINED, reason="It moved nothing.", facts=Facts())
    apply_evidence(modification_id=row.pk, outcome=no, source=EvidenceSource.QUERY, source_key="asked")
    row = Modification.objects.get(pk=row.pk)
    assert row.state == S.FAILED
    return row


def linked_by_hand(row: Modification, fay: User, line: str, *, name: str = "settlement.csv") -> None:
    brought(row.transaction, line, name=name)
    (told,) = Discrepancy.objects.unsettled()
    given = {"modification": str(row.pk)}
    apply_fix(told.pk, "link", by=fay, version=told.version, reason="The portal shows it.", details=given)


def assert_frozen_and_told(row: Modification, *, amount: int = 2_500) -> None:
    assert "ended as failed" in fresh(row.transaction).frozen_reason
    assert types() == [DiscrepancyType.SETTLED_THOUGH_FAILED]
    assert Discrepancy.objects.unsettled().get().modification_id == row.pk
    assert met() == []
    theirs = ExternalMovement.objects.get()
    assert (theirs.modification_id, theirs.amount, theirs.booked) == (row.pk, amount, False)
    assert {code: one.missing for code, one in balance(row.account_id, until=None).items()} == {"EUR": 0}


def test_met_while_it_was_sent(payment: Transaction) -> None:
    row = asked(payment, Kind.REFUND, 2_500)
    claim = armed(row)
    brought(payment, a_refund_line(payment, day=today()))
    assert met() == [row]
    row = answered(claim, steps.declined())

    a_night(payment)

    assert_frozen_and_told(row)


def test_met_by_a_tolerance(payment: Transaction) -> None:
    row = an_unknown_refund(payment)
    profile = a_profile(row.account, mapping=SANDBOX_MAPPING.to_json(), tolerance_minor=2)
    line = a_refund_line(payment, ours=str(row.pk), gross="-24.99", day=today())
    bring_and_work(row.account, line, profile=profile)
    assert met() == [row]
    row = declined(row)

    a_night(payment)

    assert_frozen_and_told(row, amount=2_499)


def test_linked_by_a_person_who_found_no_word_of_the_payment_in_the_line(payment: Transaction, fay: User) -> None:
    row = an_unknown_refund(payment)
    linked_by_hand(row, fay, a_refund_line(day=today()))
    assert met() == [row]
    row = declined(row)

    a_night(payment)

    assert_frozen_and_told(row)


def test_two_lines_of_one_refund_are_told_with_their_sum(payment: Transaction, fay: User) -> None:
    row = an_unknown_refund(payment)
    linked_by_hand(row, fay, a_refund_line(gross="-10.00", day=today()))
    linked_by_hand(row, fay, a_refund_line(gross="-15.00", reference="rec-10", day=today()), name="b.csv")
    declined(row)

    a_night(payment)

    assert ExternalMovement.objects.get().amount == 2_500
    assert types() == [DiscrepancyType.SETTLED_THOUGH_FAILED] * 2


def test_a_second_night_changes_nothing_more(payment: Transaction) -> None:
    row = asked(payment, Kind.REFUND, 2_500)
    claim = armed(row)
    brought(payment, a_refund_line(payment, day=today()))
    row = answered(claim, steps.declined())
    a_night(payment)
    version, told = fresh(payment).version, Evidence.objects.count()

    assert let_go_of_failed(row.account, today(1)) == 0
    assert apply_settlements(row.account_id) == 0
    a_night(payment)

    assert (fresh(payment).version, Evidence.objects.count()) == (version, told)
    assert ExternalMovement.objects.count() == 1


def test_nobody_took_it_apart(payment: Transaction, fay: User) -> None:
    row = an_unknown_refund(payment)
    linked_by_hand(row, fay, a_refund_line(day=today()))
    declined(row)

    a_night(payment)

    match = Match.objects.exclude(ended_at=None).get()
    assert (match.ended_by, match.ended_reason) == (None, "What it had met ended as failed.")
    assert (apart(row.account_id), stories(row.account_id)) == (frozenset(), {})


def test_one_that_is_open_still_keeps_its_line(payment: Transaction, fay: User) -> None:
    row = an_unknown_refund(payment)
    linked_by_hand(row, fay, a_refund_line(day=today()))

    a_night(payment)

    assert met() == [row]
    assert not fresh(payment).frozen


def test_in_a_closed_month_the_line_stays_and_the_payment_freezes(payment: Transaction, fay: User) -> None:
    row = asked(payment, Kind.REFUND, 2_500)
    claim = armed(row)
    brought(payment, a_refund_line(payment, day=today()))
    until = a_closed_month(payment, fay).until
    row = answered(claim, steps.declined())

    assert let_go_of_failed(row.account, until) == 0

    assert "ended as failed" in fresh(payment).frozen_reason
    assert met() == [row]
    assert not Discrepancy.objects.exists()
