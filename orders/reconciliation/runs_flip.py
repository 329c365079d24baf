"""The moment in which a run counts: one database transaction, a few rows, and everybody sees all of it or nothing."""

from __future__ import annotations

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
from orders.reconciliation.files.refusals import NOTHING_COUNTS
from orders.reconciliation.runs_reading import SUMMARY_COLUMNS, file_of, put_summary
from orders.reconciliation.runs_turns import Turn

_AT_ONCE = 500


def flip_file(turn: Turn, made: dict[str, int]) -> None:
    """The file's lines and the run's matches count from now on, those of the file it replaces no longer.

    Raises Unreadable when the month was closed meanwhile.
    """
    file = file_of(turn)
    revived = lines_to_revive(file.replaces, file) if file.replaces is not None else []

    def flip() -> None:
        hold_months(file.account_id)
        _refuse_closed(file)
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
            _revive(revived)
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


def _revive(keys: list[int]) -> None:
    """Lines of third files count again; their files say so."""
    files: set[int] = set()
    for start in range(0, len(keys), _AT_ONCE):
        lines = SettlementLine.objects.filter(pk__in=keys[start : start + _AT_ONCE])
        files |= set(lines.values_list("file_id", flat=True))
        lines.update(overlap=False)
    for other in SettlementFile.objects.filter(pk__in=files):
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
