"""The orders list: what it shows, to whom, and filtered how."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.models import GatewayAccount, OrderState, Switch
from orders.views.shell import COUNTED_TO
from tests.factories import a_captured_transaction, a_merchant, a_person, a_transaction, an_account, an_order
from tests.views.pages import orders_shown

pytestmark = pytest.mark.django_db


def test_a_stranger_is_sent_to_the_log_in_page(client: Client) -> None:
    response = client.get("/orders/")

    assert response.status_code == 302
    assert response["Location"] == "/login/?next=/orders/"


def test_somebody_without_the_view_permission_is_told_so(client: Client, account: GatewayAccount) -> None:
    client.force_login(a_person(merchants=[account.merchant], groups=[]))
    an_order(account=account, reference="hidden-order")

    for address in ("/orders/", "/search/?q=hidden"):
        response = client.get(address)

        assert response.status_code == 403
        assert "“view” permission" in response.content.decode()
        assert "hidden-order" not in response.content.decode()


def test_a_row_says_what_a_clerk_needs(mia: Client, account: GatewayAccount) -> None:
    order = an_order(account=account, reference="ORD-1", customer_name="Jana Novák", customer_email="jana@example.com")
    a_captured_transaction(order=order, refunded=2_500, payment_method="VISA")

    page = unescape(mia.get("/orders/").content.decode())

    for text in (
        "ORD-1",
        "Jana Novák",
        "jana@example.com",
        "Partly refunded",
        "VISA",
        "north",
        "€25.00 refunded",
        "€100.00",
    ):
        assert text in page, text


def test_a_row_leads_to_its_order(mia: Client, account: GatewayAccount) -> None:
    order = an_order(account=account)

    assert f'href="/orders/{order.pk}/"' in mia.get("/orders/").content.decode()


def test_amounts_have_the_decimals_of_their_currency(mia: Client, account: GatewayAccount) -> None:
    an_order(account=account, currency="JPY", amount=989_900)
    an_order(account=account, currency="KWD", amount=1_234)

    page = mia.get("/orders/").content.decode()

    assert "¥989,900" in page
    assert "1.234" in page


def test_times_are_shown_in_the_zone_of_the_merchant(mia: Client, account: GatewayAccount) -> None:
    placed_at = timezone.now().replace(month=1, day=15, hour=23, minute=30)
    an_order(account=account, placed_at=placed_at)

    page = mia.get("/orders/").content.decode()

    assert "16 Jan" in page
    assert "00:30" in page
    assert "times in Europe/Berlin" in page


def test_an_authorization_that_ends_soon_says_when(mia: Client, account: GatewayAccount) -> None:
    order = an_order(account=account)
    a_transaction(order=order, expires_at=timezone.now() + timedelta(hours=5, minutes=30))

    assert "expires in 5 h" in mia.get("/orders/").content.decode()


def test_orders_of_other_merchants_are_absent(mia: Client, account: GatewayAccount) -> None:
    an_order(account=account, reference="ours")
    theirs = an_order(reference="theirs")

    assert orders_shown(mia) == ["ours"]
    assert orders_shown(mia, f"?account={theirs.account_id}") == ["ours"]
    assert orders_shown(mia, f"?merchant={theirs.merchant_id}") == ["ours"]


def test_somebody_without_a_merchant_sees_nothing_and_a_superuser_everything(client: Client) -> None:
    an_order(reference="theirs")

    client.force_login(a_person(groups=["viewer"]))
    assert orders_shown(client) == []
    client.force_login(a_person(groups=[], is_superuser=True))
    assert orders_shown(client) == ["theirs"]


def test_the_merchant_switcher_is_for_people_with_several(client: Client, account: GatewayAccount) -> None:
    other = an_account(merchant=a_merchant("Sakura"))
    an_order(account=account, reference="north-1")
    an_order(account=other, reference="sakura-1")
    client.force_login(a_person(merchants=[account.merchant, other.merchant], groups=["viewer"]))

    assert orders_shown(client) == ["sakura-1", "north-1"]
    assert orders_shown(client, f"?merchant={other.merchant_id}") == ["sakura-1"]
    assert f"?merchant={other.merchant_id}" in client.get("/orders/").content.decode()
    client.force_login(a_person(merchants=[account.merchant], groups=["viewer"]))
    assert "?merchant=" not in client.get("/orders/").content.decode()


def test_an_empty_list_says_what_was_looked_for(mia: Client, account: GatewayAccount) -> None:
    page = unescape(mia.get("/orders/?state=chargeback&currency=EUR").content.decode())

    assert "Looked for orders with state “Charged back”, currency “EUR” among those of the merchants" in page
    assert "No orders yet" in mia.get("/orders/").content.decode()


def test_a_paused_account_and_a_general_pause_are_told_on_every_page(mia: Client, account: GatewayAccount) -> None:
    assert "Gateway operational" in mia.get("/orders/").content.decode()

    GatewayAccount.objects.update(paused_reason="Key refused.", paused_at=timezone.now())
    paused = mia.get("/orders/").content.decode()
    Switch.objects.update_or_create(pk=1, defaults={"paused_reason": "Drill.", "paused_at": timezone.now()})
    stopped = mia.get("/orders/").content.decode()

    assert "north is paused." in paused
    assert "Key refused." in paused
    assert "All sending is paused." in stopped
    assert "Drill." in stopped


def test_the_list_costs_five_queries_whatever_is_on_it(
    mia: Client, account: GatewayAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    mia.get("/orders/")  # The first request of a session writes down when it began.

    with django_assert_num_queries(5):
        mia.get("/orders/")
    for number in range(60):
        a_transaction(order=an_order(account=account, customer_name=f"Person {number}"), payment_method="VISA")
    with django_assert_num_queries(5):
        assert len(orders_shown(mia)) == 50
    with django_assert_num_queries(5):
        mia.get("/orders/?state=authorized&currency=EUR&amount_from=1&flag=expiring&placed_from=2020-01-01")


def test_htmx_gets_the_piece_and_everybody_else_the_page(mia: Client, account: GatewayAccount) -> None:
    an_order(account=account, reference="ORD-1")

    piece = mia.get("/orders/", headers={"HX-Request": "true"})
    boosted = mia.get("/orders/", headers={"HX-Request": "true", "HX-Boosted": "true"})

    assert piece.content.decode().lstrip().startswith('<section class="card" id="order-list"')
    assert boosted.content.decode().startswith("<!doctype html>")
    assert "HX-Request" in piece["Vary"]
    assert "HX-Request" in mia.get("/orders/")["Vary"]


def test_every_state_has_a_tone_and_a_word(mia: Client, account: GatewayAccount) -> None:
    for state in OrderState:
        an_order(account=account, reference=f"in-{state.value}", state=state.value)

    page = mia.get("/orders/").content.decode()

    for state in OrderState:
        assert f">{state.label}</span>" in page


@pytest.mark.parametrize("address", ["/orders/", "/search/?q=a", "/shortcuts/", "/"])
def test_reading_pages_refuse_to_be_posted_to(mia: Client, address: str) -> None:
    assert mia.post(address).status_code == 405


def test_the_navigation_counts_what_waits_for_a_person_at_own_merchants_only(
    mia: Client, account: GatewayAccount
) -> None:
    a_transaction(capturing=100, unknown_count=1)
    assert 'class="count"' not in mia.get("/orders/").content.decode()

    for _ in range(COUNTED_TO):
        a_transaction(order=an_order(account=account), capturing=100, unknown_count=1)
    assert f'<span class="count">{COUNTED_TO}<span' in mia.get("/orders/").content.decode()

    a_transaction(order=an_order(account=account), capturing=100, unknown_count=1)
    assert f'<span class="count">{COUNTED_TO}+<span' in mia.get("/orders/").content.decode()
