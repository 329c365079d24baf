"""The page of what gateways can do: generated from the code, with the overrides of the person's own accounts."""

from __future__ import annotations

import html

import pytest
from django.test import Client
from django.urls import reverse

from orders.gateways.capability_words import TITLES
from orders.gateways.registry import GATEWAYS
from orders.models import GatewayAccount
from tests import factories
from tests.views.scenes import a_shop, logged_in

pytestmark = pytest.mark.django_db
URL = "/capabilities/"


def page_of(client: Client) -> str:
    return html.unescape(client.get(URL).content.decode())


def test_every_property_of_every_gateway_stands_on_the_page() -> None:
    _, person = a_shop("viewer")

    page = page_of(logged_in(person))

    for name, gateway in GATEWAYS.items():
        assert gateway.title in page
        for field in TITLES:
            assert f'id="{name}-{field}"' in page


def test_an_account_shows_only_what_it_says_otherwise() -> None:
    account, person = a_shop("viewer")
    GatewayAccount.objects.filter(pk=account.pk).update(profile={"authorization_days": 3, "partial_capture": True})
    factories.an_account(merchant=account.merchant, name="plain account")

    page = page_of(logged_in(person))

    line = page.partition(f'id="account-{account.pk}"')[2].partition("</div>")[0]
    assert "<b>3 days</b>" in line
    assert "instead of 5 days" in line
    assert "A part can be captured" not in line
    assert "As the gateway declares it." in page


def test_a_profile_that_cannot_be_read_says_so_and_the_page_stands() -> None:
    account, person = a_shop("viewer")
    GatewayAccount.objects.filter(pk=account.pk).update(profile={"colour": "green"})

    page = page_of(logged_in(person))

    assert "no property called “colour”" in page
    assert "Nothing is sent through it." in page


def test_accounts_of_others_are_not_shown() -> None:
    _, person = a_shop("viewer")
    factories.an_account(name="somebody else’s account")

    assert "somebody else’s account" not in page_of(logged_in(person))


def test_the_page_needs_the_permission_to_view_and_is_linked_from_the_accounts() -> None:
    _, person = a_shop("viewer")
    nobody = factories.a_person(groups=[])

    assert logged_in(nobody).get(URL).status_code == 403
    assert Client().get(URL).status_code == 302
    assert f'href="{URL}"' in logged_in(person).get(reverse("orders:account_list")).content.decode()
