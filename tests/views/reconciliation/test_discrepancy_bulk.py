"""Many discrepancies at once: the bar of the list, each row with a verdict of its own."""

from __future__ import annotations

import html
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from orders.models import Discrepancy, DiscrepancyEntry, DiscrepancyState, Event, GatewayAccount, SettlementTerms
from tests.factories import a_person, an_account
from tests.reconciliation_factories import a_discrepancy
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db
S = DiscrepancyState


@pytest.fixture
def three(account: GatewayAccount) -> list[Discrepancy]:
    return [a_discrepancy(account, amount=100 * number, difference=100 * number) for number in (1, 2, 3)]


def act(person: User, rows: Sequence[Discrepancy], **fields: Any) -> tuple[int, str]:
    """Tick the rows as they were drawn and press the button."""
    data = {"row": [f"{row.pk}:{row.version}" for row in rows], **fields}
    answer = logged_in(person).post(reverse("orders:discrepancy_bulk_create"), data)
    for row in rows:
        row.refresh_from_db()
    return answer.status_code, html.unescape(answer.content.decode())


def test_the_chosen_ones_get_an_owner(three: list[Discrepancy], finn: User) -> None:
    status, page = act(finn, three[:2], act="assign", owner=str(finn.pk), back="type=theirs_not_ours")

    assert (status, [row.owner for row in three]) == (200, [finn, finn, None])
    assert "2 rows done." in page
    assert 'href="/reconciliation/discrepancies/?type=theirs_not_ours"' in page


def test_a_due_date_a_comment_and_a_later_month_are_set_for_many(three: list[Discrepancy], finn: User) -> None:
    assert "3 rows done." in act(finn, three, act="due", due_on="2026-12-05")[1]
    assert "3 rows done." in act(finn, three, act="comment", text="One letter for all.")[1]
    assert "3 rows done." in act(finn, three, act="carry", to_month="2026-12", text="They answer in December.")[1]

    assert {(row.due_on, row.month) for row in three} == {(date(2026, 12, 5), date(2026, 12, 1))}
    assert DiscrepancyEntry.objects.filter(text="One letter for all.").count() == 3


def test_what_may_not_be_accepted_is_refused_alone(three: list[Discrepancy], finn: User) -> None:
    SettlementTerms.objects.create(account=three[0].account, accept_limit=200)

    status, page = act(finn, three, act="accept", text="Small.")

    assert (status, [row.state for row in three]) == (200, [S.ACCEPTED, S.ACCEPTED, S.OPEN])
    assert "2 rows done; 1 row not done." in page
    assert "3.00 EUR is more than the 2.00 EUR that one person may accept" in page
    assert Event.objects.filter(verb="discrepancy.accept").count() == 2
    assert Event.objects.filter(verb="discrepancy.accept_refused", refused=True).count() == 1


def test_the_same_form_sent_again_changes_nothing_more(three: list[Discrepancy], finn: User) -> None:
    drawn = [Discrepancy.objects.get(pk=row.pk) for row in three]
    act(finn, three, act="accept", text="Small.")

    ticks = [f"{row.pk}:1" for row in drawn]
    again = logged_in(finn).post(
        reverse("orders:discrepancy_bulk_create"), {"row": ticks, "act": "accept", "text": "Small."}
    )

    assert "3 rows not done." in again.content.decode()
    assert Event.objects.filter(verb="discrepancy.accept").count() == 3


def test_what_somebody_changed_meanwhile_is_refused_alone(three: list[Discrepancy], finn: User) -> None:
    Discrepancy.objects.filter(pk=three[0].pk).update(version=7)

    _, page = act(finn, three, act="accept", text="Small.")

    assert [row.state for row in three] == [S.OPEN, S.ACCEPTED, S.ACCEPTED]
    assert "It was changed since you opened it" in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"act": "accept"}, "Say why the difference is accepted; nothing was accepted."),
        ({"act": "assign"}, "Choose who takes them; nothing was changed."),
        ({"act": "due", "due_on": "x"}, "Write the day as 2026-11-20"),
        ({"act": "carry", "text": "x", "to_month": "y"}, "Write the month as 2026-12"),
        ({}, "Choose what to do; nothing was changed."),
    ],
)
def test_a_bar_that_is_not_filled_in_comes_back_with_the_ticks_and_the_filters(
    three: list[Discrepancy], finn: User, fields: dict[str, str], words: str
) -> None:
    status, page = act(finn, three[:1], back="type=theirs_not_ours", **fields)

    assert status == 422
    assert words in page
    assert f'value="{three[0].pk}:1" checked' in page
    assert f'value="{three[1].pk}:1" checked' not in page
    assert "type “Theirs, not ours”" in page
    assert DiscrepancyEntry.objects.count() == 0


@pytest.mark.parametrize("ticks", [[], ["x"], ["1:"], [":1"], ["1:1:1"], ["٣:1"], ["9" * 20 + ":1"]])
def test_without_a_row_nothing_happens(three: list[Discrepancy], finn: User, ticks: list[str]) -> None:
    answer = logged_in(finn).post(
        reverse("orders:discrepancy_bulk_create"), {"row": ticks, "act": "comment", "text": "x"}
    )

    assert answer.status_code == 422
    assert "Choose at least one discrepancy; nothing was changed." in answer.content.decode()


def test_rows_of_another_merchant_do_not_exist(three: list[Discrepancy], finn: User) -> None:
    theirs = a_discrepancy(an_account(name="their account"))

    _, page = act(finn, [theirs], act="accept", text="x")

    assert theirs.state == S.OPEN
    assert "There is no such discrepancy." in page
    assert "their account" not in page
    assert theirs.get_type_display() not in page.partition("Verdict")[2]


def test_only_who_reconciles_may(account: GatewayAccount, three: list[Discrepancy]) -> None:
    viewer = a_person(merchants=[account.merchant], groups=["viewer"])

    status, _ = act(viewer, three, act="accept", text="x")

    assert (status, [row.state for row in three]) == (403, [S.OPEN] * 3)
    assert Client().post(reverse("orders:discrepancy_bulk_create")).status_code == 302
    assert logged_in(viewer).get(reverse("orders:discrepancy_bulk_create")).status_code == 405


def test_the_way_back_is_always_ours(three: list[Discrepancy], finn: User) -> None:
    _, page = act(finn, three, act="comment", text="x", back='https://evil.example/?"><script>=1')

    assert 'href="/reconciliation/discrepancies/?https%3A%2F%2Fevil.example%2F%3F%22%3E%3Cscript%3E=1"' in page
