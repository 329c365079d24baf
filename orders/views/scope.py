"""Finding what a person may see: rows of their merchants or 404, never a hint that another merchant's row exists."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django_htmx.middleware import HtmxDetails

from orders.models import GatewayAccount, Merchant, Modification, Order, Proposal, RefundPlan, Transaction
from orders.permissions import permissions_anywhere

Row = TypeVar("Row", bound=Model)


class StaffRequest(HttpRequest):
    """A request past the log-in middleware: somebody is logged in."""

    user: User
    htmx: HtmxDetails


def order_for(person: User, order_id: int) -> Order:
    """The order with its merchant and account."""
    return _one(Order.objects.of(person).select_related("merchant", "account").filter(pk=order_id), person)


def transaction_for(person: User, transaction_id: int) -> Transaction:
    """The transaction with its order, merchant and account."""
    rows = Transaction.objects.of(person).select_related("merchant", "account", "order")
    return _one(rows.filter(pk=transaction_id), person)


def modification_for(person: User, modification_id: UUID) -> Modification:
    """The modification with its transaction, order, merchant, account and the person who asked for it."""
    rows = Modification.objects.of(person).select_related(
        "merchant", "account", "transaction__order", "transaction__account", "requested_by"
    )
    return _one(rows.filter(pk=modification_id), person)


def plan_for(person: User, plan_id: UUID) -> RefundPlan:
    """The refund plan with its transaction, order, merchant, account and the person who asked for it."""
    rows = RefundPlan.objects.filter(transaction__in=Transaction.objects.of(person)).select_related(
        "merchant", "transaction__order", "transaction__account", "requested_by"
    )
    return _one(rows.filter(pk=plan_id), person)


def account_for(person: User, account_id: int) -> GatewayAccount:
    """A gateway account of one of the person's merchants."""
    rows = GatewayAccount.objects.filter(merchant__in=Merchant.objects.of(person)).select_related("merchant")
    return _one(rows.filter(pk=account_id), person)


def proposals_for(person: User) -> QuerySet[Proposal]:
    """The proposals of the person's merchants, with what they are about."""
    require(person, "view")
    return Proposal.objects.filter(merchant__in=Merchant.objects.of(person)).select_related(
        "merchant", "proposed_by", "decided_by", "account", "transaction__order", "modification__transaction__order"
    )


def require(person: User, word: str) -> None:
    """Refuse whoever lacks this permission altogether. Raises PermissionDenied with a sentence."""
    if word not in permissions_anywhere(person):
        raise PermissionDenied(
            f"You do not have the “{word}” permission. Ask an administrator of your merchant for it."
        )


def _one(rows: QuerySet[Row], person: User) -> Row:
    found = rows.first()
    if found is None:
        raise Http404("There is nothing here for you.")
    require(person, "view")
    return found
