"""Read everything the rules may look at, at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

from orders.gateways.base import Capability, TransactionState
from orders.gateways.registry import gateway_named
from orders.modifications.rules import Situation
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from orders.models import Capture, GatewayAccount, Transaction


def capability_of(account: GatewayAccount) -> Capability:
    """What this account can do: the gateway's declaration with the account's overrides."""
    return gateway_named(account.gateway).capability(account.profile_overrides())


def situation_of(
    transaction: Transaction,
    person: User | AnonymousUser,
    *,
    now: datetime | None = None,
    captures: Iterable[Capture] | None = None,
) -> Situation:
    """The situation of a transaction as this person meets it.

    The transaction comes with its account loaded; captures are read unless passed.
    """
    taken = transaction.captures.all() if captures is None else captures
    return Situation(
        capability=capability_of(transaction.account),
        state=TransactionState(transaction.state),
        raw_status=transaction.raw_status,
        status_at=transaction.status_at,
        now=now or timezone.now(),
        currency=transaction.currency,
        authorized=transaction.authorized,
        capturing=transaction.capturing,
        captured=transaction.captured,
        released=transaction.released,
        refunding=transaction.refunding,
        refunded=transaction.refunded,
        charged_back=transaction.charged_back,
        largest_capture_open=max((capture.open_to_refund for capture in taken), default=0),
        capture_open=transaction.capture_open,
        exclusive=transaction.exclusive_modification is not None,
        unknown_count=transaction.unknown_count,
        frozen_reason=transaction.frozen_reason,
        expires_at=transaction.expires_at,
        version=transaction.version,
        permissions=permissions_of(person, transaction.merchant_id),
    )
