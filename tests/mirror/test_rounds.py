"""The round: what is due is read, what may not be asked is left alone, a gateway in trouble delays nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from orders.database import database_now
from orders.gateways.base import Fetched, Kind, TransactionState
from orders.mirror import rounds
from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.refresh import Reader, refresh_many, refresh_transaction, take_answer
from orders.mirror.rounds import begin_moving, begin_resting, refresh_due
from orders.models import GatewayAccount, Source, Transaction
from tests import factories
from tests.inbox.pretend import PretendGateway, a_snapshot, stands_in
from tests.modifications import steps
from tests.modifications.steps import asked, ended, fresh
from tests.proofs.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_gateway(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, _no_transaction_but_the_tests_own: None
) -> PretendGateway:
    return stands_in(monkeypatch, settings)


Make = Callable[..., Transaction]


@pytest.fixture
def make(at_gateway: PretendGateway) -> Make:
    """A transaction that is due and that the gateway shows as it stands here."""

    def one(account: GatewayAccount | None = None, *, due: bool = True, **fields: Any) -> Transaction:
        account = account or factories.an_account(gateway="smartpay_orders")
        order = factories.an_order(account=account, currency="JPY")
        transaction = factories.a_transaction(order=order, **fields)
        if due:
            Transaction.objects.filter(pk=transaction.pk).update(refresh_due_at=database_now())
        state = TransactionState(transaction.state)
        at_gateway.shown[transaction.reference] = a_snapshot(transaction.reference, state=state)
        return transaction

    return one


def seconds_until_due(transaction: Transaction) -> float:
    due = fresh(transaction).refresh_due_at
    assert due is not None
    return (due - database_now()).total_seconds()


def test_what_is_due_is_read_and_is_due_again_later(make: Make, at_gateway: PretendGateway) -> None:
    transaction, other = make(), make()
    Transaction.objects.filter(pk=other.pk).update(refresh_due_at=database_now() + timedelta(hours=1))

    refresh_due()
    refresh_due()

    assert at_gateway.asked == [transaction.reference]
    assert 25 < seconds_until_due(transaction) < 40


def test_a_change_at_the_gateway_starts_the_ladder_anew(make: Make, at_gateway: PretendGateway) -> None:
    transaction = make()
    Transaction.objects.update(refresh_step=4)
    refresh_due()
    assert fresh(transaction).refresh_step == 1

    Transaction.objects.update(refresh_step=4, refresh_due_at=database_now())
    refresh_due()
    assert fresh(transaction).refresh_step == 5

    gone = a_snapshot(transaction.reference, state=TransactionState.EXPIRED)
    at_gateway.shown[transaction.reference] = gone
    Transaction.objects.update(refresh_due_at=database_now())
    refresh_due()
    assert (fresh(transaction).state, fresh(transaction).released) == ("expired", 10_000)
    assert seconds_until_due(transaction) > 3600


def test_an_end_of_ours_makes_it_due_at_once(make: Make, at_gateway: PretendGateway) -> None:
    transaction = make(due=False)
    row = asked(transaction, Kind.CAPTURE, 10_000)

    ended(row, steps.success(row))

    assert seconds_until_due(transaction) <= 0
    assert fresh(transaction).refresh_step == 0


def test_paused_accounts_and_those_whose_breaker_is_open_are_left_alone(make: Make, at_gateway: PretendGateway) -> None:
    paused, troubled = make(), make()
    now = database_now()
    GatewayAccount.objects.filter(pk=paused.account_id).update(paused_at=now, paused_reason="broken")
    GatewayAccount.objects.filter(pk=troubled.account_id).update(breaker_until=now + timedelta(minutes=1))

    assert refresh_due() == []

    GatewayAccount.objects.update(paused_at=None, paused_reason="", breaker_until=now - timedelta(seconds=1))
    assert len(refresh_due()) == 2


def test_after_one_failure_the_accounts_others_wait_and_other_accounts_do_not(
    make: Make, at_gateway: PretendGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    rest = [make(first.account) for _ in range(5)]
    healthy = make()
    real = ask_gateway

    def ask(question: Any) -> Fetched:
        if question.place.account_id == first.account_id:
            at_gateway.asked.append("in trouble")
            return Fetched(snapshot=None, reason="No whole answer came.")
        return real(question)

    monkeypatch.setattr("orders.mirror.rounds.ask_gateway", ask)
    refresh_due()
    refresh_due()

    assert sorted(at_gateway.asked) == sorted(["in trouble", healthy.reference])
    assert "No whole answer" in fresh(first).refresh_problem
    assert all(50 < seconds_until_due(one) < 70 for one in rest)


def test_one_that_the_gateway_does_not_know_says_nothing_about_the_others(
    make: Make, at_gateway: PretendGateway
) -> None:
    missing = make()
    known = make(missing.account)
    del at_gateway.shown[missing.reference]

    refresh_due()

    assert set(at_gateway.asked) == {missing.reference, known.reference}
    assert "does not know this transaction" in fresh(missing).refresh_problem


def test_a_round_is_small_and_what_moves_comes_first(make: Make, at_gateway: PretendGateway) -> None:
    resting = [make(state=TransactionState.CANCELLED) for _ in range(4)]
    Transaction.objects.update(refresh_due_at=database_now() - timedelta(days=1))
    moving = make()

    refresh_due(at_most=2)

    assert moving.reference in at_gateway.asked
    assert len(at_gateway.asked) == 2
    refresh_due(at_most=50)
    assert set(at_gateway.asked) == {moving.reference, *(one.reference for one in resting)}


def test_a_payment_without_an_id_is_never_asked_for(make: Make, at_gateway: PretendGateway) -> None:
    unnamed = make(reference="new:8f14e45f-ceea-467f-9e68-0d5c3a9b1a11")

    assert refresh_due() == []
    told = refresh_transaction(transaction_id=unnamed.pk, source=Source.COMMAND)
    assert (told.asked, told.changed, at_gateway.asked) == (False, False, [])
    assert "has not given this payment an id" in told.sentence


def test_a_gateway_that_cannot_be_asked_is_not_and_nothing_changes(at_gateway: PretendGateway) -> None:
    account = factories.an_account(gateway="smarterpay")
    transaction = factories.a_transaction(account=account)
    Transaction.objects.update(refresh_due_at=database_now())
    before = fresh(transaction)

    told = refresh_transaction(transaction_id=transaction.pk, source=Source.COMMAND)
    (many,) = refresh_many(Transaction.objects.select_related("account"), by=None, source=Source.COMMAND)

    assert refresh_due() == []
    assert "shows no payment when it is asked" in told.sentence
    assert (told.problem, many) == ("", told)
    after = fresh(transaction)
    assert (after.version, after.refreshed_at, after.refresh_problem) == (before.version, None, "")


def test_what_was_never_due_gets_its_turn(make: Make, at_gateway: PretendGateway) -> None:
    moving = make(due=False)
    resting = make(due=False, state=TransactionState.CANCELLED)
    beyond = factories.a_transaction(account=factories.an_account(gateway="smarterpay"))

    assert (begin_moving(), begin_moving()) == (1, 0)
    assert (begin_resting(), begin_resting()) == (1, 0)

    assert seconds_until_due(moving) <= 0
    assert 6 * 3600 - 5 < seconds_until_due(resting) < 30 * 3600
    assert fresh(beyond).refresh_due_at is None


def test_what_ended_while_the_answer_was_on_its_way_is_read_once_more_soon(
    make: Make, at_gateway: PretendGateway
) -> None:
    transaction = make()
    Transaction.objects.update(refresh_step=5)
    question = question_about(fresh(transaction))
    row = asked(transaction, Kind.CAPTURE, 10_000)
    ended(row, steps.success(row))

    stale = Fetched(snapshot=at_gateway.shown[transaction.reference], reason="")
    take_answer(question, stale, Reader(by=None, source=Source.WORKER))

    after = fresh(transaction)
    assert seconds_until_due(transaction) < 60
    assert after.refreshed_at == question.asked_at


@pytest.mark.django_db(transaction=True)
def test_two_processes_ask_each_only_once(make: Make, at_gateway: PretendGateway) -> None:
    account = factories.an_account(gateway="smartpay_orders")
    made = [make(account) for _ in range(6)]

    taken = race([partial(rounds._claim, 3) for _ in range(2)])

    rows = [row.pk for claimed, _ in taken for row in claimed]
    assert len(rows) == len(set(rows)), taken
    assert set(rows) <= {one.pk for one in made}


def test_the_network_is_never_used_inside_a_database_transaction() -> None:
    transaction = factories.a_transaction()

    with pytest.raises(AssertionError, match="no database transaction"):
        refresh_transaction(transaction_id=transaction.pk, source=Source.WORKER)
    with pytest.raises(AssertionError, match="no database transaction"):
        refresh_due()
