"""Log in and out, themes, error pages, and the headers of every answer."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.views.decorators.http import require_GET

from smartpay_dashboard.urls import urlpatterns as real_urls
from tests.factories import PASSWORD, a_merchant, a_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia() -> User:
    return a_person("mia", merchants=[a_merchant("Northwind")], groups=["viewer"])


def test_logging_in_leads_to_the_page_that_was_wanted(client: Client, mia: User) -> None:
    response = client.post("/login/?next=/shortcuts/", {"login": "mia", "password": PASSWORD, "next": "/shortcuts/"})

    assert response["Location"] == "/shortcuts/"
    assert client.get("/shortcuts/").status_code == 200


def test_without_a_wish_logging_in_leads_to_the_orders(client: Client, mia: User) -> None:
    response = client.post("/login/", {"login": "mia", "password": PASSWORD}, follow=True)

    assert response.redirect_chain[-1][0] == "/orders/"
    assert "Successfully" not in response.content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "\\\\evil.example", "javascript:alert(1)"]
)
def test_logging_in_never_leads_to_another_site(client: Client, mia: User, elsewhere: str) -> None:
    response = client.post("/login/", {"login": "mia", "password": PASSWORD, "next": elsewhere})

    assert "evil" not in response.get("Location", "")
    assert "javascript" not in response.get("Location", "")


def test_a_wrong_password_and_an_unknown_name_get_the_same_sentence(client: Client, mia: User) -> None:
    wrong = client.post("/login/", {"login": "mia", "password": "wrong"})
    unknown = client.post("/login/", {"login": "nobody", "password": "wrong"})

    assert wrong.status_code == unknown.status_code == 200
    assert _notice(wrong.content.decode()) == _notice(unknown.content.decode()) != ""


def test_logging_out_needs_a_post_and_ends_the_session(client: Client, mia: User) -> None:
    client.force_login(mia)

    assert client.get("/logout/").status_code == 200
    assert client.get("/orders/").status_code == 200
    assert client.post("/logout/").status_code == 302
    assert client.get("/orders/").status_code == 302


@pytest.mark.parametrize(("chosen", "kept"), [("light", "light"), ("dark", "dark"), ("", ""), ("<script>", "")])
def test_a_chosen_theme_is_on_the_next_page(client: Client, chosen: str, kept: str) -> None:
    response = client.post("/theme/", {"theme": chosen})

    page = client.get("/login/").content.decode()
    assert response.status_code == 302
    assert (f'data-theme="{kept}"' in page) is bool(kept)
    assert "<script>" not in page


def test_the_theme_goes_back_to_this_site_only(client: Client) -> None:
    here = client.post("/theme/", {"theme": "dark"}, headers={"Referer": "http://testserver/orders/?state=captured"})
    elsewhere = client.post("/theme/", {"theme": "dark"}, headers={"Referer": "https://evil.example/"})

    assert here["Location"] == "http://testserver/orders/?state=captured"
    assert elsewhere["Location"] == "/"
    assert client.get("/theme/").status_code == 405


def test_a_missing_page_looks_like_the_others(client: Client, mia: User) -> None:
    assert client.get("/nowhere/").status_code == 404
    client.force_login(mia)

    response = client.get("/nowhere/")

    assert response.status_code == 404
    assert "There is no such page here" in response.content.decode()
    assert 'aria-label="Main"' in response.content.decode()


def test_a_form_without_a_token_is_refused_with_a_sentence(mia: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mia)

    response = client.post("/theme/", {"theme": "dark"})

    assert response.status_code == 403
    assert "This form is too old" in response.content.decode()


@require_GET
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("broken on purpose")


urlpatterns = [*real_urls, path("broken/", broken)]


@pytest.mark.urls(__name__)
def test_a_broken_page_tells_what_it_means_for_the_money(client: Client, mia: User) -> None:
    client.raise_request_exception = False
    client.force_login(mia)

    response = client.get("/broken/")

    assert response.status_code == 500
    assert "Something broke on our side" in response.content.decode()
    assert "broken on purpose" not in response.content.decode()


def test_a_request_for_an_unknown_host_is_not_understood(client: Client) -> None:
    response = client.get("/login/", headers={"Host": "evil.example"})

    assert response.status_code == 400
    assert "That request was not understood" in response.content.decode()


def test_htmx_is_configured_to_evaluate_nothing_and_to_show_refusals(client: Client) -> None:
    page = client.get("/login/").content.decode()
    found = re.search(r"name=\"htmx-config\" content='([^']+)'", page)
    assert found is not None

    config = json.loads(unescape(found[1]))

    assert config["allowEval"] is config["allowScriptTags"] is config["includeIndicatorStyles"] is False
    assert config["selfRequestsOnly"] is True
    assert config["historyCacheSize"] == 0
    shown = [rule for code in ("200", "286", "409", "422", "500") for rule in [_rule(config, code)] if rule["swap"]]
    assert len(shown) == 4
    assert _rule(config, "500")["swap"] is False


@pytest.mark.parametrize("address", ["/login/", "/orders/", "/search/?q=x", "/shortcuts/", "/nowhere/"])
def test_every_page_forbids_inline_code_and_caching(client: Client, mia: User, address: str) -> None:
    if address != "/login/":
        client.force_login(mia)

    response = client.get(address)

    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "no-store" in response["Cache-Control"]
    assert "HX-Request" in response["Vary"]


def _rule(config: dict[str, list[dict[str, object]]], code: str) -> dict[str, object]:
    """The first rule that fits, as htmx chooses it."""
    return next(rule for rule in config["responseHandling"] if re.search(str(rule["code"]), code))


def _notice(page: str) -> str:
    found = re.search(r'role="alert">(.*?)</div></div>', page, re.DOTALL)
    return found[1] if found else ""
