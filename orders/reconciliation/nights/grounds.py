"""Discrepancies without a line: opened while their ground stands, ended with a reason when it is gone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from orders.database import database_now, in_one_transaction
from orders.models import (
    Discrepancy,
    DiscrepancyEntry,
    DiscrepancyState,
    DiscrepancyType,
    GatewayAccount,
    Modification,
    MonthClose,
    MonthState,
    Transaction,
)
from orders.money import Money

_SENTENCE_MAXIMUM = 400
_KEYS_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Ground:
    """Why there is a discrepancy. `amount` is the value at stake in minor units of the transaction's currency."""

    key: str
    transaction: Transaction
    modification: Modification | None = None
    amount: int
    sentence: str
    occurred_on: date
    reference: str = ""

    @property
    def money(self) -> Money:
        """The value at stake."""
        return Money(self.amount, self.transaction.currency)


@dataclass(frozen=True, kw_only=True)
class Stood:
    """How many discrepancies were opened, opened again, ended, and stand now."""

    opened: int
    reopened: int
    ended: int
    standing: int


def stand_by(
    account: GatewayAccount, kind: DiscrepancyType, grounds: Sequence[Ground], *, day: date, gone: str = ""
) -> Stood:
    """Make the account's discrepancies of this type those that have a ground, in one database transaction.

    What people ended with a reason stays ended; what had vanished by itself is opened again. `gone` is the reason under
    which one without a ground ends; without it, none ends. `day` is the night's business date.
    """
    return in_one_transaction(lambda: _stand_by(account, kind, {one.key: one for one in grounds}, day, gone))


def _stand_by(
    account: GatewayAccount, kind: DiscrepancyType, grounds: Mapping[str, Ground], day: date, gone: str
) -> Stood:
    now, locked = database_now(), closed_months(account)
    known = {row.key: row for row in _known(account, kind, grounds)}
    fresh = [ground for key, ground in grounds.items() if key not in known]
    back = [
        row
        for row in known.values()
        if row.key in grounds and row.state == DiscrepancyState.VANISHED and row.month not in locked
    ]
    over = [
        one for one in known.values() if gone and one.key not in grounds and one.unsettled and one.month not in locked
    ]
    for ground in fresh:
        _open(account, kind, ground, month=_month_of(ground.occurred_on, day, locked), now=now)
    for row in back:
        _open_again(row, grounds[row.key], now)
    for row in over:
        _end(row, gone, now)
    standing = len(fresh) + sum(row.unsettled for row in known.values() if row.key in grounds)
    return Stood(opened=len(fresh), reopened=len(back), ended=len(over), standing=standing)


def closed_months(account: GatewayAccount) -> frozenset[date]:
    """The first days of the months that are locked."""
    return frozenset(
        MonthClose.objects.filter(account=account, state=MonthState.CLOSED).values_list("month", flat=True)
    )


def _month_of(occurred_on: date, day: date, locked: frozenset[date]) -> date:
    """The month in which it happened; the night's, when that one is locked."""
    month = occurred_on.replace(day=1)
    return day.replace(day=1) if month in locked else month


def _known(account: GatewayAccount, kind: DiscrepancyType, grounds: Mapping[str, Ground]) -> list[Discrepancy]:
    rows = Discrepancy.objects.select_for_update(no_key=True).filter(account=account, type=kind)
    keys, found = list(grounds), list(rows.unsettled().order_by("pk"))
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        settled = rows.filter(key__in=keys[start : start + _KEYS_AT_ONCE], closed_at__isnull=False)
        found += settled.order_by("pk")
    return found


def _open(account: GatewayAccount, kind: DiscrepancyType, ground: Ground, *, month: date, now: datetime) -> None:
    row = Discrepancy.objects.create(
        merchant_id=account.merchant_id,
        account=account,
        key=ground.key,
        type=kind,
        transaction=ground.transaction,
        modification=ground.modification,
        reference=ground.reference[:64],
        amount=ground.amount,
        currency=ground.transaction.currency,
        sentence=ground.sentence[:_SENTENCE_MAXIMUM],
        occurred_on=ground.occurred_on,
        month=month,
        opened_at=now,
    )
    _tell(row, "opened", ground.sentence, now)


def _open_again(row: Discrepancy, ground: Ground, now: datetime) -> None:
    row.state, row.closed_at, row.closed_by, row.resolution, row.fix = DiscrepancyState.OPEN.value, None, None, "", ""
    row.amount, row.sentence = ground.amount, ground.sentence[:_SENTENCE_MAXIMUM]
    row.reopened += 1
    row.version += 1
    row.save()
    _tell(row, "reopened", ground.sentence, now)


def _end(row: Discrepancy, gone: str, now: datetime) -> None:
    row.state, row.closed_at, row.resolution = DiscrepancyState.VANISHED.value, now, gone
    row.version += 1
    row.save(update_fields=["state", "closed_at", "resolution", "version"])
    _tell(row, "vanished", gone, now)


def _tell(row: Discrepancy, verb: str, text: str, now: datetime) -> None:
    DiscrepancyEntry.objects.create(discrepancy=row, at=now, verb=verb, text=text)
