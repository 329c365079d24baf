"""The tasks of the inbox: few hands at a time, and a ring that finds none loses nothing."""

from __future__ import annotations

import pytest

from orders.inbox import tasks
from orders.models import GatewayAccount, InboxDelivery
from tests.inbox.letters import from_c, payment_event, post

pytestmark = pytest.mark.django_db

BEGUN = payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)


def test_a_ring_works_its_delivery_off(account_c: GatewayAccount) -> None:
    post(account_c, from_c(BEGUN))

    tasks.process(str(InboxDelivery.objects.get().pk))

    assert InboxDelivery.objects.get().state == "done"


def test_a_ring_that_finds_no_hand_leaves_it_to_the_timetable(account_c: GatewayAccount) -> None:
    post(account_c, from_c(BEGUN))
    delivery = InboxDelivery.objects.get()

    with tasks.HANDS, tasks.HANDS:
        tasks.process(str(delivery.pk))
        tasks.process_due()
        delivery.refresh_from_db()
        assert (delivery.state, delivery.attempts_made) == ("waiting", 0)

    tasks.process_due()
    delivery.refresh_from_db()
    assert delivery.state == "done"


def test_a_hand_is_given_back_when_something_breaks(account_c: GatewayAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr("orders.inbox.process.process", breaks)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            tasks.process("1")
