"""Is the machine doing its work? Each question is answered with a sentence and never raises.

A running process proves little: a worker that lost its broker keeps its process id. So progress is asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from celery import current_app
from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max

from orders.database import database_now
from orders.models import Heartbeat
from orders.modifications.watch import oldest_due_age_seconds
from orders.reconciliation.nights.watch import missed_everywhere

OLDEST_DUE_LIMIT_SECONDS = 120
HEARTBEAT_LIMIT_SECONDS = 60
BROKER_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One answer; `sentence` is for an operator."""

    ok: bool
    sentence: str


def findings() -> dict[str, Finding]:
    """All questions by name, the database first: when it is away the others that need it are not asked."""
    database = _asked(_database)
    found = {"database": database, "broker": _asked(_broker)}
    if database.ok:
        questions = {"migrations": _migrations, "oldest_due": _oldest_due, "worker": _worker, "nights": _nights}
        found |= {name: _asked(question) for name, question in questions.items()}
    return found


def heartbeat_age_seconds() -> float | None:
    """Seconds since any worker made a turn; nothing when none ever did."""
    newest = Heartbeat.objects.filter(name__startswith="worker ").aggregate(newest=Max("at"))["newest"]
    return None if newest is None else max(0.0, (database_now() - newest) / timedelta(seconds=1))


def _asked(question: Callable[[], Finding]) -> Finding:
    try:
        return question()
    except Exception as error:  # a health page that fails tells nothing; the kind of the error does
        return Finding(ok=False, sentence=f"This could not be found out ({type(error).__name__}).")


def _database() -> Finding:
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error as error:
        return Finding(
            ok=False,
            sentence=f"The database does not answer ({type(error).__name__}): nothing can be asked for or sent.",
        )
    return Finding(ok=True, sentence="The database answers.")


def _broker() -> Finding:
    try:
        _ping_broker()
    except Exception as error:  # whichever library notices first, it means the same
        return Finding(
            ok=False,
            sentence=f"The broker does not answer ({type(error).__name__}): clicks are kept and sent by the workers' "
            "clock; nothing is lost.",
        )
    return Finding(ok=True, sentence="The broker answers.")


def _ping_broker() -> None:
    options: dict[str, Any] = {
        **current_app.conf.broker_transport_options,
        "socket_connect_timeout": BROKER_PATIENCE_SECONDS,
        "socket_timeout": BROKER_PATIENCE_SECONDS,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
    with current_app.connection_for_write(transport_options=options) as connection:
        connection.default_channel.client.ping()  # type: ignore[attr-defined]  # of the Redis transport


def _migrations() -> Finding:
    missing = _unapplied_migrations()
    if missing:
        return Finding(ok=False, sentence=f"{missing} migrations are not applied; run `manage.py migrate`.")
    return Finding(ok=True, sentence="All migrations are applied.")


def _unapplied_migrations() -> int:
    missing = _planned_migrations()
    if missing:
        # Only the good answer is remembered: it cannot change while this process runs the same code.
        _planned_migrations.cache_clear()
    return missing


@functools.cache
def _planned_migrations() -> int:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _oldest_due() -> Finding:
    age_seconds = oldest_due_age_seconds()
    if age_seconds is None:
        return Finding(ok=True, sentence="No modification is due.")
    sentence = f"The oldest due modification has waited {age_seconds:.0f} s; the limit is {OLDEST_DUE_LIMIT_SECONDS} s."
    return Finding(ok=age_seconds <= OLDEST_DUE_LIMIT_SECONDS, sentence=sentence)


def _worker() -> Finding:
    age_seconds = heartbeat_age_seconds()
    if age_seconds is None:
        return Finding(ok=False, sentence="No worker has ever run here: what people ask for waits in the database.")
    if age_seconds > HEARTBEAT_LIMIT_SECONDS:
        return Finding(
            ok=False, sentence=f"No worker has made a turn for {age_seconds:.0f} s: what people ask for waits."
        )
    return Finding(ok=True, sentence=f"A worker made a turn {age_seconds:.0f} s ago.")


def _nights() -> Finding:
    """A night that did not run stops nobody from working, so it is told here and counted in the metrics."""
    missed = missed_everywhere()
    if not missed:
        return Finding(ok=True, sentence="Every night that was due has run.")
    accounts = "1 account has" if missed == 1 else f"{missed} accounts have"
    return Finding(ok=True, sentence=f"{accounts} a night that has not run; `manage.py nightly` makes up for it.")
