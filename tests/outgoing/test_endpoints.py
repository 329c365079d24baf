"""Who may say what a shop is told, and which addresses a shop may have."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orders.models import ShopEndpoint, Source
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.outgoing.endpoints import add_endpoint, stop_endpoint
from tests.factories import a_merchant, a_person

pytestmark = pytest.mark.django_db


def add(url: str = "https://shop.example/hooks", *, group: str = "integrator") -> ShopEndpoint:
    merchant = a_merchant()
    person = a_person(merchants=[merchant], groups=[group])
    made, _ = add_endpoint(merchant_id=merchant.pk, url=url, types=[], description="", by=person, source=Source.PAGE)
    return made


@pytest.mark.parametrize("group", ["viewer", "agent", "supervisor", "finance"])
def test_only_people_who_configure_may_add_one(group: str) -> None:
    with pytest.raises(NotAllowed, match="configure"):
        add(group=group)
    assert add(group="integrator").active


def test_another_merchants_endpoint_does_not_exist() -> None:
    endpoint = add()
    stranger = a_person(merchants=[a_merchant()], groups=["integrator"])
    with pytest.raises(UnknownThing):
        stop_endpoint(endpoint_id=endpoint.pk, reason="", by=stranger, source=Source.PAGE)


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "https://127.0.0.1/hooks",
        "https://169.254.169.254/latest",
        "https://localhost/x",
        "https://user:pass@shop.example/",
        "ftp://shop.example",
        "https://shop.example/#part",
        "https://shop.example/a b",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_hostile_address_is_refused_with_a_sentence(url: str, settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = False
    with pytest.raises(NotAllowed) as refusal:
        add(url)
    assert refusal.value.sentence.endswith(".")
    assert not ShopEndpoint.objects.exists()


def test_the_path_and_its_query_are_kept(settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = False
    assert add("https://Shop.Example/hooks/?shop=1").url == "https://shop.example/hooks/?shop=1"


def test_the_secret_is_shown_once(client: Client) -> None:
    merchant = a_merchant()
    client.force_login(a_person(merchants=[merchant], groups=["integrator"]))
    shown = client.post("/shop-webhooks/new", {"merchant": merchant.pk, "url": "https://shop.example/hooks"})
    secret = ShopEndpoint.objects.get().secret
    assert secret in shown.content.decode()
    for address in ("/shop-webhooks/", f"/shop-webhooks/{ShopEndpoint.objects.get().pk}/"):
        page = client.get(address)
        assert page.status_code == 200
        assert secret not in page.content.decode()


def test_a_bad_address_brings_the_form_back_with_what_was_typed(client: Client) -> None:
    merchant = a_merchant()
    client.force_login(a_person(merchants=[merchant], groups=["integrator"]))
    page = client.post("/shop-webhooks/new", {"merchant": merchant.pk, "url": "nonsense", "description": "Berlin"})
    assert page.status_code == 422
    assert "Berlin" in page.content.decode()


def test_who_may_not_configure_sees_the_endpoint_and_no_button(client: Client) -> None:
    endpoint = add()
    client.force_login(a_person(merchants=[endpoint.merchant], groups=["viewer"]))
    page = client.get(f"/shop-webhooks/{endpoint.pk}/").content.decode()
    assert "configure" in page
    assert "Send a test" not in page
    client.post(f"/shop-webhooks/{endpoint.pk}/stop/")
    endpoint.refresh_from_db()
    assert endpoint.active


def test_only_who_may_configure_is_offered_a_new_endpoint(client: Client) -> None:
    merchant = a_merchant()
    client.force_login(a_person(merchants=[merchant], groups=["agent"]))
    page = client.get("/shop-webhooks/").content.decode()
    assert "/shop-webhooks/new" not in page
    assert "People with the “configure” permission can add an endpoint" in page
    client.force_login(a_person("ines", merchants=[merchant], groups=["integrator"]))
    assert "/shop-webhooks/new" in client.get("/shop-webhooks/").content.decode()
