"""Runs: the list by account, and what one run came to by rule and by type."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import GatewayAccount, ReconciliationRun, RunKind, RunStage, RunState
from orders.presenters.reconciliation import runs
from orders.presenters.reconciliation.progress import run_progress
from tests.factories import an_account
from tests.reconciliation_factories import a_file, a_run
from tests.views.pages import href_of, links_of, text_of

pytestmark = pytest.mark.django_db

LIST = "/reconciliation/runs/"
FIGURES = {
    "lines": {"capture": {"EUR": {"lines": 1_000, "gross": 5_900_000, "fee": 7, "net": 5_899_993}}},
    "matches": {"reference": 980, "composite": 15},
    "discrepancies": {"theirs_not_ours": {"EUR": {"count": 5, "amount": 41_200}}},
}


def shown(client: Client, query: str = "") -> list[str]:
    return [link["href"] for link in links_of(text_of(client, LIST + query)) if link["row"]]


def page_of(run: ReconciliationRun) -> str:
    return reverse("orders:run", args=[run.pk])


def test_runs_are_listed_newest_first_by_account(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    other = an_account(merchant=shop[0].merchant)
    first, second = a_run(shop[0]), a_run(other)

    assert shown(client) == [page_of(second), page_of(first)]
    assert shown(client, f"?account={other.pk}") == [page_of(second)]


def test_a_row_says_what_it_was_and_what_it_came_to(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    a_run(file=a_file(shop[0], name="day.csv"), figures=FIGURES)
    a_run(shop[0], kind=RunKind.NIGHT, state=RunState.RUNNING, stage=RunStage.MATCHING)

    page = text_of(client, LIST)

    assert all(words in page for words in ("day.csv", "995", ">5<", "Night", "Matching", "5 s"))


def test_a_run_shows_its_rules_and_types_and_leads_to_the_list(
    client: Client, shop: tuple[GatewayAccount, User]
) -> None:
    run = a_run(file=a_file(shop[0], name="day.csv"), figures=FIGURES)

    page = text_of(client, page_of(run))

    for words in ("Reconciliation reference and kind", "980", "Transaction, kind, amount and date", "€412.00", "1000"):
        assert words in page
    listed = f"/reconciliation/discrepancies/?state=all&account={shop[0].pk}&type=theirs_not_ours"
    assert listed in [link["href"] for link in links_of(page)]


def test_a_run_that_is_still_running_says_so(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    run = a_run(shop[0], state=RunState.RUNNING, stage=RunStage.MATCHING, epoch=1)
    live = reverse("orders:run_live", args=[run.pk])

    page = text_of(client, page_of(run))

    assert "What has not met is being matched against our books; nothing of it counts yet." in page
    assert live in page
    mark = run_progress(run, now=timezone.now(), zone="UTC").mark
    assert client.get(live, {"seen": mark}).status_code == 204
    ReconciliationRun.objects.filter(pk=run.pk).update(state=RunState.APPLIED, stage=RunStage.TYPING)
    assert "What met counts. Typing what did not meet …" in text_of(client, f"{live}?seen={mark}")
    ReconciliationRun.objects.filter(pk=run.pk).update(stage=RunStage.DONE)
    ended = client.get(live, {"seen": mark})
    assert ended.status_code == 286
    assert "northwind was matched again. No line that had not met meets now." in ended.content.decode()


def test_a_run_that_was_given_up_says_why(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    run = a_run(shop[0], state=RunState.ABANDONED, problem="The file was cut on its way. Nothing counts.")

    assert "The file was cut on its way. Nothing counts." in text_of(client, page_of(run))


@pytest.mark.parametrize(
    "figures", [[], {"lines": 3}, {"matches": {"reference": "x", "magic": 4}}, {"lines": {"a": {}}}]
)
def test_damaged_figures_are_no_error(client: Client, shop: tuple[GatewayAccount, User], figures: Any) -> None:
    assert "Nothing met and nothing was found" in text_of(client, page_of(a_run(shop[0], figures=figures)))


def test_runs_of_other_merchants_and_trials_are_not_there(client: Client, shop: tuple[GatewayAccount, User]) -> None:
    stranger, trial = a_run(), a_run(shop[0], kind=RunKind.TRIAL, state=RunState.TRIAL)

    assert shown(client) == []
    assert client.get(page_of(stranger)).status_code == 404
    assert client.get(page_of(trial)).status_code == 404
    for run in (stranger, trial):
        assert client.get(reverse("orders:run_live", args=[run.pk])).status_code == 404


def test_a_long_list_is_read_page_by_page(
    client: Client,
    shop: tuple[GatewayAccount, User],
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: Any,
) -> None:
    monkeypatch.setattr(runs, "ROWS_PER_PAGE", 2)
    made = [a_run(file=a_file(shop[0]), figures=FIGURES) for _ in range(5)]

    found: list[str] = []
    address = f"?account={shop[0].pk}"
    while address:
        page = text_of(client, LIST + address)
        found += [link["href"] for link in links_of(page) if link["row"]]
        address = href_of(page, "next")

    assert found == [page_of(run) for run in reversed(made)]
    with django_assert_num_queries(5):
        client.get(LIST)
