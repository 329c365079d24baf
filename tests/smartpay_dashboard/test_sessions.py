"""How long a session lives: idle and absolute limits, and polling that is no activity."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.factories import PASSWORD, a_merchant, a_person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.smartpay_dashboard.two_addresses")]

PAGE = "/page/"
POLL = "/live/page/"
LOGIN = "/login/"


@pytest.fixture
def client() -> Client:
    browser = Client()
    browser.force_login(a_person(merchants=[a_merchant()]))
    return browser


def logged_in(client: Client) -> bool:
    return client.get(PAGE).status_code == 200


def test_a_session_lives_as_long_as_somebody_clicks(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _click in range(6):
            clock.shift(timedelta(minutes=10))
            assert logged_in(client)


def test_a_session_ends_after_fifteen_idle_minutes(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        assert logged_in(client)
        clock.shift(timedelta(minutes=15, seconds=1))

        assert not logged_in(client)


def test_following_something_live_is_no_activity(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client.get(PAGE)
        for _poll in range(16):
            clock.shift(timedelta(minutes=1))
            client.get(POLL, headers={"HX-Request": "true"})

        assert not logged_in(client)


def test_a_session_ends_after_twelve_hours_of_clicking(client: Client) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for _click in range(72):
            assert logged_in(client)
            clock.shift(timedelta(minutes=10))

        assert not logged_in(client)


def test_the_session_id_changes_at_log_in() -> None:
    person = a_person("alice")
    browser = Client()
    browser.get(LOGIN)
    planted = browser.session
    planted["planted"] = True
    planted.save()
    browser.cookies["session"] = str(planted.session_key)

    browser.post(LOGIN, {"login": person.username, "password": PASSWORD})

    assert logged_in(browser)
    assert browser.cookies["session"].value != planted.session_key


def test_a_person_who_is_switched_off_is_out_at_the_next_click() -> None:
    person = a_person()
    browser = Client()
    browser.force_login(person)
    assert logged_in(browser)

    person.is_active = False
    person.save(update_fields=["is_active"])

    assert not logged_in(browser)


@pytest.mark.parametrize(
    ("referer", "next_page"),
    [("http://testserver/page/?x=1", "/page/"), ("https://elsewhere.example/page/", "/"), ("", "/")],
)
def test_a_post_after_the_session_ended_leads_back_to_the_page_that_posted(referer: str, next_page: str) -> None:
    answer = Client().post(PAGE, headers={"referer": referer})

    assert answer.status_code == 302
    assert answer["Location"] == f"{LOGIN}?next={next_page}"


def test_a_page_asked_for_without_a_session_comes_after_the_log_in() -> None:
    assert Client().get(PAGE)["Location"] == f"{LOGIN}?next={PAGE}"
