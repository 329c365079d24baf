"""What an event is about: which of our modifications, which of our transactions. Of its own account only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from orders.gateways.base import Kind, Told
from orders.models import (
    Capture,
    ExternalMovement,
    GatewayAccount,
    Modification,
    ModificationState,
    Reference,
    ReferenceKind,
    Transaction,
)

_WORDS = (ReferenceKind.GATEWAY.value, ReferenceKind.TRANSACTION.value, ReferenceKind.RECONCILIATION.value)


@dataclass(frozen=True, kw_only=True)
class Match:
    """What was found; a modification comes with its transaction."""

    transaction: Transaction | None = None
    modification: Modification | None = None


def match(account: GatewayAccount, told: Told) -> Match:
    """By the modification's id first, then by the gateway's ids, then by a card that has one payment only."""
    modification = _modification(account, told)
    if modification is not None:
        return Match(transaction=modification.transaction, modification=modification)
    return Match(transaction=_by_reference(account, told) or _by_ids(account, told) or _by_card(account, told))


def stands_elsewhere(told: Told, modification: Modification) -> str:
    """Why an event that names our modification is about another payment than ours, as a sentence; else empty."""
    transaction = modification.transaction
    if told.card_reference and transaction.card_reference not in ("", told.card_reference):
        return f"The webhook names our modification but another card record, {told.card_reference[:64]}."
    ours = {transaction.reference, modification.gateway_id}
    if modification.capture is not None:
        ours |= {modification.capture.gateway_id, modification.capture.gateway_reference}
    if told.transaction_reference and told.transaction_reference not in ours:
        return f"The webhook names our modification but another payment, {told.transaction_reference[:64]}."
    return ""


def is_a_copy(told: Told, modification: Modification) -> bool:
    """Whether an event that names our success is about another payment: a portal lets people copy references."""
    movement, own_id = told.movement, modification.gateway_id
    if movement is None or modification.state != ModificationState.SUCCEEDED or not (own_id and movement.gateway_id):
        return False
    return movement.gateway_id[:64] != own_id and own_id not in told.gateway_ids


def _modification(account: GatewayAccount, told: Told) -> Modification | None:
    rows = Modification.objects.filter(account=account).select_related("transaction", "capture")
    name = _uuid(told.modification_id)
    found = rows.filter(pk=name).first() if name is not None else None
    if found is not None and _does_the_same(told, found):
        return found
    own_id = told.outcome.facts.gateway_id if told.outcome else ""
    if not own_id:
        return None
    orders = _orders_named(account, [own_id])
    named = rows.filter(transaction__order_id__in=orders, gateway_id=own_id)
    return next((one for one in named if _does_the_same(told, one)), None)


def _does_the_same(told: Told, modification: Modification) -> bool:
    """A portal copies references: another deed that carries ours is not ours, unless it names us where only we do."""
    executed = told.outcome.facts.executed_kind if told.outcome else None
    as_asked = executed is None or executed == modification.kind
    gives_back = modification.kind == Kind.VOID and executed is Kind.REFUND
    named = told.movement is not None and _uuid(told.movement.modification_id) == modification.pk
    return as_asked or gives_back or named


def _by_reference(account: GatewayAccount, told: Told) -> Transaction | None:
    if not told.transaction_reference:
        return None
    return Transaction.objects.filter(account=account, reference=told.transaction_reference).first()


def _by_ids(account: GatewayAccount, told: Told) -> Transaction | None:
    """Every id that a movement ever had leads to its order; within it the transaction that knows the id is meant."""
    ids = [one for one in (*told.gateway_ids, told.transaction_reference) if one]
    found = list(Transaction.objects.filter(account=account, order_id__in=_orders_named(account, ids)))
    knowing = [one for one in found if _knows(one, ids)]
    return _only(knowing) or (_only(found) if not knowing else None)


def _orders_named(account: GatewayAccount, ids: Collection[str]) -> list[int]:
    words = Reference.objects.filter(
        merchant_id=account.merchant_id, value__in=[one.lower() for one in ids], kind__in=_WORDS
    )
    return list(words.values_list("order_id", flat=True).distinct()[:20]) if ids else []


def _knows(transaction: Transaction, ids: Collection[str]) -> bool:
    here = Q(transaction=transaction, gateway_id__in=ids)
    return (
        transaction.reference in ids
        or Capture.objects.filter(here).exists()
        or Modification.objects.filter(here).exists()
        or ExternalMovement.objects.filter(here).exists()
    )


def _by_card(account: GatewayAccount, told: Told) -> Transaction | None:
    """Only for an event that names no payment at all."""
    if not told.card_reference or told.transaction_reference:
        return None
    return _only(list(Transaction.objects.filter(account=account, card_reference=told.card_reference)[:2]))


def _only(found: list[Transaction]) -> Transaction | None:
    return found[0] if len(found) == 1 else None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
