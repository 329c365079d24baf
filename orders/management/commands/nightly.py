"""`manage.py nightly`: run the nights that are due, once each; for cron beside beat, and for making up by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.management.base import CommandParser

from orders.management.output import MISUSED, WRONG, Errand, Report, Stop, account_named
from orders.models import JobRun, JobState
from orders.reconciliation.nights.ring import NoNight, ring


class Command(Errand):
    help = "Run the nights that are due: read, match, miss what is late, report. A night that is done stays done."

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--account", metavar="NAME", help="Only this account's nights.")
        parser.add_argument("--date", metavar="DAY", help="Only the night of this business date, such as 2026-11-20.")
        parser.add_argument("--force-report", action="store_true", help="Send the letter once more.")

    def work(self, *, account: str | None, date: str | None, force_report: bool, **options: Any) -> Report:
        accounts = [account_named(account)] if account else None
        try:
            rows = ring(accounts=accounts, day=_day(date), at_once=True, letters_again=force_report)
        except NoNight as refusal:
            raise Stop(str(refusal), exit_code=MISUSED) from refusal
        lines = [line for row in rows for line in _told(row)]
        return Report(
            lines=lines or ["Nothing was due: every night that has begun is done."],
            facts={"errands": [_facts(row) for row in rows]},
            exit_code=WRONG if any(row.state == JobState.FAILED or _alarms(row) for row in rows) else 0,
        )


def _day(text: str | None) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Stop(f"“{text}” is no date such as 2026-11-20; nothing was run.", exit_code=MISUSED) from error


def _told(row: JobRun) -> list[str]:
    whose = row.account or row.merchant or "everybody"
    head = f"{row.job} of {row.business_date} for {whose}: {row.get_state_display().lower()}"
    return [head, *(f"  {name}: {step['sentence']}" for name, step in row.steps.items())]


def _alarms(row: JobRun) -> bool:
    """Whether the books or the audit log were found broken."""
    return any(step.get("figures", {}).get("broken") for step in row.steps.values())


def _facts(row: JobRun) -> dict[str, Any]:
    return {
        "job": row.job,
        "account": row.account.name if row.account else None,
        "merchant": row.merchant.name if row.merchant else None,
        "date": row.business_date,
        "state": row.state,
        "steps": row.steps,
    }
