"""What an answer to a new payment means: it exists, it does not, or nobody knows; never a second one by mistake."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smartpay
from orders.gateways.base import Door, Fault, Kind, Outcome, TransactionState, Verdict
from orders.gateways.smartpay_payment_judging import judge_payment
from orders.gateways.smartpay_payment_writing import payment_request
from orders.money import Money
from tests.gateways.instructions import MODIFICATION, an_instruction, seen
from tests.gateways.new_payments import a_payment
from tests.gateways.payload_files import GONE, payload_bytes

ASKED = an_instruction(kind=Kind.AUTHORIZE, transaction_reference="", amount=Money(5099, "EUR"))
EXAMPLE = "seed_002_prepayment_example"
SCHEMA = "seed_002_schema_example"


def judged(status: int | None = 201, body: bytes = b"", *, reference: str = "SMP-1001", **more: Any) -> Outcome:
    request = payment_request(
        a_payment(partner_reference=reference), merchant_key="merchant-key-1", modification_id=MODIFICATION
    )
    return judge_payment(seen(status, body, **more), request, ASKED)


def refused(message: str, *, status: int = 400, **item: Any) -> Outcome:
    return judged(status, json.dumps({"traceId": "00-1-2-00", "errors": [{"message": message, **item}]}).encode())


def test_the_documented_answer_is_a_payment_with_all_its_references() -> None:
    outcome = judged(201, payload_bytes(EXAMPLE))

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts.transaction_reference == "9b02425b-f346-4f16-892b-6716d5ecf9ac"
    assert outcome.facts.payment_reference == "119344737107896"
    assert outcome.facts.reference == "sYfon1IJl9iZ7bpsa7fXO"
    assert outcome.facts.amount == Money(5099, "EUR")
    assert outcome.facts.transaction_state is TransactionState.CAPTURED
    assert outcome.facts.raw_status == outcome.facts.transaction_raw_status == "CAPTURED"
    assert outcome.facts.modification_id == ""


def test_the_other_documented_answer_says_no_amount_and_is_believed_without_it() -> None:
    outcome = judged(201, payload_bytes(SCHEMA), reference="GHssjkauhdaku658702")

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts.amount is None
    assert outcome.facts.transaction_reference == "123e4567-e89b-12d3-a456-426614174000"
    assert [leg.destination for leg in outcome.facts.legs] == ["destination-ref-1", "programme refund"]
    assert any("could not be read" in warning for warning in outcome.facts.warnings)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("CREATED", TransactionState.PENDING_AUTHORIZATION),
        ("AUTHORIZATION_PENDING", TransactionState.PENDING_AUTHORIZATION),
        ("AUTHORIZATION_COMPLETED", TransactionState.AUTHORIZED),
        ("CAPTURE_PENDING", TransactionState.CAPTURE_PENDING),
        ("SETTLED", TransactionState.SETTLED),
        ("BRAND_NEW", TransactionState.UNRECOGNISED),
    ],
)
def test_a_payment_that_waits_for_its_money_exists(status: str, state: TransactionState) -> None:
    outcome = judged(201, payload_bytes(EXAMPLE, paymentStatus=status))

    assert (outcome.verdict, outcome.facts.transaction_state) == (Verdict.SUCCEEDED, state)


@pytest.mark.parametrize("status", [200, 201, 202])
def test_any_2xx_will_do(status: int) -> None:
    assert judged(status, payload_bytes(EXAMPLE)).verdict is Verdict.SUCCEEDED


def test_a_payment_that_failed_at_once_is_declined_with_the_providers_words() -> None:
    body = payload_bytes(EXAMPLE, paymentStatus="FAILED", transactionOverview__acquirerResponse="risk check")

    outcome = judged(201, body)

    assert outcome.verdict is Verdict.DECLINED
    assert "risk check" in outcome.reason


def test_an_answer_without_a_reference_to_quote_is_told() -> None:
    outcome = judged(201, payload_bytes(EXAMPLE, transactionReference=GONE))

    assert outcome.verdict is Verdict.SUCCEEDED
    assert "The answer has no reference for the buyer to quote." in outcome.facts.warnings


@pytest.mark.parametrize(
    "changes",
    [
        {"transactionOverview__amount": 50.98},
        {"transactionOverview__currencyCode": "USD"},
        {"partnerReference": "another"},
    ],
)
def test_an_answer_about_something_else_is_for_a_person(changes: dict[str, Any]) -> None:
    outcome = judged(201, payload_bytes(EXAMPLE, **changes))

    assert (outcome.verdict, outcome.review) == (Verdict.MISMATCH, True)


def test_our_own_reference_in_the_answer_is_no_contradiction() -> None:
    assert judged(201, payload_bytes(EXAMPLE, partnerReference="SMP-1001")).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize(
    "body",
    [
        payload_bytes(EXAMPLE, transactionOverview__transactionId=GONE),
        payload_bytes(EXAMPLE, paymentStatus=GONE),
        b"{}",
        b"<html>",
        b"",
    ],
)
def test_a_success_that_does_not_name_the_payment_is_unknown(body: bytes) -> None:
    outcome = judged(201, body)

    assert outcome.verdict is Verdict.UNKNOWN
    assert "nothing more is sent" in outcome.reason


@pytest.mark.parametrize(
    ("message", "item"),
    [
        ("Value must be unique.", {"property": "partnerReference", "code": "value_out_of_bounds"}),
        ("A transaction with this partnerReference already exists.", {}),
        ("Duplicate value", {"property": "PartnerReference"}),
    ],
)
def test_a_refused_reference_is_evidence_that_the_payment_exists(message: str, item: dict[str, Any]) -> None:
    outcome = refused(message, **item)

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)
    assert "the payment exists at the gateway, and nothing more is sent" in outcome.reason


def test_a_conflict_is_the_same_evidence_only_when_it_is_about_the_reference() -> None:
    about_the_reference = refused("Value already exists.", status=409, property="partnerReference")

    assert (about_the_reference.verdict, about_the_reference.review) == (Verdict.UNKNOWN, True)


@pytest.mark.parametrize("status", [400, 404, 405, 415, 422])
def test_any_other_refusal_in_the_gateways_words_is_declined(status: int) -> None:
    outcome = refused("Value is required.", status=status, property="billingAddress.city")

    assert outcome.verdict is Verdict.DECLINED
    assert "Value is required." in outcome.reason.replace(" (billingAddress.city)", ".")


def test_a_reference_that_is_refused_for_its_form_is_declined() -> None:
    assert refused("Value does not match.", property="partnerReference").verdict is Verdict.DECLINED


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_refusal_in_anybody_elses_words_is_unknown(status: int) -> None:
    assert judged(status, b"<html>Bad Request</html>").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503])
def test_an_answer_that_tells_nothing_is_unknown(status: int) -> None:
    outcome = refused("Try again.", status=status, code="busy")

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, False)


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_mean_that_nothing_was_done_and_pause_the_account(status: int) -> None:
    outcome = refused("You are not authenticated.", status=status, code="unauthorized")

    assert outcome.verdict is Verdict.NOT_SENT
    assert outcome.pause_account


def test_a_redirect_is_for_a_person() -> None:
    outcome = judged(307, b"")

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)
    assert outcome.pause_account


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.RESET, Fault.TRUNCATED, Fault.TOO_LARGE, Fault.MALFORMED])
def test_no_whole_answer_is_unknown_and_never_declined(fault: Fault) -> None:
    assert judged(None, fault=fault).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("fault", [Fault.RESOLVE, Fault.REFUSED, Fault.TLS, Fault.LEASE])
def test_what_never_left_was_not_sent(fault: Fault) -> None:
    assert judged(None, fault=fault, sent=False).verdict is Verdict.NOT_SENT


def test_a_new_payment_cannot_be_looked_up_and_nothing_is_asked() -> None:
    nowhere = Door(
        base_url="https://nowhere.invalid", merchant_key="m", authentication_key="k", origin="o", deadline_seconds=1
    )

    outcome = smartpay.look_up(nowhere, ASKED)

    assert (outcome.verdict, outcome.absent, outcome.observation) == (Verdict.UNKNOWN, False, None)
    assert "transactionId" in outcome.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=5,
)
PLACES = st.sampled_from(
    [
        *("paymentStatus", "reconciliationReferenceId", "partnerReference", "transactionReference", "modification"),
        *("transactionOverview", "transactionOverview__transactionId", "transactionOverview__amount"),
        *("transactionOverview__currencyCode", "transactionOverview__deal", "creationDate", "errors", "error"),
    ]
)


@given(place=PLACES, value=JSON)
def test_whatever_a_2xx_holds_it_is_never_taken_for_a_refusal(place: str, value: Any) -> None:
    outcome = judged(201, payload_bytes(EXAMPLE, **{place: value}))

    assert outcome.verdict in {Verdict.SUCCEEDED, Verdict.UNKNOWN, Verdict.MISMATCH}
    if outcome.verdict is Verdict.SUCCEEDED:
        assert outcome.facts.transaction_reference
        assert outcome.facts.amount in {None, Money(5099, "EUR")}


@given(status=st.integers(100, 599), tree=JSON)
def test_whatever_comes_is_judged_and_only_a_4xx_in_the_gateways_words_is_a_refusal(status: int, tree: Any) -> None:
    outcome = judged(status, json.dumps(tree).encode())

    assert outcome.verdict in {Verdict.UNKNOWN, Verdict.DECLINED, Verdict.NOT_SENT}
    assert (outcome.verdict is Verdict.NOT_SENT) == (status in {401, 403})
    assert outcome.verdict is not Verdict.DECLINED or 400 <= status < 500
