"""The first stage of a run: the file's lines are read, and it is decided whether the file can count at all."""

from __future__ import annotations

from datetime import date

import structlog
from django.conf import settings
from django.db import transaction as database_transaction

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    FileState,
    RunStage,
    RunState,
    SettlementBadLine,
    SettlementFile,
    SettlementProfile,
    Source,
)
from orders.reconciliation.closed import closed_month
from orders.reconciliation.files.loading import Renew, Summary, Torn, Unreadable, delete_lines, load, summary_of
from orders.reconciliation.files.mapping import Mapping
from orders.reconciliation.files.overlaps import mark_overlaps
from orders.reconciliation.files.plain import BadMapping
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.files.reading import Limits
from orders.reconciliation.files.refusals import NOTHING_COUNTS
from orders.reconciliation.matching.engine import forget_matches
from orders.reconciliation.runs_turns import Turn

log = structlog.get_logger(__name__)


def read(turn: Turn) -> bool:
    """Load the run's file and lead the run on to matching; False when the file was refused."""
    file = file_of(turn)
    try:
        summary = read_lines(file, renew=turn.renew)
        day = day_of(file, summary)
        replaces = _predecessor(file, day)
        _refuse_closed(file, day)
        if replaces is not None and replaces.business_date is not None:
            _refuse_closed(file, replaces.business_date)
    except Unreadable as problem:
        refuse(turn, problem)
        return False
    summary = mark(file, summary, replaces=replaces, renew=turn.renew)
    with database_transaction.atomic():
        turn.advance(RunStage.MATCHING, business_date=day)
        _describe(file, summary, day, replaces)
    return True


def file_of(turn: Turn) -> SettlementFile:
    """The run's file, as it stands now."""
    assert turn.run.file_id is not None
    return SettlementFile.objects.select_related("account", "profile", "replaces").get(pk=turn.run.file_id)


def mapping_of(profile: SettlementProfile | None) -> Mapping:
    """How a file is read. Raises Unreadable when the stored profile cannot be used."""
    if profile is None:
        return SANDBOX_MAPPING
    try:
        return Mapping.from_json(profile.mapping)
    except BadMapping as problem:
        raise Unreadable(f"The profile {profile} cannot be used: {problem} {NOTHING_COUNTS}", []) from problem


def limits() -> Limits:
    """What a file may be at most in this installation."""
    return Limits(raw_bytes=settings.SETTLEMENT_MAX_MIB * 1024**2, rows=settings.SETTLEMENT_MAX_LINES)


def read_lines(file: SettlementFile, *, renew: Renew) -> Summary:
    """The file's lines into the table. Raises Unreadable."""
    mapping, today = mapping_of(file.profile), database_now().date()
    try:
        return load(file, mapping=mapping, limits=limits(), today=today, renew=renew)
    except Torn:
        log.warning("The lines of a settlement file did not add up after a stop; it is read anew.", file=file.pk)
        return load(file, mapping=mapping, limits=limits(), today=today, renew=renew)


def day_of(file: SettlementFile, summary: Summary) -> date:
    """The file's business date: as given, else the last day it books. Raises Unreadable when there is neither."""
    day = file.business_date or summary.last_booked_on
    if day is None:
        raise Unreadable(
            f"The file holds no lines, and nobody said which day it is of. {NOTHING_COUNTS} Give its date, if it is "
            "meant to be empty.",
            [],
        )
    return day


def mark(file: SettlementFile, summary: Summary, *, replaces: SettlementFile | None, renew: Renew) -> Summary:
    """Mark the overlaps and say what is left."""
    if summary.first_booked_on is None or summary.last_booked_on is None:
        return summary
    marked = mark_overlaps(
        file,
        summary.first_booked_on,
        summary.last_booked_on,
        replaces_id=replaces.pk if replaces else None,
        renew=renew,
    )
    return summary_of(file) if marked else summary


def same_again(file: SettlementFile, day: date) -> SettlementFile | None:
    """The counting file of the same name and date, which this one corrects without saying so."""
    same = SettlementFile.objects.filter(
        account=file.account_id, name=file.name, business_date=day, state=FileState.APPLIED
    )
    return same.exclude(pk=file.pk).order_by("-pk").first()


def refuse(turn: Turn, problem: Unreadable) -> None:
    """The file counts for nothing: say why, keep its bad lines, end the run, and delete what was loaded."""
    file, sentence = file_of(turn), str(problem)[:600]

    def write() -> None:
        turn.end(state=RunState.ABANDONED.value, problem=sentence)
        SettlementFile.objects.filter(pk=file.pk).update(
            state=FileState.REFUSED.value,
            problem=sentence,
            bad_lines=len(problem.bad_lines),
            replaces=None,
        )
        SettlementBadLine.objects.bulk_create(
            SettlementBadLine(file=file, number=bad.number, reason=bad.reason[:300], text=bad.text[:500])
            for bad in problem.bad_lines[:1000]
        )
        audit.record(
            verb="settlement.refused",
            sentence=f"The settlement file {file.name} was refused: {sentence}",
            source=Source(file.source),
            by=file.received_by,
            account=file.account,
            refused=True,
            details={"file": file.pk},
        )

    in_one_transaction(write)
    clean(file)


def clean(file: SettlementFile) -> None:
    """Delete what a file that never counted left behind; safe to repeat."""
    delete_lines(file, renew=lambda: None)
    for run in file.runs.filter(state=RunState.ABANDONED).order_by("pk"):
        forget_matches(run)


def _predecessor(file: SettlementFile, day: date) -> SettlementFile | None:
    """The file that this one replaces, as a person or its own name says. Raises Unreadable when it cannot be."""
    named = file.replaces or same_again(file, day)
    if named is not None and named.state != FileState.APPLIED:
        raise Unreadable(
            f"{named.name}, which this file corrects, does not count any more. {NOTHING_COUNTS} Look at its newest "
            "version and replace that one.",
            [],
        )
    if named is not None and SettlementFile.objects.filter(replaces=named).exclude(pk=file.pk).exists():
        raise Unreadable(
            f"Another corrected version of {named.name} is being uploaded already. {NOTHING_COUNTS} Wait until it is "
            "read, and upload this one again if it is still needed.",
            [],
        )
    return named


def _refuse_closed(file: SettlementFile, day: date) -> None:
    month = closed_month(file.account_id, day)
    if month is not None:
        raise Unreadable(
            f"{month.month:%B %Y} is closed for {file.account.name}. {NOTHING_COUNTS} Reopen the month, and upload "
            "the file again.",
            [],
        )


def _describe(file: SettlementFile, summary: Summary, day: date, replaces: SettlementFile | None) -> None:
    file.business_date = day
    file.replaces = replaces
    file.version = replaces.version + 1 if replaces else 1
    put_summary(file, summary)
    file.save(update_fields=["business_date", "replaces", "version", *SUMMARY_COLUMNS])


SUMMARY_COLUMNS = ("lines", "overlaps", "totals", "first_booked_on", "last_booked_on")


def put_summary(file: SettlementFile, summary: Summary) -> None:
    """What the lines come to, onto the unsaved row."""
    for name in SUMMARY_COLUMNS:
        setattr(file, name, getattr(summary, name))
