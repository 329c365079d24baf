"""What is sent to gateway B: exact bytes, always with an amount, never the SDKs' misspelt word."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smartpay_orders
from orders.gateways.base import CannotSay, Instruction, Kind
from orders.gateways.smartpay_orders_writing import list_request, order_request, payment_request, refund_request
from orders.modifications.words import REASONS
from orders.money import MAXIMUM_MINOR, Money
from tests.gateways.instructions import MODIFICATION
from tests.gateways.order_answers import ORDER, PAYMENT, an_order_instruction

BODIES = [Kind.CAPTURE, Kind.REFUND]


def body_of(instruction: Instruction) -> Any:
    return json.loads(smartpay_orders.compose(instruction).body)


def test_a_capture_is_written_byte_for_byte_and_keeps_the_rest_open() -> None:
    request = smartpay_orders.compose(
        an_order_instruction(kind=Kind.CAPTURE, description="first parcel", custom_references={"custom1": "order-7"})
    )

    assert (request.method, request.path) == ("POST", "/payments")
    assert (
        request.body
        == (
            f'{{"order":"{ORDER}","amount":200,"currency":"JPY","cancelRemainder":"manual",'
            f'"reference":"{MODIFICATION}","description":"first parcel","metadata":{{"custom1":"order-7"}}}}'
        ).encode()
    )


def test_a_refund_is_written_byte_for_byte_and_names_its_payment() -> None:
    request = smartpay_orders.compose(an_order_instruction())

    assert (request.method, request.path) == ("POST", "/refunds")
    assert (
        request.body
        == (
            f'{{"payment":"{PAYMENT}","amount":200,"currency":"JPY","reason":"requested_by_customer",'
            f'"reference":"{MODIFICATION}"}}'
        ).encode()
    )


def test_a_cancel_names_the_order_in_its_path_and_has_no_body() -> None:
    request = smartpay_orders.compose(an_order_instruction(kind=Kind.CANCEL, description="out of stock"))

    assert (request.method, request.path, request.body) == ("PUT", f"/orders/{ORDER}/cancellation", b"")
    assert "Content-Type" not in request.headers


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL, Kind.REFUND])
def test_the_modification_id_is_the_idempotency_key_and_no_key_is_frozen(kind: Kind) -> None:
    request = smartpay_orders.compose(an_order_instruction(kind=kind))

    assert request.headers["Idempotency-Key"] == MODIFICATION
    assert "Authorization" not in request.headers
    assert request == smartpay_orders.compose(an_order_instruction(kind=kind))


@pytest.mark.parametrize(("releases", "word"), [(False, "manual"), (True, "automatic")])
def test_what_becomes_of_the_rest_is_always_said_and_spelt_right(releases: bool, word: str) -> None:
    assert body_of(an_order_instruction(kind=Kind.CAPTURE, release_rest=releases))["cancelRemainder"] == word


@pytest.mark.parametrize("reason", [*dict(REASONS), "", "a reason of tomorrow"])
def test_every_reason_of_ours_has_one_of_their_two_words(reason: str) -> None:
    word = body_of(an_order_instruction(reason=reason))["reason"]

    assert word == ("fraudulent" if reason == "fraud" else "requested_by_customer")


@given(minor=st.integers(min_value=1, max_value=MAXIMUM_MINOR), kind=st.sampled_from(BODIES))
def test_no_capture_or_refund_goes_without_its_exact_whole_amount(minor: int, kind: Kind) -> None:
    body = body_of(an_order_instruction(kind=kind, amount=Money(minor, "JPY")))

    assert (type(body["amount"]), body["amount"], body["currency"]) == (int, minor, "JPY")


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize(
    "amount", [Money(0, "JPY"), Money(-1, "JPY"), Money(MAXIMUM_MINOR + 1, "JPY"), Money(2500, "EUR"), Money(5, "KRW")]
)
def test_an_amount_it_cannot_move_is_refused_before_anything_is_written(kind: Kind, amount: Money) -> None:
    with pytest.raises(CannotSay, match="nothing was sent"):
        smartpay_orders.compose(an_order_instruction(kind=kind, amount=amount))


@pytest.mark.parametrize("kind", [Kind.CANCEL_OR_REFUND, Kind.VOID, Kind.AUTHORIZE])
def test_a_deed_it_does_not_know_is_refused(kind: Kind) -> None:
    with pytest.raises(CannotSay, match="knows no"):
        smartpay_orders.compose(an_order_instruction(kind=kind))


def test_a_refund_without_its_payment_is_refused() -> None:
    with pytest.raises(CannotSay, match="which one is not known"):
        smartpay_orders.compose(an_order_instruction(capture_reference=""))


@pytest.mark.parametrize(
    ("at_the_limit", "one_past"),
    [
        ({"description": "d" * 80}, {"description": "d" * 81}),
        ({"custom_references": {"custom1": "x" * 255}}, {"custom_references": {"custom1": "x" * 256}}),
        (
            {"custom_references": {f"custom{place}": "x" for place in range(20)}},
            {"custom_references": {f"custom{place}": "x" for place in range(21)}},
        ),
        ({"modification_id": "m" * 40}, {"modification_id": "m" * 41}),
        ({"capture_reference": "p" * 64}, {"capture_reference": "p" * 65}),
        ({"amount": Money(MAXIMUM_MINOR, "JPY")}, {"amount": Money(MAXIMUM_MINOR + 1, "JPY")}),
        ({"amount": Money(1, "JPY")}, {"amount": Money(0, "JPY")}),
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_each_limit_holds_at_the_limit_and_one_past_it(at_the_limit: dict[str, Any], one_past: dict[str, Any]) -> None:
    assert smartpay_orders.compose(an_order_instruction(**at_the_limit)).body
    with pytest.raises(CannotSay, match="nothing was sent"):
        smartpay_orders.compose(an_order_instruction(**one_past))


@pytest.mark.parametrize("order", ["o" * 64, "order_test_A1"])
def test_an_order_id_goes_into_body_and_path(order: str) -> None:
    assert body_of(an_order_instruction(kind=Kind.CAPTURE, transaction_reference=order))["order"] == order
    assert order in smartpay_orders.compose(an_order_instruction(kind=Kind.CANCEL, transaction_reference=order)).path


@pytest.mark.parametrize("order", ["", "o" * 65, "a/b", "a?b", "a b", "..", "a\nb", "オーダー"])
@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.CANCEL])
def test_an_order_id_that_could_lead_elsewhere_is_refused(kind: Kind, order: str) -> None:
    with pytest.raises(CannotSay, match="nothing was sent"):
        smartpay_orders.compose(an_order_instruction(kind=kind, transaction_reference=order))


def test_reads_ask_for_everything_at_once() -> None:
    assert order_request(ORDER).path == f"/orders/{ORDER}?expand=all"
    assert payment_request(PAYMENT).path == f"/payments/{PAYMENT}?expand=all"
    assert refund_request("refund_test_1").path == "/refunds/refund_test_1?expand=all"
    assert order_request(ORDER).method == "GET"


def test_a_list_is_asked_for_page_by_page() -> None:
    assert list_request("").path == "/orders?maxResults=20&expand=all"
    assert list_request("a+b/c=").path == "/orders?maxResults=20&pageToken=a%2Bb%2Fc%3D&expand=all"
    assert list_request("t" * 2000).path
    with pytest.raises(CannotSay, match="nothing was asked"):
        list_request("t" * 2001)


def test_a_japanese_description_survives_the_writing() -> None:
    assert body_of(an_order_instruction(description="返品のため"))["description"] == "返品のため"
