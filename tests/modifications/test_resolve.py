"""Answers enter the books once, in any order, from any channel; what does not fit waits for people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Kind, Outcome, TransactionState
from orders.models import (
    EvidenceSource,
    Modification,
    ModificationState,
    Purpose,
    Reference,
    Source,
    Transaction,
)
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.steps import answered, armed, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


# Success moves exactly the reserved money.


def test_a_captured_part_releases_the_rest() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction, Kind.CAPTURE, 6_000)

    row = ended(row, steps.success(row))

    assert (row.state, row.executed_amount, row.lease_until) == (S.SUCCEEDED, 6_000, None)
    assert money_of(transaction) == {"captured": 6_000, "released": 4_000}
    now = fresh(transaction)
    assert (now.state, now.capture_open, now.sending_modification) == ("captured", False, None)
    capture = transaction.captures.get()
    assert (capture.amount, capture.modification_id, capture.gateway_id) == (6_000, row.pk, row.gateway_id)


def test_where_several_captures_are_possible_the_rest_stays_open() -> None:
    account = factories.an_account(profile={"multiple_capture": True})
    transaction = factories.a_transaction(account=account)

    for amount in (6_000, 3_000):
        row = asked(transaction, Kind.CAPTURE, amount)
        ended(row, steps.success(row))

    assert money_of(transaction) == {"captured": 9_000}
    assert (fresh(transaction).state, fresh(transaction).capture_open) == ("authorized", True)
    last = asked(transaction, Kind.CAPTURE, 1_000)
    ended(last, steps.success(last))
    assert (fresh(transaction).state, fresh(transaction).capture_open) == ("captured", False)


@pytest.mark.parametrize(
    ("told", "released"), [(TransactionState.AUTHORIZED, 0), (TransactionState.CAPTURED, 4_000), (None, 4_000)]
)
def test_the_answered_status_decides_whether_more_can_be_captured(told: TransactionState | None, released: int) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction, Kind.CAPTURE, 6_000)

    ended(row, steps.success(row, transaction_state=told, transaction_raw_status="TOLD"))

    assert fresh(transaction).released == released
    assert fresh(transaction).capture_open is (released == 0)


def test_a_refund_moves_on_the_transaction_and_on_its_capture() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)

    ended(row, steps.success(row))

    capture = transaction.captures.get()
    assert money_of(transaction) == {"captured": 10_000, "refunded": 2_500}
    assert (capture.refunded, capture.refunding) == (2_500, 0)


def test_a_cancel_releases_everything() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction, Kind.CANCEL)

    ended(row, steps.success(row, amount=None))

    assert money_of(transaction) == {"released": 10_000}
    assert (fresh(transaction).state, fresh(transaction).exclusive_modification) == ("cancelled", None)


@pytest.mark.parametrize(
    ("captured", "chosen", "books"),
    [
        (False, Kind.CANCEL, {"released": 10_000}),
        (False, Kind.REFUND, {"captured": 10_000, "refunded": 10_000}),
        (True, Kind.REFUND, {"captured": 10_000, "refunded": 10_000}),
    ],
)
def test_cancel_or_refund_books_what_the_gateway_chose(captured: bool, chosen: Kind, books: dict[str, int]) -> None:
    transaction = factories.a_captured_transaction() if captured else factories.a_transaction()
    row = asked(transaction, Kind.CANCEL_OR_REFUND)

    row = ended(row, steps.success(row, executed_kind=chosen))

    assert (row.state, row.executed_kind) == (S.SUCCEEDED, chosen)
    assert money_of(transaction) == books
    assert fresh(transaction).exclusive_modification is None
    captures = transaction.captures.all()
    assert sum(capture.refunded for capture in captures) == books.get("refunded", 0)


def test_a_reversal_is_drawn_on_all_captures() -> None:
    transaction = factories.a_transaction(captured=6_000, capture_open=True)
    factories.a_capture(transaction=transaction, amount=4_000)
    Transaction.objects.filter(pk=transaction.pk).update(captured=10_000, state="captured")
    row = asked(transaction, Kind.CANCEL_OR_REFUND, 10_000)

    ended(row, steps.success(row, executed_kind=Kind.REFUND))

    assert [capture.refunded for capture in transaction.captures.all()] == [6_000, 4_000]


def test_what_the_gateway_said_is_kept_and_leads_to_the_order() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)

    row = ended(row, steps.success(row, reference="Rec-ABC", gateway_id="Cap-XYZ"))

    assert (row.gateway_reference, row.gateway_id, row.gateway_status) == ("Rec-ABC", "Cap-XYZ", "DONE")
    found = Reference.objects.filter(order=transaction.order, value__in=["rec-abc", "cap-xyz"])
    assert sorted(found.values_list("kind", flat=True)) == ["gateway", "reconciliation"]
    attempt = row.attempts.get()
    assert (attempt.verdict, attempt.http_status, attempt.response_transcript) == ("succeeded", 200, "HTTP 200")
    said = row.evidence.get()
    assert (said.source, said.verdict, said.amount, said.applied) == ("response", "succeeded", 10_000, True)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (factories.a_transaction, Kind.CAPTURE),
        (factories.a_transaction, Kind.CANCEL),
        (factories.a_captured_transaction, Kind.REFUND),
        (factories.a_captured_transaction, Kind.CANCEL_OR_REFUND),
    ],
)
def test_a_refusal_gives_everything_back_and_a_doubt_nothing(make: Any, kind: Kind) -> None:
    transaction = make()
    before = money_of(transaction)
    row = asked(transaction, kind)
    reserved = money_of(transaction), fresh(transaction).exclusive_modification

    row = ended(row, steps.unknown())
    assert (money_of(transaction), fresh(transaction).exclusive_modification) == reserved
    assert (row.state, fresh(transaction).unknown_count) == (S.UNKNOWN, 1)
    assert fresh(transaction).order.attention

    row = answered(steps.armed(steps.due_now(row, step=Purpose.QUERY)), steps.declined())
    assert (row.state, row.failure_code) == (S.FAILED, "too_late")
    now = fresh(transaction)
    assert money_of(transaction) == before
    assert (now.exclusive_modification, now.sending_modification, now.unknown_count) == (None, None, 0)
    assert sum(capture.refunding for capture in transaction.captures.all()) == 0
    assert not now.order.attention


def test_what_was_certainly_not_sent_goes_back_to_the_queue_and_may_be_withdrawn() -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.not_sent())

    assert (row.state, row.first_sent_at, row.lease_until) == (S.QUEUED, None, None)
    assert row.due_at is not None
    assert row.due_at > database_now()
    assert fresh(transaction).sending_modification is None
    assert withdraw(modification_id=row.pk, by=row.requested_by, source=Source.PAGE).state == S.WITHDRAWN
    assert money_of(transaction) == {}


def test_another_transaction_moves_while_one_is_in_doubt() -> None:
    account = factories.an_account()
    ended(asked(factories.a_transaction(account=account)), steps.unknown())
    row = asked(factories.a_transaction(account=account))

    assert ended(row, steps.success(row)).state == S.SUCCEEDED


# The gateway's word for the transaction.


def test_the_gateways_status_is_taken_over_but_never_an_older_one() -> None:
    transaction = factories.a_captured_transaction(status_at=database_now())
    old = database_now() - timedelta(days=1)
    row = asked(transaction, Kind.REFUND, 1_000)

    ended(row, _told(row, "SETTLED", TransactionState.SETTLED, old))
    assert fresh(transaction).state == "captured"

    row = asked(transaction, Kind.REFUND, 2_000)
    ended(row, _told(row, "SETTLED", TransactionState.SETTLED, database_now()))
    assert (fresh(transaction).state, fresh(transaction).raw_status) == ("settled", "SETTLED")


def test_a_replay_shows_the_past_and_changes_no_status() -> None:
    transaction = factories.a_captured_transaction()
    row = ended(asked(transaction, Kind.REFUND, 1_000), steps.unknown())
    again = armed(steps.due_now(row))

    row = answered(again, _told(row, "SETTLED", TransactionState.SETTLED, database_now()))

    assert (row.state, fresh(transaction).state) == (S.SUCCEEDED, "captured")
    assert row.evidence.get().source == EvidenceSource.REPLAY


def _told(row: Modification, raw: str, state: TransactionState, at: Any) -> Outcome:
    return steps.success(row, transaction_state=state, transaction_raw_status=raw, transaction_status_at=at)
