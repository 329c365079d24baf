"""Who or what wrote a line of a discrepancy's history: a person, a file that was read, or the night of a date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from orders.models import DiscrepancyEntry, JobRun, ReconciliationRun, RunKind
from orders.reconciliation.nights.due import NIGHT
from orders.reconciliation.nights.words import night_of

NOBODY = "the dashboard"
"""Of lines from before their run was noted."""


def hands_of(entries: Sequence[DiscrepancyEntry]) -> dict[int, str]:
    """By the entry's key. Entries come with their actor loaded; at most two queries."""
    noted = {entry.pk: entry.details.get("run") for entry in entries if entry.actor is None}
    runs = ReconciliationRun.objects.select_related("file", "started_by").in_bulk({pk for pk in noted.values() if pk})
    nights = _nights(runs)
    return {entry.pk: _hand(entry, runs, nights) for entry in entries}


def _hand(entry: DiscrepancyEntry, runs: Mapping[int, ReconciliationRun], nights: set[int]) -> str:
    if entry.actor is not None:
        return entry.actor.get_username()
    run = runs.get(entry.details.get("run") or 0)
    if run is None:
        return str(entry.details.get("by") or NOBODY)
    if run.kind == RunKind.FILE and run.file is not None:
        return f"the file {run.file.name}"
    if run.kind == RunKind.PERSON and run.started_by is not None:
        return run.started_by.get_username()
    return night_of(run.business_date) if run.pk in nights else f"matching again on {run.business_date:%-d %B %Y}"


def _nights(runs: Mapping[int, ReconciliationRun]) -> set[int]:
    """Those that were a night's: people and corrected files have an account matched again in the same way."""
    unnamed = [run for run in runs.values() if run.kind == RunKind.NIGHT]
    if not unnamed:
        return set()
    rows = JobRun.objects.filter(
        job=NIGHT,
        account__in={run.account_id for run in unnamed},
        business_date__in={run.business_date for run in unnamed},
    )
    return {steps.get("match", {}).get("figures", {}).get("run", 0) for steps in rows.values_list("steps", flat=True)}
