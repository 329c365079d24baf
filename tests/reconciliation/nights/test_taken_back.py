"""A file that settled a movement is replaced by one that lacks it: our books keep it, and the night tells the story."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from orders.gateways.base import Kind
from orders.models import (
    Cause,
    Discrepancy,
    DiscrepancyEntry,
    GatewayAccount,
    Modification,
    ModificationState,
    SettlementFile,
    SettlementTerms,
)
from orders.reconciliation.calendar import Terms
from orders.reconciliation.nights.due import Due
from orders.reconciliation.nights.meeting import find_causes, match, miss_what_is_late
from tests import factories
from tests.modifications import steps
from tests.modifications.steps import answered, armed, asked
from tests.reconciliation.runs.bringing import DAY, bring_and_work, line
from tests.reconciliation_factories import a_modification_of

pytestmark = pytest.mark.django_db


def a_night(account: GatewayAccount, day: date = DAY + timedelta(days=7)) -> list[Discrepancy]:
    SettlementTerms.objects.get_or_create(account=account)
    terms = Terms.of(SettlementTerms.objects.get(account=account))
    due = Due(account=account, terms=terms, day=day, newest=True)
    told = match(due)
    miss_what_is_late(due, run_id=told.figures["run"])
    find_causes(due)
    return list(Discrepancy.objects.filter(type="ours_not_theirs"))


def a_capture_of_then() -> Modification:
    before = factories.a_captured_transaction(captured=5_000)
    return a_modification_of(before, amount=5_000, gateway_at=f"{DAY}T09:00:00Z")


def corrected(first: SettlementFile, *lines: str, name: str = "settlement.csv") -> SettlementFile:
    file, _ = bring_and_work(first.account, *(lines or (line("Z", "1.00"),)), name=name, replaces=first)
    return file


def test_what_only_a_replaced_file_said_stays_in_our_books_and_is_told_with_its_story() -> None:
    row = asked(factories.a_captured_transaction(), Kind.REFUND, 2_500)
    answered(armed(row), steps.unknown())
    first, _ = bring_and_work(row.account, f"rec-9,{row.transaction.reference},{row.pk},refund,-25,0,-25,EUR,{DAY},")
    row.refresh_from_db()
    assert row.state == ModificationState.SUCCEEDED

    second = corrected(first)
    (told,) = a_night(row.account)

    row.refresh_from_db()
    assert (row.state, second.version) == (ModificationState.SUCCEEDED, 2)
    story = (
        "It was settled on the word of line 2 of settlement.csv, version 1; version 2 took its place, and no line of "
        "it is this movement. No other channel says that it succeeded, so ask the gateway."
    )
    assert told.modification_id == row.pk
    assert told.sentence.endswith(f"and is not. {story}")
    assert (told.cause, told.confidence) == (Cause.LINE_MISSING, 91)
    (tested,) = [one for one in told.evidence["tested"] if one["cause"] == Cause.LINE_MISSING]
    assert (tested["holds"], tested["sentence"]) == (True, story)


def test_the_second_night_changes_nothing_of_it() -> None:
    ours = a_capture_of_then()
    first, _ = bring_and_work(ours.account, line(ours.gateway_reference, "50.00"))
    corrected(first)
    (told,) = a_night(ours.account)
    entries = DiscrepancyEntry.objects.count()

    (again,) = a_night(ours.account, DAY + timedelta(days=10))

    assert (again.sentence, again.evidence, again.version) == (told.sentence, told.evidence, told.version)
    assert DiscrepancyEntry.objects.count() == entries


def test_what_the_gateway_answered_itself_needs_no_asking() -> None:
    ours = a_capture_of_then()
    first, _ = bring_and_work(ours.account, line(ours.gateway_reference, "50.00"))
    corrected(first, name="corrected.csv")

    (told,) = a_night(ours.account)

    assert "corrected.csv, version 2, took its place, and no line of it is this movement." in told.sentence
    assert "No other channel" not in told.sentence


def test_what_no_file_ever_listed_is_missed_without_a_story() -> None:
    ours = a_capture_of_then()
    bring_and_work(ours.account, line("Z", "1.00"))

    (told,) = a_night(ours.account)

    assert told.sentence.endswith("should be in a settlement file by now, and is not.")
    assert "took its place" not in str(told.evidence)


def test_what_the_corrected_file_lists_again_is_not_missed() -> None:
    ours = a_capture_of_then()
    first, _ = bring_and_work(ours.account, line(ours.gateway_reference, "50.00"))
    corrected(first, line(ours.gateway_reference, "50.00"), line("Z", "1.00"))

    assert a_night(ours.account) == []
