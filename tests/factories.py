"""Plain builders of the things tests need: say what matters for the test, the rest is filled in."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from orders.gateways.base import TransactionState
from orders.groups import seeded_group
from orders.models import (
    Capture,
    GatewayAccount,
    Membership,
    Merchant,
    Order,
    ReferenceKind,
    Transaction,
)
from orders.references import Word, note_words, words_of_customer
from orders.summary import summarise

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


def a_merchant(name: str = "", **fields: Any) -> Merchant:
    return Merchant.objects.create(name=name or f"Merchant {next(_numbers)}", **fields)


def a_person(
    username: str = "", *, merchants: Sequence[Merchant] = (), groups: Sequence[str] = ("agent",), **fields: Any
) -> User:
    """Somebody with the groups' permissions at the merchants; the password is PASSWORD."""
    person = User.objects.create_user(username or f"person{next(_numbers)}", password=PASSWORD, **fields)
    person.groups.set([seeded_group(name) for name in groups])
    for merchant in merchants:
        Membership.objects.create(user=person, merchant=merchant)
    return person


def an_account(
    *,
    merchant: Merchant | None = None,
    base_url: str = "http://127.0.0.1:9/smartpay",
    merchant_key: str = "",
    authentication_key: str = "secret-one",
    **fields: Any,
) -> GatewayAccount:
    """An account at gateway A; by default nobody listens at its address."""
    number = next(_numbers)
    values = {"name": f"account {number}", "gateway": "smartpay", **fields}
    account = GatewayAccount(
        merchant=merchant or a_merchant(),
        base_url=base_url,
        merchant_key=merchant_key or f"merchant-{number}",
        **values,
    )
    account.seal_authentication_key(authentication_key)
    account.save()
    return account


def an_order(*, account: GatewayAccount | None = None, placed_at: datetime | None = None, **fields: Any) -> Order:
    """An order without transactions, findable by its reference, name and e-mail. Amounts in minor units."""
    account = account or an_account()
    values = {"reference": f"order-{next(_numbers)}", "currency": "EUR", "amount": 10_000, **fields}
    order = Order.objects.create(
        merchant_id=account.merchant_id, account=account, placed_at=placed_at or timezone.now(), **values
    )
    words: list[Word] = [(ReferenceKind.ORDER, order.reference)]
    note_words(order, words + words_of_customer(name=order.customer_name, email=order.customer_email))
    return order


def a_transaction(
    *,
    account: GatewayAccount | None = None,
    order: Order | None = None,
    state: TransactionState = TransactionState.AUTHORIZED,
    authorized: int = 10_000,
    **fields: Any,
) -> Transaction:
    """An authorization of 100.00 EUR unless told otherwise; `captured` comes with one Capture row."""
    order = order or an_order(account=account, amount=authorized or 10_000)
    values = {
        "reference": str(uuid.uuid4()),
        "currency": order.currency,
        "raw_status": state.value.upper(),
        "expires_at": timezone.now() + timedelta(days=5),
        **fields,
    }
    transaction = Transaction.objects.create(
        merchant_id=order.merchant_id,
        account=order.account,
        order=order,
        state=state.value,
        authorized=authorized,
        **values,
    )
    if transaction.captured:
        a_capture(transaction=transaction, amount=transaction.captured, refunded=transaction.refunded)
    note_words(order, [(ReferenceKind.TRANSACTION, transaction.reference)])
    summarise(order)
    return transaction


def a_captured_transaction(*, captured: int = 10_000, **fields: Any) -> Transaction:
    """Everything captured and nothing refunded, unless told otherwise."""
    values = {"authorized": captured, "state": TransactionState.CAPTURED, "capture_open": False, **fields}
    return a_transaction(captured=captured, **values)


def a_capture(*, transaction: Transaction, amount: int, **fields: Any) -> Capture:
    values = {"gateway_id": str(uuid.uuid4()), "captured_at": timezone.now(), **fields}
    return Capture.objects.create(transaction=transaction, amount=amount, **values)
