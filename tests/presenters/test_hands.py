"""The history of a discrepancy says what wrote each line: a person, the file that was read, or the night of a date."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.models import Discrepancy, DiscrepancyEntry, ExternalMovement, JobRun, JobState, Match, ReconciliationRun
from orders.presenters.reconciliation.hands import hands_of
from orders.reconciliation.discrepancies.typing import look_again, miss, type_leftovers
from orders.reconciliation.matching.linking import link, unlink
from orders.reconciliation.nights.due import NIGHT
from orders.reconciliation.runs import rematch
from tests.factories import a_captured_transaction, a_person
from tests.reconciliation.runs.bringing import DAY, bring_and_work, line
from tests.reconciliation_factories import BOOKED, a_discrepancy, a_movement, a_run

pytestmark = pytest.mark.django_db


def told(**conditions: Any) -> list[tuple[str, str]]:
    entries = list(DiscrepancyEntry.objects.filter(**conditions).select_related("actor").order_by("pk"))
    hands = hands_of(entries)
    return [(entry.verb, hands[entry.pk]) for entry in entries]


def a_night_with(run: ReconciliationRun) -> None:
    now = timezone.now()
    JobRun.objects.create(
        job=NIGHT,
        subject=f"account:{run.account_id}",
        merchant_id=run.merchant_id,
        account_id=run.account_id,
        business_date=run.business_date,
        state=JobState.DONE,
        lease_until=now,
        started_at=now,
        steps={"match": {"figures": {"run": run.pk}}},
    )


def a_strange_refund() -> tuple[ExternalMovement, Discrepancy]:
    """A line for a movement that our books learn of later."""
    payment = a_captured_transaction()
    bring_and_work(payment.account, line("E1", "-25.00", type="refund"), name="november.csv")
    return a_movement(payment, amount=2_500, gateway_reference="E1"), Discrepancy.objects.get()


def test_what_a_file_opened_and_explained_names_the_file() -> None:
    a_strange_refund()

    assert told() == [("opened", "the file november.csv"), ("explained", "the file november.csv")]


def test_what_a_night_ended_names_its_date() -> None:
    movement, _ = a_strange_refund()
    a_night_with(rematch(movement.account, DAY))

    assert told(verb="vanished") == [("vanished", "the night of 20 November 2026")]


def test_what_was_matched_again_by_day_is_no_night() -> None:
    movement, _ = a_strange_refund()
    a_night_with(a_run(movement.account))
    rematch(movement.account, DAY)

    assert told(verb="vanished") == [("vanished", "matching again on 20 November 2026")]


def test_what_a_night_misses_names_its_date() -> None:
    movement = a_movement()
    miss(movement.account, [movement], None, BOOKED)

    assert told() == [("opened", "the night of 20 November 2026")]


def test_what_follows_a_persons_link_names_the_person() -> None:
    movement, row = a_strange_refund()
    fay = a_person("fay", merchants=[row.merchant], groups=["finance"])
    assert row.line_id is not None
    look_again(link(row.line_id, movement_id=movement.pk, by=fay, reason="It is this one."))
    look_again(unlink(Match.objects.get().pk, by=fay, reason="It is another one."))

    assert told(verb__in=["vanished", "reopened"]) == [
        ("vanished", "fay, who linked a line and a movement"),
        ("reopened", "fay, who took apart a line and a movement"),
    ]


def test_a_comment_names_who_wrote_it_and_an_older_line_claims_nothing() -> None:
    row, anna = a_discrepancy(), a_person("anna")
    DiscrepancyEntry.objects.create(discrepancy=row, at=timezone.now(), verb="commented", actor=anna)
    DiscrepancyEntry.objects.create(discrepancy=row, at=timezone.now(), verb="typed", details={"type": row.type})

    assert told() == [("commented", "anna"), ("typed", "the dashboard")]


def test_many_lines_cost_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    for _ in range(3):
        run = a_run()
        type_leftovers(run)
        row = a_discrepancy(run.account)
        DiscrepancyEntry.objects.create(discrepancy=row, at=timezone.now(), verb="typed", details={"run": run.pk})
    entries = list(DiscrepancyEntry.objects.select_related("actor"))

    with django_assert_num_queries(2):
        hands_of(entries)
