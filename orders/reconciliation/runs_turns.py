"""Whose turn it is: one process works on an account, under a lease and an epoch; what a dead one left is taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from orders.database import database_now, in_one_transaction
from orders.models import FileState, GatewayAccount, ReconciliationRun, RunKind, RunStage, RunState, SettlementFile

MOST_TRIES = 5
"""A run that died so often is given up, so that the account's other files get their turn."""
_LEASES = {RunStage.LOADING.value: timedelta(minutes=2)}
_LONG = timedelta(minutes=15)
"""Loading renews its lease with every chunk; the other stages are few statements, and long ones."""


class TurnLost(Exception):
    """Somebody else works on this run now; whatever this process still had in hand is dropped."""


@dataclass
class Turn:
    """The right to work on a run, until its lease ends or somebody takes it over."""

    run: ReconciliationRun

    def renew(self) -> None:
        """Hold the run, in the caller's database transaction. Raises TurnLost."""
        self._write(lease_until=database_now() + _lease_of(self.run.stage))

    def advance(self, stage: RunStage, **fields: Any) -> None:
        """Begin the next stage, in the caller's database transaction. Raises TurnLost."""
        now = database_now()
        self._write(stage=stage.value, lease_until=now + _lease_of(stage.value), **fields)

    def end(self, **fields: Any) -> None:
        """The run is over. Raises TurnLost."""
        self._write(stage=RunStage.DONE.value, lease_until=None, finished_at=database_now(), **fields)

    def put_off(self, problem: str) -> None:
        """It failed; somebody tries again, later each time."""
        wait = timedelta(minutes=self.run.epoch)
        self._write(problem=problem[:600], lease_until=database_now() + wait)

    def _write(self, **fields: Any) -> None:
        rows = ReconciliationRun.objects.filter(pk=self.run.pk, epoch=self.run.epoch).exclude(stage=RunStage.DONE)
        if not rows.update(**fields):
            raise TurnLost
        for name, value in fields.items():
            setattr(self.run, name, value)


def unfinished(account_id: int | None = None) -> QuerySet[ReconciliationRun]:
    """Runs of files and nights that are under way or were left."""
    runs = ReconciliationRun.objects.filter(
        kind__in=(RunKind.FILE, RunKind.NIGHT), state__in=(RunState.RUNNING, RunState.APPLIED)
    ).exclude(stage=RunStage.DONE)
    return runs if account_id is None else runs.filter(account_id=account_id)


def take_next(account_id: int) -> Turn | None:
    """The turn for the account's oldest work: what somebody left, else the file that waits longest.

    None when there is nothing to do, or when somebody is at it.
    """
    return _take(account_id, _begin_file)


def take_night(account: GatewayAccount, business_date: date) -> Turn | None:
    """The turn for a new run over what is not met yet; what somebody left comes first. None when somebody is at it."""
    return _take(account.pk, lambda locked, now: _begin_night(locked, business_date, now))


def _take(account_id: int, begin: Callable[[GatewayAccount, datetime], ReconciliationRun | None]) -> Turn | None:
    def take() -> Turn | None:
        locked = GatewayAccount.objects.select_for_update(no_key=True).get(pk=account_id)
        now = database_now()
        left = unfinished(account_id).order_by("pk").first()
        if left is not None:
            return _take_over(left, now)
        run = begin(locked, now)
        return Turn(run) if run is not None else None

    return in_one_transaction(take)


def _take_over(run: ReconciliationRun, now: datetime) -> Turn | None:
    if run.lease_until is not None and run.lease_until > now:
        return None
    lease = now + _lease_of(run.stage)
    mine = ReconciliationRun.objects.filter(pk=run.pk, epoch=run.epoch)
    if not mine.update(epoch=F("epoch") + 1, lease_until=lease):
        return None
    return Turn(ReconciliationRun.objects.select_related("account", "file__profile").get(pk=run.pk))


def _begin_file(account: GatewayAccount, now: datetime) -> ReconciliationRun | None:
    waiting = SettlementFile.objects.filter(account=account, state__in=(FileState.WAITING, FileState.LOADING))
    file = waiting.select_related("profile").order_by("pk").first()
    if file is None:
        return None
    file.state = FileState.LOADING.value
    file.save(update_fields=["state"])
    return _run(account, now, kind=RunKind.FILE, file=file, profile=file.profile, business_date=file.business_date)


def _begin_night(account: GatewayAccount, business_date: date, now: datetime) -> ReconciliationRun:
    return _run(account, now, kind=RunKind.NIGHT, business_date=business_date, stage=RunStage.MATCHING.value)


def _run(account: GatewayAccount, now: datetime, **fields: Any) -> ReconciliationRun:
    fields["business_date"] = fields["business_date"] or now.date()
    lease = now + _lease_of(fields.get("stage", RunStage.LOADING.value))
    return ReconciliationRun.objects.create(
        merchant_id=account.merchant_id, account=account, epoch=1, started_at=now, lease_until=lease, **fields
    )


def _lease_of(stage: str) -> timedelta:
    return _LEASES.get(stage, _LONG)
