"""Reading orders from gateway B over real sockets: whole, in pieces, page by page, and by the ids of their parts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from orders.gateways import smartpay_orders, smartpay_orders_asking
from orders.gateways.base import Kind, TransactionState, Verdict
from orders.money import Money
from tests.gateways.order_answers import (
    GONE,
    NO_KEY,
    ORDER,
    PAYMENT,
    REFUND,
    a_payment,
    a_refund,
    an_error,
    an_order,
    an_order_instruction,
    encoded,
    order_gateway,
    paths_asked,
)
from tests.gateways.raw_server import dripping, raw_server, resetting
from tests.gateways.test_http import a_door

ORDER_PATH, PAYMENT_PATH, REFUND_PATH = (
    f"/orders/{ORDER}?expand=all",
    f"/payments/{PAYMENT}?expand=all",
    f"/refunds/{REFUND}?expand=all",
)
FIRST_PAGE = "/orders?maxResults=20&expand=all"


def test_the_key_stands_in_the_header_as_it_is() -> None:
    instruction = an_order_instruction()
    with order_gateway({"/refunds": a_refund()}) as server:
        outcome = smartpay_orders.send(a_door(server.url), smartpay_orders.compose(instruction), instruction)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert b"\r\nAuthorization: Basic top-secret\r\n" in server.requests[0]
    assert b"\r\nIdempotency-Key: " + instruction.modification_id.encode() in server.requests[0]
    assert outcome.observation is not None
    assert "top-secret" not in outcome.observation.request_transcript


def test_a_cancel_is_put_without_a_body() -> None:
    instruction = an_order_instruction(kind=Kind.CANCEL, amount=Money(1000, "JPY"))
    with order_gateway({f"/orders/{ORDER}/cancellation": an_order(status="canceled")}) as server:
        outcome = smartpay_orders.send(a_door(server.url), smartpay_orders.compose(instruction), instruction)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert server.requests[0].startswith(b"PUT ")
    assert server.requests[0].endswith(b"\r\n\r\n")


def test_an_order_in_one_piece_is_read_once() -> None:
    order = an_order(payments=[a_payment(refunds=[a_refund()])])
    with order_gateway({ORDER_PATH: order}) as server:
        fetched = smartpay_orders.fetch(a_door(server.url), ORDER, "JPY")

    assert fetched.snapshot is not None
    assert [one.type for one in fetched.snapshot.movements] == ["capture", "refund"]
    assert paths_asked(server) == [ORDER_PATH]


@pytest.mark.parametrize("payments", [[PAYMENT], [a_payment(refunds=GONE)], [a_payment(refunds=[REFUND])]])
def test_an_order_in_pieces_is_put_together(payments: list[Any]) -> None:
    answers = {
        ORDER_PATH: an_order(payments=payments),
        PAYMENT_PATH: a_payment(reference="shop-7", refunds=[REFUND]),
        REFUND_PATH: a_refund(),
    }
    with order_gateway(answers) as server:
        door = a_door(server.url)
        fetched, outcome = (
            smartpay_orders.fetch(door, ORDER, "JPY"),
            smartpay_orders.look_up(door, an_order_instruction()),
        )

    assert fetched.snapshot is not None
    assert [one.gateway_id for one in fetched.snapshot.movements] == [PAYMENT, REFUND]
    assert fetched.snapshot.warnings == ()
    assert (outcome.verdict, outcome.facts.gateway_id) == (Verdict.SUCCEEDED, REFUND)


def test_a_look_up_says_absent_only_when_every_piece_was_read() -> None:
    pieces = {ORDER_PATH: an_order(payments=[PAYMENT]), PAYMENT_PATH: a_payment(reference="shop-7")}
    with order_gateway(pieces) as server:
        whole = smartpay_orders.look_up(a_door(server.url), an_order_instruction())
    with order_gateway({ORDER_PATH: an_order(payments=[PAYMENT])}) as server:
        broken = smartpay_orders.look_up(a_door(server.url), an_order_instruction())

    assert (whole.verdict, whole.absent) == (Verdict.UNKNOWN, True)
    assert (broken.verdict, broken.absent) == (Verdict.UNKNOWN, False)


@pytest.mark.parametrize(
    ("answer", "missing", "paused"),
    [
        (("404 Not Found", an_error(404, "order.not-found")), True, False),
        (("404 Not Found", b"<html>"), False, False),
        (("401 Unauthorized", NO_KEY), False, True),
        (("302 Found", b""), False, True),
        (("500 Internal Server Error", b""), False, False),
        (("200 OK", b"<html>"), False, False),
        (("200 OK", encoded(a_payment())), False, False),
        (("200 OK", encoded(an_order(id="order_test_other"))), False, False),
        (("200 OK", encoded(an_order(status=GONE))), False, False),
    ],
)
def test_a_read_that_brings_no_order_says_why(answer: tuple[str, bytes], missing: bool, paused: bool) -> None:
    with order_gateway({ORDER_PATH: answer, FIRST_PAGE: answer}) as server:
        door = a_door(server.url)
        fetched, outcome = (
            smartpay_orders.fetch(door, ORDER, "JPY"),
            smartpay_orders.look_up(door, an_order_instruction()),
        )
        listed = smartpay_orders.fetch_list(door, "")

    assert (fetched.snapshot, fetched.missing, bool(fetched.pause_account)) == (None, missing, paused)
    assert fetched.reason.endswith(".")
    assert outcome.verdict in (Verdict.UNKNOWN, Verdict.MISMATCH)
    assert bool(outcome.pause_account) is bool(listed.pause_account) is paused
    assert not outcome.absent
    assert listed.snapshots == ()
    assert listed.reason.endswith(".")


def test_a_piece_that_is_missing_does_not_make_the_order_missing() -> None:
    with order_gateway({ORDER_PATH: an_order(payments=[PAYMENT])}) as server:
        fetched = smartpay_orders.fetch(a_door(server.url), ORDER, "JPY")

    assert (fetched.snapshot, fetched.missing) == (None, False)


def test_a_broken_connection_is_no_answer_to_any_question() -> None:
    with raw_server(resetting) as server:
        door = a_door(server.url)

        assert (
            smartpay_orders.fetch(door, ORDER, "JPY").reason == "The connection broke before the answer was complete."
        )
        assert smartpay_orders.look_up(door, an_order_instruction()).verdict is Verdict.UNKNOWN
        assert smartpay_orders.fetch_list(door, "").reason != ""
        assert smartpay_orders.find(door, PAYMENT).snapshot is None


def test_an_id_that_could_lead_elsewhere_is_not_asked_for() -> None:
    with order_gateway({}) as server:
        door = a_door(server.url)

        assert smartpay_orders.look_up(door, an_order_instruction(transaction_reference="a/b")).review
        assert smartpay_orders.fetch(door, "../payments", "JPY").snapshot is None
        assert smartpay_orders.find(door, "refund_x/y").snapshot is None
        assert smartpay_orders.fetch_list(door, "t" * 2001).reason != ""
        assert server.requests == []


def test_all_reads_of_one_question_share_its_deadline() -> None:
    slow = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n" + b"x" * 400, at_once=0, pause_seconds=0.2)
    with raw_server(slow) as server:
        began = time.monotonic()
        fetched = smartpay_orders.fetch(a_door(server.url, deadline_seconds=1), ORDER, "JPY")

    assert fetched.reason == "The gateway did not answer in time."
    assert time.monotonic() - began < 4


def test_an_order_in_too_many_pieces_is_not_half_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smartpay_orders_asking, "READS_MAXIMUM", 3)
    ids = [f"payment_test_{place}" for place in range(3)]
    answers = {f"/payments/{one}?expand=all": a_payment(id=one, reference="x") for one in ids}
    with order_gateway({ORDER_PATH: an_order(payments=ids), **answers}) as server:
        fetched = smartpay_orders.fetch(a_door(server.url), ORDER, "JPY")
        outcome = smartpay_orders.look_up(
            a_door(server.url), an_order_instruction(kind=Kind.CAPTURE, amount=Money(5, "JPY"))
        )

    assert fetched.snapshot is None
    assert "more pieces" in fetched.reason
    assert (outcome.verdict, outcome.absent) == (Verdict.UNKNOWN, False)


def test_orders_are_listed_page_by_page() -> None:
    pages: dict[str, dict[str, Any]] = {
        FIRST_PAGE: {"object": "collection", "data": [an_order(), an_order(id="order_test_2")], "nextPageToken": "p 2"},
        "/orders?maxResults=20&pageToken=p+2&expand=all": {"data": [an_order(id="order_test_3")]},
    }
    with order_gateway(pages) as server:
        door = a_door(server.url)
        first = smartpay_orders.fetch_list(door, "")
        second = smartpay_orders.fetch_list(door, first.next_page)

    assert [one.transaction_reference for one in first.snapshots] == [ORDER, "order_test_2"]
    assert [one.transaction_reference for one in second.snapshots] == ["order_test_3"]
    assert (first.next_page, second.next_page, second.reason) == ("p 2", "", "")


def test_a_page_that_leads_to_itself_ends_the_list() -> None:
    page = {"data": [an_order()], "nextPageToken": "p2"}
    with order_gateway({"/orders?maxResults=20&pageToken=p2&expand=all": page}) as server:
        assert smartpay_orders.fetch_list(a_door(server.url), "p2").next_page == ""


def test_an_order_is_found_by_the_id_of_its_payment_or_refund_or_its_own() -> None:
    answers = {
        ORDER_PATH: an_order(status="succeeded", payments=[a_payment(refunds=[a_refund()])]),
        PAYMENT_PATH: a_payment(order={"id": ORDER}),
        REFUND_PATH: a_refund(),
    }
    with order_gateway(answers) as server:
        found = [smartpay_orders.find(a_door(server.url), one) for one in (PAYMENT, REFUND, ORDER)]

    assert [one.snapshot.transaction_reference if one.snapshot else "" for one in found] == [ORDER] * 3
    assert found[0].snapshot is not None
    assert found[0].snapshot.state is TransactionState.CAPTURED


def test_what_belongs_to_nothing_is_not_found() -> None:
    with order_gateway({PAYMENT_PATH: a_payment(order=GONE)}) as server:
        nameless, unknown = (smartpay_orders.find(a_door(server.url), one) for one in (PAYMENT, "payment_test_9"))

    assert (nameless.snapshot, nameless.missing) == (None, False)
    assert "which order" in nameless.reason
    assert (unknown.snapshot, unknown.missing) == (None, True)
