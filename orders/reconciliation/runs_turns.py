"""Whose turn it is: one process works on an account, under a lease and an epoch; what a dead one left is taken over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, QuerySet

from orders.database import database_now, in_one_transaction
from orders.models import FileState, GatewayAccount, ReconciliationRun, RunKind, RunStage, RunState, SettlementFile

if TYPE_CHECKING:
    from django.contrib.auth.models import User

MOST_TRIES = 5
"""A run that died so often is given up, so that the account's other files get their turn."""
_LEASES = {RunStage.LOADING.value: timedelta(seconds=90)}
_LONG = timedelta(minutes=15)
"""Loading renews its lease with every chunk, and pauses to open a workbook or in SQLite's queue; the other stages are
few statements, and long ones."""
_LATER = timedelta(minutes=1)
"""So much longer is the lease of each further try, so that a bad quarter of an hour does not use up all of them."""
_SILENCES = {RunStage.LOADING.value: timedelta(seconds=10)}
_LONG_SILENCE = timedelta(minutes=2)
"""So long a run is not heard of while it works as it should."""


class TurnLost(Exception):
    """Somebody else works on this run now; whatever this process still had in hand is dropped."""


@dataclass
class Turn:
    """The right to work on a run, until its lease ends or somebody takes it over."""

    run: ReconciliationRun
    begun: bool = False
    """Whether the run was made with this turn; otherwise somebody left it, or a person asked for it."""

    def renew(self) -> None:
        """Hold the run, in the caller's database transaction. Raises TurnLost."""
        self._write(lease_until=database_now() + _lease_of(self.run.stage, self.run.epoch))

    def advance(self, stage: RunStage, **fields: Any) -> None:
        """Begin the next stage, in the caller's database transaction. Raises TurnLost."""
        now = database_now()
        self._write(stage=stage.value, lease_until=now + _lease_of(stage.value, self.run.epoch), **fields)

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
    """Runs of files, nights and people that wait, are under way or were left."""
    runs = ReconciliationRun.objects.filter(
        kind__in=(RunKind.FILE, RunKind.NIGHT, RunKind.PERSON), state__in=(RunState.RUNNING, RunState.APPLIED)
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


def ask_for(account: GatewayAccount, business_date: date, *, by: User) -> tuple[ReconciliationRun, bool]:
    """A new run that waits for whoever takes the account's next turn, and True; or the one at work, and False."""

    def ask() -> tuple[ReconciliationRun, bool]:
        locked = GatewayAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        at_work = unfinished(account.pk).filter(state=RunState.RUNNING).order_by("pk").first()
        if at_work is not None:
            return at_work, False
        run = _run(
            locked,
            database_now(),
            kind=RunKind.PERSON,
            business_date=business_date,
            stage=RunStage.MATCHING.value,
            started_by=by,
            epoch=0,
            lease_until=None,
        )
        return run, True

    return in_one_transaction(ask)


def silent_since(run: ReconciliationRun, now: datetime) -> datetime | None:
    """When the run's process was last heard of, if it should have been since; None while all is well, or nobody has it.

    Nobody needs to do anything: at `lease_until` another process goes on.
    """
    if run.lease_until is None or run.stage == RunStage.DONE:
        return None
    heard = run.lease_until - _lease_of(run.stage, run.epoch)
    return heard if now - heard > _SILENCES.get(run.stage, _LONG_SILENCE) else None


def _take(account_id: int, begin: Callable[[GatewayAccount, datetime], ReconciliationRun | None]) -> Turn | None:
    def take() -> Turn | None:
        locked = GatewayAccount.objects.select_for_update(no_key=True).get(pk=account_id)
        now = database_now()
        left = unfinished(account_id).order_by("pk").first()
        if left is not None:
            return _take_over(left, now)
        run = begin(locked, now)
        return Turn(run, begun=True) if run is not None else None

    return in_one_transaction(take)


def _take_over(run: ReconciliationRun, now: datetime) -> Turn | None:
    if run.lease_until is not None and run.lease_until > now:
        return None
    lease = now + _lease_of(run.stage, run.epoch + 1)
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    mine = ReconciliationRun.objects.filter(free, pk=run.pk, epoch=run.epoch)
    if not mine.update(epoch=F("epoch") + 1, lease_until=lease, problem=""):
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
    values = {"epoch": 1, "started_at": now, "lease_until": lease, **fields}
    return ReconciliationRun.objects.create(merchant_id=account.merchant_id, account=account, **values)


def _lease_of(stage: str, epoch: int = 1) -> timedelta:
    return _LEASES.get(stage, _LONG) + _LATER * max(epoch - 1, 0)
