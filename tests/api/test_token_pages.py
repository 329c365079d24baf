"""The pages for tokens: who sees them, the one time a token is shown, and revoking."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from orders.models import ApiToken
from orders.tokens import token_of
from tests import factories
from tests.api.shop import a_token
from tests.views.pages import links_of

pytestmark = pytest.mark.django_db
LIST, NEW = "/tokens/", "/tokens/new"


def logged_in(person: Any) -> Client:
    client = Client()
    client.force_login(person)
    return client


def an_integrator(merchant: Any, username: str = "ina") -> Any:
    return factories.a_person(username, merchants=[merchant], groups=["integrator"])


def fields(owner: Any, **words: Any) -> dict[str, Any]:
    return {"merchant": owner.pk, "name": "webshop", "scopes": ["orders:read", "orders:write"], "days": "90"} | words


@pytest.mark.parametrize("group", ["viewer", "agent", "supervisor", "finance"])
def test_without_the_permission_to_configure_there_is_nothing_to_see(group: str) -> None:
    merchant = factories.a_merchant()
    token = a_token(merchant).token
    client = logged_in(factories.a_person(merchants=[merchant], groups=[group]))

    for path in (LIST, NEW, reverse("orders:token_revocation", args=[token.pk])):
        assert client.get(path).status_code == 403
    assert client.post(NEW, fields(merchant)).status_code == 403
    client.post(reverse("orders:token_revocation_create", args=[token.pk]))
    token.refresh_from_db()
    assert token.revoked_at is None
    assert LIST not in {link["href"] for link in links_of(client.get("/orders/").content.decode())}


def test_the_list_shows_the_merchants_tokens_and_no_others() -> None:
    merchant = factories.a_merchant()
    a_token(merchant, name="ours")
    a_token(factories.a_merchant(), name="theirs")
    client = logged_in(an_integrator(merchant))

    page = client.get(LIST).content.decode()

    assert "ours" in page
    assert "theirs" not in page
    assert LIST in {link["href"] for link in links_of(client.get("/orders/").content.decode())}


def test_a_token_is_shown_once_and_opens_the_api() -> None:
    merchant = factories.a_merchant()
    client = logged_in(an_integrator(merchant))
    assert "webshop" not in client.get(NEW).content.decode()

    made = client.post(NEW, fields(merchant))

    row = ApiToken.objects.get()
    page = made.content.decode()
    plain = page.split('id="token">')[1].split("<")[0]
    assert token_of(plain, now=timezone.now()) == row
    assert row.expires_at is not None
    assert 89 <= (row.expires_at - timezone.now()).days <= 90
    assert made.headers["Cache-Control"] == "no-store"
    assert plain not in client.get(LIST).content.decode()


def test_sending_the_form_again_makes_no_second_token() -> None:
    merchant = factories.a_merchant()
    client = logged_in(an_integrator(merchant))
    client.post(NEW, fields(merchant))

    again = client.post(NEW, fields(merchant))

    assert again.status_code == 422
    assert "already has a token" in again.content.decode()
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"name": ""}, "Give it a name"),
        ({"name": "x" * 61}, "60"),
        ({"scopes": []}, "at least one scope"),
        ({"scopes": ["orders:read", "all"]}, "not one of the available"),
        ({"scopes": ["refunds:write"]}, "You may not give a token refunds:write"),
        ({"days": "1000"}, "not one of the available"),
        ({"merchant": ""}, "Choose a merchant"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(words: dict[str, Any], said: str) -> None:
    merchant = factories.a_merchant()

    answer = logged_in(an_integrator(merchant)).post(NEW, fields(merchant, **words))

    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_another_merchant_is_no_choice() -> None:
    merchant, other = factories.a_merchant(), factories.a_merchant()

    assert logged_in(an_integrator(merchant)).post(NEW, fields(other)).status_code == 422
    assert not ApiToken.objects.exists()


def test_revoking_says_what_it_means_first_and_another_merchants_token_is_not_there() -> None:
    merchant = factories.a_merchant()
    token, theirs = a_token(merchant).token, a_token(factories.a_merchant()).token
    client = logged_in(an_integrator(merchant))
    page, act = (reverse(f"orders:{name}", args=[token.pk]) for name in ("token_revocation", "token_revocation_create"))

    assert "cannot be given back" in client.get(page).content.decode()
    assert client.get(act).status_code == 405
    assert client.post(act, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.post(reverse("orders:token_revocation_create", args=[theirs.pk])).status_code == 404
    assert client.post(act).status_code == 303

    token.refresh_from_db()
    theirs.refresh_from_db()
    assert (token.revoked_at is not None, theirs.revoked_at) == (True, None)
    assert "Revoked" in client.get(LIST).content.decode()


def test_a_name_that_is_code_is_shown_as_text() -> None:
    merchant = factories.a_merchant()
    a_token(merchant, name="<script>alert(1)</script>")

    assert "<script>alert" not in logged_in(an_integrator(merchant)).get(LIST).content.decode()
