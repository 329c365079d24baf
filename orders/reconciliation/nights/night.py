"""One account's night: read, collect, compare, match, miss what is late, and watch what should have been released."""

from __future__ import annotations

from orders.database import database_now
from orders.models import Drift, DriftState, GatewayAccount, JobRun
from orders.reconciliation.nights.closed_ground import watch_closed_months
from orders.reconciliation.nights.due import NIGHT, Due
from orders.reconciliation.nights.errands import Step, Told, Turn, take, work_off
from orders.reconciliation.nights.meeting import find_causes, match, miss_what_is_late, weigh
from orders.reconciliation.nights.reading import collect, read_lately_touched
from orders.reconciliation.nights.remainders import watch_remainders
from orders.reconciliation.nights.words import STEPS, counted

_LEFT = "Left to the newest night: this one was made up for."


def run_night(due: Due, *, at_once: bool = False) -> JobRun | None:
    """Run the account's night once; None when it is done or somebody is at it. Raises LeaseLost."""
    turn = take(job=NIGHT, day=due.day, account=due.account, at_once=at_once)
    return None if turn is None else work_off(turn, steps_of(due, turn))


def steps_of(due: Due, turn: Turn) -> tuple[Step, ...]:
    """What is done, in order. Only the newest night asks the gateway: an older one would learn nothing else."""
    account = due.account
    work = {
        "refresh": lambda: read_lately_touched(account, since=turn.row.started_at, renew=turn.renew),
        "collect": lambda: collect(account),
        "drift": lambda: _drifts(account),
        "match": lambda: match(due),
        "expectations": lambda: miss_what_is_late(due, run_id=_run_of(turn)),
        "remainder": lambda: watch_remainders(due, database_now()),
        "causes": lambda: find_causes(due),
        "closed": lambda: watch_closed_months(due),
        "balance": lambda: weigh(due),
    }
    if not due.newest:
        work |= dict.fromkeys(("refresh", "collect", "drift"), lambda: Told(sentence=_LEFT))
    return tuple(Step(name=name, work=work[name]) for name in STEPS)


def _run_of(turn: Turn) -> int | None:
    run: int | None = turn.row.steps.get("match", {}).get("figures", {}).get("run")
    return run


def _drifts(account: GatewayAccount) -> Told:
    """What the reading left different, field by field."""
    count = Drift.objects.filter(account=account, state=DriftState.OPEN).count()
    differ = counted(count, "field differs", "fields differ")
    sentence = f"{differ} from what the gateway shows." if count else "Every field that was read is equal."
    return Told(sentence=sentence, figures={"open": count})
