"""Gateway B misbehaving: before, while and after it acts; the ledger always says what really happened."""

from __future__ import annotations

import pytest

from tests.sandbox.shop_b import Shop

BEFORE = {
    "error_500_before": 500,
    "error_502_html": 502,
    "conflict_409": 409,
    "redirect_307": 307,
    "redirect_302": 302,
    "unauthorized": 401,
    "forbidden": 403,
    "too_many": 429,
    "unavailable": 503,
}


@pytest.mark.parametrize("fault", [*BEFORE, "reset_before", "close_before"])
def test_before_means_that_nothing_was_executed_and_a_repeat_works(shop: Shop, fault: str) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault=fault, transactionId=order)

    if fault in BEFORE:
        answer = shop.capture(order, 10_000, key="k")
        assert answer.status == BEFORE[fault]
        assert (answer.header("Retry-After") is not None) == (answer.status in (429, 503))
    else:
        with pytest.raises((ConnectionResetError, IndexError)):
            _ = shop.capture(order, 10_000, key="k").status

    assert shop.executions(order) == []
    assert shop.capture(order, 10_000, key="k").status == 200


@pytest.mark.parametrize("fault", ["lose_reply", "error_500_after", "truncate", "html_200", "empty_200", "bad_json"])
def test_after_means_that_it_was_executed_and_a_repeat_tells(shop: Shop, fault: str) -> None:
    payment = shop.paid()
    shop.sandbox.control("faults", fault=fault, modificationId="k")

    try:
        spoilt = shop.refund(payment, 1_000, key="k").raw
    except ConnectionResetError:
        spoilt = b""
    again = shop.refund(payment, 1_000, key="k")

    assert again.body not in spoilt
    assert (again.status, again.header("Idempotency-Replayed"), again.json["amount"]) == (200, "true", 1_000)
    refunds = [one for one in shop.executions(again_order(shop, payment)) if one["kind"] == "refund"]
    assert [one["modificationId"] for one in refunds] == ["k"]


@pytest.mark.parametrize(
    ("fault", "name", "value"),
    [
        ("wrong_currency", "currency", "USD"),
        ("wrong_amount", "amount", 1_001),
        ("amount_false", "amount", False),
        ("unknown_status", "status", "quantum_superposed"),
        ("missing_reference", "id", None),
        ("missing_modification", "status", None),
    ],
)
def test_a_wrong_answer_does_not_change_the_books(shop: Shop, fault: str, name: str, value: object) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault=fault, transactionId=order)

    answer = shop.capture(order, 1_000, reference="r")

    assert (answer.status, answer.json.get(name)) == (200, value)
    assert [(one["amount"], one["status"]) for one in shop.executions(order)] == [(1_000, "CAPTURED")]


def test_another_amount_may_be_executed(shop: Shop) -> None:
    order = shop.order()
    shop.sandbox.control("faults", fault="wrong_amount_executed", transactionId=order)

    assert shop.capture(order, 1_000).json["amount"] == 999
    assert shop.books(order)["captured"] == 999


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("capture", 409, "order.cannot-capture"),
        ("cancel", 409, "order.cannot-cancel"),
        ("refund", 403, "amount.insufficient"),
    ],
)
def test_a_refusal_can_be_had_for_the_asking_and_is_kept(shop: Shop, kind: str, status: int, code: str) -> None:
    payment, order = shop.paid(), shop.order()
    calls = {
        "capture": lambda: shop.capture(order, 1_000, key="k"),
        "cancel": lambda: shop.cancel(order, key="k"),
        "refund": lambda: shop.refund(payment, 1_000, key="k"),
    }
    shop.sandbox.control("faults", fault="refuse", modificationId="k")

    first, second = calls[kind](), calls[kind]()

    assert (first.status, first.json["errorCode"]) == (status, code)
    assert (second.body, second.header("Idempotency-Replayed")) == (first.body, "true")


def test_a_refund_may_fail_although_it_was_accepted(shop: Shop) -> None:
    payment = shop.paid()
    shop.sandbox.control("faults", fault="refuse_200", modificationId="k")

    failed = shop.refund(payment, 1_000, key="k")

    assert (failed.status, failed.json["status"]) == (200, "failed")
    line = shop.sandbox.ledger(modificationId="k")["executions"][0]
    assert (line["status"], shop.books(line["transactionId"])["refunded"]) == ("FAILED", 0)
    assert shop.refund(payment, 10_000).status == 200


def test_magic_yen_strike_the_first_request_only(shop: Shop) -> None:
    shop.sandbox.control("dials", magicAmounts=True)
    order = shop.order()

    first = shop.capture(order, 113, key="k")
    second = shop.capture(order, 113, key="k")
    shop.sandbox.control("dials", magicAmounts=False)
    plain = shop.capture(shop.order(), 113)

    assert (first.status, second.status, plain.status) == (500, 200, 200)
    assert shop.sandbox.control_get("faults")["fired"] == {"error_500_before": 1}


def test_reading_can_be_spoilt_too(shop: Shop) -> None:
    order = shop.order()
    payment = shop.capture(order, 1_000, cancelRemainder="manual").json["id"]
    rules = [
        {"fault": "error_500_before", "path": "/orders/", "times": 1},
        {"fault": "wrong_amount", "path": "/orders/", "times": 1},
    ]
    shop.sandbox.control("faults", rules=rules)

    statuses = [shop.call("GET", f"/orders/{order}", query="expand=all") for _ in range(3)]

    assert [one.status for one in statuses] == [500, 200, 200]
    assert [one.json["payments"][0]["amount"] for one in statuses[1:]] == [1_001, 1_000]
    assert shop.call("GET", f"/payments/{payment}").json["amount"] == 1_000


def test_a_fault_for_one_merchant_leaves_the_other_alone(shop: Shop) -> None:
    other = Shop(sandbox=shop.sandbox, key="sk_test_other")
    shop.sandbox.control("faults", fault="unavailable", merchantKey=shop.key)

    assert (shop.capture(shop.order(), 1).status, other.capture(other.order(), 1).status) == (503, 200)


def test_what_is_asynchronous_elsewhere_is_at_once_here(shop: Shop) -> None:
    shop.sandbox.control("dials", asynchronous=True)
    order = shop.order()
    shop.sandbox.control("faults", fault="pending", transactionId=order)

    assert shop.capture(order, 1_000).json["status"] == "processed"


def again_order(shop: Shop, payment: str) -> str:
    return str(shop.call("GET", f"/payments/{payment}").json["order"])
