"""The pages for API tokens in a real browser: empty, filled, refused, shown once, revoked."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from orders.models import ApiToken, Source
from orders.tokens import create_token, revoke_token
from tests.browser.conftest import LogIn, Look
from tests.factories import a_merchant, a_person

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.pictures]


@pytest.fixture
def ina() -> User:
    merchant = a_merchant("Northwind Bikes", time_zone="Europe/Berlin")
    person = a_person("ina", merchants=[merchant], groups=["integrator"])
    person.user_permissions.add(Permission.objects.get(codename="capture", content_type__app_label="orders"))
    return User.objects.get(pk=person.pk)


def test_the_pages_look_right(page: Page, signed_in: LogIn, look: Look, ina: User) -> None:
    signed_in(page, "ina")
    look(page, "/tokens/", "tokens-empty")
    look(page, "/tokens/new", "tokens-new")
    merchant = ina.memberships.get().merchant
    old = create_token(merchant=merchant, name="Old shop", scopes=["orders:read"], by=ina, source=Source.PAGE).token
    create_token(
        merchant=merchant, name="Webshop", scopes=["orders:read", "captures:write"], by=ina, source=Source.PAGE
    )
    look(page, reverse("orders:token_revocation", args=[old.pk]), "tokens-revocation")
    revoke_token(token=old, by=ina, source=Source.PAGE)

    look(page, "/tokens/", "tokens")


@pytest.mark.parametrize("scripts", [True, False])
def test_a_token_is_made_shown_once_and_revoked(
    page: Page, signed_in: LogIn, live_server: LiveServer, ina: User, scripts: bool
) -> None:
    if not scripts:
        page.route("**/*.js", lambda route: route.abort())
    signed_in(page, "ina")
    page.goto(f"{live_server.url}/tokens/new")
    page.get_by_role("textbox", name="Name").fill("Webshop")
    page.get_by_role("button", name="Make the token").click()
    expect(page.get_by_text("Choose at least one scope")).to_be_visible()
    page.get_by_label("orders:write").check()
    page.get_by_role("button", name="Make the token").click()

    expect(page.locator("#token")).to_have_text(re.compile(r"sod_[a-z0-9]{10}_[A-Za-z0-9]{40}"))
    page.get_by_role("link", name="I have it; go on").click()
    page.get_by_role("link", name="Revoke Webshop").click()
    page.get_by_role("button", name="Revoke").click()

    expect(page.get_by_role("row", name="Webshop").get_by_text("Revoked")).to_be_visible()
    assert ApiToken.objects.get().revoked_at is not None
