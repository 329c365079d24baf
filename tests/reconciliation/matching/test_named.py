"""A line that names one movement is about that one: it settles no other, however alike they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orders.gateways.base import Outcome
from orders.models import DiscrepancyType, EvidenceSource, Modification, ModificationState, Transaction
from orders.modifications.resolve import apply_evidence
from tests.factories import a_captured_transaction
from tests.modifications import steps
from tests.modifications.steps import fresh
from tests.reconciliation.matching.settling import (
    a_done_refund,
    a_failed_refund,
    a_night,
    a_pending_refund,
    a_refund_line,
    an_unknown_refund,
    brought,
    met,
    today,
    types,
)
from tests.reconciliation_factories import a_movement

pytestmark = pytest.mark.django_db
S = ModificationState


@pytest.mark.parametrize("open_refund", [an_unknown_refund, a_pending_refund])
@pytest.mark.parametrize("with_our_id", [False, True])
def test_a_refund_that_is_listed_twice_settles_no_other(
    payment: Transaction, open_refund: Callable[[Transaction], Modification], with_our_id: bool
) -> None:
    done, row = a_done_refund(payment), open_refund(payment)
    words = {"reference": done.gateway_reference, "ours": str(done.pk) if with_our_id else ""}

    brought(payment, a_refund_line(payment, day=today(), **words))
    brought(payment, a_refund_line(payment, day=today(1), **words), name="again.csv")

    before, row = row.state, Modification.objects.get(pk=row.pk)
    assert (row.state, row.gateway_reference) == (before, "")
    assert met() == [done]
    assert types() == [DiscrepancyType.DUPLICATE]


def test_two_lines_of_one_refund_in_one_file_settle_no_other(payment: Transaction) -> None:
    done, row = a_done_refund(payment), an_unknown_refund(payment)
    line = a_refund_line(payment, reference=done.gateway_reference, day=today())

    brought(payment, line, line)

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == [done]
    assert types() == [DiscrepancyType.DUPLICATE]


def test_a_line_that_names_a_failed_refund_settles_no_other(payment: Transaction) -> None:
    failed, row = a_failed_refund(payment), an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, ours=str(failed.pk), day=today()))

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert types() == [DiscrepancyType.SETTLED_THOUGH_FAILED]


def test_a_line_that_names_a_refund_of_another_payment_settles_none_of_this_one(payment: Transaction) -> None:
    done = a_done_refund(a_captured_transaction(account=payment.account))
    row = an_unknown_refund(payment)
    line = a_refund_line(payment, reference=done.gateway_reference, day=today())

    brought(payment, line, line)

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == [done]


def test_a_line_of_our_id_and_of_another_ones_reference_settles_neither(payment: Transaction) -> None:
    done, row = a_done_refund(payment), an_unknown_refund(payment)
    brought(payment, a_refund_line(payment, reference=done.gateway_reference, day=today()))

    brought(payment, a_refund_line(payment, reference=done.gateway_reference, ours=str(row.pk), day=today()), name="b")

    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == [done]


def test_a_second_listing_is_not_met_by_a_movement_without_words(payment: Transaction) -> None:
    done = a_done_refund(payment)
    a_movement(payment, gateway_reference="")
    line = a_refund_line(payment, reference=done.gateway_reference, day=today())

    brought(payment, line, line)

    assert met() == [done]
    assert types() == [DiscrepancyType.DUPLICATE]


def test_a_line_without_words_settles_the_one_refund_that_it_can_be(payment: Transaction) -> None:
    done, row = a_done_refund(payment), an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, reference=done.gateway_reference, day=today()))
    brought(payment, a_refund_line(payment, reference="rec-9", day=today()), name="b.csv")

    row = Modification.objects.get(pk=row.pk)
    assert (row.state, row.gateway_reference) == (S.SUCCEEDED, "rec-9")
    assert met() == [done, row]
    assert types() == []


def between_a_failed_and_an_unknown_refund(payment: Transaction) -> tuple[Modification, Modification]:
    """And a line that may be either of them."""
    failed, row = a_failed_refund(payment), an_unknown_refund(payment)
    brought(payment, a_refund_line(payment, day=today()))
    assert Modification.objects.get(pk=row.pk).state == S.UNKNOWN
    assert met() == []
    return failed, row


def told(row: Modification, outcome: Outcome) -> None:
    apply_evidence(modification_id=row.pk, outcome=outcome, source=EvidenceSource.QUERY, source_key="asked")
    a_night(row.transaction)


def test_a_line_without_words_is_not_guessed_between_a_failed_and_an_unknown_refund(payment: Transaction) -> None:
    between_a_failed_and_an_unknown_refund(payment)

    assert types() == [DiscrepancyType.AMBIGUOUS]
    assert not fresh(payment).frozen


def test_when_the_unknown_one_was_paid_the_line_is_its_own(payment: Transaction) -> None:
    _, row = between_a_failed_and_an_unknown_refund(payment)

    told(row, steps.success(row, reference="rec-9"))

    assert met() == [row]
    assert types() == []
    assert not fresh(payment).frozen


def test_when_the_unknown_one_failed_too_the_payment_freezes(payment: Transaction) -> None:
    _, row = between_a_failed_and_an_unknown_refund(payment)

    told(row, steps.declined())

    assert types() == [DiscrepancyType.SETTLED_THOUGH_FAILED]
    assert fresh(payment).frozen


def test_our_id_decides_between_a_failed_and_an_unknown_refund(payment: Transaction) -> None:
    a_failed_refund(payment)
    row = an_unknown_refund(payment)

    brought(payment, a_refund_line(payment, ours=str(row.pk), day=today()))

    assert Modification.objects.get(pk=row.pk).state == S.SUCCEEDED
    assert types() == []
