"""An experiment: the last ninety days once more, under a profile that is not in use yet.

A run of kind trial is its row and its queue: somebody asks, a worker takes it under a lease, the figures stay, and
every line and match it needed is deleted again. Nobody else ever sees them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import structlog
from django.db.models import F, Q, QuerySet

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    FileState,
    ProfileState,
    ReconciliationRun,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
    SettlementProfile,
    Source,
)
from orders.modifications.refusals import NotAllowed
from orders.permissions import permissions_of
from orders.reconciliation.files.loading import delete_lines
from orders.reconciliation.laboratory.comparing import Pair, compare
from orders.reconciliation.laboratory.rereading import Shadow, read_again
from orders.reconciliation.matching.engine import Scope, forget_matches, match

if TYPE_CHECKING:
    from django.contrib.auth.models import User

log = structlog.get_logger(__name__)

DAYS = 90
MOST_TRIES = 3
_LEASE = timedelta(minutes=15)


def begin(profile: SettlementProfile, *, by: User, source: Source = Source.PAGE) -> ReconciliationRun:
    """Ask for an experiment with this profile; one that is under way is the answer. Raises NotAllowed."""
    account = profile.account
    if "reconcile" not in permissions_of(by, account.merchant_id):
        raise NotAllowed(
            "Only people with the “reconcile” permission at this merchant try profiles.", code="permission"
        )
    if profile.state == ProfileState.RETIRED:
        raise NotAllowed("This version was retired; make a new draft of it and try that.", code="retired")
    return in_one_transaction(lambda: _begin(profile, by, source))


def work_due() -> int:
    """Carry out every experiment that nobody is at; returns how many."""
    done = 0
    while (run := _take()) is not None:
        _carry_out(run)
        done += 1
    return done


def experiments(profile: SettlementProfile) -> QuerySet[ReconciliationRun]:
    """Those with this profile, newest first."""
    return _trials().filter(profile=profile).order_by("-pk")


def _trials() -> QuerySet[ReconciliationRun]:
    """Trials of the laboratory; those of `reconcile --dry-run` have a file."""
    return ReconciliationRun.objects.filter(kind=RunKind.TRIAL, file__isnull=True)


def _begin(profile: SettlementProfile, by: User, source: Source) -> ReconciliationRun:
    SettlementProfile.objects.select_for_update(no_key=True).get(pk=profile.pk)
    waiting = experiments(profile).exclude(stage=RunStage.DONE).first()
    if waiting is not None:
        return waiting
    now = database_now()
    run = ReconciliationRun.objects.create(
        merchant_id=profile.account.merchant_id,
        account=profile.account,
        kind=RunKind.TRIAL,
        profile=profile,
        business_date=now.date(),
        state=RunState.TRIAL,
        started_by=by,
        started_at=now,
    )
    audit.record(
        verb="profile.tried",
        sentence=f"{profile} of {profile.account} is tried on the last {DAYS} days.",
        source=source,
        by=by,
        account=profile.account,
        details={"profile": profile.pk, "run": run.pk},
    )
    return run


def _take() -> ReconciliationRun | None:
    now = database_now()
    free = _trials().exclude(stage=RunStage.DONE).filter(Q(lease_until__isnull=True) | Q(lease_until__lte=now))
    for run in free.select_related("account", "profile").order_by("pk")[:20]:
        mine = ReconciliationRun.objects.filter(pk=run.pk, epoch=run.epoch)
        if mine.update(epoch=F("epoch") + 1, lease_until=now + _LEASE):
            run.epoch += 1
            return run
    return None


def _carry_out(run: ReconciliationRun) -> None:
    assert run.profile is not None
    _sweep(run)
    if run.epoch > MOST_TRIES:
        _end(run, problem=f"It was begun {MOST_TRIES} times and never came to its end; try it again later.")
        return
    try:
        figures = _try(run, run.profile)
    except Exception as error:
        log.exception("An experiment failed.", run=run.pk)
        _end(run, problem=f"It stopped at an error ({type(error).__name__}); nothing was changed. Try it again.")
    else:
        _end(run, figures=figures)
    finally:
        _sweep(run)


def _try(run: ReconciliationRun, profile: SettlementProfile) -> dict[str, object]:
    files = _files(profile, run.business_date)
    again = [read_again(file, profile, renew=lambda: _renew(run)) for file in files]
    readable = [one for one in again if not one.problem]
    scope = Scope(
        run=run,
        file_ids=tuple(one.file_id for one in readable),
        fresh=True,
        reread=tuple((one.file_id, one.source.pk) for one in readable),
        tolerance_minor=profile.tolerance_minor,
        tolerance_days=profile.tolerance_days,
    )
    _renew(run)
    matches = match(scope) if readable else {}
    pairs = [Pair(before=one.source.pk, now=one.file_id) for one in readable]
    unread = [one.source.pk for one in again if one.problem]
    return {
        "days": DAYS,
        "files": len(files),
        "unreadable": [_told(one) for one in again if one.problem],
        "matches": matches,
        **compare(scope, pairs, unread),
    }


def _told(shadow: Shadow) -> dict[str, object]:
    return {"file": shadow.source.pk, "name": shadow.source.name, "problem": shadow.problem}


def _files(profile: SettlementProfile, today: date) -> list[SettlementFile]:
    """The counting files of the last days that a version of this profile read, oldest first."""
    counting = SettlementFile.objects.filter(
        account=profile.account, state=FileState.APPLIED, business_date__gte=today - timedelta(days=DAYS)
    )
    return list(counting.filter(profile__name=profile.name).select_related("profile").order_by("business_date", "pk"))


def _renew(run: ReconciliationRun) -> None:
    ReconciliationRun.objects.filter(pk=run.pk, epoch=run.epoch).update(lease_until=database_now() + _LEASE)


def _end(run: ReconciliationRun, *, figures: dict[str, object] | None = None, problem: str = "") -> None:
    ReconciliationRun.objects.filter(pk=run.pk, epoch=run.epoch).update(
        stage=RunStage.DONE.value,
        lease_until=None,
        finished_at=database_now(),
        figures=figures or {},
        problem=problem,
    )


def _sweep(run: ReconciliationRun) -> None:
    """Delete the lines and matches of this experiment; safe to repeat."""
    forget_matches(run)
    shadows = SettlementFile.objects.filter(profile=run.profile, state=FileState.TRIAL, source=Source.WORKER)
    for file in shadows:
        delete_lines(file, renew=lambda: None)
        file.delete()
