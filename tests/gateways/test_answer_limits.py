"""Limits that seeds 001 and 002 state for answers: at the limit it is read whole, one past it nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways.base import Verdict
from orders.gateways.smartpay_judging import judge_send
from orders.gateways.smartpay_reading import Answer, read_answer
from orders.money import MAXIMUM_MINOR, Money
from tests.gateways.instructions import an_instruction, seen
from tests.gateways.payload_files import payload_bytes

AMOUNT = "modification__modificationAmount__amount"
DATA = "modification__modificationData__"


def body_with(**changes: Any) -> bytes:
    return payload_bytes("refund_done", **changes)


def read(**changes: Any) -> Answer:
    return read_answer(body_with(**changes))


LENGTHS = {
    "transactionOverview__transactionId": 36,
    "transactionOverview__customReferences": 255,
    "modification__modificationAmount__description": 127,
    f"{DATA}customReferences": 255,
    "description": 127,
}


@pytest.mark.parametrize("past", [0, 1], ids=["at the limit", "one past it"])
@pytest.mark.parametrize(("field", "maximum"), LENGTHS.items())
def test_a_text_of_an_answer_is_kept_whole_and_spoils_nothing(field: str, maximum: int, past: int) -> None:
    text = "x" * (maximum + past)
    value = {"custom1": text} if field.endswith("customReferences") else text

    answer = read(**{field: value})

    assert text in str(answer.raw)
    assert (answer.entries[0].amount, answer.entries[0].status) == (Money(2_500, "EUR"), "REFUNDED")


@pytest.mark.parametrize("past", [0, 1], ids=["at the limit", "one past it"])
def test_a_deal_is_read_whole(past: int) -> None:
    reference, type_code = "d" * (21 + past), "3RIPSS" + "S" * past
    deal = {"dealReference": reference, "typeCode": type_code, "amount": 99.99}

    found = read(transactionOverview__deal=deal).deal

    assert found is not None
    assert (found.reference, found.type_code, found.amount) == (reference, type_code, Money(9_999, "EUR"))


@pytest.mark.parametrize("past", [0, 1], ids=["at the limit", "one past it"])
@pytest.mark.parametrize("field", ["gatewayDescription", "paymentProviderDescription"])
def test_what_went_wrong_is_told_in_full(field: str, past: int) -> None:
    text = "x" * (400 + past)
    error = {"error": "gateway_processing", "errorDetails": {field: text}}

    outcome = judge_send(
        seen(200, body_with(modification__error=error, modification__status="FAILED")), an_instruction()
    )

    assert outcome.verdict is not Verdict.SUCCEEDED
    assert text in outcome.facts.failure_text


@pytest.mark.parametrize("past", [0, 1], ids=["at the limit", "one past it"])
def test_the_status_of_a_leg_is_read_and_a_strange_one_has_failed(past: int) -> None:
    legs = [{"destinationReference": "shop-two", "splitUniqueReference": "s-1", "status": "9" * (127 + past)}]

    [leg] = read(**{f"{DATA}paymentSplitResults": legs}).entries[0].legs

    assert (leg.status, leg.failed) == ("9" * (127 + past), True)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("0.01", Money(1, "EUR")),
        ("0.00", Money(0, "EUR")),
        (f"{MAXIMUM_MINOR // 100}.00", Money(MAXIMUM_MINOR, "EUR")),
        (f"{MAXIMUM_MINOR // 100}.01", None),
        ("9" * 18 + ".99", None),
        ("9" * 19 + ".99", None),
        ("25.001", None),
    ],
)
def test_an_amount_is_read_to_the_cent_or_not_at_all(written: str, amount: Money | None) -> None:
    assert read(**{AMOUNT: written}).entries[0].amount == amount


@pytest.mark.parametrize(("code", "amount"), [("EUR", Money(2_500, "EUR")), ("EU", None), ("EURO", None)])
def test_a_currency_has_three_letters(code: str, amount: Money | None) -> None:
    answer = read(modification__modificationAmount__currencyCode=code)

    assert answer.entries[0].amount == amount
