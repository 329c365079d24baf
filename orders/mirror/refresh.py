"""We ask: read a transaction from its gateway and make our copy like the original."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orders import audit
from orders.database import database_now, in_one_transaction, refuse_open_transaction
from orders.gateways.base import Fetched, Movement, Snapshot, Verdict
from orders.mirror import beginnings, ladder, state
from orders.mirror.fetching import Question, ask_gateway, ask_many, question_about
from orders.mirror.freezing import freeze
from orders.mirror.movements import Adoption, adopt, any_may_be_ours, named_by
from orders.models import ExternalMovement, Modification, ReferenceKind, Source, Transaction
from orders.modifications.breaker import pause_by_machine
from orders.modifications.resolve import apply_movement
from orders.references import Word, note_words
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

AT_ONCE = 8
_PROBLEM_MAXIMUM = 300
_SENTENCE_MAXIMUM = 500
_COLUMNS = [
    *("state", "raw_status", "status_at", "refreshed_at", "refresh_problem", "expires_at", "facts", "version"),
    *("reconciliation_reference", "payment_reference", "partner_reference", "payment_method", "description"),
    *("authorized", "captured", "released", "refunded", "charged_back", "capture_open", "frozen_reason"),
    *("card_reference", "deal_reference", "deal_type", "deal_amount", "refresh_due_at", "refresh_step"),
]


@dataclass(frozen=True, kw_only=True)
class RefreshResult:
    """What a refresh came to; `problem` is set when the gateway could not be read, and then nothing changed.

    `asked` is False where there is nothing to ask: the gateway shows no transactions, or this one has no id yet.
    """

    transaction_id: int
    changed: bool
    sentence: str
    problem: str = ""
    asked: bool = True


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Who asked, and through which door; stands on the events."""

    by: User | None
    source: Source


def refresh_transaction(*, transaction_id: int, by: User | None = None, source: Source) -> RefreshResult:
    """Read one transaction and update our copy. The network is used outside any database transaction."""
    transaction = Transaction.objects.select_related("account").get(pk=transaction_id)
    question = question_about(transaction)
    if question.pointless:
        return _not_asked(question)
    refuse_open_transaction()
    return take_answer(question, ask_gateway(question), Reader(by=by, source=source))


def refresh_many(
    transactions: Iterable[Transaction], *, by: User | None, source: Source, at_once: int = AT_ONCE
) -> Iterator[RefreshResult]:
    """Read many, several at a time; the books are written by the caller's thread alone, one after the other.

    The transactions come with their accounts loaded.
    """
    for question, fetched in ask_many(map(question_about, transactions), at_once=at_once):
        if question.pointless:
            yield _not_asked(question)
        else:
            yield take_answer(question, fetched, Reader(by=by, source=source))


def take_answer(question: Question, fetched: Fetched, reader: Reader) -> RefreshResult:
    """Write one answer into the books."""
    if fetched.snapshot is None:
        return in_one_transaction(lambda: _note_problem(question, fetched))
    snapshot = fetched.snapshot
    settled = _settle_ours(question.transaction_id, snapshot.movements)
    # Our own results moved the version themselves; a change by anybody else must still be seen.
    seen = replace(question, version=question.version + settled)
    result = in_one_transaction(lambda: _apply(seen, snapshot, reader, settled=bool(settled)))
    return replace(result, changed=True) if settled else result


def _not_asked(question: Question) -> RefreshResult:
    return RefreshResult(
        transaction_id=question.transaction_id, changed=False, sentence=question.pointless, asked=False
    )


def _note_problem(question: Question, fetched: Fetched) -> RefreshResult:
    now = database_now()
    told = "The gateway does not know this transaction." if fetched.missing else fetched.reason
    problem = f"{told} What stands here is what was last known."[:_PROBLEM_MAXIMUM]
    transactions = Transaction.objects.filter(pk=question.transaction_id)
    due, step = ladder.after_problem(
        step=transactions.values_list("refresh_step", flat=True).get(),
        transaction_id=question.transaction_id,
        now=now,
        retry_after_seconds=fetched.retry_after_seconds,
    )
    transactions.update(refresh_problem=problem, refresh_due_at=due, refresh_step=step)
    if fetched.pause_account:
        pause_by_machine(question.place.account_id, fetched.pause_account, now)
    return RefreshResult(transaction_id=question.transaction_id, changed=False, sentence=problem, problem=problem)


def _settle_ours(transaction_id: int, movements: Iterable[Movement]) -> int:
    """Hand what is listed of our own modifications to the books, each on its own; returns how many changed."""
    ours = set(Modification.objects.filter(transaction_id=transaction_id).values_list("pk", flat=True))
    told = [(named_by(one), one) for one in movements if one.verdict is not Verdict.UNKNOWN]
    return sum(apply_movement(pk, one) for pk, one in told if pk in ours)


def _apply(question: Question, snapshot: Snapshot, reader: Reader, *, settled: bool) -> RefreshResult:
    transaction = lock(question.transaction_id)
    overtaken = transaction.version != question.version
    contradiction = state.contradiction_of(transaction, snapshot)
    if contradiction:
        changes = _stop(transaction, contradiction, reader)
    else:
        changes = _take_over(transaction, snapshot, question, reader)
    # As old as the question: what happened while the answer was on its way is not in it.
    transaction.refreshed_at = question.asked_at
    if question.place.capability.reads:
        undecided = any_may_be_ours(snapshot.movements, transaction)
        _plan_next(transaction, moved=bool(changes) or settled, overtaken=overtaken, undecided=undecided)
    else:
        transaction.refresh_due_at = None
    if changes:
        transaction.version += 1
    transaction.save(update_fields=_COLUMNS)
    if changes:
        summarise(transaction.order)
        _record(transaction, changes, reader)
    sentence = " ".join(changes) or "The gateway says nothing new."
    return RefreshResult(transaction_id=transaction.pk, changed=bool(changes), sentence=sentence)


def _plan_next(transaction: Transaction, *, moved: bool, overtaken: bool, undecided: bool) -> None:
    transaction.refresh_due_at, transaction.refresh_step = ladder.after_answer(
        transaction.state,
        step=transaction.refresh_step,
        moved=moved,
        overtaken=overtaken,
        undecided=undecided,
        transaction_id=transaction.pk,
        now=database_now(),
    )


def lock(transaction_id: int) -> Transaction:
    """Modifications by id, then the transaction with its account and order: the one lock order."""
    rows = Modification.objects.filter(transaction_id=transaction_id).select_for_update(no_key=True).order_by("pk")
    list(rows.values_list("pk"))
    return (
        Transaction.objects.select_for_update(no_key=True, of=("self",))
        .select_related("account", "order")
        .get(pk=transaction_id)
    )


def _stop(transaction: Transaction, contradiction: str, reader: Reader) -> list[str]:
    transaction.refresh_problem = contradiction[:_PROBLEM_MAXIMUM]
    if transaction.frozen_reason:
        return []
    freeze(transaction, contradiction, source=reader.source)
    return [contradiction]


def _take_over(transaction: Transaction, snapshot: Snapshot, question: Question, reader: Reader) -> list[str]:
    current = state.is_current(transaction, snapshot, seen_version=question.version)
    changes = state.take_facts(transaction, snapshot, current=current)
    if not current and not question.place.capability.reads:
        changes += beginnings.reconcile(transaction, snapshot)
    adoption = Adoption(
        transaction=transaction,
        now=database_now(),
        source=reader.source,
        quiet=transaction.refreshed_at is None,
        complete=question.place.capability.reads and not snapshot.warnings,
        changes=changes,
    )
    adopt(adoption, snapshot.movements)
    if current:
        unbooked = ExternalMovement.objects.filter(transaction=transaction, booked=False).exists()
        changes += state.settle_rest(transaction, snapshot, unbooked=unbooked)
    transaction.refresh_problem = state.problem_of(transaction, snapshot)
    note_words(transaction.order, _words(transaction, snapshot))
    return changes


def _words(transaction: Transaction, snapshot: Snapshot) -> list[Word]:
    return [
        (ReferenceKind.PARTNER, transaction.partner_reference),
        (ReferenceKind.RECONCILIATION, transaction.reconciliation_reference),
        (ReferenceKind.PAYMENT, transaction.payment_reference),
        (ReferenceKind.CARD, transaction.card_reference),
        *((ReferenceKind.RECONCILIATION, one.reference) for one in snapshot.movements),
        *((ReferenceKind.GATEWAY, one.gateway_id) for one in snapshot.movements),
    ]


def _record(transaction: Transaction, changes: list[str], reader: Reader) -> None:
    audit.record(
        verb="transaction.refreshed",
        sentence=f"Read from the gateway: {' '.join(changes)}"[:_SENTENCE_MAXIMUM],
        source=reader.source,
        by=reader.by,
        transaction=transaction,
        details={"version": transaction.version, "changes": changes[:20]},
    )
