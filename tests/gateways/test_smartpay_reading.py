"""The tolerant reader, row by row through the contradictions of gateway A's documents (A.10)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import TransactionState
from orders.gateways.smartpay_reading import Answer, read_answer
from orders.gateways.smartpay_values import money
from orders.gateways.smartpay_words import state_of
from orders.gateways.values import date
from orders.money import Money
from tests.gateways.payload_files import GONE, payload, payload_bytes


def read(name: str, **changes: Any) -> Answer:
    return read_answer(payload_bytes(name, **changes))


def test_the_schema_example_of_seed_002_is_read_with_its_oddities() -> None:
    answer = read("seed_002_schema_example")
    entry = answer.entries[0]

    assert answer.amount is None
    assert "An amount could not be read and was not used: False." in answer.warnings
    assert answer.created_at == datetime(2023, 12, 7, 11, 34, 50, 884000, tzinfo=UTC)
    assert answer.payment_reference == "THNkjjkfdhjk7798798"
    assert (entry.modification_id, entry.type, entry.amount) == ("abcd123", "capture", Money(4999, "EUR"))
    assert entry.gateway_id == "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert (entry.problem.stated, entry.problem.code) == (True, "gateway_processing")
    assert [(leg.destination, leg.failed) for leg in entry.legs] == [
        ("destination-ref-1", True),
        ("programme refund", True),
    ]


def test_the_prepayment_example_has_no_modification_and_its_top_level_id_proves_nothing() -> None:
    answer = read("seed_002_prepayment_example")

    assert answer.entries == ()
    assert (answer.amount, answer.payment_reference) == (Money(5099, "EUR"), "119344737107896")


@pytest.mark.parametrize("spelling", ["CANCELATION", "CANCELLATION", "cancellation"])
def test_both_spellings_of_a_cancel_are_one(spelling: str) -> None:
    answer = read("cancel_done", modification__modificationData__type=spelling)

    assert (answer.entries[0].type, answer.entries[0].raw_type) == ("cancel", spelling)


@pytest.mark.parametrize("shape", ["object", "array", "plural", "both"])
def test_modifications_come_as_object_array_or_plural(shape: str) -> None:
    one = payload("refund_done")["modification"]
    shapes: dict[str, dict[str, Any]] = {
        "object": {},
        "array": {"modification": [one]},
        "plural": {"modification": None, "modifications": [one]},
        "both": {"modification": {}, "modifications": [None, one, "x"]},
    }

    answer = read("refund_done", **shapes[shape])

    assert [entry.modification_id for entry in answer.entries] == [one["modificationData"]["modificationId"]]


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("25", 2500),
        ("25.0", 2500),
        ("25.00", 2500),
        ("49.9", 4990),
        ("0.01", 1),
        ('"25.00"', 2500),
        ('" 25 "', 2500),
        ("25.000", 2500),
        ("0", 0),
        ("false", None),
        ("true", None),
        ("null", None),
        ("1e2", None),
        ("-1", None),
        ('"25,00"', None),
        ('"２５"', None),
        ('"NaN"', None),
        ("25.005", None),
        ("[25]", None),
        ("1000000000000000000", None),
        ('""', None),
    ],
)
def test_amounts_are_read_exactly_or_not_at_all(written: str, minor: int | None) -> None:
    text = payload_bytes("refund_done").replace(b'"amount": 25,', f'"amount": {written},'.encode())

    amount = read_answer(text).entries[0].amount

    assert amount == (None if minor is None else Money(minor, "EUR"))


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [
        ("1000.00", "JPY", 1000),
        (1000, "JPY", 1000),
        ("1000.50", "JPY", None),
        ("1.234", "KWD", 1234),
        ("25", "eur", 2500),
    ],
)
def test_each_currency_has_its_own_decimals(written: str, currency: str, minor: int | None) -> None:
    read_money = money({"amount": written, "currencyCode": currency}, lambda _warning: None)

    assert read_money == (None if minor is None else Money(minor, currency.upper()))


def test_an_amount_of_a_modification_without_currency_is_no_amount() -> None:
    answer = read("refund_done", modification__modificationAmount__currencyCode=GONE)

    assert answer.entries[0].amount is None


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2023-12-07 11:34:50.884000+00:00", datetime(2023, 12, 7, 11, 34, 50, 884000, tzinfo=UTC)),
        ("2024-10-09T10:50:15.708Z", datetime(2024, 10, 9, 10, 50, 15, 708000, tzinfo=UTC)),
        ("2024-10-09T10:50:15Z", datetime(2024, 10, 9, 10, 50, 15, tzinfo=UTC)),
        ("2024-10-09T10:50:15.123456789+02:00", datetime(2024, 10, 9, 8, 50, 15, 123456, tzinfo=UTC)),
        ("2024-10-09 10:50:15", datetime(2024, 10, 9, 10, 50, 15, tzinfo=UTC)),
        ("yesterday", None),
        ("2024-13-40T10:50:15Z", None),
        ("9999-12-31T23:59:59-23:59", None),
        (20241009, None),
        (None, None),
    ],
)
def test_dates_of_both_formats_are_one_moment(written: Any, moment: datetime | None) -> None:
    assert date(written, lambda _warning: None) == moment


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("AUTHORIZED", TransactionState.AUTHORIZED),
        ("AUTHORIZATION_COMPLETED", TransactionState.AUTHORIZED),
        ("AUTORIZATION_INITIALIZED", TransactionState.PENDING_AUTHORIZATION),
        ("AUTHORIZATION_INITIALIZED", TransactionState.PENDING_AUTHORIZATION),
        ("AUTHORIZATION_PENDING", TransactionState.PENDING_AUTHORIZATION),
        ("CREATED", TransactionState.PENDING_AUTHORIZATION),
        ("CAPTURE_PENDING", TransactionState.CAPTURE_PENDING),
        ("CAPTURED", TransactionState.CAPTURED),
        ("SETTLED", TransactionState.SETTLED),
        ("CANCELLATION_PENDING", TransactionState.CANCEL_PENDING),
        ("CANCELLED", TransactionState.CANCELLED),
        ("REFUNDED", TransactionState.REFUNDED),
        ("CHARGEBACK", TransactionState.CHARGEBACK),
        ("EXPIRED", TransactionState.EXPIRED),
        ("FAILED", TransactionState.FAILED),
        ("REFUND_REVIEW", TransactionState.UNRECOGNISED),
        ("", TransactionState.UNRECOGNISED),
    ],
)
def test_every_documented_status_has_a_state_and_the_rest_is_unrecognised(word: str, state: TransactionState) -> None:
    assert state_of(word) is state


def test_a_transaction_reference_is_found_in_both_places() -> None:
    assert read("seed_002_prepayment_example").payment_reference == "119344737107896"
    assert read("status_with_history").payment_reference == "THNkjjkfdhjk7798798"


def test_ignored_properties_become_a_warning() -> None:
    answer = read("refund_done", ignoredProperties=["customReferences"])

    assert answer.warnings == ("The gateway did not recognise these fields of the request: customReferences.",)


def test_an_identifier_that_no_gateway_would_make_is_dropped_whole() -> None:
    answer = read("refund_done", modification__modificationData__reconciliationReferenceId="R" * 129)

    assert answer.entries[0].reference == ""
    assert any("more than 128" in warning for warning in answer.warnings)


@pytest.mark.parametrize(
    ("error", "stated"),
    [
        (None, False),
        ({}, False),
        ("", False),
        ({"error": "", "errorDetails": {"context": {}, "gatewayDescription": ""}}, False),
        ("some text", True),
        ({"error": "gateway_processing"}, True),
        ({"errorDetails": {"paymentProviderDescription": "declined"}}, True),
        ({"unheardOf": "x"}, True),
    ],
    ids=str,
)
def test_an_empty_error_is_no_error(error: Any, stated: bool) -> None:
    answer = read("refund_done", modification__error=error)

    assert answer.entries[0].problem.stated is stated


@pytest.mark.parametrize(
    ("status", "error", "failed"),
    [
        ("0000", "", False),
        ("SUCCESS", "", False),
        ("ERROR", "", True),
        ("0042", "", True),
        ("SUCCESS", "[ 51 ] no", True),
    ],
)
def test_a_split_leg_fails_on_its_own(status: str, error: str, failed: bool) -> None:
    leg = {"destinationReference": "d", "splitUniqueReference": "s", "status": status, "error": error, "amount": 5}

    answer = read("refund_done", modification__modificationData__paymentSplitResults=[leg, "x"])

    assert [found.failed for found in answer.entries[0].legs] == [failed]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
PLACES = [
    "paymentStatus",
    "transactionOverview",
    "modification",
    "modifications",
    "lastStatusDate",
    "transactionReference",
    "ignoredProperties",
    "reconciliationReferenceId",
    "modification__modificationData",
    "modification__status",
    "modification__modificationAmount",
    "modification__error",
    "modification__modificationData__type",
    "modification__modificationData__paymentSplitResults",
    "modification__modificationAmount__amount",
    "modification__modificationAmount__currencyCode",
    "transactionOverview__transactionId",
    "errors",
    "message",
]


@given(place=st.sampled_from(PLACES), value=JSON)
def test_no_value_in_any_place_raises(place: str, value: Any) -> None:
    tree = payload("refund_done", **{place: value})

    answer = read_answer(json.dumps(tree).encode())

    assert isinstance(answer.entries, tuple)


@given(st.dictionaries(st.text(max_size=10), JSON, max_size=4))
def test_unknown_fields_in_any_order_change_nothing(extra: dict[str, Any]) -> None:
    known = payload("refund_done")
    tree = {**{f"x{key}": value for key, value in extra.items()}, **dict(reversed(known.items()))}

    assert read_answer(json.dumps(tree).encode()).entries[0].amount == Money(2500, "EUR")
