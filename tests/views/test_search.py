"""The search box: any reference in full opens its order, any beginning lists, hostile text finds nothing."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from orders.models import GatewayAccount, Order, Reference, ReferenceKind
from orders.references import note_words
from orders.views.orders_list import PAGE_SIZE
from tests.factories import a_merchant, a_person, an_account, an_order
from tests.views.pages import references_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(client: Client) -> GatewayAccount:
    account = an_account(merchant=a_merchant("Northwind"))
    client.force_login(a_person(merchants=[account.merchant], groups=["viewer"]))
    return account


def a_found_order(account: GatewayAccount) -> Order:
    return an_order(
        account=account, reference="ORD-77", customer_name="Jana Maria Novák", customer_email="Jana@Example.com"
    )


@pytest.mark.parametrize("kind", [kind for kind in ReferenceKind if kind != ReferenceKind.NAME])
def test_every_kind_of_reference_in_full_opens_its_order(
    client: Client, account: GatewayAccount, kind: ReferenceKind
) -> None:
    order = an_order(account=account)
    note_words(order, [(kind, "Word-4711")])

    response = client.get("/search/", {"q": "  wORD-4711 "})

    assert response.status_code == 303
    assert response["Location"] == f"/orders/{order.pk}/"


def test_a_name_in_full_lists_because_others_may_begin_so(client: Client, account: GatewayAccount) -> None:
    an_order(account=account, reference="just-jana", customer_name="Jana")
    an_order(account=account, reference="jana-novak", customer_name="Jana Novák")

    found = references_of(client.get("/search/?q=jana").content.decode())

    assert set(found) == {"just-jana", "jana-novak"}


def test_htmx_is_sent_to_the_order_too(client: Client, account: GatewayAccount) -> None:
    order = a_found_order(account)

    response = client.get("/search/?q=ord-77", headers={"HX-Request": "true"})

    assert response["HX-Redirect"] == f"/orders/{order.pk}/"
    assert "HX-Request" in response["Vary"]


@pytest.mark.parametrize("text", ["ord-7", "JANA", "maria n", "novák", "jana@ex", "Jana  Maria"])
def test_the_beginning_of_a_reference_an_address_or_a_name_lists(
    client: Client, account: GatewayAccount, text: str
) -> None:
    a_found_order(account)
    an_order(account=account, reference="other", customer_name="Novákjana", customer_email="other@example.com")
    note_words(a_second_jana(account), [(ReferenceKind.NAME, "novák"), (ReferenceKind.NAME, "jana maria")])

    page = client.get("/search/", {"q": text})

    assert page.status_code == 200
    assert "ORD-77" in references_of(page.content.decode())


def a_second_jana(account: GatewayAccount) -> Order:
    return an_order(account=account, customer_name="Jana", placed_at=timezone.now() - timedelta(days=1))


def test_a_word_of_several_orders_lists_them_newest_first(client: Client, account: GatewayAccount) -> None:
    now = timezone.now()
    for days, reference in ((2, "second"), (3, "third"), (1, "first")):
        an_order(
            account=account, reference=reference, customer_email="a@b.example", placed_at=now - timedelta(days=days)
        )

    assert references_of(client.get("/search/?q=a@b.example").content.decode()) == ["first", "second", "third"]


def test_an_order_with_several_fitting_words_is_listed_once(client: Client, account: GatewayAccount) -> None:
    an_order(account=account, reference="jan-1", customer_name="Jana Janus", customer_email="jan@example.com")

    assert references_of(client.get("/search/?q=jan").content.decode()) == ["jan-1"]


def test_another_merchants_reference_is_as_unknown_as_an_invented_one(client: Client, account: GatewayAccount) -> None:
    an_order(reference="theirs-1", customer_email="theirs@example.com")

    for text in ("theirs-1", "theirs", "theirs@example.com"):
        page = client.get("/search/", {"q": text})

        assert page.status_code == 200
        assert references_of(page.content.decode()) == []
        assert "Nothing begins with" in page.content.decode()


def test_a_reference_that_two_merchants_share_opens_the_own_one(client: Client, account: GatewayAccount) -> None:
    an_order(reference="shared")
    ours = an_order(account=account, reference="shared")

    assert client.get("/search/?q=shared")["Location"] == f"/orders/{ours.pk}/"


def test_a_superuser_finds_orders_of_every_merchant(client: Client) -> None:
    order = an_order(reference="anywhere")
    client.force_login(a_person(groups=[], is_superuser=True))

    assert client.get("/search/?q=anywhere")["Location"] == f"/orders/{order.pk}/"


def test_more_than_a_page_is_said(client: Client, account: GatewayAccount) -> None:
    for number in range(PAGE_SIZE):
        an_order(account=account, reference=f"many-{number:03}")
    assert f"{PAGE_SIZE} orders found." in client.get("/search/?q=many").content.decode()

    an_order(account=account, reference="many-more")

    page = client.get("/search/?q=many").content.decode()
    assert len(references_of(page)) == PAGE_SIZE
    assert "Type more to find the others." in page


def test_an_empty_search_leads_to_the_list(client: Client, account: GatewayAccount) -> None:
    for text in ("", "   ", "\0"):
        response = client.get("/search/", {"q": text})

        assert response["Location"] == "/orders/"


@pytest.mark.parametrize(
    "text",
    [
        "%",
        "_",
        "\\",
        "%%",
        "a_c",
        "' OR 1=1 --",
        "\0abc",
        "abc\0",
        "💸",
        "\U0010ffff",
        "[a-z]",
        "*",
        "ord-77%",
        "x" * 201,
        "x" * 10_000,
        "\ud7ff",
        "<script>alert(1)</script>",
        "\u202eabc",
        "\r\nSet-Cookie: a=b",
        "ＯＲＤ-77",
    ],
)
def test_hostile_text_finds_nothing_and_breaks_nothing(client: Client, account: GatewayAccount, text: str) -> None:
    a_found_order(account)
    an_order(account=account, reference="abcd-e")

    page = client.get("/search/", {"q": text.replace("abc", "zzz") if "\0" in text else text})

    assert page.status_code == 200
    assert references_of(page.content.decode()) == []
    assert "<script>alert" not in page.content.decode()


@pytest.mark.parametrize("query", ["q=%ff%fe", "q=%ED%A0%80", "q=a&q=b", "p=1", "q[]=x"])
def test_malformed_addresses_break_nothing(client: Client, account: GatewayAccount, query: str) -> None:
    assert client.get(f"/search/?{query}").status_code in {200, 303}


def test_pattern_characters_are_letters_like_others(client: Client, account: GatewayAccount) -> None:
    an_order(account=account, reference="100%_sure")
    an_order(account=account, reference="100xysure")

    assert references_of(client.get("/search/", {"q": "100%_s"}).content.decode()) == ["100%_sure"]


def test_too_long_a_text_is_told_why_it_finds_nothing(client: Client, account: GatewayAccount) -> None:
    page = client.get("/search/", {"q": "x" * 201}).content.decode()

    assert "shorter than 200 characters" in page


def test_what_was_typed_stays_in_the_box_escaped(client: Client, account: GatewayAccount) -> None:
    page = client.get("/search/", {"q": '"><img src=x>'}).content.decode()

    assert "<img" not in page
    assert 'value=""><img src=x>"' in unescape(page)


def test_a_search_costs_a_fixed_number_of_queries(
    client: Client, account: GatewayAccount, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get("/search/?q=a")

    with django_assert_num_queries(7):
        client.get("/search/?q=cust")
    for number in range(30):
        an_order(account=account, reference=f"cust-{number}", customer_name=f"Customer {number}")
    with django_assert_num_queries(7):
        assert len(references_of(client.get("/search/?q=cust").content.decode())) == 30
    with django_assert_num_queries(5):
        assert client.get("/search/?q=cust-7").status_code == 303
    assert Reference.objects.count() > 60
