"""Who may go on with a run, and when: never while its process is alive, and later each time that it died."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from orders.database import database_now
from orders.models import FileState, ReconciliationRun, RunState
from orders.reconciliation.runs_turns import MOST_TRIES, Turn, take_next
from orders.reconciliation.tasks import HANDS
from tests.factories import an_account
from tests.reconciliation_factories import a_file, a_run

pytestmark = pytest.mark.django_db


def a_left_run(**fields: Any) -> ReconciliationRun:
    """A file's loading whose lease ended a second ago."""
    file = a_file(an_account(), state=FileState.LOADING)
    values = {"stage": "loading", "lease_until": database_now() - timedelta(seconds=1), "finished_at": None, **fields}
    return a_run(file.account, file=file, state=RunState.RUNNING, **values)


def test_a_turn_that_is_renewed_in_the_moment_of_the_take_over_stays_with_its_process() -> None:
    run = a_left_run()
    late = Turn(ReconciliationRun.objects.get(pk=run.pk))
    renewed = list[bool]()

    def renew_first(execute: Any, sql: str, *given: Any) -> Any:
        if sql.startswith("UPDATE") and not renewed:
            renewed.append(True)
            late.renew()
        return execute(sql, *given)

    with connection.execute_wrapper(renew_first):
        assert take_next(run.account_id) is None

    assert renewed
    late.renew()
    ReconciliationRun.objects.update(lease_until=database_now() - timedelta(seconds=1))
    assert take_next(run.account_id) is not None, "left once more, it is free"


def test_a_lease_outlasts_the_queue_of_every_hand_for_a_busy_sqlite() -> None:
    run = a_left_run(epoch=0)

    assert take_next(run.account_id) is not None

    run.refresh_from_db()
    assert run.lease_until is not None
    assert HANDS._initial_value == 3  # type: ignore[attr-defined]
    assert run.lease_until - database_now() > timedelta(seconds=3 * 20 + 15)


def test_five_deaths_in_a_bad_quarter_of_an_hour_are_needed_to_give_a_file_up() -> None:
    run = a_left_run(epoch=0)
    waited = list[timedelta]()

    for _ in range(MOST_TRIES):
        turn = take_next(run.account_id)
        assert turn is not None
        turn.renew()
        assert take_next(run.account_id) is None, "it may be alive"
        run.refresh_from_db()
        assert run.lease_until is not None
        waited.append(run.lease_until - database_now())
        ReconciliationRun.objects.update(lease_until=database_now() - timedelta(seconds=1))

    assert waited == sorted(waited)
    assert sum(waited, timedelta()) >= timedelta(minutes=10)
