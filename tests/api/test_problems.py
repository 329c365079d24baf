"""Every refusal is a problem with a sentence, whatever was sent and wherever it went wrong; never HTML, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from orders.api import orders as orders_room
from orders.api.json_text import DEPTH_MAXIMUM
from orders.models import Order
from tests import factories
from tests.api.shop import Answered, Shop, a_shop, an_order_body

pytestmark = pytest.mark.django_db
MEMBERS = {"type", "title", "status", "detail", "code", "instance", "request_id"}


@pytest.fixture
def shop() -> Shop:
    return a_shop(account=factories.an_account(name="north"))


def is_problem(answer: Answered, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.content
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json) >= MEMBERS
    assert answer.json["status"] == status
    assert answer.json["type"] == "about:blank"
    assert answer.detail.endswith(".")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["", "nowhere", "orders/", "orders/1/2/3/../", "orders//", "a%0Ab", "%00", "%FF", "openapi.json/", "docs"]
)
def test_an_address_that_is_none_is_a_problem(shop: Shop, path: str) -> None:
    answer = shop.get(path)

    assert answer.status in (404, 422), answer.content
    is_problem(answer, answer.status, answer.code)


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "POST", "PUT", "OPTIONS", "TRACE", "SHOP"])
def test_a_method_that_is_not_taken_names_those_that_are(shop: Shop, method: str) -> None:
    answer = shop.send(method, "capabilities")

    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET"


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a"]
)
def test_only_json_is_read(shop: Shop, media_type: str) -> None:
    answer = shop.send("PUT", "orders/north/A-1", raw=b'{"currency": "EUR"}', media_type=media_type)

    is_problem(answer, 415, "media_type")


def test_json_with_a_charset_is_json(shop: Shop) -> None:
    body = json.dumps(an_order_body()).encode()

    assert shop.send("PUT", "orders/north/A-1", raw=body, media_type="application/json; charset=utf-8").status == 201


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"{'a': 1}",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"amount": NaN}',
        b'{"amount": Infinity}',
        b'{"amount": 1, "amount": 2}',
        b'{"transactions": [{"reference": "a", "reference": "b"}]}',
        b"[" * 100_000,
        b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"[" * (DEPTH_MAXIMUM + 1) + b"]" * (DEPTH_MAXIMUM + 1),
        b'{"amount": ' + b"9" * 5_000 + b"}",
        b"{} {}",
        b"\0",
    ],
)
def test_what_is_no_proper_json_is_refused_whole(shop: Shop, raw: bytes) -> None:
    is_problem(shop.send("PUT", "orders/north/A-1", raw=raw), 400, "malformed")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"1", b'"x"', b"true", b"[" * DEPTH_MAXIMUM + b"]" * DEPTH_MAXIMUM]
)
def test_json_that_is_no_order_is_refused(shop: Shop, raw: bytes) -> None:
    is_problem(shop.send("PUT", "orders/north/A-1", raw=raw), 422, "invalid")


def test_a_body_at_the_limit_is_read_and_one_more_byte_is_not(shop: Shop) -> None:
    limit = 2_621_440
    body = json.dumps(an_order_body()).encode()

    assert shop.send("PUT", "orders/north/A-1", raw=body + b" " * (limit - len(body))).status == 201
    is_problem(shop.send("PUT", "orders/north/A-2", raw=body + b" " * (limit - len(body) + 1)), 413, "too_large")


def test_an_address_with_filters_without_end_is_refused(shop: Shop) -> None:
    is_problem(shop.get("orders?" + "&".join(f"a{number}=1" for number in range(1_100))), 422, "too_many_filters")


def test_a_thing_that_breaks_is_told_without_our_insides(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(orders_room, "order_of", broken)

    answer = shop.get("orders/1")

    is_problem(answer, 500, "internal_server_error")
    assert b"swordfish" not in answer.content
    assert "Idempotency-Key" in answer.detail


def test_a_database_that_does_not_answer_asks_for_patience(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: Any, **__: Any) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(orders_room, "order_of", busy)

    answer = shop.get("orders/1")

    is_problem(answer, 503, "busy")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_request_for_another_host_is_a_problem_too(shop: Shop) -> None:
    is_problem(shop.send("GET", "orders", headers={"Host": "evil.example"}), 400, "bad_request")


def test_pages_beside_the_api_stay_pages() -> None:
    answer = Client().get("/nowhere/")

    assert answer.headers["Content-Type"].startswith("text/html")


def test_the_words_of_the_answer_can_be_quoted_to_support(shop: Shop) -> None:
    answer = shop.get("orders/999999")

    assert answer.json["request_id"]
    assert answer.json["instance"] == "/api/v1/orders/999999"


def test_a_field_name_with_anything_in_it_is_pointed_at_safely(shop: Shop) -> None:
    answer = shop.put("orders/north/A-1", an_order_body(**{"a/b~c\0": 1}))
    half = shop.put("orders/north/A-1", an_order_body(**{"\ud800": 1}))

    is_problem(answer, 422, "invalid")
    is_problem(half, 422, "invalid")
    assert answer.json["errors"][0]["pointer"] == "/a~1b~0c\0"


def test_debug_tells_a_shop_no_more(shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DEBUG = True

    answer = shop.send("PUT", "orders/north/A-1", raw=b"{")

    is_problem(answer, 400, "malformed")
    assert answer.detail == "The body is not valid JSON. Nothing was done."
