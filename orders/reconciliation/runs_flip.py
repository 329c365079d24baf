"""The moment in which a run counts: one database transaction, a few rows, and everybody sees all of it or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from django.db.models import Count, Sum

from orders import audit
from orders.database import database_now, in_one_transaction
from orders.models import (
    FileState,
    ReconciliationRun,
    RunStage,
    RunState,
    SettlementFile,
    SettlementLine,
    Source,
)
from orders.money import Money
from orders.reconciliation.closed import closed_month, hold_months
from orders.reconciliation.files.loading import Unreadable, summary_of
from orders.reconciliation.files.overlaps import lines_to_revive
from orders.reconciliation.files.refusals import NOTHING_COUNTS, shown
from orders.reconciliation.runs_reading import SUMMARY_COLUMNS, file_of, put_summary
from orders.reconciliation.runs_turns import Turn

_AT_ONCE = 500


def flip_file(turn: Turn, made: dict[str, int]) -> None:
    """The file's lines and the run's matches count from now on, those of the file it replaces no longer.

    Raises Unreadable when the month was closed meanwhile, or when a file of a closed month would hold other lines.
    """
    file = file_of(turn)
    revived = lines_to_revive(file.replaces, file) if file.replaces is not None else []
    holders = _files_of(revived)

    def flip() -> None:
        hold_months(file.account_id)
        _refuse_closed(file)
        _refuse_other_lines_in_closed(file, revived, holders)
        turn.advance(RunStage.TYPING, state=RunState.APPLIED.value, figures={"matches": made})
        _one(
            SettlementFile.objects.filter(pk=file.pk, state=FileState.LOADING).update(
                state=FileState.APPLIED, applied_at=database_now()
            )
        )
        if file.replaces is not None:
            _one(
                SettlementFile.objects.filter(pk=file.replaces.pk, state=FileState.APPLIED).update(
                    state=FileState.REPLACED
                )
            )
            ReconciliationRun.objects.filter(file=file.replaces, state=RunState.APPLIED).update(state=RunState.REPLACED)
            _revive(revived, holders)
        _tell(file)

    in_one_transaction(flip)


def flip_night(turn: Turn, made: dict[str, int]) -> None:
    """The matches of a run without a file count from now on."""

    def flip() -> None:
        hold_months(turn.run.account_id)
        turn.advance(RunStage.TYPING, state=RunState.APPLIED.value, figures={"matches": made})

    in_one_transaction(flip)


def _one(changed: int) -> None:
    if changed != 1:
        raise RuntimeError("A settlement file changed its state while a run held it; nothing of the run counts.")


def _refuse_closed(file: SettlementFile) -> None:
    days = [file.business_date] + ([file.replaces.business_date] if file.replaces else [])
    for day in days:
        month = closed_month(file.account_id, day) if day is not None else None
        if month is not None:
            raise Unreadable(
                f"{month.month:%B %Y} was closed for {file.account.name} while the file was read. {NOTHING_COUNTS} "
                "Reopen the month, and upload the file again.",
                [],
            )


def _refuse_other_lines_in_closed(file: SettlementFile, revived: list[int], holders: list[SettlementFile]) -> None:
    """What a closed month's file says was signed: no correction of another file makes more of its lines count."""
    of_closed = [(one, month) for one in holders if (month := closed_month(one.account_id, _day_of(one))) is not None]
    if not of_closed:
        return
    other, month = of_closed[0]
    lines, label = SettlementLine.objects.filter(file__in=[one for one, _ in of_closed]), f"{month.month:%B %Y}"
    count, net = 0, Counter[str]()
    for some in _in_turns(revived):
        for currency, there, sum_of_net in (
            lines.filter(pk__in=some).values_list("currency").annotate(Count("pk"), Sum("net"))
        ):
            count += there
            net[currency] += sum_of_net
    sums = " and ".join(f"{Money(amount, currency)}" for currency, amount in sorted(net.items()))
    what, they = ("1 line", "It") if count == 1 else (f"{count:,} lines", "They")
    raise Unreadable(
        f"This correction leaves out {what} that {shown(other.name)}, a file of {label}, lists too. {they} would count "
        f"there from now on, {sums} net, and {label} is closed for {file.account.name}. {NOTHING_COUNTS} The version "
        f"that it corrects goes on counting. Reopen {label}, upload this file again, and have the month signed anew.",
        [],
    )


def _day_of(file: SettlementFile) -> date:
    assert file.business_date is not None, "what counts has a date"
    return file.business_date


def _files_of(keys: list[int]) -> list[SettlementFile]:
    """The files that hold these lines, oldest first."""
    ids = {
        file_id
        for some in _in_turns(keys)
        for file_id in SettlementLine.objects.filter(pk__in=some).values_list("file_id", flat=True).distinct()
    }
    return list(SettlementFile.objects.filter(pk__in=ids).order_by("pk"))


def _in_turns(keys: list[int]) -> Iterator[list[int]]:
    return (keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE))


def _revive(keys: list[int], holders: list[SettlementFile]) -> None:
    """Lines of third files count again; their files say so."""
    for some in _in_turns(keys):
        SettlementLine.objects.filter(pk__in=some).update(overlap=False)
    for other in holders:
        put_summary(other, summary_of(other))
        other.save(update_fields=list(SUMMARY_COLUMNS))


def _tell(file: SettlementFile) -> None:
    sums = ", ".join(f"{Money(sums['net'], code)}" for code, sums in file.totals.items()) or "nothing"
    instead = f" It takes the place of version {file.replaces.version}." if file.replaces else ""
    audit.record(
        verb="settlement.applied",
        sentence=f"The settlement file {file.name} counts: {file.lines:,} lines, net {sums}.{instead}",
        source=Source(file.source),
        by=file.received_by,
        account=file.account,
        details={"file": file.pk, "sha256": file.sha256, "replaces": file.replaces_id},
    )
