"""Webhooks on their way out: never before the books, repeated until heard, misbehaving only when a dial says so."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.mailbox import Mailbox, mailbox
from tests.sandbox.shop_b import SECRET, Shop
from tests.sandbox_process import SandboxHandle, sandbox

A_MOMENT_SECONDS = 0.3


def deliveries(box: SandboxHandle, **filters: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    found: list[dict[str, Any]] = box.control_get(f"deliveries?{query}")["deliveries"]
    return found


def wait_until_state(box: SandboxHandle, state: str, *, count: int = 1) -> list[dict[str, Any]]:
    until = time.monotonic() + 10
    while len(found := deliveries(box, state=state)) < count:
        assert time.monotonic() < until, f"No {count} deliveries became {state}: {deliveries(box)}"
        time.sleep(0.02)
    return found


def amounts(hook: Mailbox) -> list[int]:
    return [came.json["eventData"]["data"]["amount"] for came in list(hook.letters)]


def test_a_webhook_leaves_when_the_money_moved(shop: Shop, hook: Mailbox) -> None:
    order = shop.order()

    refused = shop.capture(order, 10_001)
    done = shop.capture(order, 10_000)

    assert (refused.status, done.status) == (409, 200)
    assert [came.json["eventData"]["data"]["id"] for came in hook.wait_for(1)] == [done.json["id"]]
    assert wait_until_state(shop.sandbox, "acknowledged")[0]["attempts"][0]["httpStatus"] == 200


@pytest.mark.parametrize("status", [500, 404, 302, 201, 204])
def test_it_is_repeated_with_the_same_body_until_it_is_acknowledged(shop: Shop, hook: Mailbox, status: int) -> None:
    hook.answers = [status, status]

    shop.paid()

    came = hook.wait_for(3)
    assert len({one.body for one in came}) == 1
    acknowledged = wait_until_state(shop.sandbox, "acknowledged")
    assert [one["httpStatus"] for one in acknowledged[0]["attempts"]] == [status, status, 200]


def test_it_is_given_up_in_the_end_and_can_be_sent_again_by_hand(shop: Shop, hook: Mailbox) -> None:
    hook.usual = 500
    shop.paid()
    given_up = wait_until_state(shop.sandbox, "given_up")[0]
    tried = len(given_up["attempts"])

    hook.usual = 200
    shop.sandbox.control("deliveries/resend", id=given_up["id"])

    again = wait_until_state(shop.sandbox, "acknowledged")[0]
    assert (again["id"], len(again["attempts"])) == (given_up["id"], tried + 1)


def test_a_refused_connection_is_no_acknowledgement(shop: Shop) -> None:
    with mailbox() as gone:
        url = gone.url
    shop.sandbox.control("dials", webhookRetrySeconds=0.02)
    shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url=url)

    shop.paid()

    attempts = wait_until_state(shop.sandbox, "given_up")[0]["attempts"]
    assert len(attempts) > 5
    assert all(one["httpStatus"] is None and "ConnectionRefused" in one["trouble"] for one in attempts)


def test_a_killed_sandbox_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with sandbox(tmp_path) as box, mailbox() as hook:
        shop = Shop(sandbox=box)
        box.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url=hook.url)
        box.control("dials", webhookDelaySeconds=1.0)
        payment = shop.paid()

        box.kill()
        before = list(hook.letters)
        box.start()

        assert before == []
        assert [came.json["eventData"]["data"]["id"] for came in hook.wait_for(1)] == [payment]


def test_an_address_that_does_not_answer_holds_nobody_else_up(shop: Shop, hook: Mailbox) -> None:
    other = Shop(sandbox=shop.sandbox, key="sk_test_other")
    with mailbox() as slow:
        slow.pause_seconds = 2.0
        shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=other.key, url=slow.url)
        other.paid()
        started = time.monotonic()

        shop.paid()

        hook.wait_for(1)
        assert time.monotonic() - started < 1


def test_a_long_queue_to_one_address_does_not_hide_the_others(shop: Shop, hook: Mailbox) -> None:
    other = Shop(sandbox=shop.sandbox, key="sk_test_other")
    with mailbox() as slow:
        slow.pause_seconds = 0.5
        shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=other.key, url=slow.url)
        for made in other.orders(count=250):
            other.cancel(made["transactionId"])
        started = time.monotonic()

        shop.paid()

        hook.wait_for(1)
        assert time.monotonic() - started < 1


@pytest.mark.parametrize("url", ["http://192.0.2.1/hook", "https://shop.example/hook", "http://localhost.example/"])
def test_nothing_is_sent_to_another_host(shop: Shop, url: str) -> None:
    shop.sandbox.control("dials", webhookRetrySeconds=0.01)
    shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url=url)

    shop.paid()

    attempt = wait_until_state(shop.sandbox, "given_up")[0]["attempts"][0]
    assert "of this host only" in attempt["trouble"]


def test_they_come_in_order_unless_the_dial_shuffles_them(shop: Shop, hook: Mailbox) -> None:
    order = shop.order(amount=5_500)
    wanted = [100 + number for number in range(12)]
    for amount in wanted:
        shop.capture(order, amount, cancelRemainder="manual")
    hook.wait_for(12)
    in_order = amounts(hook)
    hook.letters.clear()

    shop.sandbox.control("dials", webhookReorderSeconds=0.5)
    for amount in wanted:
        shop.capture(order, amount, cancelRemainder="manual")
    hook.wait_for(12)

    assert in_order == wanted
    assert (amounts(hook) == wanted, sorted(amounts(hook))) == (False, wanted)


def test_duplicates_are_sent_as_often_as_the_dial_says(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookDuplicates=1.0, webhookCopies=3)

    shop.paid()

    came = hook.wait_for(3)
    assert len({one.headers["smartpay-event-id"] for one in came}) == 1
    assert len(wait_until_state(shop.sandbox, "acknowledged", count=3)) == 3


def test_a_lost_one_is_known_and_never_sent(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookLose=1.0)
    shop.paid()
    time.sleep(A_MOMENT_SECONDS)

    assert hook.letters == []
    assert [one["attempts"] for one in deliveries(shop.sandbox)] == [[]]
    shop.sandbox.control("deliveries/resend", id=deliveries(shop.sandbox, state="lost")[0]["id"])
    assert len(hook.wait_for(1)) == 1


def test_a_delayed_one_waits(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookDelaySeconds=0.6)
    started = time.monotonic()

    shop.paid()

    hook.wait_for(1)
    assert time.monotonic() - started >= 0.6


def test_with_the_dial_it_arrives_before_the_answer(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookFirst=True)
    order = shop.order()

    for amount in (1_000, 2_000, 3_000):
        answer = shop.capture(order, amount, cancelRemainder="manual")
        assert hook.letters[-1].json["eventData"]["data"]["id"] == answer.json["id"]

    time.sleep(A_MOMENT_SECONDS)
    assert amounts(hook) == [1_000, 2_000, 3_000]


def test_it_arrives_although_the_answer_is_lost(shop: Shop, hook: Mailbox) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault="lose_reply", transactionId=order)

    with pytest.raises(ConnectionResetError):
        shop.capture(order, 10_000)

    assert hook.wait_for(1)[0].json["eventData"]["type"] == "payment.created"


def test_what_waits_is_forgotten_by_a_reset(shop: Shop, hook: Mailbox) -> None:
    shop.sandbox.control("dials", webhookDelaySeconds=0.3)
    shop.paid()

    shop.sandbox.control("reset")
    time.sleep(2 * A_MOMENT_SECONDS)

    assert (hook.letters, deliveries(shop.sandbox)) == ([], [])


def test_the_control_doors_refuse_what_they_do_not_know(shop: Shop, merchant: Merchant) -> None:
    for path, body in (
        ("webhook", {"gateway": "nobody", "merchantKey": "m", "url": "http://127.0.0.1/"}),
        ("webhook", {"gateway": "smartpay_orders", "merchantKey": "nobody", "url": "http://127.0.0.1/"}),
        ("webhook", {"gateway": "smartpay_orders", "merchantKey": shop.key, "url": "http://h/", "secret": "no_base62"}),
        ("deliveries/resend", {"id": 1}),
        ("dials", {"webhookLose": "often"}),
    ):
        answer = merchant.send("POST", f"/_control/{path}", str(body).replace("'", '"').encode())
        assert answer.status == 400, path
        assert answer.json["error"]


def test_the_page_lists_what_was_sent_and_sends_it_again(shop: Shop, hook: Mailbox, merchant: Merchant) -> None:
    shop.paid()
    hook.wait_for(1)
    wait_until_state(shop.sandbox, "acknowledged")
    html = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": None}

    page = merchant.send("GET", "/webhooks", headers=dict(html))
    pressed = merchant.send("POST", "/webhooks", b"id=1", headers=dict(html))
    number = deliveries(shop.sandbox)[0]["id"]
    merchant.send("POST", "/webhooks", f"id={number}".encode(), headers=dict(html))

    assert (page.status, pressed.status) == (200, 303)
    assert b"payment.created" in page.body
    assert SECRET.encode() not in page.body
    assert len(hook.wait_for(2)) == 2
