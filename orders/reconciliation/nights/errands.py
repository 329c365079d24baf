"""One errand of one night: begun once, held under a lease, and its finished steps remembered.

The row is UNIQUE by job, subject and business date, so a second start finds the first. Whoever holds the lease works;
a killed holder is followed by the next one, who goes on behind the last finished step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Any

import structlog
from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders.database import database_now
from orders.models import GatewayAccount, JobRun, JobState, Merchant
from orders.modifications.crash import crash

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=15)
AGAIN = timedelta(minutes=30)
"""An errand of which something failed is tried again after this time."""
_PROBLEM_MAXIMUM = 600


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a step came to: a sentence for staff, and figures for pages (counts, minor units by currency)."""

    sentence: str
    figures: dict[str, Any] = field(default_factory=dict)
    ok: bool = True


@dataclass(frozen=True, kw_only=True)
class Step:
    """One thing to do; `work` may be repeated from its beginning with the same end."""

    name: str
    work: Callable[[], Told]


class LeaseLost(Exception):
    """Somebody else took the errand over, because this process was away for longer than its lease."""


class Turn:
    """The right to work on an errand until the lease ends; every write checks that it still holds."""

    def __init__(self, row: JobRun) -> None:
        self.row = row

    def did(self, step: str) -> bool:
        """Whether the step was finished well in this turn or an earlier one."""
        return bool(self.row.steps.get(step, {}).get("ok"))

    def note(self, step: str, told: Told, *, seconds: float) -> None:
        """Keep what a step came to. Raises LeaseLost."""
        steps = {**self.row.steps}
        steps.pop(step, None)
        now = database_now()
        steps[step] = {"at": now.isoformat(), "seconds": round(seconds, 3), **asdict(told)}
        self._write(steps=steps, lease_until=now + LEASE)
        self.row.steps = steps

    def renew(self) -> None:
        """Go on for another lease. Raises LeaseLost."""
        self._write(lease_until=database_now() + LEASE)

    def finish(self) -> None:
        """Done when every step ended well; else failed, and due again in a while. Raises LeaseLost."""
        problems = [step["sentence"] for step in self.row.steps.values() if not step["ok"]]
        now = database_now()
        self.row.state = (JobState.FAILED if problems else JobState.DONE).value
        self.row.problem = " ".join(problems)[:_PROBLEM_MAXIMUM]
        self.row.finished_at = now
        self._write(
            state=self.row.state,
            problem=self.row.problem,
            finished_at=now,
            lease_until=now + AGAIN if problems else now,
        )

    def _write(self, **values: Any) -> None:
        held = JobRun.objects.filter(pk=self.row.pk, epoch=self.row.epoch, state=JobState.RUNNING)
        if not held.update(**values):
            raise LeaseLost(f"{self.row} was taken over.")


def take(
    *,
    job: str,
    day: date,
    account: GatewayAccount | None = None,
    merchant: Merchant | None = None,
    at_once: bool = False,
) -> Turn | None:
    """Begin the errand or take it over; None while somebody holds it, and for one that is done.

    `at_once` does not wait until a failed one is due again.
    """
    key = {"job": job, "subject": subject_of(account=account, merchant=merchant), "business_date": day}
    now = database_now()
    try:
        with database_transaction.atomic():
            made = JobRun.objects.create(
                **key,
                merchant=account.merchant if account else merchant,
                account=account,
                started_at=now,
                lease_until=now + LEASE,
            )
            return Turn(made)
    except IntegrityError:
        row = JobRun.objects.get(**key)
    free = row.lease_until <= now or (at_once and row.state == JobState.FAILED)
    if not free or row.state == JobState.DONE:
        return None
    seen = JobRun.objects.filter(pk=row.pk, epoch=row.epoch, state=row.state)
    taken = {"epoch": row.epoch + 1, "state": JobState.RUNNING.value, "lease_until": now + LEASE}
    if not seen.update(**taken, finished_at=None, problem=""):
        return None
    row.refresh_from_db()
    return Turn(row)


def subject_of(*, account: GatewayAccount | None = None, merchant: Merchant | None = None) -> str:
    """Whom the errand is for, as it stands in the row."""
    if account is not None:
        return f"account:{account.pk}"
    return f"merchant:{merchant.pk}" if merchant is not None else "all"


def work_off(turn: Turn, steps: Sequence[Step]) -> JobRun:
    """Do every step that is not done yet. One that fails is told and never stops the others. Raises LeaseLost."""
    for step in steps:
        if turn.did(step.name):
            continue
        begun = time.monotonic()
        told = _do(step, turn)
        turn.note(step.name, told, seconds=time.monotonic() - begun)
        crash(f"after_{step.name}", turn.row.pk)
    turn.finish()
    return turn.row


def _do(step: Step, turn: Turn) -> Told:
    try:
        return step.work()
    except LeaseLost:
        raise
    except Exception as error:  # whatever one step meets, the others are still to be done
        log.exception("A step of the night failed; it is tried again.", step=step.name, errand=str(turn.row))
        return Told(
            sentence=f"The step “{step.name}” failed ({type(error).__name__}); what it had finished stays, no money "
            "moved, and it is tried again in half an hour.",
            ok=False,
        )
