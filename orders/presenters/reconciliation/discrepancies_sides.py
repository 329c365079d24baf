"""Both sides of a discrepancy beside each other: what the file says, what our books say, and where they differ."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from orders.gateways.base import Kind
from orders.models import Discrepancy, ExternalMovement, Modification, SettlementLine, Transaction
from orders.templatetags.presentation import kind_word, money_text

_NEGATIVE = frozenset({"refund", "chargeback"})


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One fact on both sides, as texts; empty where a side does not know it."""

    label: str
    theirs: str
    ours: str
    differs: bool = False
    reference: bool = False


@dataclass(frozen=True, kw_only=True)
class Item:
    """A movement of ours, whoever started it. `amount` is signed: what leaves the merchant is negative."""

    kind: str
    amount: int
    currency: str
    day: date
    reference: str
    gateway_id: str
    state: str


def sides_of(discrepancy: Discrepancy, zone: str) -> tuple[Pair, ...]:
    """Line, modification, movement and transaction are loaded. A fact that neither side knows is left out."""
    line, item = discrepancy.line, item_of(discrepancy, zone)
    pairs = [
        _pair("Kind", _line_kind(line), item.kind if item else ""),
        _pair("Amount", money_text(line.gross, line.currency) if line else "", _amount(item)),
        _pair("Currency", line.currency if line else "", item.currency if item else ""),
        _told("Fee", money_text(line.fee, line.currency) if line else "", ""),
        _told("Net", money_text(line.net, line.currency) if line else "", ""),
        _told("Before conversion", _original(line), ""),
        _told("Day", _day(line.booked_on) if line else "", _day(item.day) if item else ""),
        _reference("Reconciliation reference", line.reference if line else "", item.reference if item else ""),
        _reference("Gateway’s id", line.gateway_id if line else "", item.gateway_id if item else ""),
        _reference("Transaction", line.transaction_reference if line else "", _transaction(discrepancy)),
        _told("Our own reference", line.custom_reference if line else "", _modification_id(discrepancy), mono=True),
        _told("Payout", line.payout_reference if line else "", "", mono=True),
        _told("State", "", item.state if item else ""),
        *_transaction_facts(discrepancy, item),
    ]
    return tuple(pair for pair in pairs if pair.theirs or pair.ours)


def item_of(discrepancy: Discrepancy, zone: str) -> Item | None:
    """Our side, when it is a movement."""
    if discrepancy.modification is not None:
        return _of_modification(discrepancy.modification, zone)
    return None if discrepancy.movement is None else _of_movement(discrepancy.movement, zone)


def _of_modification(row: Modification, zone: str) -> Item:
    kind = row.executed_kind or row.kind
    kind = Kind.REFUND.value if kind == Kind.VOID else kind
    amount = row.amount if row.executed_amount is None else row.executed_amount
    return Item(
        kind=kind_word(kind),
        amount=-amount if kind in _NEGATIVE else amount,
        currency=row.currency,
        day=_local(row.gateway_at or row.finished_at or row.requested_at, zone),
        reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        state=row.get_state_display(),
    )


def _of_movement(row: ExternalMovement, zone: str) -> Item:
    return Item(
        kind=kind_word(row.kind),
        amount=-row.amount if row.kind in _NEGATIVE else row.amount,
        currency=row.currency,
        day=_local(row.moved_at or row.seen_at, zone),
        reference=row.gateway_reference,
        gateway_id=row.gateway_id,
        state="Seen at the gateway and booked" if row.booked else f"Not in our books: {row.unbooked_reason}",
    )


def _transaction_facts(discrepancy: Discrepancy, item: Item | None) -> list[Pair]:
    """Where no single movement is meant, the transaction's own figures are our side."""
    row: Transaction | None = discrepancy.transaction
    if row is None or item is not None:
        return []
    return [
        _told(label, "", money_text(amount, row.currency))
        for label, amount in (
            ("Authorised", row.authorized),
            ("Captured", row.captured),
            ("Released", row.released),
            ("Refunded", row.refunded),
            ("Charged back", row.charged_back),
        )
    ]


def _pair(label: str, theirs: str, ours: str) -> Pair:
    """A fact that must be equal."""
    return Pair(label=label, theirs=theirs, ours=ours, differs=bool(theirs and ours and theirs != ours))


def _reference(label: str, theirs: str, ours: str) -> Pair:
    return Pair(label=label, theirs=theirs, ours=ours, differs=bool(theirs and ours and theirs != ours), reference=True)


def _told(label: str, theirs: str, ours: str, *, mono: bool = False) -> Pair:
    """A fact that may differ by its nature, so that nothing is marked."""
    return Pair(label=label, theirs=theirs, ours=ours, reference=mono)


def _line_kind(line: SettlementLine | None) -> str:
    return line.get_type_display() if line else ""


def _amount(item: Item | None) -> str:
    return money_text(item.amount, item.currency) if item else ""


def _original(line: SettlementLine | None) -> str:
    if line is None or line.original_amount is None or not line.original_currency:
        return ""
    return money_text(line.original_amount, line.original_currency)


def _transaction(discrepancy: Discrepancy) -> str:
    return discrepancy.transaction.reference if discrepancy.transaction else ""


def _modification_id(discrepancy: Discrepancy) -> str:
    return str(discrepancy.modification_id or "")


def _day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def _local(moment: datetime, zone: str) -> date:
    return moment.astimezone(ZoneInfo(zone)).date()
