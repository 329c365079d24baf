"""Answers enter the books once, in any order, from any channel; what does not fit waits for people."""

from __future__ import annotations

import itertools
import uuid
from datetime import timedelta
from typing import Any

import pytest

from orders.database import database_now
from orders.gateways.base import Facts, Kind, Movement, Outcome, TransactionState, Verdict
from orders.models import (
    Event,
    Evidence,
    EvidenceSource,
    ExternalMovement,
    GatewayAccount,
    Modification,
    ModificationState,
    Purpose,
    Reference,
    Source,
    Transaction,
)
from orders.modifications import resolve
from orders.modifications.recover import release_stranded
from orders.modifications.submit import Result
from orders.modifications.verdicts import judge
from orders.modifications.withdraw import withdraw
from orders.money import Money
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import answered, armed, asked, ended, fresh

pytestmark = pytest.mark.django_db
S = ModificationState


def money_of(transaction: Transaction) -> dict[str, int]:
    row = fresh(transaction)
    return {
        name: getattr(row, name)
        for name in ("capturing", "captured", "released", "refunding", "refunded")
        if getattr(row, name)
    }


def evidence(row: Modification, outcome: Outcome, *, source: EvidenceSource = EvidenceSource.MIRROR) -> bool:
    return resolve.apply_evidence(
        modification_id=row.pk, outcome=outcome, source=source, source_key=f"{row.pk}:{outcome.verdict}"
    )


def a_movement(row: Modification, *, verdict: Verdict = Verdict.SUCCEEDED, **fields: Any) -> Movement:
    values: dict[str, Any] = {
        "type": row.kind,
        "raw_type": row.kind.upper(),
        "modification_id": str(row.pk),
        "amount": Money(row.amount, row.currency),
        "reference": "rec-1",
        "gateway_id": "gid-1",
        "raw_status": "DONE",
        "at": database_now(),
        **fields,
    }
    return Movement(verdict=verdict, **values)


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
