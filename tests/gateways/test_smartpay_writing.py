"""What is sent to gateway A: exact bytes, always with an amount where leaving it out would mean everything."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smartpay
from orders.gateways.base import CannotSay, Instruction, Kind
from orders.money import MAXIMUM_MINOR, Money, exponent_of
from tests.gateways.instructions import MODIFICATION, TRANSACTION, an_instruction

AMOUNTS = st.integers(min_value=1, max_value=MAXIMUM_MINOR)
TWO_DECIMALS = st.sampled_from(["EUR", "USD", "GBP", "JPY", "KRW"])


def body_of(instruction: Instruction) -> Any:
    return json.loads(smartpay.compose(instruction).body, parse_float=Decimal)


def test_a_refund_is_written_byte_for_byte() -> None:
    request = smartpay.compose(an_instruction(description="returned", custom_references={"custom1": "order-7"}))

    assert (request.method, request.path) == ("POST", "/payment/refund")
    assert (
        request.body
        == (
            f'{{"transactionId":"{TRANSACTION}","modificationId":"{MODIFICATION}","merchantKey":"merchant-key-1",'
            '"modifiedAmount":{"amount":25.00,"currencyCode":"EUR","description":"returned"},'
            '"customReferences":{"custom1":"order-7"}}'
        ).encode()
    )


def test_the_same_instruction_gives_the_same_bytes_twice() -> None:
    assert smartpay.compose(an_instruction()) == smartpay.compose(an_instruction())


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.CANCEL_OR_REFUND])
def test_a_cancel_carries_no_amount_and_its_description_on_top(kind: Kind) -> None:
    body = body_of(an_instruction(kind=kind, description="out of stock", custom_references={"custom2": "x"}))

    assert body == {
        "transactionId": TRANSACTION,
        "modificationId": MODIFICATION,
        "merchantKey": "merchant-key-1",
        "description": "out of stock",
        "customReferences": {"custom2": "x"},
    }


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (Kind.CAPTURE, "/payment/capture"),
        (Kind.CANCEL, "/payment/cancel"),
        (Kind.CANCEL_OR_REFUND, "/payment/cancelOrRefund"),
        (Kind.REFUND, "/payment/refund"),
    ],
)
def test_each_kind_has_its_path_and_the_required_headers(kind: Kind, path: str) -> None:
    request = smartpay.compose(an_instruction(kind=kind))

    assert request.path == path
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept-Language"] == "en-US"
    assert request.headers["User-Agent"].startswith("smartpay-dashboard/")
    assert "Authorization" not in request.headers


@given(minor=AMOUNTS, currency=TWO_DECIMALS, kind=st.sampled_from([Kind.CAPTURE, Kind.REFUND]))
def test_no_capture_or_refund_goes_without_its_exact_amount(minor: int, currency: str, kind: Kind) -> None:
    money = Money(minor, currency)

    body = body_of(an_instruction(kind=kind, amount=money))

    assert body["modifiedAmount"]["amount"] == money.decimal
    assert str(body["modifiedAmount"]["amount"]).partition(".")[2].__len__() == 2
    assert body["modifiedAmount"]["currencyCode"] == currency


@given(minor=AMOUNTS, currency=st.sampled_from(["KWD", "BHD", "CLF"]))
def test_a_third_decimal_is_refused_and_never_rounded(minor: int, currency: str) -> None:
    instruction = an_instruction(amount=Money(minor, currency))

    if minor % 10 ** (exponent_of(currency) - 2):
        with pytest.raises(CannotSay, match="nothing was rounded"):
            smartpay.compose(instruction)
    else:
        assert body_of(instruction)["modifiedAmount"]["amount"] == Money(minor, currency).decimal


@pytest.mark.parametrize(
    ("money", "written"),
    [
        (Money(1000, "JPY"), b'"amount":1000.00,'),
        (Money(1, "EUR"), b'"amount":0.01,'),
        (Money(1230, "KWD"), b'"amount":1.23,'),
        (Money(MAXIMUM_MINOR, "EUR"), b'"amount":10000000000000.00,'),
        (Money(MAXIMUM_MINOR, "JPY"), b'"amount":1000000000000000.00,'),
    ],
)
def test_amounts_are_numbers_with_two_decimals(money: Money, written: bytes) -> None:
    assert written in smartpay.compose(an_instruction(amount=money)).body


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Money(0, "EUR")},
        {"amount": Money(-1, "EUR")},
        {"amount": Money(MAXIMUM_MINOR + 1, "EUR")},
        {"amount": Money(1234, "KWD")},
        {"description": "x" * 128},
        {"custom_references": {"custom4": "x"}},
        {"custom_references": {"custom1": "x" * 256}},
        {"modification_id": ""},
        {"modification_id": "x" * 37},
        {"transaction_reference": "../payment/refund"},
        {"transaction_reference": ".."},
        {"transaction_reference": "a/b"},
        {"merchant_key": ""},
        {"merchant_key": "x" * 37},
    ],
    ids=str,
)
def test_what_cannot_be_said_is_refused_with_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(CannotSay, match=r"nothing was|\.$"):
        smartpay.compose(an_instruction(**change))


def test_limits_themselves_are_allowed() -> None:
    body = body_of(
        an_instruction(
            description="ü" * 127,
            custom_references={"custom3": "x" * 255},
            modification_id="m" * 36,
            merchant_key="k" * 36,
        )
    )

    assert body["modifiedAmount"]["description"] == "ü" * 127
    assert body["customReferences"] == {"custom3": "x" * 255}


@given(description=st.text(max_size=127))
def test_any_description_survives_the_writing(description: str) -> None:
    body = body_of(an_instruction(description=description))

    assert body["modifiedAmount"].get("description", "") == description


def test_an_account_can_say_what_differs() -> None:
    capability = smartpay.capability(
        {"multiple_capture": True, "authorization_days": 7, "kinds": ["capture", "cancel"]}
    )

    assert (capability.multiple_capture, capability.authorization_days) == (True, 7)
    assert capability.kinds == {Kind.CAPTURE, Kind.CANCEL}
    assert smartpay.capability({}).kinds >= {Kind.CAPTURE, Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.REFUND}
    assert Kind.VOID not in smartpay.capability({}).kinds


@pytest.mark.parametrize(
    "overrides",
    [
        {"unknown": True},
        {"authorization_days": "5"},
        {"authorization_days": True},
        {"partial_capture": 1},
        {"kinds": ["bribe"]},
        {"kinds": 5},
        {"kinds": "cancel"},
        {"kinds": ["void"]},
        {"currencies": "EUR"},
        {"deadline_seconds": -1},
        {"deadline_seconds": 0},
        {"deadline_seconds": 10**15},
        {"replay_window_seconds": 24 * 3600},
        {"authorization_days": 10**9},
        {"decimals_maximum": 3},
        {"description_maximum": 128},
    ],
    ids=str,
)
def test_an_override_that_means_nothing_is_refused(overrides: dict[str, Any]) -> None:
    with pytest.raises(CannotSay):
        smartpay.capability(overrides)
