"""Taking orders over from shops: once, findable, and never against what is already in the books."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from orders.mirror.ingest import LineRow, OrderRefused, OrderRow, TransactionRow, ingest_order
from orders.models import Event, Order, OrderLine, Reference, Transaction
from tests.factories import an_account

pytestmark = pytest.mark.django_db

ROW = OrderRow(
    reference="R-1",
    currency="EUR",
    amount=4_999,
    customer_name="Jana Novák",
    customer_email="Jana@Example.com",
    transactions=(TransactionRow(reference="T-1", amount=4_999, partner_reference="P-1"),),
)


def test_an_order_arrives_with_its_transaction_and_the_words_it_is_found_by() -> None:
    account = an_account()

    order = ingest_order(account=account, row=ROW)

    assert (order.amount, order.state, order.merchant_id) == (4_999, "pending_authorization", account.merchant_id)
    assert Transaction.objects.get().authorized == 0
    words = set(Reference.objects.filter(order=order).values_list("kind", "value"))
    assert words == {
        ("order", "r-1"),
        ("transaction", "t-1"),
        ("partner", "p-1"),
        ("email", "jana@example.com"),
        ("name", "jana novák"),
        ("name", "novák"),
    }


def test_the_same_row_again_changes_nothing() -> None:
    account = an_account()
    ingest_order(account=account, row=ROW)
    before = (Order.objects.count(), Transaction.objects.count(), Reference.objects.count(), Event.objects.count())

    ingest_order(account=account, row=ROW)

    after = (Order.objects.count(), Transaction.objects.count(), Reference.objects.count(), Event.objects.count())
    assert after == before


def test_a_later_row_may_add_a_transaction_and_correct_the_customer() -> None:
    account = an_account()
    ingest_order(account=account, row=ROW)
    more = replace(ROW, customer_name="Jana Dvořák", transactions=(TransactionRow(reference="T-2", amount=1_000),))

    order = ingest_order(account=account, row=more)

    assert order.customer_name == "Jana Dvořák"
    assert set(order.transactions.values_list("reference", flat=True)) == {"T-1", "T-2"}
    assert Reference.objects.filter(order=order, value="dvořák").exists()


def test_another_amount_for_a_known_order_is_refused_and_nothing_is_taken_over() -> None:
    account = an_account()
    ingest_order(account=account, row=ROW)

    with pytest.raises(OrderRefused, match=r"already known with 49\.99 EUR"):
        ingest_order(account=account, row=replace(ROW, amount=5_000))

    assert Order.objects.get().amount == 4_999


def test_a_transaction_of_another_order_is_refused_and_the_new_order_is_not_left_behind() -> None:
    account = an_account()
    ingest_order(account=account, row=ROW)

    with pytest.raises(OrderRefused, match="already belongs to order R-1"):
        ingest_order(account=account, row=replace(ROW, reference="R-2"))

    assert list(Order.objects.values_list("reference", flat=True)) == ["R-1"]


def test_two_accounts_may_use_the_same_references() -> None:
    for account in (an_account(), an_account()):
        ingest_order(account=account, row=ROW)

    assert Order.objects.filter(reference="R-1").count() == 2


def test_the_event_of_an_import_holds_no_personal_data() -> None:
    ingest_order(account=an_account(), row=ROW)

    event = Event.objects.get(verb="order.imported")
    assert "Jana" not in f"{event.sentence}{event.details}"
    assert "@" not in f"{event.sentence}{event.details}"


AT_C = replace(
    ROW, transactions=(TransactionRow(reference="P-1", amount=4_999, card_reference="card-1", authorized=4_999),)
)


def test_a_shop_is_believed_about_the_authorization_where_no_gateway_can_be_asked() -> None:
    account = an_account(gateway="smarterpay")

    order = ingest_order(account=account, row=AT_C)

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.authorized, transaction.card_reference) == ("authorized", 4_999, "card-1")
    assert transaction.expires_at == order.placed_at + timedelta(days=7)
    assert transaction.refresh_due_at is None
    assert order.state == "authorized"
    assert Reference.objects.filter(order=order, kind="card", value="card-1").exists()


@pytest.mark.parametrize("gateway", ["smartpay", "smartpay_orders"])
def test_where_the_gateway_can_be_asked_the_shop_is_not_believed_but_the_gateway_is_read_at_once(gateway: str) -> None:
    ingest_order(account=an_account(gateway=gateway), row=AT_C)

    transaction = Transaction.objects.get()
    assert (transaction.state, transaction.authorized) == ("pending_authorization", 0)
    assert transaction.refresh_due_at is not None


def test_a_later_row_may_bring_the_authorization_once_and_the_same_again_changes_nothing() -> None:
    account = an_account(gateway="smarterpay")
    ingest_order(account=account, row=replace(AT_C, transactions=(TransactionRow(reference="P-1", amount=4_999),)))
    assert Transaction.objects.get().authorized == 0

    ingest_order(account=account, row=AT_C)
    once = Transaction.objects.get()
    ingest_order(account=account, row=AT_C)

    assert (once.authorized, once.card_reference, once.version) == (4_999, "card-1", 2)
    assert (Transaction.objects.get().version, Event.objects.count()) == (2, 2)


@pytest.mark.parametrize("other", [{"authorized": 5_000}, {"card_reference": "card-2"}])
def test_a_later_row_that_contradicts_what_is_known_is_refused(other: dict[str, Any]) -> None:
    account = an_account(gateway="smarterpay")
    ingest_order(account=account, row=AT_C)
    changed = replace(AT_C.transactions[0], **other)

    with pytest.raises(OrderRefused, match="already known"):
        ingest_order(account=account, row=replace(AT_C, transactions=(changed,)))


def test_what_was_captured_meanwhile_is_not_authorized_anew() -> None:
    account = an_account(gateway="smarterpay")
    ingest_order(account=account, row=AT_C)
    Transaction.objects.update(captured=4_999, state="captured", capture_open=False)

    ingest_order(account=account, row=AT_C)

    assert Transaction.objects.get().state == "captured"


def test_the_articles_come_with_the_order_and_a_later_list_replaces_them() -> None:
    account = an_account()
    first = replace(ROW, lines=(LineRow(name="Teapot", quantity=1, unit_amount=4_999),))
    for _ in range(2):
        ingest_order(account=account, row=first)
    assert (OrderLine.objects.count(), Event.objects.count()) == (1, 1)

    ingest_order(account=account, row=replace(ROW, lines=(LineRow(name="Cup", quantity=2, unit_amount=2_000),)))
    ingest_order(account=account, row=ROW)

    assert list(OrderLine.objects.values_list("name", "quantity")) == [("Cup", 2)]
