"""Orders that nobody typed in: a gateway lists a payment, or tells of one, that is not known here yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from django.db import IntegrityError

from orders.database import database_now, refuse_open_transaction
from orders.gateways.base import Fetched, Listed, Snapshot
from orders.mirror.fetching import fetch_list, place_of, question_about
from orders.mirror.ingest import (
    EMAIL_MAXIMUM,
    LINE_NAME_MAXIMUM,
    METHOD_MAXIMUM,
    NAME_MAXIMUM,
    REFERENCE_MAXIMUM,
    LineRow,
    OrderRefused,
    OrderRow,
    TransactionRow,
    ingest_order,
)
from orders.mirror.refresh import Reader, RefreshResult, take_answer
from orders.models import GatewayAccount, Source, Transaction
from orders.modifications.breaker import pause_by_machine
from orders.money import MAXIMUM_MINOR

_TRIES = 3
_QUANTITY_MAXIMUM = 1_000_000
Progress = Callable[[int], None]


class NotCollected(ValueError):
    """The payment was not taken over; the message is a sentence that says why."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """What one walk through a gateway's list brought. `problem` is a sentence when it could not be read to its end."""

    account_id: int
    seen: int = 0
    new: int = 0
    changed: int = 0
    refused: tuple[str, ...] = ()
    problem: str = ""


def collect_account(account: GatewayAccount, *, source: Source, progress: Progress | None = None) -> Collection:
    """Page through the gateway's list, newest first, until a page holds nothing new; the first walk goes to the end.

    Each payment is written on its own, so a walk that breaks off loses nothing and the next one begins anew.
    """
    refuse_open_transaction()
    place = place_of(account)
    found = Collection(account_id=account.pk)
    if not (account.collects and place.capability.lists):
        return replace(found, problem=f"Nothing is collected from {account.name}: {_why_not(account)}")
    begun_at, walked_before, page, pages = database_now(), account.collected_at is not None, "", set[str]()
    while page not in pages:
        pages.add(page)
        listed = fetch_list(place, page)
        if listed.reason:
            return _broken_off(account, found, listed)
        found, news = _take_page(account, listed, found, source)
        if progress is not None:
            progress(found.seen)
        if not listed.next_page or (walked_before and not news):
            break
        page = listed.next_page
    GatewayAccount.objects.filter(pk=account.pk).update(collected_at=begun_at)
    return found


def take_in(account: GatewayAccount, snapshot: Snapshot, *, source: Source) -> RefreshResult:
    """A payment as its gateway shows it: made into an order when it is new here, then brought up to date from the very
    same snapshot. Raises NotCollected.
    """
    known = _known(account, snapshot)
    if known is None:
        _make_order(account, snapshot, source)
        known = _known(account, snapshot)
    if known is None:
        raise NotCollected("The payment could not be found again after it was taken over.")
    question = question_about(known)
    return take_answer(question, Fetched(snapshot=snapshot, reason=""), Reader(by=None, source=source))


def _take_page(account: GatewayAccount, listed: Listed, found: Collection, source: Source) -> tuple[Collection, bool]:
    """What the page brought, and whether anything on it was news."""
    news = False
    for snapshot in listed.snapshots:
        found = replace(found, seen=found.seen + 1)
        known = _known(account, snapshot)
        if known is not None and not _is_news(known, snapshot):
            continue
        news = True
        try:
            result = take_in(account, snapshot, source=source)
        except NotCollected as refusal:
            found = replace(found, refused=(*found.refused, f"{snapshot.transaction_reference}: {refusal}"))
            continue
        if known is None:
            found = replace(found, new=found.new + 1)
        elif result.changed:
            found = replace(found, changed=found.changed + 1)
    return found, news


def _is_news(known: Transaction, snapshot: Snapshot) -> bool:
    """Never read yet, or changed at the gateway since."""
    if known.refreshed_at is None or snapshot.status_at is None or known.status_at is None:
        return known.refreshed_at is None
    return snapshot.status_at > known.status_at


def _known(account: GatewayAccount, snapshot: Snapshot) -> Transaction | None:
    rows = Transaction.objects.filter(account=account, reference=snapshot.transaction_reference)
    return rows.select_related("account").first()


def _make_order(account: GatewayAccount, snapshot: Snapshot, source: Source) -> None:
    """Under the shop's own word for it; under the payment's id when that word stands for another order already."""
    row = _row(snapshot)
    for tries_left in range(_TRIES - 1, -1, -1):
        try:
            ingest_order(account=account, row=row, source=source)
            return
        except OrderRefused as refusal:
            if row.reference == snapshot.transaction_reference:
                raise NotCollected(str(refusal)) from refusal
            row = replace(row, reference=snapshot.transaction_reference)
        except IntegrityError:
            # Somebody else took the same payment over at the same moment.
            if not tries_left:
                raise


def _row(snapshot: Snapshot) -> OrderRow:
    amount = snapshot.amount
    if amount is None or amount.amount_minor <= 0:
        raise NotCollected("The gateway does not say how much it is about, so no order was made of it.")
    if not 0 < len(snapshot.transaction_reference) <= REFERENCE_MAXIMUM:
        raise NotCollected("The gateway names it by no id that can be kept, so no order was made of it.")
    own_word = snapshot.order_reference or snapshot.partner_reference
    return OrderRow(
        reference=_plain(own_word, REFERENCE_MAXIMUM) or snapshot.transaction_reference,
        currency=amount.currency,
        amount=amount.amount_minor,
        customer_name=_plain(snapshot.customer_name, NAME_MAXIMUM),
        customer_email=_plain(snapshot.customer_email, EMAIL_MAXIMUM),
        placed_at=snapshot.created_at,
        transactions=(
            TransactionRow(
                reference=snapshot.transaction_reference,
                amount=amount.amount_minor,
                partner_reference=_plain(snapshot.partner_reference, REFERENCE_MAXIMUM),
                payment_method=_plain(snapshot.payment_method, METHOD_MAXIMUM),
                card_reference=_plain(snapshot.card_reference, REFERENCE_MAXIMUM),
            ),
        ),
        lines=tuple(
            LineRow(name=_plain(line.name, LINE_NAME_MAXIMUM), quantity=line.quantity, unit_amount=line.unit_amount)
            for line in snapshot.lines
            if 0 < line.quantity <= _QUANTITY_MAXIMUM and abs(line.unit_amount) <= MAXIMUM_MINOR
        ),
    )


def _plain(text: str, maximum: int) -> str:
    """What the gateway wrote, without control characters; cut where our column ends."""
    return "".join(character for character in text if character.isprintable()).strip()[:maximum]


def _broken_off(account: GatewayAccount, found: Collection, listed: Listed) -> Collection:
    if listed.pause_account:
        pause_by_machine(account.pk, listed.pause_account, database_now())
    return replace(found, problem=f"{listed.reason} What was collected before stays; the next walk begins anew.")


def _why_not(account: GatewayAccount) -> str:
    if not account.collects:
        return "the account is set not to collect."
    return "its gateway has no list of payments; new ones become known by its webhooks or from the shop."
