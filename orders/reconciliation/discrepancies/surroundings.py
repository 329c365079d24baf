"""Reading what surrounds discrepancies, for many at once: payments, what moved on them, and the lines it has met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orders.models import (
    Discrepancy,
    ExternalMovement,
    FileState,
    GatewayAccount,
    Match,
    Modification,
    ModificationState,
    Reference,
    ReferenceKind,
    RunState,
    SettlementLine,
    Transaction,
)
from orders.reconciliation.discrepancies.case import Elsewhere, ItemFacts, LineFacts, TransactionFacts

_NAMING = (
    ReferenceKind.TRANSACTION,
    ReferenceKind.RECONCILIATION,
    ReferenceKind.GATEWAY,
    ReferenceKind.PAYMENT,
    ReferenceKind.PARTNER,
    ReferenceKind.MODIFICATION,
)
_SHARED_BY_MANY = 50
"""A word that leads to more orders than this, such as a shop's name, names no payment."""
_ROWS_MAXIMUM = 25_000
_KINDS = {"capture": "capture", "refund": "refund", "void": "refund"}
MODIFICATION_COLUMNS = (
    *("id", "kind", "executed_kind", "amount", "executed_amount", "currency", "state", "transaction_id"),
    *("gateway_at", "finished_at", "requested_at", "gateway_reference", "gateway_id", "custom_references", "legs"),
    *("first_sent_at", "reason_text"),
)
MOVEMENT_COLUMNS = (
    *("id", "kind", "amount", "currency", "transaction_id", "moved_at", "seen_at", "gateway_reference", "gateway_id"),
)


@dataclass(kw_only=True)
class Surroundings:
    """What is known around the discrepancies of one account, by discrepancy and by payment."""

    transactions: dict[int, Transaction] = field(default_factory=dict)
    """The payment of each discrepancy."""
    elsewhere: dict[int, Elsewhere] = field(default_factory=dict)
    items: dict[int, list[ItemFacts]] = field(default_factory=dict)
    """What moved, may move or failed to, by payment."""
    met_by: dict[str, list[LineFacts]] = field(default_factory=dict)
    """The lines that an item has met, by the item's key."""


def surroundings_of(account: GatewayAccount, rows: Collection[Discrepancy]) -> Surroundings:
    """Read in a number of queries that does not grow with the rows, which come with line and transaction loaded."""
    found = Surroundings(transactions={row.pk: row.transaction for row in rows if row.transaction is not None})
    _find_payments(account, [row for row in rows if row.transaction is None and row.line is not None], found)
    payments = {transaction.pk for transaction in found.transactions.values()}
    found.met_by = lines_met(payments)
    found.items = items_of(payments, found.met_by)
    return found


def items_of(transaction_ids: Collection[int], met: Mapping[str, Any]) -> dict[int, list[ItemFacts]]:
    """Everything of these payments that moved, may move or failed to, ours first, in the order it came."""
    ours = Modification.objects.filter(transaction_id__in=transaction_ids).order_by("requested_at", "id")
    foreign = ExternalMovement.objects.filter(transaction_id__in=transaction_ids, amount__gt=0).order_by("pk")
    found: defaultdict[int, list[ItemFacts]] = defaultdict(list)
    for modification in ours.only(*MODIFICATION_COLUMNS):
        item = item_of(modification, met)
        if item is not None:
            found[item.transaction_id].append(item)
    for movement in foreign.filter(kind__in=("capture", "refund", "chargeback")).only(*MOVEMENT_COLUMNS):
        found[movement.transaction_id].append(item_of_movement(movement, met))
    return dict(found)


def item_of(row: Modification, met: Mapping[str, Any]) -> ItemFacts | None:
    """A modification as a movement; None for what no line ever shows."""
    kind = _KINDS.get(row.kind) or ("refund" if _may_have_refunded(row) else "")
    if not kind:
        return None
    legs = row.legs if isinstance(row.legs, list) else []
    return ItemFacts(
        key=str(row.pk),
        kind=kind,
        state=row.state,
        amount=row.executed_amount if row.executed_amount is not None else row.amount,
        currency=row.currency,
        at=row.gateway_at or row.finished_at or row.requested_at,
        reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        names=(str(row.pk), *_texts(row.custom_references)),
        failed_legs=tuple(_leg(leg) for leg in legs if isinstance(leg, dict) and leg.get("failed")),
        legs=len(legs),
        never_sent=row.first_sent_at is None and row.state == ModificationState.WITHDRAWN,
        reason=row.reason_text,
        transaction_id=row.transaction_id,
        met=str(row.pk) in met,
    )


def item_of_movement(row: ExternalMovement, met: Mapping[str, Any]) -> ItemFacts:
    """Money that moved without our asking, as a movement."""
    key = f"m{row.pk}"
    return ItemFacts(
        key=key,
        ours=False,
        kind=row.kind,
        amount=row.amount,
        currency=row.currency,
        at=row.moved_at or row.seen_at,
        reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        transaction_id=row.transaction_id,
        met=key in met,
    )


def lines_met(transaction_ids: Collection[int]) -> dict[str, list[LineFacts]]:
    """The lines that count, by the key of the item they met, as they came."""
    matches = counting_matches().filter(transaction_id__in=transaction_ids)
    found: defaultdict[str, list[LineFacts]] = defaultdict(list)
    for match in matches.select_related("line__file").order_by("line_id", "pk"):
        key = str(match.modification_id) if match.modification_id else f"m{match.movement_id}"
        found[key].append(line_facts(match.line))
    return dict(found)


def counting_matches() -> Any:
    """Matches of applied runs that have not ended and whose line counts."""
    return Match.objects.filter(
        ended_at__isnull=True, run__state=RunState.APPLIED, line__file__state=FileState.APPLIED, line__overlap=False
    )


def line_facts(line: SettlementLine) -> LineFacts:
    """A line as the hypotheses see it; it comes with its file loaded."""
    return LineFacts(
        id=line.pk,
        identity=str(line.identity),
        type=line.type,
        gross=line.gross,
        fee=line.fee,
        net=line.net,
        currency=line.currency,
        booked_on=line.booked_on,
        reference=line.reference,
        transaction_reference=line.transaction_reference,
        gateway_id=line.gateway_id,
        custom_reference=line.custom_reference,
        original_currency=line.original_currency,
        original_amount=line.original_amount,
        file_id=line.file_id,
        file_name=line.file.name,
        number=line.number,
    )


def payment_facts(row: Transaction) -> TransactionFacts:
    """A payment as the hypotheses see it."""
    return TransactionFacts(
        id=row.pk,
        reference=row.reference,
        state=row.state,
        currency=row.currency,
        authorized=row.authorized,
        captured=row.captured,
        refunded=row.refunded,
        charged_back=row.charged_back,
        open_to_capture=row.open_to_capture,
        refreshed_at=row.refreshed_at,
        expires_at=row.expires_at,
    )


# Whose payment a line is about.


def _find_payments(account: GatewayAccount, rows: Iterable[Discrepancy], found: Surroundings) -> None:
    """The payment of this account that a line names, else the account that knows its names."""
    named = {row.pk: _names(row.line) for row in rows if row.line is not None}
    words = sorted({name for names in named.values() for name in names})
    if not words:
        return
    here, there = _payments_named(account, words)
    for pk, names in named.items():
        own = {one.pk: one for name in names for one in here.get(name.lower(), ())}
        if len(own) == 1:
            found.transactions[pk] = next(iter(own.values()))
        elif not own:
            elsewhere = next((there[name.lower()] for name in names if name.lower() in there), None)
            if elsewhere is not None:
                found.elsewhere[pk] = elsewhere


def _names(line: SettlementLine) -> list[str]:
    told = (line.transaction_reference, line.reference, line.gateway_id, line.custom_reference)
    return [text.strip() for text in told if text.strip()]


def _payments_named(
    account: GatewayAccount, words: Collection[str]
) -> tuple[dict[str, list[Transaction]], dict[str, Elsewhere]]:
    """This account's payments by the words in lower case that lead to them, and other accounts that words lead to."""
    lower = sorted({word.lower() for word in words})
    references = Reference.objects.filter(value__in=lower, kind__in=_NAMING).select_related("order__account")
    orders: defaultdict[str, set[int]] = defaultdict(set)
    there: dict[str, Elsewhere] = {}
    for reference in references.only("value", "order__account__name", "order__account__merchant_id")[:_ROWS_MAXIMUM]:
        if reference.order.account_id == account.pk:
            orders[reference.value].add(reference.order_id)
        else:
            there[reference.value] = _elsewhere(account, reference.order.account)
    orders = defaultdict(set, {word: pks for word, pks in orders.items() if len(pks) <= _SHARED_BY_MANY})
    order_ids = {pk for pks in orders.values() for pk in pks}
    by_order: defaultdict[int, list[Transaction]] = defaultdict(list)
    for transaction in Transaction.objects.filter(order_id__in=order_ids, account=account):
        by_order[transaction.order_id].append(transaction)
    here = {word: [one for pk in sorted(pks) for one in by_order[pk]] for word, pks in orders.items()}
    named = Transaction.objects.filter(reference__in=words, account__in=_accounts())
    for transaction in named.select_related("account"):
        if transaction.account_id == account.pk:
            here[transaction.reference.lower()] = [transaction]
        else:
            there.setdefault(transaction.reference.lower(), _elsewhere(account, transaction.account))
    return here, there


def _accounts() -> list[int]:
    """All of them, by id, so that the index of an account's references is used."""
    return list(GatewayAccount.objects.values_list("pk", flat=True)[:1000])


def _elsewhere(account: GatewayAccount, other: GatewayAccount) -> Elsewhere:
    return Elsewhere(account=other.name if other.merchant_id == account.merchant_id else "")


def _may_have_refunded(row: Modification) -> bool:
    if row.kind != "cancel_or_refund":
        return False
    return row.executed_kind == "refund" or (row.state != ModificationState.SUCCEEDED and not row.executed_kind)


def _texts(references: Any) -> tuple[str, ...]:
    values = references.values() if isinstance(references, dict) else ()
    return tuple(str(value) for value in values if value)


def _leg(leg: Mapping[str, Any]) -> str:
    told = [str(leg.get(name) or "") for name in ("destination", "status", "error")]
    return ", ".join(part for part in told if part) or "one leg"
