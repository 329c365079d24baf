"""What does not fit the books waits for people, without holding up others; other channels settle only what is whole."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from orders.gateways.base import Facts, Kind, Outcome, Verdict
from orders.models import (
    Event,
    Evidence,
    EvidenceSource,
    GatewayAccount,
    Modification,
    ModificationState,
    Source,
)
from orders.modifications import resolve
from orders.modifications.submit import Result
from orders.modifications.verdicts import judge
from orders.money import Money
from tests import factories
from tests.modifications import steps
from tests.modifications.channels import a_movement, money_of
from tests.modifications.steps import answered, armed, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


# What the books cannot hold.


def unbookable(row: Modification) -> Outcome:
    """A reference that another capture of the account has already ended with."""
    other = asked(factories.a_transaction(account=row.account))
    ended(other, steps.success(other, reference="rec-same", gateway_id="gid-same"))
    return steps.success(row, reference="rec-same", gateway_id="gid-same")


def test_what_does_not_fit_the_books_is_reviewed_and_frozen_and_holds_its_reservation() -> None:
    transaction = factories.a_transaction()
    row = asked(transaction, source=Source.PAGE)
    outcome = unbookable(row)

    row = ended(steps.due_now(row), outcome)

    now = fresh(transaction)
    assert (row.state, row.due_at) == (S.REVIEW, None)
    assert "books cannot hold" in row.reason_text
    assert now.frozen
    assert (now.unknown_count, money_of(transaction)) == (1, {"capturing": 10_000})
    assert not transaction.captures.exists()
    assert row.evidence.get().gateway_reference == "rec-same", "what was said is kept"


def test_a_reversal_larger_than_what_is_left_is_not_booked() -> None:
    transaction = factories.a_captured_transaction()
    row = asked(transaction, Kind.CANCEL_OR_REFUND)

    row = ended(row, steps.success(row, amount=10_001, executed_kind=Kind.REFUND))

    assert row.state == S.REVIEW
    assert money_of(transaction) == {"captured": 10_000}
    assert fresh(transaction).exclusive_modification == row.pk


def test_one_answer_that_does_not_fit_does_not_hold_up_its_group() -> None:
    misfit = asked(factories.a_transaction(), source=Source.PAGE)
    outcome = unbookable(misfit)
    fit = asked(factories.a_transaction(account=misfit.account), source=Source.PAGE)
    claims = {row.pk: armed(steps.due_now(row)) for row in (misfit, fit)}

    unwritten = resolve.resolve_results(
        [
            Result(claim=claims[misfit.pk], outcome=outcome, armed=True),
            Result(claim=claims[fit.pk], outcome=steps.success(fit), armed=True),
        ]
    )

    misfit.refresh_from_db()
    fit.refresh_from_db()
    assert (unwritten, misfit.state, fit.state) == ([], S.REVIEW, S.SUCCEEDED)


def test_an_answer_that_cannot_be_written_is_handed_back_and_its_neighbour_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    poison, fit = (asked(factories.a_transaction(), source=Source.PAGE) for _ in range(2))
    results = [Result(claim=armed(steps.due_now(row)), outcome=steps.success(row), armed=True) for row in (poison, fit)]

    def stumble(outcome: Outcome, *rest: Any) -> Any:
        if outcome is results[0].outcome:
            raise RuntimeError("a mistake of ours")
        return judge(outcome, *rest)

    monkeypatch.setattr("orders.modifications.resolve.judge", stumble)

    assert resolve.resolve_results(results) == [results[0]]

    assert Modification.objects.get(pk=fit.pk).state == S.SUCCEEDED
    assert Modification.objects.get(pk=poison.pk).state == S.IN_FLIGHT


def test_no_results_are_no_work() -> None:
    assert resolve.resolve_results([]) == []


# Other channels.


@pytest.mark.parametrize("state", ["queued", "in_flight", "pending", "unknown", "review"])
@pytest.mark.parametrize(("verdict", "end"), [(Verdict.SUCCEEDED, S.SUCCEEDED), (Verdict.DECLINED, S.FAILED)])
def test_a_refresh_ends_whatever_is_open(state: str, verdict: Verdict, end: S) -> None:
    transaction = factories.a_transaction()
    row = asked(transaction)
    if state == "in_flight":
        armed(row)
    elif state != "queued":
        ended(row, {"pending": steps.pending(), "unknown": steps.unknown(), "review": steps.mismatch()}[state])

    assert resolve.apply_movement(row.pk, a_movement(row, verdict=verdict))

    row.refresh_from_db()
    now = fresh(transaction)
    assert row.state == end
    assert (now.capturing, now.captured) == (0, 10_000 if end is S.SUCCEEDED else 0)
    assert (now.unknown_count, now.sending_modification) == (0, None)
    assert row.evidence.get(source="mirror").verdict == verdict


def test_a_refresh_seen_twice_counts_once() -> None:
    row = ended(asked(factories.a_transaction()), steps.unknown())

    assert resolve.apply_movement(row.pk, a_movement(row))
    assert not resolve.apply_movement(row.pk, a_movement(row))

    assert row.evidence.filter(source="mirror").count() == 1


@pytest.mark.parametrize("verdict", [Verdict.PENDING, Verdict.UNKNOWN])
def test_a_refresh_that_does_not_know_the_end_settles_nothing(verdict: Verdict) -> None:
    row = ended(asked(factories.a_transaction()), steps.unknown())

    assert not resolve.apply_movement(row.pk, a_movement(row, verdict=verdict))

    row.refresh_from_db()
    assert row.state == S.UNKNOWN


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"amount": Money(9_999, "EUR")}, "moved 99.99 EUR"),
        ({"amount": Money(10_000, "USD")}, "moved 100.00 USD"),
        ({"type": "refund"}, "as a refund"),
        ({"reference": ""}, "no reconciliation reference"),
    ],
)
def test_a_refresh_that_contradicts_what_was_asked_is_reviewed_and_frozen(fields: dict[str, Any], told: str) -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction), steps.unknown())

    assert resolve.apply_movement(row.pk, a_movement(row, **fields))

    row.refresh_from_db()
    assert (row.state, told in row.reason_text) == (S.REVIEW, True)
    assert fresh(transaction).frozen
    assert money_of(transaction) == {"capturing": 10_000}


@pytest.mark.parametrize(
    ("kind", "fields"), [(Kind.CAPTURE, {"amount": None}), (Kind.CANCEL_OR_REFUND, {"type": "", "raw_type": ""})]
)
def test_a_refresh_that_leaves_out_what_a_success_must_carry_books_nothing(kind: Kind, fields: dict[str, Any]) -> None:
    transaction = factories.a_transaction()
    row = ended(asked(transaction, kind), steps.unknown())
    before = money_of(transaction)

    assert not resolve.apply_movement(row.pk, a_movement(row, **fields))

    row.refresh_from_db()
    assert (row.state, money_of(transaction)) == (S.UNKNOWN, before)


def test_a_pause_that_an_answer_asks_for_stops_the_account_once() -> None:
    account = factories.an_account()
    rows = [asked(factories.a_transaction(account=account), source=Source.PAGE) for _ in range(2)]
    claims = [armed(steps.due_now(row)) for row in rows]
    outcome = steps.not_sent(pause_account="The key was refused.")

    for taken in claims:
        answered(taken, outcome)

    account = GatewayAccount.objects.get(pk=account.pk)
    assert account.paused_reason == "The key was refused."
    assert Event.objects.filter(verb="account.paused").count() == 1


def test_an_answer_about_nothing_we_know_raises_and_writes_nothing() -> None:
    unknown_id = uuid.uuid4()
    outcome = Outcome(verdict=Verdict.SUCCEEDED, reason="", facts=Facts())

    with pytest.raises(KeyError):
        resolve.apply_evidence(
            modification_id=unknown_id, outcome=outcome, source=EvidenceSource.MIRROR, source_key="x"
        )

    assert not Evidence.objects.exists()
