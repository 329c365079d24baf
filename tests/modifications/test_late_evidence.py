"""Late and repeated evidence: the same end in any order, and a contradiction freezes instead of changing an end."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from orders.gateways.base import Kind, Outcome
from orders.models import (
    Event,
    Evidence,
    EvidenceSource,
    ExternalMovement,
    Modification,
    ModificationState,
    Source,
)
from orders.modifications import resolve
from orders.modifications.recover import release_stranded
from orders.modifications.submit import Result
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.modifications import steps
from tests.modifications.channels import a_movement, evidence, money_of
from tests.modifications.steps import answered, armed, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


# Late and repeated.


def test_the_same_answer_twice_changes_nothing_more() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    taken = armed(row)
    answered(taken, steps.success(row))
    version = fresh(transaction).version

    answered(taken, steps.success(row))

    assert money_of(transaction) == {"captured": 10_000, "refunded": 2_500}
    assert fresh(transaction).version == version
    assert Evidence.objects.count() == 1
    assert Event.objects.filter(verb="refund.succeeded").count() == 1


def test_the_same_answer_twice_in_one_group_counts_once() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    result = Result(claim=armed(row), outcome=steps.success(row), armed=True)

    assert resolve.resolve_results([result, result]) == []

    assert money_of(transaction) == {"captured": 10_000, "refunded": 2_500}
    assert row.evidence.count() == 1


def stolen(row: Modification) -> tuple[Any, Any]:
    """Two claims of one row: the first worker stopped for so long that a second took over."""
    first = armed(row)
    steps.lease_over(row)
    release_stranded()
    return first, armed(steps.due_now(row))


@pytest.mark.parametrize("late", [steps.unknown(), steps.declined(), steps.not_sent(), steps.pending()])
def test_a_late_unclear_answer_does_not_disturb_the_one_who_took_over(late: Outcome) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    first, second = stolen(row)

    row = answered(first, late)

    assert (row.state, row.epoch) == (S.IN_FLIGHT, 2)
    assert money_of(transaction) == {"capturing": 10_000}
    assert answered(second, steps.success(row)).state == S.SUCCEEDED
    assert money_of(transaction) == {"captured": 10_000}


def test_a_late_success_counts_whoever_holds_the_row_now() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    first, second = stolen(row)

    row = answered(first, steps.success(row))
    assert row.state == S.SUCCEEDED
    row = answered(second, steps.success(row))

    assert (row.state, fresh(transaction).frozen_reason) == (S.SUCCEEDED, "")
    assert money_of(transaction) == {"captured": 10_000}
    assert [piece.applied for piece in row.evidence.all()] == [True, False]


def test_an_attempt_that_was_closed_as_lost_stays_as_it_was_written() -> None:
    row = asked(factories.a_transaction())
    first, _ = stolen(row)

    answered(first, steps.success(row))

    lost = row.attempts.get(epoch=1)
    assert (lost.verdict, lost.response_transcript) == ("unknown", "")


def test_any_order_of_the_same_evidence_ends_the_same() -> None:
    ends = set()
    for order in itertools.permutations(["response", "mirror", "unclear", "mirror again"]):
        transaction = factories.a_transaction()
        row = asked(transaction)
        first, second = stolen(row)
        for what in order:
            _hear(what, row, first, second)
        row.refresh_from_db()
        ends.add((row.state, tuple(money_of(transaction).items()), fresh(transaction).frozen_reason))

    assert ends == {("succeeded", (("captured", 10_000),), "")}


def _hear(what: str, row: Modification, first: Any, second: Any) -> None:
    if what == "response":
        answered(first, steps.success(row))
    elif what == "unclear":
        answered(second, steps.unknown())
    else:
        resolve.apply_movement(row.pk, a_movement(row))


# Contradictions.


@pytest.mark.parametrize(
    ("end", "late"),
    [("failed", "succeeded"), ("withdrawn", "succeeded"), ("succeeded", "declined"), ("succeeded", "mismatch")],
)
def test_evidence_against_an_end_freezes_and_changes_no_figure(end: str, late: str) -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    row = {
        "failed": lambda: ended(row, steps.declined()),
        "succeeded": lambda: ended(row, steps.success(row)),
        "withdrawn": lambda: withdraw(modification_id=row.pk, by=row.requested_by, source=Source.PAGE),
    }[end]()
    before = money_of(transaction)

    changed = evidence(
        row, {"succeeded": steps.success(row), "declined": steps.declined(), "mismatch": steps.mismatch()}[late]
    )

    row.refresh_from_db()
    now = fresh(transaction)
    assert (changed, row.state) == (True, end)
    assert money_of(transaction) == before
    assert f"ended as {end}" in now.frozen_reason
    assert now.order.attention
    assert Event.objects.filter(verb="refund.contradicted").count() == 1
    assert row.evidence.last().applied is False  # type: ignore[union-attr]
    stored = ExternalMovement.objects.filter(modification=row)
    if late == "succeeded":
        movement = stored.get()
        assert (movement.kind, movement.amount, movement.booked) == ("refund", 2_500, False)
        assert movement.unbooked_reason
    else:
        assert not stored.exists()


def test_a_workers_own_late_success_against_a_failure_freezes_and_is_kept_as_a_movement() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.REFUND, 2_500)
    taken = armed(row)
    assert resolve.apply_evidence(
        modification_id=row.pk, outcome=steps.declined(), source=EvidenceSource.QUERY, source_key="told first"
    )
    assert fresh_row(row).state == S.FAILED

    answered(taken, steps.success(row))

    assert fresh_row(row).state == S.FAILED
    assert fresh(transaction).frozen
    assert money_of(transaction) == {"captured": 10_000}
    assert ExternalMovement.objects.get(modification=row).booked is False


def fresh_row(row: Modification) -> Modification:
    return Modification.objects.get(pk=row.pk)


def test_a_contradiction_is_acted_on_once() -> None:
    transaction = factories.a_captured_transaction()
    row = ended(asked(transaction, Kind.REFUND, 2_500), steps.declined())

    assert evidence(row, steps.success(row))
    version = fresh(transaction).version
    assert not evidence(row, steps.success(row))

    assert fresh(transaction).version == version
    assert ExternalMovement.objects.count() == 1


@pytest.mark.parametrize(
    ("end", "late"), [("failed", steps.declined()), ("failed", steps.pending()), ("succeeded", steps.pending())]
)
def test_evidence_that_agrees_or_lags_behind_changes_nothing(end: str, late: Outcome) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    row = ended(row, steps.declined() if end == "failed" else steps.success(row))

    assert not evidence(row, late)
    assert not fresh(transaction).frozen
