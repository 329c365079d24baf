"""What is linked or adopted enters the books once and as previewed; what does not fit is kept beside them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from orders.gateways.base import TransactionState
from orders.models import (
    Discrepancy,
    DiscrepancyState,
    DiscrepancyType,
    ExternalMovement,
    GatewayAccount,
    LineType,
    Match,
    ModificationState,
    Rule,
    Source,
)
from tests.factories import a_captured_transaction, a_transaction, an_account
from tests.reconciliation.discrepancies.fixing import (
    a_strange_refund,
    changed_figures,
    fix,
    offer,
    payment_of,
    refused,
)
from tests.reconciliation_factories import a_discrepancy, a_file, a_line, a_match, a_modification_of

S = DiscrepancyState
pytestmark = pytest.mark.django_db


# Linking.


def test_a_line_and_a_movement_are_linked_and_both_riddles_end(account: GatewayAccount, anna: User) -> None:
    capture = a_modification_of(a_captured_transaction(account=account), gateway_reference="rec-ours")
    line = a_line(a_file(account), reference="rec-theirs")
    theirs = a_discrepancy(line=line)
    ours = a_discrepancy(
        account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        key=f"item:{capture.pk}",
        modification=capture,
        transaction=capture.transaction,
    )
    assert offer(theirs, "link", anna).choices[0].value == str(capture.pk)
    assert offer(ours, "link", anna).choices[0].value == str(line.pk)
    fix(theirs, "link", anna, details={"modification": str(capture.pk)})
    match = Match.objects.get()
    assert (match.line, match.modification, match.rule, match.made_by) == (line, capture, Rule.PERSON, anna)
    for row in (theirs, ours):
        row.refresh_from_db()
        assert (row.state, row.fix, row.closed_by) == (S.RESOLVED, "link", anna)
    assert refused(theirs, "link", anna, details={"modification": str(capture.pk)}) == "closed"


def test_a_missed_movement_is_linked_to_a_line_that_is_all_of_it(account: GatewayAccount, anna: User) -> None:
    capture = a_modification_of(a_captured_transaction(account=account))
    part, whole = a_line(a_file(account), gross=4_000), a_line(a_file(account))
    row = a_discrepancy(
        account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        key=f"item:{capture.pk}",
        modification=capture,
        transaction=capture.transaction,
    )
    assert refused(row, "link", anna, details={"line": str(part.pk)}) == "part"
    fix(row, "link", anna, details={"line": whole.pk})
    row.refresh_from_db()
    assert row.state == S.RESOLVED


@pytest.mark.parametrize(
    "details",
    [{}, {"modification": "no id"}, {"movement": "-1"}, {"movement": "9" * 40}, {"line": "1"}, {"movement": "²"}],
)
def test_nonsense_is_linked_to_nothing(account: GatewayAccount, anna: User, details: dict[str, str]) -> None:
    assert refused(a_strange_refund(account), "link", anna, details=details) == "details"


def test_a_movement_of_another_account_is_linked_to_nothing(account: GatewayAccount, anna: User) -> None:
    foreign = a_modification_of(a_captured_transaction(account=an_account(merchant=account.merchant)))
    row = a_discrepancy(line=a_line(a_file(account)))
    assert refused(row, "link", anna, details={"modification": str(foreign.pk)}) == "unknown_item"


# Adopting.


def test_a_strange_refund_enters_the_books_as_previewed(account: GatewayAccount, anna: User) -> None:
    row = a_strange_refund(account)
    assert changed_figures(offer(row, "adopt", anna)) == {
        "Refunded": "0.00 EUR → 25.00 EUR",
        "Net": "100.00 EUR → 75.00 EUR",
        "Not met": "25.00 EUR → 0.00 EUR",
    }
    fix(row, "adopt", anna)
    row.refresh_from_db()
    assert (row.state, row.fix) == (S.RESOLVED, "adopt")
    movement = ExternalMovement.objects.get()
    assert (movement.kind, movement.amount, movement.booked, movement.source) == ("refund", 2_500, True, "settlement")
    transaction = payment_of(row)
    assert (transaction.refunded, transaction.frozen_reason) == (2_500, "")
    assert Match.objects.get().movement == movement
    assert refused(row, "adopt", anna) == "closed"


def test_what_does_not_fit_is_kept_beside_the_books_and_freezes(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account, captured=2_000)
    row = a_strange_refund(account, transaction=transaction)
    told = offer(row, "adopt", anna)
    assert changed_figures(told) == {"Not met": "25.00 EUR → 0.00 EUR"}
    assert "freezes until two people have looked" in told.preview.sentences[0]
    fix(row, "adopt", anna)
    transaction.refresh_from_db()
    assert transaction.refunded == 0
    assert transaction.frozen
    assert not ExternalMovement.objects.get().booked


def test_a_chargeback_is_adopted_and_freezes_the_payment(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    line = a_line(a_file(account), type=LineType.CHARGEBACK, gross=-10_000, fee=0, gateway_id="cb-1")
    row = a_discrepancy(line=line, transaction=transaction)
    fix(row, "adopt", anna)
    transaction.refresh_from_db()
    assert (transaction.charged_back, transaction.frozen) == (10_000, True)


def test_a_capture_of_the_gateways_own_is_adopted(account: GatewayAccount, anna: User) -> None:
    transaction = a_transaction(account=account)
    line = a_line(a_file(account), gross=4_000, gateway_id="cap-1")
    fix(a_discrepancy(line=line, transaction=transaction), "adopt", anna)
    transaction.refresh_from_db()
    assert transaction.captured == 4_000
    assert (transaction.state, transaction.released) == (TransactionState.CAPTURED, 6_000)


def test_while_one_of_ours_may_be_it_nothing_is_adopted(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    a_modification_of(transaction, kind="refund", amount=2_500, state=ModificationState.UNKNOWN)
    assert refused(a_strange_refund(account, transaction=transaction), "adopt", anna) == "not_yet"


def test_what_our_books_hold_already_is_not_adopted_twice(account: GatewayAccount, anna: User) -> None:
    transaction = a_captured_transaction(account=account)
    refund = a_modification_of(transaction, kind="refund", amount=2_500, gateway_reference="rec-r1", gateway_id="ref-1")
    first = a_line(a_file(account), type=LineType.REFUND, gross=-2_500, fee=0, reference="rec-r1", gateway_id="ref-1")
    a_match(first, modification=refund)
    row = a_strange_refund(account, transaction=transaction, type=DiscrepancyType.DUPLICATE, modification=refund)
    assert refused(row, "adopt", anna) == "known"
    transaction.refresh_from_db()
    assert transaction.refunded == 0


def test_what_a_webhook_told_meanwhile_is_linked_and_not_booked_twice(account: GatewayAccount, anna: User) -> None:
    one = a_strange_refund(account)
    fix(one, "adopt", anna)
    again = a_strange_refund(account, transaction=payment_of(one))
    assert refused(again, "adopt", anna) == "known"
    Match.objects.update(ended_at="2026-11-21T00:00:00Z", ended_by=anna, ended_reason="It was the other line.")
    fix(again, "adopt", anna)
    assert ExternalMovement.objects.count() == 1
    assert payment_of(one).refunded == 2_500


def a_paid_failure(account: GatewayAccount, *, with_evidence: bool = True) -> Discrepancy:
    transaction = a_captured_transaction(account=account, frozen_reason="Our refund had failed, but it was paid.")
    refund = a_modification_of(transaction, kind="refund", amount=2_500, state=ModificationState.FAILED)
    if with_evidence:
        ExternalMovement.objects.create(
            account=account,
            transaction=transaction,
            modification=refund,
            kind="refund",
            amount=2_500,
            currency="EUR",
            key=f"contradiction:{refund.pk}",
            source=Source.GATEWAY,
            seen_at="2026-11-20T00:00:00Z",
            booked=False,
            unbooked_reason="Ours had failed.",
        )
    return a_strange_refund(
        account, transaction=transaction, type=DiscrepancyType.SETTLED_THOUGH_FAILED, modification=refund
    )


def test_what_was_paid_though_it_had_failed_is_booked_once_and_stays_frozen(
    account: GatewayAccount, anna: User
) -> None:
    row = a_paid_failure(account)
    assert "stays frozen" in " ".join(offer(row, "adopt", anna).preview.sentences)
    fix(row, "adopt", anna)
    transaction = payment_of(row)
    assert (transaction.refunded, transaction.frozen) == (2_500, True)
    movement = ExternalMovement.objects.get()
    assert movement.booked
    assert Match.objects.get().movement == movement


def test_before_the_evidence_is_written_a_paid_failure_waits(account: GatewayAccount, anna: User) -> None:
    row = a_paid_failure(account, with_evidence=False)
    assert refused(row, "adopt", anna) == "not_yet"
    assert refused(row, "accept", anna) == "contradiction"
