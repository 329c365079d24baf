"""Everything the moving part of the order page shows: money, buttons with their reasons, modifications."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from orders.gateways.base import GIVES_BACK, Kind
from orders.models import Capture, ExternalMovement, Modification, Order, Transaction
from orders.modifications.conservation import Books, Unbooked, conservation_of
from orders.modifications.rules import Situation
from orders.modifications.situation import situation_of
from orders.money import Money
from orders.presenters.actions import Action, actions_of
from orders.presenters.facts import FactRow, fact_rows
from orders.presenters.following import Following, Seen, follow
from orders.presenters.money_bar import MoneyBar, PendingReversal, money_bar_of
from orders.presenters.new_payment import Quoted, awaits_buyer, quoted_of
from orders.presenters.order_reading import Reading, read_order
from orders.presenters.plans import PlanLine, plan_lines
from orders.presenters.schedule import Schedule, given_back_of, schedule_of
from orders.presenters.story import Story, story_of

_REVERSALS = (Kind.CANCEL, Kind.CANCEL_OR_REFUND)


@dataclass(frozen=True, kw_only=True)
class TransactionCard:
    """One transaction: its money, its buttons with their reasons, and what the gateway said about it."""

    transaction: Transaction
    bar: MoneyBar
    actions: tuple[Action, ...]
    movements: tuple[ExternalMovement, ...]
    captures: tuple[Capture, ...]
    may_repair: bool
    deal_room: str
    """What the deal of this transaction still allows to be captured; empty without a deal."""
    reads: bool
    """Whether the gateway shows this transaction when it is asked."""
    schedule: Schedule | None
    """The shopper's instalments, where the account has any."""
    quoted: Quoted | None
    """What the buyer quotes when paying, for a prepayment or an invoice payment."""
    asked_for: Modification | None
    """The request for this payment, when it began here."""

    @property
    def facts(self) -> tuple[FactRow, ...]:
        """The whole stored answer of the gateway."""
        return fact_rows(self.transaction.facts)


@dataclass(frozen=True, kw_only=True)
class ModificationRow:
    """A line of the list of modifications."""

    modification: Modification
    story: Story


@dataclass(frozen=True, kw_only=True)
class OrderNow:
    """The part of the order page that moves: money, buttons, modifications."""

    order: Order
    cards: tuple[TransactionCard, ...]
    rows: tuple[ModificationRow, ...]
    plans: tuple[PlanLine, ...]
    """Refunds over several captures of which a part was refused or withdrawn."""
    following: Following
    followed: bool
    """Whether there was anything to follow when the page was drawn or polled."""


def order_now(order: Order, reading: Reading, person: User, *, seen: Seen, now: datetime) -> OrderNow:
    """Decide every button and check every sum. A sum that fails is read once more: a result may have come between."""
    cards = _cards(reading, person, now)
    if any(not equation.holds for card in cards for equation in card.bar.conservation.equations):
        reading = read_order(order.pk, person)
        cards = _cards(reading, person, now)
    rows = tuple(ModificationRow(modification=row, story=story_of(row, now=now)) for row in reading.modifications)
    following = order_following(reading.modifications, reading.transactions, seen, now=now)
    awaited = any(map(awaits_buyer, reading.transactions))
    followed = bool(seen.mark) or awaited or any(not row.finished for row in reading.modifications)
    plans = plan_lines(reading.modifications)
    return OrderNow(order=order, cards=cards, rows=rows, plans=plans, following=following, followed=followed)


def order_following(
    modifications: Sequence[Modification], transactions: Sequence[Transaction], seen: Seen, *, now: datetime
) -> Following:
    """Only whether the page must be drawn anew: what most polls ask."""
    awaited = any(map(awaits_buyer, transactions))
    return follow(modifications, seen, now=now, facts=_facts(transactions), awaited=awaited)


def _cards(reading: Reading, person: User, now: datetime) -> tuple[TransactionCard, ...]:
    return tuple(
        _card(
            transaction,
            person,
            now=now,
            captures=[row for row in reading.captures if row.transaction_id == transaction.pk],
            modifications=[row for row in reading.modifications if row.transaction_id == transaction.pk],
            movements=[row for row in reading.movements if row.transaction_id == transaction.pk],
        )
        for transaction in reading.transactions
    )


def books_of(transaction: Transaction, captures: Sequence[Capture], modifications: Sequence[Modification]) -> Books:
    """The figures of a transaction as the conservation tick wants them."""
    return Books(
        currency=transaction.currency,
        authorized=transaction.authorized,
        capturing=transaction.capturing,
        captured=transaction.captured,
        released=transaction.released,
        refunding=transaction.refunding,
        refunded=transaction.refunded,
        charged_back=transaction.charged_back,
        captures_sum=sum(capture.amount for capture in captures),
        captures_refunded=sum(capture.refunded for capture in captures),
        open_captures=_open_sum(modifications, {Kind.CAPTURE}),
        open_refunds=_open_sum(modifications, GIVES_BACK),
    )


def _card(
    transaction: Transaction,
    person: User,
    *,
    now: datetime,
    captures: list[Capture],
    modifications: list[Modification],
    movements: list[ExternalMovement],
) -> TransactionCard:
    books = books_of(transaction, captures, modifications)
    situation = situation_of(transaction, person, now=now, captures=captures)
    unbooked = tuple(_unbooked(row) for row in movements if not row.booked)
    return TransactionCard(
        transaction=transaction,
        bar=money_bar_of(books, conservation_of(books, unbooked), reversal=_reversal(modifications)),
        actions=actions_of(transaction, situation),
        movements=tuple(movements),
        captures=tuple(captures),
        may_repair="repair" in situation.permissions,
        deal_room=_deal_room(situation),
        reads=situation.capability.reads,
        schedule=schedule_of(
            transaction, situation.capability, given_back_of(transaction, modifications, movements), now=now
        ),
        quoted=quoted_of(transaction),
        asked_for=next((row for row in modifications if row.kind == Kind.AUTHORIZE), None),
    )


def _deal_room(situation: Situation) -> str:
    if situation.deal_room is None:
        return ""
    return f"{Money(situation.deal_room, situation.currency)} of it can still be captured"


def _unbooked(movement: ExternalMovement) -> Unbooked:
    return Unbooked(
        kind=movement.kind, amount=Money(movement.amount, movement.currency), reason=movement.unbooked_reason
    )


def _reversal(modifications: Iterable[Modification]) -> PendingReversal | None:
    for row in modifications:
        if not row.finished and row.kind in _REVERSALS:
            return PendingReversal(kind=Kind(row.kind), amount=row.amount)
    return None


def _open_sum(modifications: Iterable[Modification], kinds: Collection[Kind]) -> int:
    return sum(row.amount for row in modifications if Kind(row.kind) in kinds and not row.finished)


def _facts(transactions: Iterable[Transaction]) -> Sequence[object]:
    """What else the page redraws for; the order's own word follows from these."""
    return sorted(
        (row.pk, row.version, row.state, str(row.refreshed_at), row.frozen_reason, row.account.paused_reason)
        for row in transactions
    )
