"""A worker takes turns: which due modifications are ours to send or ask about now, under an epoch and a lease."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Case, F, Value, When

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.gateways.base import GIVES_BACK, Capability, FrozenRequest, Instruction, Kind
from orders.models import GatewayAccount, Modification, ModificationState, Purpose, Source, Switch, Transaction
from orders.modifications.crash import crash
from orders.modifications.rules import permissions_needed
from orders.modifications.situation import capability_of
from orders.modifications.timing import lease_seconds
from orders.modifications.turns import accounts_with_due_rows, due, next_in_line
from orders.modifications.verdicts import is_remembered
from orders.money import Money
from orders.permissions import permissions_of
from orders.summary import summarise

if TYPE_CHECKING:
    from django.contrib.auth.models import User

S = ModificationState


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One modification in this worker's hands until the lease ends."""

    modification_id: UUID
    transaction_id: int
    account_id: int
    gateway: str
    epoch: int
    purpose: Purpose
    state_before: ModificationState
    sent_before: bool
    """An earlier send may have been processed."""
    base_url: str
    merchant_key: str
    authentication_key_sealed: str
    data_url: str
    capability: Capability
    claimed_at: float
    """time.monotonic() before the claim; the lease is measured from here, whatever the clocks say."""
    instruction: Instruction
    request: FrozenRequest
    body_sha256: str


def claim(*, slots: int) -> list[Claim]:
    """Take at most `slots` due modifications, at most one of a transaction, fairly between accounts.

    One short database transaction; no network. What is claimed must be armed before it is sent.
    """
    if slots <= 0:
        return []
    claimed_at = time.monotonic()
    accounts = accounts_with_due_rows()
    if not accounts:
        return []
    claims = in_one_transaction(lambda: _claim(accounts, slots, claimed_at))
    for taken in claims:
        crash("after_claim", taken.modification_id)
    return claims


def _claim(accounts: list[GatewayAccount], slots: int, claimed_at: float) -> list[Claim]:
    now = database_now()
    sending_paused = settings.PAUSE_SUBMITS or Switch.objects.exclude(paused_at=None).exists()
    chosen = next_in_line(accounts, slots, now, paused=sending_paused)
    rows = _lock(chosen, now)
    return _take(rows, {account.pk: account for account in accounts}, now, claimed_at, paused=sending_paused)


def _lock(chosen: list[UUID], now: datetime) -> list[Modification]:
    """Lock the rows (modifications by id, then their transactions by id); rows another worker holds are skipped."""
    rows = list(
        Modification.objects.filter(due(now), pk__in=chosen)
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("transaction", "requested_by", "capture")
        .order_by("pk")
    )
    locked = Transaction.objects.filter(pk__in=[row.transaction_id for row in rows])
    fresh = {row.pk: row for row in locked.select_for_update(no_key=True).order_by("pk")}
    for row in rows:
        row.transaction = fresh[row.transaction_id]
    return rows


def _take(
    rows: list[Modification], accounts: dict[int, GatewayAccount], now: datetime, claimed_at: float, *, paused: bool
) -> list[Claim]:
    taken: list[tuple[Modification, Purpose]] = []
    people: dict[int, User] = {}
    for row in rows:
        purpose = _purpose(row, accounts[row.account_id], now, paused=paused)
        if purpose is Purpose.SEND and not _turn_is_free(row):
            continue
        if row.never_sent and row.transaction.frozen:
            continue  # It froze between our look and our lock.
        person = people.setdefault(row.requested_by_id, row.requested_by)
        if row.never_sent and (why_not := _why_not_send(row, person)):
            _to_review(row, why_not, now)
            continue
        taken.append((row, purpose))
    _mark(taken, accounts, now)
    return [_as_claim(row, purpose, accounts[row.account_id], claimed_at) for row, purpose in taken]


def _purpose(row: Modification, account: GatewayAccount, now: datetime, *, paused: bool) -> Purpose:
    """What this turn is for: a repeat is never sent through a closed door, but the question may still be asked.

    Nor is it sent once the gateway may have forgotten the id, however long ago the step was decided: everything here
    may have stood still for days since.
    """
    closed = paused or account.paused or row.transaction.frozen
    if row.next_step == Purpose.SEND and not row.never_sent and (closed or _is_forgotten(row, account, now)):
        return Purpose.QUERY
    return Purpose(row.next_step)


def _is_forgotten(row: Modification, account: GatewayAccount, now: datetime) -> bool:
    capability = capability_of(account).for_kind(Kind(row.kind))
    return not is_remembered(row.first_sent_at, capability, now=now)


def _turn_is_free(row: Modification) -> bool:
    return row.transaction.sending_modification in (None, row.pk)


def _why_not_send(row: Modification, person: User) -> str:
    """What changed since it was asked for, so that a person decides before the first send; empty when nothing did."""
    if not permissions_needed(Kind(row.kind)) <= permissions_of(person, row.merchant_id):
        return (
            f"{person.get_username()} may no longer {row.kind.replace('_', ' ')} for this merchant. "
            "Nothing was sent; withdraw it, or give the permission back and ask again."
        )
    if row.kind in GIVES_BACK and _was_charged_back(row.transaction):
        return (
            "The shopper got money back by a chargeback since this refund was asked for; together they are more than "
            "what was captured. Nothing was sent; withdraw it."
        )
    return ""


def _was_charged_back(transaction: Transaction) -> bool:
    given_back = transaction.refunded + transaction.refunding + transaction.charged_back
    return transaction.charged_back > 0 and given_back > transaction.captured


def _to_review(row: Modification, why: str, now: datetime) -> None:
    """Nothing is sent, a person decides."""
    row.state = S.REVIEW.value
    row.review_since = row.doubt_since = now
    row.due_at = None
    row.reason_text = why
    row.save(update_fields=["state", "review_since", "doubt_since", "due_at", "reason_text"])
    row.transaction.unknown_count += 1
    row.transaction.version += 1
    row.transaction.save(update_fields=["unknown_count", "version"])
    summarise(row.transaction.order)
    audit.record(
        verb=f"{row.kind}.stopped",
        sentence=row.reason_text,
        source=Source.WORKER,
        modification=row,
        refused=True,
        details={"version": row.transaction.version},
    )


def _mark(taken: list[tuple[Modification, Purpose]], accounts: dict[int, GatewayAccount], now: datetime) -> None:
    """Two statements for the whole batch: the turn on the transactions, the flight on the modifications."""
    if not taken:
        return
    senders = {row.transaction_id: row.pk for row, purpose in taken if purpose is Purpose.SEND}
    if senders:
        turns = Case(
            *[When(pk=transaction_id, then=Value(row_id)) for transaction_id, row_id in senders.items()],
            output_field=models.UUIDField(),
        )
        Transaction.objects.filter(pk__in=senders).update(sending_modification=turns)
    leases = {
        account_id: now + timedelta(seconds=lease_seconds(capability_of(account)))
        for account_id, account in accounts.items()
    }
    for account_id in {row.account_id for row, _ in taken}:
        Modification.objects.filter(pk__in=[row.pk for row, _ in taken if row.account_id == account_id]).update(
            state=S.IN_FLIGHT.value,
            epoch=F("epoch") + 1,
            attempts_made=F("attempts_made") + 1,
            lease_until=leases[account_id],
        )


def _as_claim(row: Modification, purpose: Purpose, account: GatewayAccount, claimed_at: float) -> Claim:
    return Claim(
        modification_id=row.pk,
        transaction_id=row.transaction_id,
        account_id=account.pk,
        gateway=account.gateway,
        epoch=row.epoch + 1,
        purpose=purpose,
        state_before=ModificationState(row.state),
        sent_before=row.first_sent_at is not None,
        base_url=row.base_url,
        merchant_key=account.merchant_key,
        authentication_key_sealed=account.authentication_key_sealed,
        data_url=account.data_url,
        capability=capability_of(account).for_kind(Kind(row.kind)),
        claimed_at=claimed_at,
        instruction=Instruction(
            modification_id=str(row.pk),
            kind=Kind(row.kind),
            transaction_reference=row.transaction.reference,
            merchant_key=account.merchant_key,
            amount=Money(row.amount, row.currency),
            description=row.description,
            custom_references=row.custom_references,
            reason=row.reason,
            card_reference=row.transaction.card_reference,
            capture_reference=row.capture.gateway_id if row.capture else "",
            release_rest=row.release_rest,
            customer_may_see=row.customer_may_see,
        ),
        request=FrozenRequest(method=row.method, path=row.path, headers=row.headers, body=bytes(row.body)),
        body_sha256=row.body_sha256,
    )
