"""Who slept over its turn writes nothing more: neither matches nor what follows them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from orders.models import Discrepancy, FileState, Match, ReconciliationRun, RunState, SettlementFile
from orders.reconciliation import runs
from orders.reconciliation.runs import work_on
from tests.factories import a_captured_transaction, an_account
from tests.reconciliation.runs.bringing import bring, line, paper
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db(transaction=True)


def a_waiting_file() -> SettlementFile:
    account = an_account()
    transaction = a_captured_transaction(account=account, captured=100)
    a_modification_of(transaction, amount=100, gateway_reference="R-1")
    return bring(account, paper(line("R-1", "1.00"), line("R-2", "2.00"))).file


def taken_over_before(monkeypatch: pytest.MonkeyPatch, name: str) -> list[str]:
    """Somebody takes the run over in the moment in which this step begins; the step goes on not knowing it."""
    step: Callable[..., Any] = getattr(runs, name)
    happened = list[str]()

    def late(*given: Any, **named: Any) -> Any:
        if not happened:
            happened.append(name)
            ReconciliationRun.objects.update(epoch=F("epoch") + 1)
        return step(*given, **named)

    monkeypatch.setattr(runs, name, late)
    return happened


def test_no_match_is_written_after_the_turn_was_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    file = a_waiting_file()
    happened = taken_over_before(monkeypatch, "match")

    work_on(file.pk)

    file.refresh_from_db()
    assert happened == ["match"]
    if connection.vendor == "sqlite":  # PostgreSQL holds the run while it matches: nobody can take it over
        assert not Match.objects.exists()
    assert not Match.objects.filter(run__state=RunState.APPLIED).exists()
    assert file.state == FileState.LOADING
    assert ReconciliationRun.objects.get().state == RunState.RUNNING, "the other one decides about it"


@pytest.mark.parametrize("name", ["type_leftovers", "explain"])
def test_nothing_is_typed_or_explained_after_the_turn_was_lost(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    file = a_waiting_file()
    happened = taken_over_before(monkeypatch, name)

    work_on(file.pk)

    run = ReconciliationRun.objects.get()
    assert happened == [name]
    assert (run.state, run.finished_at) == (RunState.APPLIED, None), "it counts, and the other one ends it"
    told = Discrepancy.objects.all()
    assert told.count() == (0 if name == "type_leftovers" else 1)
    assert not told.exclude(cause="").exists()


def test_an_error_after_the_turn_was_lost_is_said_and_put_off_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    file = a_waiting_file()

    def torn(*given: Any, **named: Any) -> None:
        ReconciliationRun.objects.update(epoch=F("epoch") + 1)
        raise RuntimeError("the cable")

    monkeypatch.setattr(runs, "type_leftovers", torn)

    with pytest.raises(RuntimeError, match="the cable"):
        work_on(file.pk)

    assert ReconciliationRun.objects.get().problem == ""
