"""A new payment whose answer never came: the gateway's notification names it, and makes no second order of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from orders.gateways import smartpay
from orders.gateways.base import TransactionState
from orders.gateways.registry import GATEWAYS
from orders.models import GatewayAccount, InboxState, Modification, Order, Transaction
from orders.modifications.new_payment import PaymentRefused
from tests import factories
from tests.gateways.new_payments import a_payment
from tests.inbox.letters import from_a, told, work_off
from tests.inbox.pretend import PretendGateway, a_snapshot, moved
from tests.modifications import steps
from tests.modifications.new_payments import ask_for_payment, made
from tests.modifications.proposing import a_supervisor, confirm, propose

pytestmark = pytest.mark.django_db
NAME = "9b02425b-f346-4f16-892b-6716d5ecf9ac"


@pytest.fixture
def gateway_a(monkeypatch: pytest.MonkeyPatch, settings: Any) -> PretendGateway:
    settings.ALLOW_INSECURE_GATEWAYS = True
    pretended = PretendGateway(module=smartpay)
    monkeypatch.setitem(GATEWAYS, pretended.name, pretended)
    return pretended


@pytest.fixture
def account(gateway_a: PretendGateway) -> GatewayAccount:
    return factories.an_account()


@pytest.fixture
def asked(account: GatewayAccount) -> Modification:
    by: User = factories.a_person(merchants=[account.merchant])
    return ask_for_payment(account, by)


def _shows(gateway: PretendGateway, **fields: Any) -> None:
    values = {
        "state": TransactionState.PENDING_AUTHORIZATION,
        "amount": 5099,
        "currency": "EUR",
        "partner_reference": "SMP-1001",
        "payment_reference": "119344737107896",
        "payment_method": "PREPMNT",
        "reconciliation_reference": "rec-1",
        **fields,
    }
    gateway.shown[NAME] = a_snapshot(NAME, **values)


def test_the_notification_settles_what_was_unknown(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a)

    delivery = told(account, from_a(NAME))

    asked.refresh_from_db()
    transaction = Transaction.objects.get()
    assert (delivery.state, asked.state) == (InboxState.DONE, "succeeded")
    assert (transaction.reference, transaction.payment_reference) == (NAME, "119344737107896")
    assert (transaction.unknown_count, transaction.authorized, transaction.state) == (0, 0, "pending_authorization")
    assert transaction.refreshed_at is not None
    assert Order.objects.count() == 1


def test_the_buyers_money_is_read_with_it(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.unknown())
    _shows(
        gateway_a,
        state=TransactionState.CAPTURED,
        movements=(moved("capture", 5099, gateway_id="cap-1", currency="EUR"),),
    )

    told(account, from_a(NAME))
    told(account, from_a(NAME))

    transaction = Transaction.objects.get()
    assert (transaction.authorized, transaction.captured, transaction.state) == (5099, 5099, "captured")
    assert not transaction.frozen


def test_a_notification_that_overtakes_the_answer_agrees_with_it(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    taken = steps.armed(asked)
    _shows(gateway_a)
    told(account, from_a(NAME))

    row = steps.answered(taken, made())

    assert row.state == "succeeded"
    assert not Transaction.objects.get().frozen
    assert Order.objects.count() == 1


def test_one_that_people_called_failed_and_that_shows_up_holds_its_reference_and_its_order(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.unknown())
    transaction = Transaction.objects.get()
    proposal = propose(asked, by=a_supervisor(transaction), verdict="failed", amount=None, gateway_reference="")
    confirm(proposal, by=a_supervisor(transaction))
    _shows(gateway_a)
    told(account, from_a(NAME))

    for reason in (Transaction.objects.get().frozen_reason, ""):
        Transaction.objects.update(frozen_reason=reason)
        for words in ({}, {"payment": a_payment(partner_reference="SMP-1002")}, {"order_reference": "ORD-1002"}):
            with pytest.raises(PaymentRefused):
                ask_for_payment(account, asked.requested_by, **words)
    assert Modification.objects.count() == 1


def test_another_amount_goes_to_people(account: GatewayAccount, gateway_a: PretendGateway, asked: Modification) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a, amount=5098)

    told(account, from_a(NAME))

    asked.refresh_from_db()
    transaction = Transaction.objects.get()
    assert (asked.state, transaction.named) == ("review", False)
    assert "The gateway moved 50.98 EUR, we asked for 50.99 EUR." in transaction.frozen_reason


@pytest.mark.parametrize("fields", [{"partner_reference": "SMP-9"}, {"payment_method": "VISA"}], ids=str)
def test_somebody_elses_payment_names_nothing(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification, fields: dict[str, str]
) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a, **fields)

    told(account, from_a(NAME))

    asked.refresh_from_db()
    assert asked.state == "unknown"
    assert Order.objects.count() == 2


def test_where_the_gateway_leaves_the_reference_out_nothing_is_guessed_and_no_second_order_is_made(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a, partner_reference="")

    delivery = told(account, from_a(NAME))
    gateway_a.shown["another"] = a_snapshot("another", amount=5098, currency="EUR", payment_method="PREPMNT")
    another = told(account, from_a("another"))

    delivery.refresh_from_db()
    asked.refresh_from_db()
    assert asked.state == "unknown"
    assert "It may be the new payment that we asked for as order ORD-1001" in delivery.sentence
    assert (delivery.state, another.state) == (InboxState.UNMATCHED, InboxState.DONE)
    assert Order.objects.count() == 2


def test_another_accounts_payment_names_nothing(gateway_a: PretendGateway, asked: Modification) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a)

    told(factories.an_account(merchant=asked.merchant), from_a(NAME))

    asked.refresh_from_db()
    assert asked.state == "unknown"


def test_an_account_that_does_not_collect_still_learns_the_name_and_nothing_else(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    GatewayAccount.objects.filter(pk=account.pk).update(collects=False)
    steps.ended(asked, steps.unknown())
    _shows(gateway_a, partner_reference="SMP-9")
    delivery = told(account, from_a(NAME))
    _shows(gateway_a)
    work_off()

    delivery.refresh_from_db()
    asked.refresh_from_db()
    assert asked.state == "succeeded"
    assert (delivery.state, Order.objects.count()) == (InboxState.DONE, 1)


def test_a_payment_that_failed_at_the_gateway_fails_here(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.unknown())
    _shows(gateway_a, state=TransactionState.FAILED)

    told(account, from_a(NAME))
    told(account, from_a(NAME, created_at="2026-05-26T15:29:05.994Z"))

    asked.refresh_from_db()
    assert (asked.state, Order.objects.get().state) == ("failed", "failed")
    assert not Transaction.objects.get().frozen


def test_a_payment_that_two_people_had_given_up_freezes_when_it_turns_up(
    account: GatewayAccount, gateway_a: PretendGateway, asked: Modification
) -> None:
    steps.ended(asked, steps.declined())
    _shows(gateway_a)

    told(account, from_a(NAME))

    asked.refresh_from_db()
    assert asked.state == "failed"
    assert "ended as failed, but the gateway now says" in Transaction.objects.get().frozen_reason
    assert Order.objects.count() == 1
