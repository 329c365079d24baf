"""A person on a page asks for a refresh: a worker does it, because no page waits for a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction as database_transaction

from orders import audit
from orders.models import Source, Transaction
from orders.modifications import bell
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def ask_refresh(*, transaction_id: int, by: User, source: Source) -> Transaction:
    """Ring a worker to read this transaction from its gateway. Raises UnknownThing or NotAllowed."""
    transaction = Transaction.objects.of(by).filter(pk=transaction_id).first()
    if transaction is None:
        raise UnknownThing("There is no such transaction.", code="unknown_transaction")
    if "view" not in permissions_of(by, transaction.merchant_id):
        raise NotAllowed("You may not look at this merchant’s orders, so nothing was asked.", code="permission")
    with database_transaction.atomic():
        sentence = f"{by.get_username()} asked the gateway for the state of transaction {transaction.reference}."
        audit.record(verb="refresh.asked", sentence=sentence, source=source, by=by, transaction=transaction)
        database_transaction.on_commit(lambda: bell.ring_refresh(transaction_id))
    return transaction
