"""Read everything the rules may look at, at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet, Sum
from django.utils import timezone

from orders.gateways.base import Capability, Kind, TransactionState
from orders.gateways.registry import gateway_named
from orders.models import Transaction
from orders.modifications.rules import Situation
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from orders.models import Capture, GatewayAccount


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
    taken = list(transaction.captures.all() if captures is None else captures)
    capability = capability_of(transaction.account)
    moment = now or timezone.now()
    cleared = [capture for capture in taken if not _is_clearing(capture, capability, moment)]
    voidable = voidable_capture(taken, capability, moment)
    return Situation(
        capability=capability,
        state=TransactionState(transaction.state),
        raw_status=transaction.raw_status,
        status_at=transaction.status_at,
        now=moment,
        currency=transaction.currency,
        authorized=transaction.authorized,
        capturing=transaction.capturing,
        captured=transaction.captured,
        released=transaction.released,
        refunding=transaction.refunding,
        refunded=transaction.refunded,
        charged_back=transaction.charged_back,
        largest_capture_open=max((capture.open_to_refund for capture in cleared), default=0),
        captures_open=sum(capture.open_to_refund for capture in cleared),
        voidable=voidable.amount if voidable else 0,
        clears_at=voidable.captured_at + timedelta(seconds=capability.void_seconds) if voidable else None,
        payment_method=transaction.payment_method,
        deal_reference=transaction.deal_reference,
        deal_room=deal_room(transaction),
        capture_open=transaction.capture_open,
        exclusive=transaction.exclusive_modification is not None,
        unknown_count=transaction.unknown_count,
        frozen_reason=transaction.frozen_reason,
        expires_at=transaction.expires_at,
        version=transaction.version,
        permissions=permissions_of(person, transaction.merchant_id),
    )


def voidable_capture(captures: Sequence[Capture], capability: Capability, now: datetime) -> Capture | None:
    """The newest capture that a void can take back: untouched, and not yet cleared at the bank."""
    if Kind.VOID not in capability.kinds:
        return None
    untouched = [one for one in captures if not one.refunded and not one.refunding]
    return next((one for one in reversed(untouched) if _is_clearing(one, capability, now)), None)


def refundable_captures(captures: Sequence[Capture], capability: Capability, now: datetime) -> list[Capture]:
    """What a refund may draw on, newest first: captures that have cleared and are not yet given back."""
    return [one for one in reversed(captures) if one.open_to_refund and not _is_clearing(one, capability, now)]


def hold_deal(transaction: Transaction) -> None:
    """Let one capture of a deal be asked for at a time: what the others have taken stands still until we have ours.

    Within a database transaction; nothing without a deal.
    """
    if transaction.deal_reference:
        list(_of_deal(transaction).select_for_update(no_key=True).order_by("pk").values_list("pk"))


def deal_room(transaction: Transaction) -> int | None:
    """What the deal still allows to be captured (seed 002: 3RIPSS and 3RIDS), in minor units; None without a deal."""
    if not transaction.deal_reference or transaction.deal_amount is None:
        return None
    taken = _of_deal(transaction).aggregate(taken=Sum(F("captured") + F("capturing")))["taken"] or 0
    return max(0, transaction.deal_amount - taken)


def _of_deal(transaction: Transaction) -> QuerySet[Transaction]:
    return Transaction.objects.filter(
        account_id=transaction.account_id, deal_reference=transaction.deal_reference, currency=transaction.currency
    )


def _is_clearing(capture: Capture, capability: Capability, now: datetime) -> bool:
    if not capability.void_seconds or Kind.VOID not in capability.kinds:
        return False
    return now < capture.captured_at + timedelta(seconds=capability.void_seconds)
