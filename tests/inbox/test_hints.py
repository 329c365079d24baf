"""Webhooks that only make us read: gateway B's, and what nobody has signed; and payments that are new here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from orders.database import database_now
from orders.gateways import smartpay
from orders.gateways.base import Deal, Kind, Line, TransactionState
from orders.inbox.process import GIVE_UP_AFTER
from orders.mirror.ingest import OrderRow, TransactionRow, ingest_order
from orders.models import (
    ExternalMovement,
    GatewayAccount,
    InboxDelivery,
    Modification,
    Order,
    OrderLine,
    ReferenceKind,
    Source,
    Transaction,
)
from orders.money import Money
from orders.references import note_words
from tests import factories
from tests.inbox.letters import from_a, from_b, from_c, payment_event, post, result_of, told, work_off
from tests.inbox.pretend import PretendGateway, a_snapshot, moved, stands_in
from tests.modifications import steps
from tests.modifications.channels import money_of
from tests.modifications.steps import asked, ended, fresh

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(days=400)


def at_b(account: GatewayAccount, reference: str = "order_1", **fields: object) -> Transaction:
    order = factories.an_order(account=account, currency="JPY", amount=10_000)
    transaction = factories.a_transaction(order=order, reference=reference, **fields)  # type: ignore[arg-type]
    Transaction.objects.filter(pk=transaction.pk).update(refreshed_at=database_now() - LONG_AGO)
    return transaction


def test_an_event_about_a_known_order_makes_us_read_it(account_b: GatewayAccount, gateway: PretendGateway) -> None:
    transaction = at_b(account_b)
    gateway.shown["order_1"] = a_snapshot("order_1", movements=(moved("capture", 4_000, gateway_id="payment_1"),))

    delivery = told(account_b, from_b("payment.created", {"id": "payment_1", "order": "order_1", "amount": 4_000}))

    assert gateway.asked == ["order_1"]
    assert money_of(transaction) == {"captured": 4_000}
    assert ExternalMovement.objects.get().source == Source.WEBHOOK
    assert (delivery.state, delivery.results[0]["transaction"]) == ("done", transaction.pk)


def test_what_the_event_claims_is_not_believed_but_read(account_b: GatewayAccount, gateway: PretendGateway) -> None:
    transaction = at_b(account_b)
    gateway.shown["order_1"] = a_snapshot("order_1")

    told(account_b, from_b("payment.created", {"id": "payment_1", "order": "order_1", "amount": 10_000}))

    assert money_of(transaction) == {}


def test_a_refund_leads_by_its_payment_to_the_order(account_b: GatewayAccount, gateway: PretendGateway) -> None:
    transaction = at_b(account_b)
    note_words(transaction.order, [(ReferenceKind.GATEWAY, "payment_1")])
    gateway.shown["order_1"] = a_snapshot("order_1")

    told(account_b, from_b("refund.created", {"id": "refund_1", "payment": "payment_1", "amount": 100}))

    assert gateway.asked == ["order_1"]


def test_many_hints_that_came_before_one_reading_cost_no_more_than_that(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    at_b(account_b)
    gateway.shown["order_1"] = a_snapshot("order_1")
    for _ in range(5):
        post(account_b, from_b("order.authorized", {"id": "order_1"}))

    work_off()

    assert gateway.asked == ["order_1"]
    assert set(InboxDelivery.objects.values_list("state", flat=True)) == {"done"}


def test_a_gateway_that_does_not_answer_is_asked_again_by_the_mirror(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    transaction = at_b(account_b)
    gateway.trouble = "No whole answer came."

    delivery = told(account_b, from_b("order.authorized", {"id": "order_1"}))

    due = fresh(transaction).refresh_due_at
    assert due is not None
    assert due < database_now() + timedelta(minutes=1)
    assert "asked again by itself" in delivery.sentence


def test_a_gateway_that_is_known_to_be_in_trouble_is_left_to_the_mirror(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    transaction = at_b(account_b)
    GatewayAccount.objects.update(breaker_until=database_now() + timedelta(minutes=1))

    told(account_b, from_b("order.authorized", {"id": "order_1"}))

    assert gateway.asked == []
    due = fresh(transaction).refresh_due_at
    assert due is not None
    assert due <= database_now()


def test_an_order_nobody_typed_in_arrives_with_its_customer_and_lines(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    now = database_now()
    gateway.shown["order_9"] = a_snapshot(
        "order_9",
        expires_at=now + timedelta(days=7),
        customer_name="Jana Novák",
        customer_email="jana@example.com",
        order_reference="SHOP-9",
        lines=(Line(name="Teapot", quantity=2, unit_amount=5_000),),
        deal=Deal(reference="D-1", type_code="3RIPSS", amount=Money(20_000, "JPY")),
    )

    delivery = told(account_b, from_b("order.authorized", {"id": "order_9", "amount": 10_000, "currency": "JPY"}))

    order, transaction = Order.objects.get(), Transaction.objects.get()
    assert (order.reference, order.amount, order.customer_name, order.state) == (
        "SHOP-9",
        10_000,
        "Jana Novák",
        "authorized",
    )
    assert list(OrderLine.objects.values_list("name", "quantity", "unit_amount")) == [("Teapot", 2, 5_000)]
    assert (transaction.authorized, transaction.expires_at) == (10_000, now + timedelta(days=7))
    assert (transaction.deal_reference, transaction.deal_type, transaction.deal_amount) == ("D-1", "3RIPSS", 20_000)
    assert gateway.asked == ["order_9"]
    assert delivery.results[0]["transaction"] == transaction.pk


def test_a_payment_is_found_by_the_gateway_when_the_order_is_not_said(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    gateway.owners["refund_1"] = "order_9"
    gateway.shown["order_9"] = a_snapshot("order_9", order_reference="SHOP-9")

    told(account_b, from_b("refund.created", {"id": "refund_1", "payment": "payment_1", "amount": 100}))

    assert Transaction.objects.get().reference == "order_9"


def test_an_account_that_does_not_collect_takes_nothing_over(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    GatewayAccount.objects.filter(pk=account_b.pk).update(collects=False)
    gateway.shown["order_9"] = a_snapshot("order_9")

    delivery = told(account_b, from_b("order.authorized", {"id": "order_9"}))

    assert not Order.objects.exists()
    assert (delivery.state, gateway.asked) == ("unmatched", [])


def test_what_matches_nothing_climbs_the_ladder_and_is_kept_after_a_week(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    post(account_b, from_b("order.authorized", {"id": "order_9"}))
    waits = []
    for _ in range(7):
        work_off()
        delivery = InboxDelivery.objects.get()
        assert delivery.due_at is not None
        waits.append(round((delivery.due_at - database_now()).total_seconds()))
    assert waits == [60, 300, 900, 3600, 14400, 14400, 14400]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orders.inbox.process.GIVE_UP_AFTER", -GIVE_UP_AFTER)
        work_off()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at) == ("unmatched", None)


def test_an_order_that_arrives_later_wakes_what_waited_for_it(
    account_b: GatewayAccount, gateway: PretendGateway
) -> None:
    delivery = told(account_b, from_b("order.authorized", {"id": "order_9"}))
    assert delivery.state == "unmatched"
    gateway.shown["order_9"] = a_snapshot("order_9")

    row = TransactionRow(reference="order_9", amount=10_000)
    ingest_order(account=account_b, row=OrderRow(reference="S-9", currency="JPY", amount=10_000, transactions=(row,)))

    delivery.refresh_from_db()
    assert delivery.due_at is not None
    assert delivery.due_at <= database_now()
    work_off()
    delivery.refresh_from_db()
    assert (delivery.state, Transaction.objects.get().authorized) == ("done", 10_000)


def test_a_notification_of_a_is_a_hint_that_makes_us_read(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    shown = stands_in(monkeypatch, settings, module=smartpay)
    account = factories.an_account()
    transaction = factories.a_transaction(account=account, authorized=5_000, reference="T-1")
    shown.shown["T-1"] = a_snapshot("T-1", amount=5_000, currency="EUR", state=TransactionState.CANCELLED)

    delivery = told(account, from_a("T-1"))

    assert fresh(transaction).state == TransactionState.CANCELLED
    assert (delivery.signed, delivery.state) == (False, "done")


# Gateway C: nothing can be read, so what is new is taken over from the event itself.


def test_a_payment_that_c_tells_of_becomes_an_order(account_c: GatewayAccount) -> None:
    begun = payment_event("DeferredEcommerce", payment_id="P1", amount=5_000, custom_reference="SHOP-1")

    told(account_c, from_c(begun))

    transaction = Transaction.objects.select_related("order").get()
    assert (transaction.reference, transaction.card_reference, transaction.state) == ("P1", "card-1", "authorized")
    assert (transaction.authorized, transaction.order.reference) == (5_000, "SHOP-1")
    assert transaction.refresh_due_at is None


def test_the_card_record_of_a_payment_that_the_shop_told_is_learnt_and_another_one_freezes(
    account_c: GatewayAccount,
) -> None:
    row = TransactionRow(reference="P1", amount=5_000)
    ingest_order(account=account_c, row=OrderRow(reference="S-1", currency="EUR", amount=5_000, transactions=(row,)))
    begun = payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)

    told(account_c, from_c(begun))
    transaction = Transaction.objects.get()
    assert (transaction.card_reference, transaction.authorized, transaction.frozen) == ("card-1", 5_000, False)

    told(account_c, from_c(payment_event("DeferredEcommerce", payment_id="P1", amount=5_000, card="card-2")))
    transaction.refresh_from_db()
    assert (transaction.card_reference, transaction.frozen) == ("card-1", True)


def test_a_late_repeat_of_the_beginning_does_not_reopen_what_was_captured(account_c: GatewayAccount) -> None:
    begun = payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)
    captured = payment_event("DeferredRelease", payment_id="P2", related="P1", amount=3_000)
    told(account_c, from_c(begun))
    told(account_c, from_c(captured))

    told(account_c, from_c(begun | {"event_id": "another", "updated_at": "2027-01-01T00:00:00Z"}))

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.captured, transaction.released) == ("captured", 3_000, 2_000)


def test_a_portal_capture_refund_and_cancel_are_movements_that_are_not_ours(account_c: GatewayAccount) -> None:
    told(account_c, from_c(payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)))
    told(account_c, from_c(payment_event("DeferredEcommerce", payment_id="Q1", amount=5_000, card="card-2")))

    told(account_c, from_c(payment_event("DeferredRelease", payment_id="P2", related="P1", amount=5_000)))
    told(account_c, from_c(payment_event("Refund", payment_id="P3", related="P2", amount=1_000)))
    told(account_c, from_c(payment_event("DeferredCancel", payment_id="Q2", related="Q1", card="card-2")))

    captured, cancelled = Transaction.objects.order_by("pk")
    assert money_of(captured) == {"captured": 5_000, "refunded": 1_000}
    assert (cancelled.state, cancelled.released, cancelled.capture_open) == ("cancelled", 5_000, False)
    assert set(ExternalMovement.objects.values_list("source", "booked")) == {(Source.WEBHOOK, True)}
    assert not Modification.objects.exists()


def test_a_refund_that_comes_before_its_capture_waits_for_it(account_c: GatewayAccount) -> None:
    told(account_c, from_c(payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)))
    waiting = told(account_c, from_c(payment_event("Refund", payment_id="P3", related="P1", amount=1_000)))
    assert waiting.state == "unmatched"
    assert not ExternalMovement.objects.exists()

    told(account_c, from_c(payment_event("DeferredRelease", payment_id="P2", related="P1", amount=5_000)))
    work_off()

    transaction = Transaction.objects.get()
    assert money_of(transaction) == {"captured": 5_000, "refunded": 1_000}
    assert not transaction.frozen


def test_what_does_not_fit_after_a_quarter_of_an_hour_is_kept_beside_the_books_and_freezes(
    account_c: GatewayAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(account_c, from_c(payment_event("DeferredEcommerce", payment_id="P1", amount=5_000)))
    monkeypatch.setattr("orders.inbox.process.PATIENCE", timedelta(0))

    delivery = told(account_c, from_c(payment_event("Refund", payment_id="P3", related="P1", amount=1_000)))

    transaction = Transaction.objects.get()
    assert delivery.state == "done"
    assert transaction.frozen
    assert not ExternalMovement.objects.get().booked


BEGUN = payment_event("DeferredMOTO", payment_id="P1", amount=5_000, created_at="2026-05-01T10:00:00Z")
UNUSED = BEGUN | {"event_id": "back", "status": "Cancelled", "updated_at": "2026-05-09T10:00:00Z"}
GIVEN_UP = UNUSED | {"updated_at": "2026-05-02T10:00:00Z"}


@pytest.mark.parametrize(("end", "state"), [(UNUSED, "expired"), (GIVEN_UP, "cancelled")], ids=["late", "early"])
@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned round"])
def test_money_that_goes_back_unused_is_released_in_either_order(
    account_c: GatewayAccount, end: dict[str, Any], state: str, turned: bool
) -> None:
    letters = [from_c(BEGUN), from_c(end)]

    told(account_c, *(reversed(letters) if turned else letters))
    told(account_c, from_c(end | {"event_id": "again"}))

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.authorized, transaction.released) == (state, 5_000, 5_000)
    assert not transaction.capture_open


def test_a_payment_that_failed_and_succeeded_at_a_second_try_is_authorized(account_c: GatewayAccount) -> None:
    failed = BEGUN | {"status": "Failed"}

    told(account_c, from_c(failed), from_c(BEGUN | {"event_id": "second", "updated_at": "2026-05-01T10:05:00Z"}))

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.authorized, transaction.released) == ("authorized", 5_000, 0)


def test_money_that_goes_back_while_our_capture_is_open_waits_for_its_end(account_c: GatewayAccount) -> None:
    begun = BEGUN | {"created_at": database_now().isoformat()}
    told(account_c, from_c(begun))
    capture = ended(asked(Transaction.objects.get(), Kind.CAPTURE, 5_000), steps.pending())

    back = begun | {
        "event_id": "back",
        "status": "Cancelled",
        "updated_at": (database_now() + timedelta(days=8)).isoformat(),
    }
    waiting = told(account_c, from_c(back))
    assert (waiting.state, Transaction.objects.get().state) == ("unmatched", "authorized")

    told(account_c, from_c(result_of(capture, "DeferredRelease", status="Failed")))
    work_off()
    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.released, transaction.capturing) == ("expired", 5_000, 0)
