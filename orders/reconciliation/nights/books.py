"""The books of everybody at night: every invariant is asked, and the audit chain is walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

from django.db import connection, transaction

from orders.invariants.belonging import BELONGING
from orders.invariants.checking import Finding, Invariant, check
from orders.invariants.life import LIFE
from orders.invariants.money import MONEY
from orders.models import JobRun
from orders.reconciliation.nights.chain import STEP, verify_chain
from orders.reconciliation.nights.due import BOOKS
from orders.reconciliation.nights.errands import Step, Told, take, work_off

INVARIANTS: tuple[Invariant, ...] = (*MONEY, *LIFE, *BELONGING)
_MINUTES = 10


def check_books(day: date, *, at_once: bool = False) -> JobRun | None:
    """Once a night for the whole installation; None when it is done or somebody is at it."""
    turn = take(job=BOOKS, day=day, at_once=at_once)
    if turn is None:
        return None
    steps = (
        Step(name="invariants", work=lambda: ask_invariants(turn.renew)),
        Step(name=STEP, work=lambda: verify_chain(day, renew=turn.renew)),
    )
    return work_off(turn, steps)


def ask_invariants(renew: Callable[[], None]) -> Told:
    """Every sum and promise. What is broken is told with its first examples; those are for operators only."""
    broken: list[Finding] = []
    for invariant in INVARIANTS:
        renew()
        with patience():
            finding = check(invariant)
        if not finding.holds:
            broken.append(finding)
    figures = {
        "asked": len(INVARIANTS),
        "broken": [
            {"number": one.invariant.number, "sentence": one.invariant.sentence, "violations": one.violations}
            | {"examples": list(one.examples)}
            for one in broken
        ],
    }
    if not broken:
        return Told(sentence=f"All {len(INVARIANTS)} invariants hold.", figures=figures)
    numbers = ", ".join(one.invariant.number for one in broken)
    sentence = f"{len(broken)} of {len(INVARIANTS)} invariants are broken ({numbers}). Pause sending and look."
    return Told(sentence=sentence, figures=figures)


@contextmanager
def patience() -> Iterator[None]:
    """PostgreSQL ends a page's statement after seconds; a nightly look at everything may take minutes."""
    if connection.vendor != "postgresql":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = '{_MINUTES}min'")
        yield
