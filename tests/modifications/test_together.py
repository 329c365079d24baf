"""Two people, two tabs, two processes at the same moment: real threads with connections of their own."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db import transaction as database_transaction

from orders.database import in_one_transaction
from orders.gateways.base import Kind
from orders.models import Event, Modification, RefundPlan, Source, Transaction
from orders.modifications.plans import finish_plan
from orders.modifications.refusals import Refused
from tests import factories
from tests.modifications.asking import ask
from tests.modifications.planning import asked_back, captured_in_parts, legs_of, planned
from tests.modifications.steps import an_agent, declined, ended, fresh

pytestmark = pytest.mark.django_db(transaction=True)


def together(works: Sequence[Callable[[], object]]) -> list[object]:
    """Start all at one moment; what each returned or raised, in the order of the works."""
    barrier = threading.Barrier(len(works))
    ends: list[object] = [None] * len(works)

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            barrier.wait()
            ends[place] = work()
        except Exception as problem:
            ends[place] = problem
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


def asking(transaction: Transaction, kind: Kind, amount: int, person: User, **words: object) -> Callable[[], object]:
    return lambda: ask(transaction, kind, amount, by=User.objects.get(pk=person.pk), **words)


def test_one_form_posted_at_once_is_one_modification() -> None:
    transaction = factories.a_captured_transaction()
    person = an_agent(transaction)
    form = {"modification_id": uuid.uuid4(), "expected_version": transaction.version}

    ends = together([asking(transaction, Kind.REFUND, 2_500, person, **form)] * 6)

    assert {getattr(end, "pk", end) for end in ends} == {form["modification_id"]}
    assert Modification.objects.count() == 1
    assert fresh(transaction).refunding == 2_500
    assert Event.objects.filter(verb="refund.requested").count() == 1


def test_two_people_who_refund_the_rest_at_once_refund_it_once() -> None:
    transaction = factories.a_captured_transaction()
    people = [an_agent(transaction) for _ in range(2)]

    ends = together([asking(transaction, Kind.REFUND, 10_000, person, confirmed_twin=True) for person in people])

    assert sum(isinstance(end, Modification) for end in ends) == 1
    assert sum(isinstance(end, Refused) for end in ends) == 1
    assert (fresh(transaction).refunding, transaction.captures.get().refunding) == (10_000, 10_000)


def test_a_cancel_and_a_capture_at_once_exclude_each_other() -> None:
    for _ in range(5):
        transaction = factories.a_transaction()
        person = an_agent(transaction)

        ends = together([asking(transaction, kind, 10_000, person) for kind in (Kind.CANCEL, Kind.CAPTURE)])

        now = fresh(transaction)
        assert sum(isinstance(end, Modification) for end in ends) == 1
        assert (now.capturing == 10_000) is (now.exclusive_modification is None)


# The transaction that survives a lost race for a lock.


def test_work_that_lost_its_lock_is_done_again_from_its_beginning() -> None:
    order = factories.an_order()
    tries: list[int] = []

    def work() -> str:
        tries.append(1)
        order.__class__.objects.filter(pk=order.pk).update(customer_name=f"try {len(tries)}")
        if len(tries) < 3:
            raise OperationalError("deadlock detected")
        return "done"

    assert in_one_transaction(work) == "done"

    order.refresh_from_db()
    assert (len(tries), order.customer_name) == (3, "try 3")


def test_a_lock_that_is_never_won_is_an_error_and_leaves_nothing() -> None:
    order = factories.an_order(customer_name="before")
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        order.__class__.objects.filter(pk=order.pk).update(customer_name="half done")
        raise OperationalError("deadlock detected")

    with pytest.raises(OperationalError):
        in_one_transaction(work)

    order.refresh_from_db()
    assert (len(tries), order.customer_name) == (3, "before")


def test_inside_another_transaction_work_is_not_repeated() -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        raise OperationalError("deadlock detected")

    with pytest.raises(OperationalError), database_transaction.atomic():
        in_one_transaction(work)

    assert len(tries) == 1


def test_one_form_of_a_plan_posted_at_once_is_one_plan_with_its_parts() -> None:
    transaction = captured_in_parts(6_000, 4_000)
    person, form = an_agent(transaction), uuid.uuid4()

    ends = together(
        [lambda: asked_back(transaction, 9_000, by=User.objects.get(pk=person.pk), modification_id=form)] * 6
    )

    assert {getattr(end, "pk", end) for end in ends} == {form}
    assert RefundPlan.objects.count() == 1
    assert sorted(Modification.objects.values_list("amount", flat=True)) == [4_000, 5_000]
    assert fresh(transaction).refunding == 9_000
    assert Event.objects.filter(refused=True).count() == 0


def test_two_people_who_plan_to_give_everything_back_at_once_do_it_once() -> None:
    transaction = captured_in_parts(6_000, 4_000)
    people = [an_agent(transaction) for _ in range(2)]

    ends = together([partial(asked_back, transaction, 10_000, by=person, confirmed_twin=True) for person in people])

    assert sum(isinstance(end, RefundPlan) for end in ends) == 1
    assert fresh(transaction).refunding == 10_000
    assert Modification.objects.count() == 2


def test_two_people_who_finish_a_plan_at_once_finish_it_once() -> None:
    transaction = captured_in_parts(6_000, 4_000)
    plan = planned(transaction, 9_000, by=an_agent(transaction))
    for leg in legs_of(plan):
        ended(leg, declined())
    people = [an_agent(transaction) for _ in range(2)]

    together(
        [
            partial(finish_plan, plan_id=plan.pk, by=person, source=Source.PAGE, expected_version=None)
            for person in people
        ]
    )

    assert sorted(plan.modifications.filter(finished_at=None).values_list("amount", flat=True)) == [4_000, 5_000]
    assert fresh(transaction).refunding == 9_000


def test_two_captures_of_one_deal_at_once_stay_within_it() -> None:
    deal: dict[str, Any] = {"deal_reference": "deal-1", "deal_type": "3RIPSS", "deal_amount": 12_000}
    first = factories.a_transaction(**deal)
    second = factories.a_transaction(account=first.account, **deal)
    person = an_agent(first)

    ends = together([asking(one, Kind.CAPTURE, 7_000, person) for one in (first, second)])

    assert sum(isinstance(end, Modification) for end in ends) == 1
    assert sum(isinstance(end, Refused) for end in ends) == 1
