"""Taking orders over from shops: once, findable, and never against what is already in the books."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orders.mirror.ingest import OrderRefused, OrderRow, TransactionRow, ingest_order
from orders.models import Event, Order, Reference, Transaction
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
