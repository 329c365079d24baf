"""Collections of gateway B: newest first, page by page, each object once, whatever is made meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.shop_b import Shop


def pages(shop: Shop, path: str, most: int) -> list[dict[str, Any]]:
    found, token = [], None
    while True:
        query = f"maxResults={most}" + (f"&pageToken={token}" if token else "")
        page = shop.call("GET", path, query=query).json
        found.append(page)
        token = page.get("nextPageToken")
        if token is None:
            return found


def test_every_order_stands_on_exactly_one_page_newest_first(shop: Shop) -> None:
    made = [shop.order(reference=f"o-{number}", createdSecondsAgo=100 - number) for number in range(7)]

    found = pages(shop, "/orders", 3)

    assert [page["results"] for page in found] == [3, 3, 1]
    assert [one["id"] for page in found for one in page["data"]] == made[::-1]
    assert [(page["object"], page["maxResults"]) for page in found] == [("collection", 3)] * 3
    assert [page["pageToken"] for page in found[1:]] == [page["nextPageToken"] for page in found[:-1]]
    assert "nextPageToken" not in found[-1]


def test_a_page_does_not_move_when_something_new_is_made(shop: Shop) -> None:
    shop.orders(count=6, createdSecondsAgo=60)
    first = shop.call("GET", "/orders", query="maxResults=2").json
    second = shop.call("GET", "/orders", query=f"maxResults=2&pageToken={first['nextPageToken']}").json

    shop.order()

    again = shop.call("GET", "/orders", query=f"maxResults=2&pageToken={first['nextPageToken']}").json
    assert again == second


@pytest.mark.parametrize(("written", "results"), [("", 20), ("maxResults=1", 1), ("maxResults=100", 100)])
def test_twenty_stand_on_a_page_unless_asked(shop: Shop, written: str, results: int) -> None:
    shop.orders(count=120)

    page = shop.call("GET", "/orders", query=written).json

    assert (page["results"], len(page["data"]), page["maxResults"]) == (results, results, results)


@pytest.mark.parametrize(
    "query",
    ["maxResults=0", "maxResults=101", "maxResults=many", "maxResults=-1", "pageToken=guess", "pageToken=MTox!"],
)
def test_a_page_that_cannot_be_is_refused(shop: Shop, query: str) -> None:
    answer = shop.call("GET", "/orders", query=query)

    assert (answer.status, answer.json["errorCode"]) == (400, "request.invalid")


def test_payments_and_refunds_are_listed_too(shop: Shop) -> None:
    payments = [shop.paid(1_000 + number) for number in range(3)]
    refunds = [shop.refund(one, 10).json["id"] for one in payments]

    assert [one["id"] for page in pages(shop, "/payments", 2) for one in page["data"]] == payments[::-1]
    assert [one["id"] for page in pages(shop, "/refunds", 2) for one in page["data"]] == refunds[::-1]


def test_a_list_shows_ids_or_whole_objects(shop: Shop) -> None:
    payment = shop.paid()

    short, whole = (shop.call("GET", "/orders", query=f"expand={word}").json["data"][0] for word in ("no", "all"))

    assert short["payments"] == [payment]
    assert whole["payments"][0]["id"] == payment


def test_a_merchant_lists_only_its_own(shop: Shop) -> None:
    Shop(sandbox=shop.sandbox, key="sk_test_other").paid()
    mine = shop.order()

    assert [one["id"] for one in shop.call("GET", "/orders").json["data"]] == [mine]
    assert shop.call("GET", "/payments").json["data"] == []
