"""What is sent to gateway C: exact bytes, whole minor units, our id in three places, the vendor's spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smarterpay
from orders.gateways.base import CannotSay, Instruction, Kind
from orders.money import MAXIMUM_MINOR, Money
from tests.gateways.card_instructions import CAPTURED, CARD, ORIGINAL, a_card_instruction
from tests.gateways.instructions import MODIFICATION


def body_of(instruction: Instruction) -> Any:
    return json.loads(smarterpay.compose(instruction).body)


def test_a_release_is_written_byte_for_byte() -> None:
    request = smarterpay.compose(a_card_instruction(description="shipped", custom_references={"custom1": "order-7"}))

    assert (request.method, request.path) == ("POST", f"/SmarterPayCardPaymentService/api/transaction/{CARD}")
    assert request.headers == {
        "Content-Type": "application/json",
        "User-Agent": "smartpay-dashboard/0.1",
        "Idempotency-Key": MODIFICATION,
    }
    assert (
        request.body
        == (
            '{"payment_type":"DeferredRelease","platform":"SmarterPayCloud","amount":2500,"currency_code":"GBP",'
            f'"internal_payment_description":"shipped","custom_reference":"{MODIFICATION}","isAsnyc":false,'
            f'"related_payment_id":"{ORIGINAL}","metadata":{{"custom1":"order-7","modification_id":"{MODIFICATION}"}}}}'
        ).encode()
    )


def test_the_same_instruction_gives_the_same_bytes_twice() -> None:
    assert smarterpay.compose(a_card_instruction()) == smarterpay.compose(a_card_instruction())


@pytest.mark.parametrize(
    ("kind", "payment_type", "with_amount", "related"),
    [
        (Kind.CAPTURE, "DeferredRelease", True, ORIGINAL),
        (Kind.CANCEL, "DeferredCancel", False, ORIGINAL),
        (Kind.VOID, "Void", False, CAPTURED),
        (Kind.REFUND, "Refund", True, CAPTURED),
    ],
)
def test_each_kind_has_its_payment_type_its_amount_and_its_payment(
    kind: Kind, payment_type: str, with_amount: bool, related: str
) -> None:
    body = body_of(a_card_instruction(kind=kind))

    assert (body["payment_type"], body["related_payment_id"]) == (payment_type, related)
    assert ("amount" in body, "currency_code" in body) == (with_amount, with_amount)
    assert body["custom_reference"] == body["metadata"]["modification_id"] == MODIFICATION


@pytest.mark.parametrize("asynchronous", [True, False])
def test_the_vendors_spelling_is_kept_and_always_said(asynchronous: bool) -> None:
    body = body_of(a_card_instruction(asynchronous=asynchronous))

    assert body["isAsnyc"] is asynchronous
    assert "isAsync" not in body


def test_the_shopper_reads_a_description_only_when_staff_let_them() -> None:
    hidden = body_of(a_card_instruction(description="out of stock"))
    shown = body_of(a_card_instruction(description="out of stock", customer_may_see=True))
    empty = body_of(a_card_instruction(customer_may_see=True))

    assert hidden["internal_payment_description"] == shown["internal_payment_description"] == "out of stock"
    assert "gateway_payment_description" not in hidden
    assert shown["gateway_payment_description"] == "out of stock"
    assert not [name for name in empty if name.endswith("description")]


@given(amount=st.integers(1, MAXIMUM_MINOR), currency=st.sampled_from(["GBP", "JPY", "KWD"]))
def test_an_amount_is_an_integer_of_minor_units_in_every_currency(amount: int, currency: str) -> None:
    body = body_of(a_card_instruction(amount=Money(amount, currency)))

    assert type(body["amount"]) is int
    assert (body["amount"], body["currency_code"]) == (amount, currency)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"amount": Money(0, "GBP")}, "greater than zero"),
        ({"amount": Money(-1, "GBP")}, "greater than zero"),
        ({"amount": Money(MAXIMUM_MINOR + 1, "GBP")}, "more than this system moves"),
        ({"amount": Money(12345, "CLF")}, "at most 3 decimals"),
        ({"card_reference": ""}, "card record of this payment is not known"),
        ({"card_reference": "CD01/../refund"}, "card id"),
        ({"card_reference": "C" * 65}, "card id"),
        ({"transaction_reference": ""}, "original payment id"),
        ({"kind": Kind.REFUND, "capture_reference": ""}, "payment id of the capture is not known"),
        ({"kind": Kind.VOID, "capture_reference": ""}, "payment id of the capture is not known"),
        ({"modification_id": "not an id"}, "modification id"),
        ({"description": "x" * 256}, "256 characters"),
        ({"custom_references": {"custom2": "x" * 256}}, "custom2 has more than 255"),
        ({"kind": Kind.CANCEL_OR_REFUND}, "has no cancel or refund"),
        ({"kind": Kind.AUTHORIZE}, "has no authorize"),
    ],
)
def test_what_cannot_be_said_is_refused_with_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CannotSay, match=sentence) as refused:
        smarterpay.compose(a_card_instruction(**changes))

    assert "nothing was sent" in str(refused.value)


def test_what_reaches_the_limits_is_taken() -> None:
    body = body_of(
        a_card_instruction(
            card_reference="C" * 64,
            description="x" * 255,
            customer_may_see=True,
            custom_references={"custom1": "y" * 255},
            amount=Money(MAXIMUM_MINOR, "GBP"),
        )
    )

    assert len(body["gateway_payment_description"]) == len(body["metadata"]["custom1"]) == 255


def test_a_custom_reference_never_takes_the_place_of_our_id() -> None:
    body = body_of(a_card_instruction(custom_references={"modification_id": "somebody else's"}))

    assert body["metadata"] == {"modification_id": MODIFICATION}
