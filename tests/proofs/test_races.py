"""Races for one transaction's money, run with real threads on the real database: exactly one wins, every time."""

from __future__ import annotations

import threading
import uuid
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.gateways.base import Kind
from orders.models import Modification, ModificationState, Source, Transaction
from orders.modifications import books
from orders.modifications.claim import claim
from orders.modifications.refusals import Refused
from orders.modifications.withdraw import withdraw
from tests import factories
from tests.modifications.asking import ask
from tests.proofs.racing import race
from tests.views.asking import draw, send

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 100
CLICKS = 50
FAR_AWAY = timezone.now() + timedelta(days=365)


def reserved(transaction: Transaction) -> tuple[int, int, bool]:
    transaction.refresh_from_db()
    return transaction.capturing, transaction.refunding, transaction.exclusive_modification is not None


def test_fifty_clicks_on_one_form_are_one_refund() -> None:
    transaction = factories.a_captured_transaction()
    person = factories.a_person(merchants=[transaction.merchant])
    clients = [Client() for _ in range(CLICKS)]
    clients[0].force_login(person)
    for client in clients[1:]:
        client.cookies = clients[0].cookies
    form = draw(clients[0], transaction) | {"amount": "20.00"}

    answers = race([partial(send, client, transaction, Kind.REFUND, form) for client in clients])

    assert [getattr(answer, "status_code", answer) for answer in answers] == [303] * CLICKS
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert Modification.objects.count() == 1
    assert reserved(transaction) == (0, 2_000, False)


def test_of_two_people_who_refund_the_rest_at_once_one_is_told_that_it_changed() -> None:
    for _ in range(ROUNDS // 4):
        transaction = factories.a_captured_transaction(captured=10_000)
        people = [factories.a_person(merchants=[transaction.merchant]) for _ in range(2)]
        asking = [partial(ask, transaction, Kind.REFUND, 10_000, by=person, confirmed_twin=True) for person in people]

        answers = race(asking)

        assert [type(answer) for answer in answers].count(Modification) == 1, answers
        assert sum(isinstance(answer, Refused) for answer in answers) == 1, answers
        assert reserved(transaction) == (0, 10_000, False)


def test_two_different_refunds_that_together_are_too_much_do_not_both_pass() -> None:
    for _ in range(ROUNDS // 4):
        transaction = factories.a_captured_transaction(captured=10_000)
        person = factories.a_person(merchants=[transaction.merchant])

        answers = race([partial(ask, transaction, Kind.REFUND, amount, by=person) for amount in (6_000, 4_001, 4_002)])

        accepted = [answer.amount for answer in answers if isinstance(answer, Modification)]
        assert sum(accepted) <= 10_000, answers
        assert reserved(transaction) == (0, sum(accepted), False)


@pytest.mark.parametrize(("other", "rounds"), [(Kind.CANCEL, ROUNDS), (Kind.CANCEL_OR_REFUND, ROUNDS // 4)])
def test_of_a_cancel_and_a_capture_at_once_one_is_refused(other: Kind, rounds: int) -> None:
    account = factories.an_account()
    person = factories.a_person(merchants=[account.merchant])
    for _ in range(rounds):
        transaction = factories.a_transaction(account=account)

        answers = race([partial(ask, transaction, kind, 10_000, by=person) for kind in (Kind.CAPTURE, other)])

        accepted = [answer for answer in answers if isinstance(answer, Modification)]
        assert len(accepted) == 1, answers
        assert isinstance(next(answer for answer in answers if answer not in accepted), Refused)
        captures = accepted[0].kind == Kind.CAPTURE
        assert reserved(transaction) == ((10_000, 0, False) if captures else (0, 0, True))


def test_two_people_who_both_passed_the_rules_do_not_both_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where readers do not wait for each other both come as far as the reservation; its condition lets one through."""
    both_are_there = threading.Barrier(2)
    reserve = books.reserve

    def reserve_together(*words: Any, **named: Any) -> bool:
        # On SQLite the second cannot come here before the first is done: then nobody waits for long.
        with suppress(threading.BrokenBarrierError):
            both_are_there.wait(0.5)
        return reserve(*words, **named)

    monkeypatch.setattr(books, "reserve", reserve_together)
    transaction = factories.a_transaction()
    people = [factories.a_person(merchants=[transaction.merchant]) for _ in range(2)]

    answers = race([partial(ask, transaction, Kind.CANCEL, 10_000, by=person) for person in people])

    accepted = [answer for answer in answers if isinstance(answer, Modification)]
    assert len(accepted) == 1, answers
    transaction.refresh_from_db()
    assert transaction.exclusive_modification == accepted[0].pk


def test_of_a_withdrawal_and_a_worker_at_once_one_gets_it() -> None:
    account = factories.an_account(concurrency=ROUNDS * 2)
    person = factories.a_person(merchants=[account.merchant])
    for _ in range(ROUNDS):
        transaction = factories.a_transaction(account=account)
        row = ask(transaction, Kind.CAPTURE, 10_000, by=person, source=Source.COMMAND)

        taken, taken_back = race([partial(claim, slots=1), partial(_withdraw, row.pk, person)])

        row.refresh_from_db()
        assert (len(taken) == 1) == (row.state == ModificationState.IN_FLIGHT), (taken, taken_back)
        assert taken_back == (row.state == ModificationState.WITHDRAWN)
        assert reserved(transaction) == ((0, 0, False) if taken_back else (10_000, 0, False))


def test_workers_that_claim_at_once_never_share_a_row() -> None:
    account = factories.an_account(concurrency=64)
    person = factories.a_person(merchants=[account.merchant])
    for _ in range(10):
        rows = {
            ask(factories.a_transaction(account=account), Kind.CAPTURE, 10_000, by=person, source=Source.COMMAND).pk
            for _ in range(4)
        }

        lists = race([partial(claim, slots=3) for _ in range(4)])

        taken = [one.modification_id for claims in lists for one in claims]
        assert len(taken) == len(set(taken))
        assert set(taken) <= rows
        _end(rows)


def _withdraw(modification_id: uuid.UUID, person: Any) -> bool:
    try:
        withdraw(modification_id=modification_id, by=person, source=Source.PAGE)
    except Refused:
        return False
    return True


def _end(rows: set[Any]) -> None:
    """Out of the way of the next round."""
    Modification.objects.filter(pk__in=rows).update(state=ModificationState.PENDING, due_at=FAR_AWAY)
