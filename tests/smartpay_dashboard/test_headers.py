"""The headers of every answer, in both modes, and the one way in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse
from pytest_django import Settings

from tests.factories import PASSWORD, a_person

pytestmark = pytest.mark.django_db

LOGIN = "/login/"
PAGES = [LOGIN, "/no-such-page/", "/healthz", "/admin/"]


@pytest.mark.parametrize("page", PAGES)
def test_every_answer_forbids_scripts_of_others_frames_and_copies(page: str, client: Client) -> None:
    answer = client.get(page)

    policy = set(answer.headers["Content-Security-Policy"].split("; "))
    assert policy == {
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
    }
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "HX-Request" in answer.headers["Vary"]
    assert "geolocation=()" in answer.headers["Permissions-Policy"]


def test_cookies_are_lax_and_out_of_reach_of_scripts() -> None:
    person = a_person()
    browser = Client()

    browser.get(LOGIN)
    browser.post(LOGIN, {"login": person.username, "password": PASSWORD})

    for name in ("session", "csrf"):
        assert browser.cookies[name]["samesite"] == "Lax"
        assert browser.cookies[name]["httponly"]
        assert browser.cookies[name]["path"] == "/"
        assert not browser.cookies[name]["domain"]


def test_secure_mode_sends_hsts_and_leads_to_https(settings: Settings, client: Client) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_SSL_REDIRECT = True

    plain = client.get(LOGIN)
    secure = client.get(LOGIN, secure=True)

    assert plain.headers["Location"] == f"https://testserver{LOGIN}"
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")


def test_a_probe_is_answered_without_https(settings: Settings, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200


def test_a_forged_forwarded_header_does_not_make_a_request_secure(settings: Settings, client: Client) -> None:
    settings.SECURE_SSL_REDIRECT = True

    answer = client.get(LOGIN, headers={"X-Forwarded-Proto": "https"})

    assert answer.status_code == 301


@pytest.mark.parametrize("page", ["/", "/no-such-page/", "/orders/"])
def test_a_stranger_is_led_to_the_log_in(page: str, client: Client) -> None:
    answer = client.get(page)

    # An address that does not exist tells a stranger so; every address that exists asks for a log-in first.
    assert answer.status_code == 404 or answer.headers["Location"].startswith(LOGIN)


def test_the_back_office_uses_the_same_log_in(client: Client) -> None:
    answer = client.get("/admin/", follow=True)

    assert answer.redirect_chain[-1][0].startswith(LOGIN)


def test_somebody_who_is_no_staff_is_refused_by_the_back_office(client: Client) -> None:
    client.force_login(a_person())

    assert client.get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email"])
def test_nobody_makes_or_changes_an_account_alone(name: str) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name)


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer() -> None:
    known = a_person("alice")

    answers = [
        Client().post(LOGIN, {"login": name, "password": "a wrong password"})
        for name in (known.username, "nobody-at-all")
    ]

    sentences = [str(answer.context["form"].errors) for answer in answers]
    assert sentences[0] == sentences[1] != ""
    assert not any("session" in answer.cookies for answer in answers)


def test_the_tenth_wrong_password_closes_the_door_also_for_the_right_one(client: Client) -> None:
    person = a_person("alice")
    for _try in range(10):
        client.post(LOGIN, {"login": person.username, "password": "a wrong password"})

    client.post(LOGIN, {"login": person.username, "password": PASSWORD})

    assert "session" not in client.cookies


def test_logging_out_is_a_post_and_clears_the_browser(client: Client) -> None:
    client.force_login(a_person())

    shown = client.get("/logout/")
    gone = client.post("/logout/")

    assert "Clear-Site-Data" not in shown.headers
    assert gone.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert client.get("/admin/").headers["Location"].startswith(("/login/", "/admin/login/"))


def test_an_address_that_only_takes_posts_says_so_when_it_is_opened(client: Client) -> None:
    client.force_login(a_person())

    opened = client.get("/theme/")
    posted_wrongly = client.post("/orders/")

    assert (opened.status_code, opened.headers["Allow"]) == (405, "POST")
    assert b"There is no page at this address" in opened.content
    assert posted_wrongly.status_code == 405
