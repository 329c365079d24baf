"""Paging by cursor: forth and back shows the same pages, equal times lose and repeat nothing, forgery does nothing."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from orders.keyset import Cursor, CursorRefused, page_of, read_cursor
from orders.models import GatewayAccount, Order
from orders.views.orders_list import PAGE_SIZE
from tests.factories import a_person, an_account, an_order
from tests.views.pages import href_of, references_of

pytestmark = pytest.mark.django_db
# Hypothesis wants its bounds without a zone.
FIRST_DAY, LAST_DAY = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("2199-01-01")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def account(client: Client) -> GatewayAccount:
    account = an_account()
    client.force_login(a_person(merchants=[account.merchant], groups=["viewer"]))
    return account


def many_orders(account: GatewayAccount, count: int, *, at_once: int = 1) -> list[str]:
    """References, newest first; groups of `at_once` share one time."""
    orders = [
        Order(
            merchant_id=account.merchant_id,
            account=account,
            reference=f"order-{number:04}",
            currency="EUR",
            amount=100,
            placed_at=NOON + timedelta(seconds=number // at_once),
        )
        for number in range(count)
    ]
    Order.objects.bulk_create(orders)
    return [order.reference for order in reversed(orders)]


def walk(client: Client, address: str, rel: str) -> list[list[str]]:
    """The rows of each page, following the links with this rel to the end; also the address of the last."""
    pages = []
    while address:
        html = client.get(address).content.decode()
        pages.append(references_of(html))
        walk.last = address  # type: ignore[attr-defined]
        address = href_of(html, rel)
    return pages


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_all_pages_together_are_the_whole_list_forth_and_back(
    client: Client, account: GatewayAccount, at_once: int
) -> None:
    everything = many_orders(account, 3 * PAGE_SIZE + 1, at_once=at_once)

    forth = walk(client, "/orders/", "next")
    back = walk(client, walk.last, "prev")  # type: ignore[attr-defined]

    assert [reference for page in forth for reference in page] == everything
    assert [len(page) for page in forth] == [PAGE_SIZE] * 3 + [1]
    assert back[::-1] == forth


def test_filters_survive_paging_and_cursors_do_not_survive_filters(client: Client, account: GatewayAccount) -> None:
    many_orders(account, PAGE_SIZE + 1)

    first = client.get("/orders/?currency=EUR&state=pending_authorization").content.decode()
    following = href_of(first, "next")

    assert "currency=EUR&state=pending_authorization&after=" in following.replace("&amp;", "&")
    second = client.get(following).content.decode()
    assert len(references_of(second)) == 1
    assert href_of(second, "next") == ""
    assert 'href="/orders/?flag=attention"' in second


def test_a_full_last_page_has_no_next(client: Client, account: GatewayAccount) -> None:
    many_orders(account, PAGE_SIZE)

    html = client.get("/orders/").content.decode()

    assert len(references_of(html)) == PAGE_SIZE
    assert (href_of(html, "next"), href_of(html, "prev")) == ("", "")


def test_new_orders_do_not_shift_the_page_somebody_reads(client: Client, account: GatewayAccount) -> None:
    many_orders(account, 2 * PAGE_SIZE)
    second_url = href_of(client.get("/orders/").content.decode(), "next")
    before = references_of(client.get(second_url).content.decode())

    an_order(account=account, placed_at=NOON + timedelta(days=1))

    assert references_of(client.get(second_url).content.decode()) == before


def test_a_cursor_of_another_merchant_shows_only_own_orders(client: Client, account: GatewayAccount) -> None:
    theirs = an_order(placed_at=NOON + timedelta(days=2))
    an_order(account=account, reference="ours", placed_at=NOON)

    html = client.get(f"/orders/?after={Cursor(theirs.placed_at, theirs.pk)}").content.decode()

    assert references_of(html) == ["ours"]


def test_the_page_before_the_newest_is_empty_and_leads_nowhere(account: GatewayAccount) -> None:
    order = an_order(account=account)

    page = page_of(Order.objects.all(), by="placed_at", size=2, before=Cursor(order.placed_at, order.pk))

    assert (page.rows, page.before, page.after) == ([], "", "")


@given(
    at=st.datetimes(min_value=FIRST_DAY, max_value=LAST_DAY, timezones=st.just(UTC)),
    number=st.integers(1, 2**63 - 1),
)
def test_a_cursor_is_read_as_it_was_written(at: datetime, number: int) -> None:
    cursor = Cursor(at, number)

    assert read_cursor(str(cursor)) == cursor


def test_a_cursor_that_somebody_wrote_with_an_offset_means_the_same_moment() -> None:
    text = base64.urlsafe_b64encode(b"2026-11-20T12:00:00+23:59|1").decode()

    assert str(read_cursor(text).at) == "2026-11-19 12:01:00+00:00"


@given(st.text(max_size=80))
def test_whatever_else_is_given_as_a_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorRefused):
        read_cursor(text)


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "|",
        "2026-11-20T12:00:00|1",
        "2026-11-20T12:00:00+00:00|0",
        "2026-11-20T12:00:00+00:00|-1",
        "2026-11-20T12:00:00+00:00|9223372036854775808",
        "2026-11-20T12:00:00+00:00|",
        "0001-01-01T00:00:00+23:59|x",
        "0001-01-01T00:00:00+23:59|1",
    ],
)
def test_a_cursor_with_impossible_parts_is_refused(plain: str) -> None:
    with pytest.raises(CursorRefused):
        read_cursor(base64.urlsafe_b64encode(plain.encode()).decode().rstrip("="))
