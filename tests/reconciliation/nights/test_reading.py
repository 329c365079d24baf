"""The night's own reading: what moved lately is read within a budget, and a gateway that is away is left alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import pytest
from django.conf import LazySettings

from orders.database import database_now
from orders.gateways.base import Fetched, Snapshot, TransactionState
from orders.mirror.fetching import Question
from orders.models import Drift, GatewayAccount, Transaction
from orders.money import Money
from orders.reconciliation.nights import reading
from orders.reconciliation.nights.errands import Told
from tests.factories import a_captured_transaction, a_transaction, an_account

pytestmark = pytest.mark.django_db


class Gateway:
    """Shows every payment as authorized with 100.00 EUR, or does not answer."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.away = False
        self.amount = 10_000

    def ask_many(self, questions: Iterable[Question], *, at_once: int) -> Iterator[tuple[Question, Fetched]]:
        for question in questions:
            self.asked.append(question.transaction_id)
            yield question, self._answer(question)

    def _answer(self, question: Question) -> Fetched:
        if self.away:
            return Fetched(snapshot=None, reason="The gateway did not answer.")
        snapshot = Snapshot(
            transaction_reference=question.reference,
            state=TransactionState.AUTHORIZED,
            raw_status="AUTHORIZED",
            status_at=None,
            created_at=None,
            amount=Money(self.amount, "EUR"),
        )
        return Fetched(snapshot=snapshot, reason="")


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    gateway = Gateway()
    monkeypatch.setattr(reading, "ask_many", gateway.ask_many)
    monkeypatch.setattr("orders.database._is_transaction_open", lambda: False)
    return gateway


def read(account: GatewayAccount, since: datetime | None = None) -> Told:
    return reading.read_lately_touched(account, since=since or database_now(), renew=lambda: None)


def test_what_moved_lately_is_read_and_what_rests_for_long_is_not(gateway: Gateway) -> None:
    account = an_account()
    moving = a_transaction(account=account)
    resting = a_captured_transaction(account=account)
    Transaction.objects.filter(pk=resting.pk).update(created_at=database_now() - timedelta(days=90))
    a_transaction(account=an_account())

    told = read(account)

    assert gateway.asked == [moving.pk]
    assert told.figures == {"read": 1, "changed": 0, "failed": 0}


def test_what_the_night_read_already_is_not_read_again(gateway: Gateway) -> None:
    account = an_account()
    a_transaction(account=account)
    since = database_now()

    read(account, since)
    read(account, since)

    assert len(gateway.asked) == 1


def test_a_budget_bounds_the_night_and_says_so(gateway: Gateway, settings: LazySettings) -> None:
    account = an_account()
    for _ in range(4):
        a_transaction(account=account)
    settings.NIGHT_READS = 3

    told = read(account)

    assert len(gateway.asked) == 3
    assert "More than 3 moved lately" in told.sentence


def test_a_gateway_that_is_away_is_left_alone_and_asked_again_later(gateway: Gateway) -> None:
    account = an_account()
    for _ in range(reading.PATIENCE + 3):
        a_transaction(account=account)
    gateway.away = True

    told = read(account)

    assert len(gateway.asked) == reading.PATIENCE
    assert not told.ok
    assert "left alone" in told.sentence


def test_what_differs_after_the_reading_stands_as_a_drift(gateway: Gateway) -> None:
    account = an_account()
    transaction = a_transaction(account=account)
    gateway.amount = 9_000

    read(account)

    assert Drift.objects.get().transaction_id == transaction.pk


def test_a_paused_account_is_not_asked(gateway: Gateway) -> None:
    account = an_account(paused_at=database_now(), paused_reason="The key was lost.")
    a_transaction(account=account)

    told = read(account)

    assert (gateway.asked, told.ok) == ([], True)
    assert "is paused" in told.sentence


def test_a_gateway_that_shows_nothing_is_not_asked(gateway: Gateway) -> None:
    told = read(an_account(gateway="smarterpay"))

    assert told.ok
    assert "its webhooks tell" in told.sentence


def test_an_account_without_a_list_is_not_collected_from(gateway: Gateway) -> None:
    told = reading.collect(an_account())

    assert told.ok
    assert "no list to collect from" in told.sentence
