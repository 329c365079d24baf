"""Where our copy drifted from its gateway: found after a reading, gone by itself when the next reading is equal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from orders.database import database_now, in_one_transaction
from orders.gateways.base import Fetched
from orders.mirror.fetching import Question
from orders.mirror.refresh import Reader, RefreshResult, take_answer
from orders.models import Drift, DriftState, Transaction
from orders.reconciliation.nights.comparing import Difference, differences

GONE = "The next reading was equal."


def read_and_compare(question: Question, fetched: Fetched, reader: Reader) -> RefreshResult:
    """Write the gateway's answer into the books, then keep what the books could not follow."""
    result = take_answer(question, fetched, reader)
    snapshot = fetched.snapshot
    if snapshot is None:
        return result
    transaction = Transaction.objects.get(pk=question.transaction_id)
    if transaction.version != question.version and not result.changed:
        return result  # something happened here meanwhile, so the answer is older than our copy
    found = differences(transaction, snapshot)
    in_one_transaction(lambda: keep(transaction, found))
    return result


def keep(transaction: Transaction, found: Sequence[Difference]) -> None:
    """Open a drift for each new difference, renew the open ones, and let go of those that are equal now.

    What somebody decided to keep stays decided while both sides say the same as then.
    """
    now = database_now()
    rows = list(Drift.objects.select_for_update(no_key=True).filter(transaction=transaction).order_by("pk"))
    opened = {row.field: row for row in rows if row.state == DriftState.OPEN}
    decided = {row.field: row for row in rows if row.state == DriftState.KEPT}
    for difference in found:
        row = opened.pop(difference.field, None)
        if row is not None:
            row.ours, row.theirs, row.last_seen_at = difference.ours, difference.theirs, now
            row.save(update_fields=["ours", "theirs", "last_seen_at"])
        elif not _is_decided(decided.get(difference.field), difference):
            keep_open(transaction, difference, now)
    for row in opened.values():
        row.state, row.last_seen_at, row.decided_at, row.reason = DriftState.GONE.value, now, now, GONE
        row.save(update_fields=["state", "last_seen_at", "decided_at", "reason"])


def keep_open(transaction: Transaction, difference: Difference, now: datetime) -> None:
    """A new drift, in the caller's database transaction."""
    Drift.objects.create(
        account_id=transaction.account_id,
        merchant_id=transaction.merchant_id,
        transaction=transaction,
        field=difference.field,
        ours=difference.ours,
        theirs=difference.theirs,
        seen_at=now,
        last_seen_at=now,
    )


def _is_decided(kept: Drift | None, difference: Difference) -> bool:
    return kept is not None and (kept.ours, kept.theirs) == (difference.ours, difference.theirs)
