"""The laboratory's pages: try, follow, look at what would change; and who may."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import GatewayAccount, ProfileState, ReconciliationRun, SettlementProfile
from orders.reconciliation.files.profile import SANDBOX_MAPPING
from orders.reconciliation.laboratory import experiment
from orders.reconciliation.runs import work_on
from tests.factories import a_person
from tests.reconciliation.runs.bringing import bring, line, paper
from tests.reconciliation_factories import a_profile
from tests.views.pages import text_of
from tests.views.scenes import logged_in

pytestmark = pytest.mark.django_db

HOME = "/reconciliation/laboratory/"
LIST_QUERIES = 10


@pytest.fixture
def profile(shop: tuple[GatewayAccount, User]) -> SettlementProfile:
    return a_profile(shop[0], name="daily", mapping=SANDBOX_MAPPING.to_json())


def ask(client: Client, profile: SettlementProfile) -> ReconciliationRun:
    client.post(f"/reconciliation/profiles/{profile.pk}/experiments/")
    return ReconciliationRun.objects.get(kind="trial")


def test_a_profile_is_tried_and_its_page_tells_what_would_change(client: Client, profile: SettlementProfile) -> None:
    received = bring(profile.account, paper(line("stranger", "7.00")), profile=profile)
    work_on(received.file.pk)
    assert f"/reconciliation/profiles/{profile.pk}/experiments/" in text_of(client, HOME)
    run = ask(client, profile)
    running = text_of(client, f"{HOME}{run.pk}/")
    assert "Being tried" in running
    assert 'hx-trigger="every 2s"' in running

    experiment.work_due()
    done = text_of(client, f"{HOME}{run.pk}/")
    assert "Lines compared: 1; newly met 0, no longer met 0" in done
    assert "hx-trigger" not in done
    assert "Breaks nothing" in text_of(client, HOME)


def test_a_second_click_asks_for_nothing_more(client: Client, profile: SettlementProfile) -> None:
    ask(client, profile)
    ask(client, profile)

    assert ReconciliationRun.objects.count() == 1


def test_the_list_asks_as_much_for_many_profiles_as_for_one(client: Client, profile: SettlementProfile) -> None:
    client.get(HOME)
    for version in range(2, 7):
        a_profile(profile.account, name="daily", version=version, state=ProfileState.DRAFT)

    with CaptureQueriesContext(connection) as asked:
        client.get(HOME)
    assert len(asked) <= LIST_QUERIES


def test_an_agent_looks_and_tries_nothing(profile: SettlementProfile) -> None:
    agent = logged_in(a_person(merchants=[profile.account.merchant], groups=["agent"]))

    page = text_of(agent, HOME)
    assert f"/reconciliation/profiles/{profile.pk}/experiments/" not in page
    assert "Only who may reconcile tries it" in page
    agent.post(f"/reconciliation/profiles/{profile.pk}/experiments/")
    assert not ReconciliationRun.objects.exists()


def test_a_stranger_finds_nothing(client: Client, profile: SettlementProfile) -> None:
    run = ask(client, profile)
    stranger = logged_in(a_person(groups=["finance"]))

    assert stranger.get(f"{HOME}{run.pk}/").status_code == 404
    assert stranger.post(f"/reconciliation/profiles/{profile.pk}/experiments/").status_code == 404
