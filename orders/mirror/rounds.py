"""The round of the mirror: read what is due, a little at a time, each gateway by itself so that none delays another."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from queue import SimpleQueue

import structlog
from django.db import transaction as database_transaction
from django.db.models import F, Q, QuerySet

from orders.database import database_now, refuse_open_transaction
from orders.gateways.base import CannotSay, Fetched
from orders.mirror import ladder
from orders.mirror.fetching import Question, ask_gateway, question_about
from orders.mirror.refresh import Reader, RefreshResult, take_answer
from orders.models import NOT_YET_NAMED, GatewayAccount, Source, Transaction
from orders.modifications.situation import capability_of

log = structlog.get_logger(__name__)

AT_MOST = 50
"""Transactions of one round; with a round every ten seconds that is 18,000 an hour."""
GATEWAYS_AT_ONCE = 8
LEASE = timedelta(minutes=10)
"""What a dead worker had taken is due again after it."""
_SECONDS_OF_PEACE = (60, 600)
"""Least and most: after a reading that failed, the account's other transactions wait too."""

_turn = threading.Lock()
Answered = tuple[Question, Fetched]


def refresh_due(*, at_most: int = AT_MOST) -> list[RefreshResult]:
    """One round; nothing while another one of this process is under way. Several processes are harmless.

    Paused accounts, and those whose gateway does not answer, are left alone until they are well again.
    """
    refuse_open_transaction()
    if not _turn.acquire(blocking=False):
        return []
    try:
        begin_moving(at_most=at_most)
        taken, lease_until = _claim(at_most)
        return [_take(question, fetched, lease_until) for question, fetched in _ask_each_gateway(taken)]
    finally:
        _turn.release()


def begin_moving(*, at_most: int = AT_MOST) -> int:
    """Give transactions that may still move, and were never due, their first turn; returns how many."""
    now = database_now()
    never_due = _named().filter(state__in=ladder.MOVING, refresh_due_at__isnull=True, account__in=_readable(now))
    found = list(
        never_due.order_by(F("refreshed_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)[:at_most]
    )
    return Transaction.objects.filter(pk__in=found, refresh_due_at__isnull=True).update(
        refresh_due_at=now, refresh_step=0
    )


def begin_resting(*, chunk: int = 1000) -> int:
    """Give every other transaction that was never due its place in the night; returns how many."""
    now, begun, last = database_now(), 0, 0
    rows = _named().filter(refresh_due_at__isnull=True, account__in=_readable(now)).exclude(state__in=ladder.MOVING)
    while found := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", "state")[:chunk]):
        last = found[-1][0]
        for pk, state in found:
            due, step = ladder.after_answer(state, step=0, moved=False, transaction_id=pk, now=now)
            begun += Transaction.objects.filter(pk=pk, refresh_due_at__isnull=True).update(
                refresh_due_at=due, refresh_step=step
            )
    return begun


def _claim(at_most: int) -> tuple[list[Transaction], datetime]:
    """Take what is due by putting it off until the lease ends. What moves comes before what rests."""
    now = database_now()
    lease_until = now + LEASE
    due = _named().filter(refresh_due_at__lte=now, account__in=_readable(now))
    with database_transaction.atomic():
        taken = _first(due.filter(state__in=ladder.MOVING), at_most)
        taken += _first(due.exclude(state__in=ladder.MOVING), at_most - len(taken))
        Transaction.objects.filter(pk__in=taken).update(refresh_due_at=lease_until)
    return list(Transaction.objects.filter(pk__in=taken).select_related("account").order_by("pk")), lease_until


def _first(rows: QuerySet[Transaction], count: int) -> list[int]:
    """Locked ones are somebody else's and are left: waiting for them could close a circle of locks."""
    free = rows.select_for_update(skip_locked=True, no_key=True).order_by("refresh_due_at", "pk")
    return list(free.values_list("pk", flat=True)[: max(0, count)])


def _named() -> QuerySet[Transaction]:
    return Transaction.objects.exclude(reference__startswith=NOT_YET_NAMED)


def _readable(now: datetime) -> list[int]:
    """Accounts that may be asked now. One whose profile is broken is nobody's to ask."""
    well = GatewayAccount.objects.filter(paused_at__isnull=True).exclude(breaker_until__gt=now)
    return [account.pk for account in well if _reads(account)]


def _reads(account: GatewayAccount) -> bool:
    try:
        return capability_of(account).reads
    except (CannotSay, LookupError):
        return False


def _ask_each_gateway(transactions: Sequence[Transaction]) -> Iterator[Answered]:
    """The answers as they come; one account is asked one thing at a time, and no more once it has failed."""
    by_account: dict[int, list[Question]] = defaultdict(list)
    for transaction in transactions:
        by_account[transaction.account_id].append(question_about(transaction))
    answers: SimpleQueue[Answered | None] = SimpleQueue()
    with ThreadPoolExecutor(max_workers=GATEWAYS_AT_ONCE, thread_name_prefix="round") as pool:
        for questions in by_account.values():
            pool.submit(_ask_one_gateway, questions, answers)
        for _ in range(len(by_account)):
            while (answered := answers.get()) is not None:
                yield answered


def _ask_one_gateway(questions: Sequence[Question], answers: SimpleQueue[Answered | None]) -> None:
    try:
        for question in questions:
            fetched = ask_gateway(question)
            answers.put((question, fetched))
            if _failed(fetched):
                return
    except Exception:
        log.exception("A gateway could not be read; its transactions are due again after their lease.")
    finally:
        answers.put(None)


def _take(question: Question, fetched: Fetched, lease_until: datetime) -> RefreshResult:
    result = take_answer(question, fetched, Reader(by=None, source=Source.WORKER))
    if _failed(fetched):
        _leave_in_peace(question, lease_until)
    return result


def _failed(fetched: Fetched) -> bool:
    """Whether the gateway itself is in trouble; one unknown transaction says nothing about the others."""
    return fetched.snapshot is None and not fetched.missing


def _leave_in_peace(question: Question, lease_until: datetime) -> None:
    """Put off whatever else of this account is due or was taken with it, by the wait of the one that failed."""
    now = database_now()
    failed = Transaction.objects.values_list("refresh_due_at", flat=True).get(pk=question.transaction_id)
    least, most = (timedelta(seconds=seconds) for seconds in _SECONDS_OF_PEACE)
    until = min(max(failed or now, now + least), now + most)
    others = Transaction.objects.filter(account_id=question.place.account_id).exclude(pk=question.transaction_id)
    others.filter(Q(refresh_due_at__lte=until) | Q(refresh_due_at=lease_until)).update(refresh_due_at=until)
