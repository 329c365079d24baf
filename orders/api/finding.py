"""Finding what a token may see: rows of its merchant, or 404 in the same words as for what does not exist."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Prefetch, QuerySet

from orders.api.problems import not_found
from orders.models import ApiToken, Capture, GatewayAccount, Modification, Order, RefundPlan, Transaction

Row = TypeVar("Row", bound=Model)


def account_named(token: ApiToken, name: str) -> GatewayAccount:
    """The merchant's gateway account of this name. Raises a 404 Problem."""
    return _one(accounts_of(token).filter(name=name))


def accounts_of(token: ApiToken) -> QuerySet[GatewayAccount]:
    """The merchant's gateway accounts."""
    return GatewayAccount.objects.filter(merchant=token.merchant_id)


def orders_of(token: ApiToken) -> QuerySet[Order]:
    """The merchant's orders with their accounts, transactions, captures and lines, in a few queries."""
    captures = Prefetch("captures", Capture.objects.order_by("pk"))
    transactions = Transaction.objects.order_by("pk").select_related("account").prefetch_related(captures)
    rows = Order.objects.of(token.acts_as).filter(merchant=token.merchant_id)
    return rows.select_related("account").prefetch_related(Prefetch("transactions", transactions), "lines")


def order_of(token: ApiToken, order_id: int) -> Order:
    """Raises a 404 Problem."""
    return _one(orders_of(token).filter(pk=order_id))


def transaction_of(token: ApiToken, transaction_id: int) -> Transaction:
    """The transaction with its account, order and captures. Raises a 404 Problem."""
    rows = Transaction.objects.of(token.acts_as).filter(merchant=token.merchant_id, pk=transaction_id)
    return _one(rows.select_related("account", "order", "merchant").prefetch_related("captures"))


def modifications_of(token: ApiToken) -> QuerySet[Modification]:
    """The merchant's modifications with what is told about them."""
    rows = Modification.objects.of(token.acts_as).filter(merchant=token.merchant_id)
    return rows.select_related("account", "requested_by", "transaction").defer("body", "headers")


def modification_of(token: ApiToken, modification_id: UUID) -> Modification:
    """Raises a 404 Problem."""
    return _one(modifications_of(token).filter(pk=modification_id))


def plans_of(token: ApiToken) -> QuerySet[RefundPlan]:
    """The merchant's refunds over several captures."""
    mine = Transaction.objects.of(token.acts_as).filter(merchant=token.merchant_id)
    return RefundPlan.objects.filter(transaction__in=mine).select_related("transaction__account", "requested_by")


def plan_of(token: ApiToken, plan_id: UUID) -> RefundPlan:
    """Raises a 404 Problem."""
    return _one(plans_of(token).filter(pk=plan_id))


def _one(rows: QuerySet[Row]) -> Row:
    found = rows.first()
    if found is None:
        raise not_found()
    return found
