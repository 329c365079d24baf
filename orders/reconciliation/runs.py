"""Drive a run through its stages: reading, matching, the flip, typing, evidence, causes. Each may be repeated.

A run belongs to whoever holds its turn. When that process dies the lease ends, and the next one goes on with the stage
that was begun; what does not count yet is completed or deleted, and what counts is never done twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta

import structlog
from django.db import connection
from django.db import transaction as database_transaction
from django.db.models import Exists, OuterRef, Q

from orders.database import database_now
from orders.models import (
    FileState,
    GatewayAccount,
    ProfileState,
    ReconciliationRun,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementProfile,
)
from orders.modifications.refusals import Refused
from orders.reconciliation import runs_reading
from orders.reconciliation.closed import closed_month
from orders.reconciliation.discrepancies.causes import explain
from orders.reconciliation.discrepancies.typing import type_leftovers
from orders.reconciliation.evidence import apply_settlements
from orders.reconciliation.figures import figures_of
from orders.reconciliation.files.loading import Unreadable
from orders.reconciliation.files.uploads import forget_stale_uploads
from orders.reconciliation.letting_go import let_go_of_failed
from orders.reconciliation.matching.engine import Scope, match
from orders.reconciliation.runs_flip import flip_file, flip_night
from orders.reconciliation.runs_turns import MOST_TRIES, Turn, TurnLost, take_next, take_night, unfinished

log = structlog.get_logger(__name__)

_WAITING = (FileState.WAITING, FileState.LOADING)
DEFAULT_TOLERANCE = (0, 5)
"""Minor units and days, where an account has no profile of its own."""


def work_on(file_id: int) -> ReconciliationRun | None:
    """Work off the file's account until this file is decided; returns the file's last run.

    Files that came earlier have their turn first. When another process works on the account, its run is the answer.
    """
    while True:
        file = SettlementFile.objects.select_related("account").get(pk=file_id)
        run = ReconciliationRun.objects.filter(file=file).order_by("-pk").first()
        if file.state not in _WAITING and (run is None or run not in unfinished(file.account_id)):
            return run
        turn = take_next(file.account_id)
        if turn is None:
            return unfinished(file.account_id).order_by("pk").first() or run
        drive(turn)


def rematch(account: GatewayAccount, business_date: date) -> ReconciliationRun:
    """Match the account's counting lines that are not met yet against what the books know now; an applied run.

    Raises Refused when the month is closed, or while another process works on the account.
    """
    month = closed_month(account.pk, business_date)
    if month is not None:
        raise Refused(f"{month.month:%B %Y} is closed for {account.name}; nothing was matched.", code="closed")
    while (turn := take_night(account, business_date)) is not None:
        drive(turn)
        if turn.begun:
            return ReconciliationRun.objects.get(pk=turn.run.pk)
    raise Refused(
        f"A settlement file of {account.name} is being read just now; nothing was matched. Try again in a minute.",
        code="busy",
    )


def work_account(account_id: int) -> int:
    """Work off what waits or was left at one account; how many runs. Nothing while another process is at it."""
    driven = 0
    while (turn := take_next(account_id)) is not None:
        drive(turn)
        driven += 1
    return driven


def work_due() -> int:
    """Work off what waits or was left at any account, one run of each in turn; what others are at is left to them.

    An account that fails stops no other. Returns how many runs.
    """
    driven, failed = 0, set[int]()
    while True:
        before = driven
        for account_id in accounts_with_work():
            if account_id in failed:
                continue
            try:
                if (turn := take_next(account_id)) is not None:
                    drive(turn)
                    driven += 1
            except Exception:
                failed.add(account_id)
                log.exception("The files of an account could not be worked off; they are tried again.", id=account_id)
        if driven == before:
            return driven


def accounts_with_work() -> list[int]:
    """Whose files wait or whose runs were left, and nobody is at it."""
    now = database_now()
    runs, files = unfinished(), SettlementFile.objects.filter(state__in=_WAITING)
    at_work = runs.filter(lease_until__gt=now).values_list("account_id", flat=True)
    left = runs.filter(Q(lease_until__lte=now) | Q(lease_until__isnull=True)).values_list("account_id", flat=True)
    return sorted({*files.values_list("account_id", flat=True), *left} - {*at_work})


def leases_that_end(within: timedelta) -> list[tuple[int, datetime]]:
    """Accounts whose run is not renewed any more, or was put off, and when somebody else may go on with it."""
    now = database_now()
    ending = unfinished().filter(lease_until__gt=now, lease_until__lte=now + within)
    return [(run.account_id, run.lease_until) for run in ending if run.lease_until is not None]


def tidy() -> None:
    """Forget what nobody finishes: uploads that stood still, lines of files that were refused by a dying process."""
    forget_stale_uploads()
    _clean_refused()


def drive(turn: Turn) -> None:
    """Lead the run to its end, or as far as this process keeps its turn. What fails is put off and raised."""
    try:
        if turn.run.epoch > MOST_TRIES:
            _give_up(turn)
            return
        if turn.run.stage == RunStage.LOADING and not runs_reading.read(turn):
            return
        if turn.run.stage == RunStage.MATCHING:
            _match(turn)
        if turn.run.state == RunState.APPLIED:
            _conclude(turn)
    except Unreadable as problem:
        with _dropped_when_lost(turn):
            runs_reading.refuse(turn, problem)
    except TurnLost:
        _drop(turn)
    except Exception as error:
        with _dropped_when_lost(turn):
            turn.put_off(f"It stopped at an error ({type(error).__name__}) and is tried again by itself.")
        raise


@contextmanager
def _dropped_when_lost(turn: Turn) -> Iterator[None]:
    """Whoever has the run now decides about it."""
    try:
        yield
    except TurnLost:
        _drop(turn)


def _drop(turn: Turn) -> None:
    log.warning("Another process took a run over; this one drops it.", run=turn.run.pk)


def tolerance_of(profile: SettlementProfile | None) -> tuple[int, int]:
    """Minor units and days by which a line may be off."""
    return (profile.tolerance_minor, profile.tolerance_days) if profile is not None else DEFAULT_TOLERANCE


def _match(turn: Turn) -> None:
    run = turn.run
    if run.file_id is None:
        minor, days = tolerance_of(_profile_of_night(run))
        flip_night(turn, _matched(turn, Scope(run=run, renew=turn.renew, tolerance_minor=minor, tolerance_days=days)))
        return
    file = runs_reading.file_of(turn)
    minor, days = tolerance_of(file.profile)
    scope = Scope(
        run=run,
        file_ids=(file.pk,),
        replaced_file_ids=(file.replaces_id,) if file.replaces_id else (),
        renew=turn.renew,
        tolerance_minor=minor,
        tolerance_days=days,
    )
    flip_file(turn, _matched(turn, scope))


def _matched(turn: Turn, scope: Scope) -> dict[str, int]:
    """Match under the turn; on PostgreSQL in one transaction that holds it, so that nobody can take it meanwhile."""
    if connection.vendor != "postgresql":
        return match(scope)
    with database_transaction.atomic():
        turn.renew()
        return match(scope)


def _conclude(turn: Turn) -> None:
    """What follows the flip: nothing of it decides whether the file counts."""
    run = turn.run
    if run.stage == RunStage.TYPING:
        if run.file_id is None:
            let_go_of_failed(run.account, run.business_date)
        type_leftovers(run, renew=turn.renew)
        turn.advance(RunStage.EVIDENCE)
    if run.stage == RunStage.EVIDENCE:
        apply_settlements(run.account_id)
        turn.advance(RunStage.EXPLAINING)
    explain(run=run, renew=turn.renew)
    turn.end(figures=figures_of(run, matches=run.figures.get("matches", {})), problem="")
    if run.file_id is not None and SettlementFile.objects.filter(pk=run.file_id, replaces__isnull=False).exists():
        _meet_what_was_freed(run)


def _meet_what_was_freed(run: ReconciliationRun) -> None:
    """What the replaced file had met is free for lines of other files."""
    try:
        rematch(run.account, run.business_date)
    except Refused:
        log.info("The account is busy; its next night matches what a corrected file set free.", run=run.pk)


def _give_up(turn: Turn) -> None:
    """A run that died again and again: what does not count is refused, what counts stays and is looked at by night."""
    sentence = f"It was begun {MOST_TRIES} times and never came to its end"
    if turn.run.state == RunState.APPLIED:
        turn.end(problem=f"{sentence}; its file counts, and the next night looks at what is left.")
    elif turn.run.file_id is None:
        turn.end(state=RunState.ABANDONED.value, problem=f"{sentence}; nothing of it counts.")
    else:
        raise Unreadable(
            f"{sentence}. Nothing of this file counts. Ask those who run this installation to look into the worker's "
            "log, and upload the file again.",
            [],
        )


def _profile_of_night(run: ReconciliationRun) -> SettlementProfile | None:
    """The strictest of the account's active profiles: a night meets lines of several."""
    active = SettlementProfile.objects.filter(account=run.account_id, state=ProfileState.ACTIVE)
    return active.order_by("tolerance_minor", "tolerance_days", "pk").first()


def _clean_refused() -> None:
    """Lines of files that were refused just before their process died."""
    lines = SettlementLine.objects.filter(file=OuterRef("pk"))
    refused = SettlementFile.objects.filter(state=FileState.REFUSED).order_by("-pk")
    newest = refused.values_list("pk", flat=True)[:100]
    for file in SettlementFile.objects.filter(Exists(lines), pk__in=list(newest)):
        runs_reading.clean(file)
