"""What a file would do, without doing it: read and matched as a trial that nobody counts, and deleted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

from orders.database import database_now
from orders.models import (
    FileState,
    GatewayAccount,
    Match,
    ReconciliationRun,
    RunKind,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    SettlementProfile,
    Source,
)
from orders.modifications.refusals import Refused
from orders.reconciliation.closed import closed_month
from orders.reconciliation.figures import NEEDS_AN_ITEM
from orders.reconciliation.files import storing
from orders.reconciliation.files.admitting import known_file, refuse_replacing, sentence_about
from orders.reconciliation.files.loading import Unreadable, delete_lines
from orders.reconciliation.files.reading import BadLine
from orders.reconciliation.files.receiving import append_part, begin_upload
from orders.reconciliation.matching.engine import Scope, forget_matches, match
from orders.reconciliation.runs import tolerance_of
from orders.reconciliation.runs_reading import day_of, mark, read_lines, same_again

if TYPE_CHECKING:
    from django.contrib.auth.models import User

_LIFE = timedelta(hours=2)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What would happen. `totals` in minor units by currency, `matches` by rule; `unmet` lines need a look."""

    taken: bool
    sentence: str
    business_date: date | None = None
    replaces: SettlementFile | None = None
    lines: int = 0
    overlaps: int = 0
    totals: dict[str, dict[str, int]] = field(default_factory=dict)
    matches: dict[str, int] = field(default_factory=dict)
    unmet: int = 0
    bad_lines: tuple[BadLine, ...] = ()


def dry_run(
    account: GatewayAccount,
    *,
    name: str,
    chunks: Iterable[bytes],
    business_date: date | None = None,
    profile: SettlementProfile | None = None,
    replaces: SettlementFile | None = None,
    by: User | None,
    source: Source,
) -> Trial:
    """Read and match a file, say what would happen, and leave nothing behind. Raises Refused as `receive` does."""
    if replaces is not None:
        refuse_replacing(account, replaces)
    file = begin_upload(account, name=name, business_date=business_date, profile=profile, by=by, source=source)
    run: ReconciliationRun | None = None
    try:
        for content in storing.in_parts(chunks):
            file.size = append_part(file, offset=file.size, content=content)
        if not file.size:
            raise Refused("The file is empty; nothing would be taken.", code="empty")
        known = known_file(account, storing.sha256_of(file.pk))
        if known is not None:
            return Trial(taken=False, sentence=sentence_about(known), business_date=known.business_date)
        file.state = FileState.TRIAL.value
        file.save(update_fields=["state"])
        run = _trial_run(file)
        return _try(file, run, replaces)
    except Unreadable as problem:
        return Trial(taken=False, sentence=str(problem), bad_lines=tuple(problem.bad_lines))
    finally:
        _forget(file, run)


def forget_stale_trials() -> int:
    """Trials of files whose process died; returns how many."""
    stale = SettlementFile.objects.filter(state=FileState.TRIAL, received_at__lt=database_now() - _LIFE)
    rows = list(stale.order_by("pk")[:20])
    for file in rows:
        _forget(file, file.runs.first())
    return len(rows)


def _try(file: SettlementFile, run: ReconciliationRun, replaces: SettlementFile | None) -> Trial:
    summary = read_lines(file, renew=_nobody_else)
    day = day_of(file, summary)
    month = closed_month(file.account_id, day)
    if month is not None:
        raise Unreadable(f"{month.month:%B %Y} is closed for {file.account.name}; the file would be refused.", [])
    replaced = replaces or same_again(file, day)
    summary = mark(file, summary, replaces=replaced, renew=_nobody_else)
    run.business_date = day
    run.save(update_fields=["business_date"])
    minor, days = tolerance_of(file.profile)
    scope = Scope(
        run=run,
        file_ids=(file.pk,),
        replaced_file_ids=(replaced.pk,) if replaced else (),
        tolerance_minor=minor,
        tolerance_days=days,
    )
    matches = match(scope)
    return Trial(
        taken=True,
        sentence=f"{file.name} would count: {summary.lines:,} lines. Nothing was changed.",
        business_date=day,
        replaces=replaced,
        lines=summary.lines,
        overlaps=summary.overlaps,
        totals=summary.totals,
        matches=matches,
        unmet=_unmet(file, run),
    )


def _unmet(file: SettlementFile, run: ReconciliationRun) -> int:
    """Lines that would need something of ours and meet nothing."""
    moving = SettlementLine.objects.filter(file=file, overlap=False, type__in=NEEDS_AN_ITEM).count()
    return moving - Match.objects.filter(run=run, line__type__in=NEEDS_AN_ITEM).values("line_id").distinct().count()


def _trial_run(file: SettlementFile) -> ReconciliationRun:
    now = database_now()
    return ReconciliationRun.objects.create(
        merchant_id=file.merchant_id,
        account_id=file.account_id,
        kind=RunKind.TRIAL,
        file=file,
        profile=file.profile,
        business_date=file.business_date or now.date(),
        state=RunState.TRIAL,
        stage=RunStage.MATCHING,
        started_by=file.received_by,
        started_at=now,
    )


def _nobody_else() -> None:
    """A trial is one process's own; nobody takes it over."""


def _forget(file: SettlementFile, run: ReconciliationRun | None) -> None:
    delete_lines(file, renew=_nobody_else)
    if run is not None:
        forget_matches(run)
        run.delete()
    storing.forget(file)
