"""What each answer of gateway C means for the money: it names card, deed and a new payment, and never an amount."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Facts, Fault, Kind, Outcome, Verdict
from orders.gateways.smarterpay_judging import judge_send
from orders.gateways.smarterpay_words import PAYMENT_TYPES
from orders.money import Money
from tests.gateways.card_instructions import CAPTURED, CARD, NEW, ORIGINAL, a_card_instruction
from tests.gateways.instructions import seen
from tests.gateways.payload_files import GONE, payload_bytes

DONE = payload_bytes("smarterpay_cancel_done")
ERROR = payload_bytes("smarterpay_error", status_code="104", status_details="Bad information")
KEY_ERROR = payload_bytes("smarterpay_error", status_code="101", status_details="Unauthorised")
PLATFORM_ERROR = payload_bytes("smarterpay_error")


def send(*, status: int = 200, kind: Kind = Kind.CANCEL, **changes: Any) -> Outcome:
    usual = {"payment_type": PAYMENT_TYPES[kind]}
    body = payload_bytes("smarterpay_cancel_done", **{**usual, **changes})
    return judge_send(seen(status, body), a_card_instruction(kind=kind))


def said(status: int, body: bytes, kind: Kind = Kind.CANCEL) -> Outcome:
    return judge_send(seen(status, body), a_card_instruction(kind=kind))


@pytest.mark.parametrize("fault", list(Fault))
def test_what_never_left_was_not_sent(fault: Fault) -> None:
    outcome = judge_send(seen(None, sent=False, fault=fault), a_card_instruction())

    assert outcome.verdict is Verdict.NOT_SENT
    assert "nothing was sent" in outcome.reason


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.RESET, Fault.TRUNCATED, Fault.TOO_LARGE, Fault.MALFORMED])
@pytest.mark.parametrize("status", [None, 200, 202, 400, 401, 307])
def test_a_broken_answer_is_unknown_whatever_of_it_was_read(fault: Fault, status: int | None) -> None:
    outcome = judge_send(seen(status, DONE, fault=fault), a_card_instruction(kind=Kind.CANCEL))

    assert (outcome.verdict, outcome.pause_account, outcome.review) == (Verdict.UNKNOWN, "", False)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, DONE, Verdict.SUCCEEDED),
        (201, DONE, Verdict.SUCCEEDED),
        (202, b"", Verdict.PENDING),
        (202, b"{}", Verdict.PENDING),
        (202, b"Accepted", Verdict.PENDING),
        (202, DONE, Verdict.PENDING),
        (202, PLATFORM_ERROR, Verdict.DECLINED),
        (200, b"", Verdict.UNKNOWN),
        (204, b"", Verdict.UNKNOWN),
        (200, b"{}", Verdict.UNKNOWN),
        (200, b"[]", Verdict.UNKNOWN),
        (200, b"<html>We will be right back</html>", Verdict.UNKNOWN),
        (200, DONE[:60], Verdict.UNKNOWN),
        (200, b'{"status": "failed"}', Verdict.UNKNOWN),
        (200, b'{"status": "successful"}', Verdict.UNKNOWN),
        (200, ERROR, Verdict.UNKNOWN),
        (200, PLATFORM_ERROR, Verdict.DECLINED),
        (200, payload_bytes("smarterpay_error", status_code="103"), Verdict.DECLINED),
        (200, KEY_ERROR, Verdict.NOT_SENT),
        (400, KEY_ERROR, Verdict.NOT_SENT),
        (401, KEY_ERROR, Verdict.NOT_SENT),
        (401, b"", Verdict.NOT_SENT),
        (403, b"<html>", Verdict.NOT_SENT),
        (401, DONE, Verdict.UNKNOWN),
        (403, payload_bytes("smarterpay_cancel_done", status="pending"), Verdict.UNKNOWN),
        (400, ERROR, Verdict.DECLINED),
        (404, ERROR, Verdict.DECLINED),
        (422, PLATFORM_ERROR, Verdict.DECLINED),
        (422, payload_bytes("smarterpay_cancel_done", status="failed"), Verdict.DECLINED),
        (400, payload_bytes("smarterpay_error", status_code="104", payment_id=NEW), Verdict.UNKNOWN),
        (400, payload_bytes("smarterpay_error", card_id="CD01ANOTHER"), Verdict.UNKNOWN),
        (400, DONE, Verdict.UNKNOWN),
        (400, b"<html>Bad Request</html>", Verdict.UNKNOWN),
        (404, b"", Verdict.UNKNOWN),
        (404, b'{"detail": "no route"}', Verdict.UNKNOWN),
        (405, ERROR, Verdict.UNKNOWN),
        (408, ERROR, Verdict.UNKNOWN),
        (409, ERROR, Verdict.UNKNOWN),
        (425, ERROR, Verdict.UNKNOWN),
        (429, ERROR, Verdict.UNKNOWN),
        (500, PLATFORM_ERROR, Verdict.UNKNOWN),
        (500, KEY_ERROR, Verdict.UNKNOWN),
        (502, b"<html>", Verdict.UNKNOWN),
        (503, b"", Verdict.UNKNOWN),
        (504, DONE, Verdict.UNKNOWN),
        (101, b"", Verdict.UNKNOWN),
        (599, ERROR, Verdict.UNKNOWN),
    ],
)
def test_each_status_and_body_has_one_meaning(status: int, body: bytes, verdict: Verdict) -> None:
    outcome = said(status, body)

    assert outcome.verdict is verdict
    assert outcome.reason.endswith(".")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
def test_a_redirect_stops_the_account_and_calls_a_person(status: int) -> None:
    outcome = said(status, DONE)

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)
    assert "base URL" in outcome.pause_account


@pytest.mark.parametrize(
    ("status", "body"), [(401, b""), (403, ERROR), (200, KEY_ERROR), (422, KEY_ERROR), (401, DONE)]
)
def test_a_refused_token_pauses_the_account(status: int, body: bytes) -> None:
    assert "keys" in said(status, body).pause_account


@pytest.mark.parametrize(("status", "body"), [(500, KEY_ERROR), (200, PLATFORM_ERROR), (400, ERROR), (202, b"")])
def test_nothing_else_pauses_it(status: int, body: bytes) -> None:
    assert said(status, body).pause_account == ""


@pytest.mark.parametrize("kind", list(PAYMENT_TYPES))
def test_each_kind_succeeds_with_the_new_payment_as_its_reference(kind: Kind) -> None:
    outcome = send(kind=kind)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts == Facts(reference=NEW, gateway_id=NEW, raw_status="successful")


@pytest.mark.parametrize("word", ["successful", "Successful", "SUCCESSFUL"])
def test_the_status_is_read_in_any_case(word: str) -> None:
    assert said(200, payload_bytes("smarterpay_cancel_done", status=word)).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("pending", Verdict.PENDING),
        ("failed", Verdict.DECLINED),
        ("FAILED", Verdict.DECLINED),
        ("error", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        ("Ok", Verdict.UNKNOWN),
        ("refund_review", Verdict.UNKNOWN),
        (True, Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("kind", list(PAYMENT_TYPES))
def test_each_word_has_one_meaning_for_every_kind(kind: Kind, word: Any, verdict: Verdict) -> None:
    body = payload_bytes("smarterpay_cancel_done", payment_type=PAYMENT_TYPES[kind], status=word)

    assert said(200, body, kind).verdict is verdict


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        (Kind.CAPTURE, Verdict.DECLINED),
        (Kind.REFUND, Verdict.DECLINED),
        (Kind.CANCEL, Verdict.UNKNOWN),
        (Kind.VOID, Verdict.UNKNOWN),
    ],
)
def test_cancelled_beside_a_cancel_can_be_read_both_ways(kind: Kind, verdict: Verdict) -> None:
    body = payload_bytes("smarterpay_cancel_done", payment_type=PAYMENT_TYPES[kind], status="cancelled")

    assert said(200, body, kind).verdict is verdict


@pytest.mark.parametrize("name", ["card_id", "payment_type", "payment_id"])
@pytest.mark.parametrize("value", [GONE, "", None, False, {}, "x" * 200])
def test_a_success_that_lacks_a_fact_is_unknown(name: str, value: Any) -> None:
    changes: dict[str, Any] = {name: value}

    outcome = send(**changes)

    assert outcome.verdict is Verdict.UNKNOWN
    assert not outcome.review


@pytest.mark.parametrize("old", [ORIGINAL, CAPTURED, ORIGINAL.lower()])
def test_a_success_must_name_a_payment_that_is_new(old: str) -> None:
    outcome = send(payment_id=old)

    assert outcome.verdict is Verdict.UNKNOWN
    assert "no new payment id" in outcome.reason


@pytest.mark.parametrize("name", ["platform", "payment_gateway", "gateway_status", "gateway_status_details"])
def test_what_is_not_needed_may_be_missing(name: str) -> None:
    changes: dict[str, Any] = {name: GONE}

    assert send(**changes).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize("http_status", [200, 202])
@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"card_id": "CD01ANOTHERCARD00001"}, "another card"),
        ({"payment_type": "DeferredRelease"}, "DeferredRelease; DeferredCancel was asked for"),
        ({"payment_type": "DeferredMOTO"}, "DeferredMOTO"),
    ],
)
@pytest.mark.parametrize("word", ["successful", "failed", "pending", "error"])
def test_an_answer_about_something_else_is_a_mismatch(
    http_status: int, changes: dict[str, str], sentence: str, word: str
) -> None:
    outcome = said(http_status, payload_bytes("smarterpay_cancel_done", status=word, **changes))

    assert (outcome.verdict, outcome.review) == (Verdict.MISMATCH, True)
    assert sentence in outcome.reason


@pytest.mark.parametrize("card_id", [CARD.lower(), CARD, ""])
def test_the_card_is_compared_in_any_case_and_need_not_be_said_by_a_pending_answer(card_id: str) -> None:
    body = payload_bytes("smarterpay_cancel_done", card_id=card_id, status="pending")

    assert said(200, body).verdict is Verdict.PENDING


@pytest.mark.parametrize("kind", [Kind.CAPTURE, Kind.REFUND, Kind.VOID])
def test_an_amount_need_not_be_said_but_must_not_contradict(kind: Kind) -> None:
    assert send(kind=kind, amount=2500, currency_code="GBP").verdict is Verdict.SUCCEEDED
    assert send(kind=kind, amount=2500).verdict is Verdict.SUCCEEDED
    assert send(kind=kind, amount=2499).verdict is Verdict.MISMATCH
    assert send(kind=kind, amount=2500, currency_code="USD").verdict is Verdict.MISMATCH


def test_the_amount_of_a_mismatch_is_the_gateways() -> None:
    assert send(kind=Kind.REFUND, amount=2400).facts.amount == Money(2400, "GBP")


def test_the_amount_of_a_cancel_is_no_evidence() -> None:
    assert send(kind=Kind.CANCEL, amount=100).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize("amount", ["25.00", 25.5, True, "pounds", -2500, 10**16])
def test_an_amount_that_cannot_be_read_as_minor_units_is_not_read(amount: Any) -> None:
    outcome = send(kind=Kind.REFUND, amount=amount)

    assert (outcome.verdict, outcome.facts.amount) == (Verdict.SUCCEEDED, None)
    assert "could not be read" in outcome.facts.warnings[0]


def test_a_success_beside_a_proof_of_nothing_calls_a_person() -> None:
    outcome = send(status_code="103")

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)


def test_a_refusal_keeps_what_vendor_and_acquirer_say() -> None:
    body = payload_bytes(
        "smarterpay_cancel_done",
        status="failed",
        gateway_status_details="Already released.",
        gateway_status_code="5000",
    )

    outcome = said(200, body)

    assert outcome.reason == "SmarterPay Cloud declined it and moved no money: Already released. Code 5000."
    assert (outcome.facts.failure_text, outcome.facts.failure_code) == ("Already released", "5000")
    assert outcome.facts.gateway_id == NEW


def test_the_acquirers_cheerful_text_is_no_failure_text_of_a_success() -> None:
    assert (send().facts.failure_text, send().facts.failure_code) == ("", "")


def test_another_platform_is_a_warning() -> None:
    outcome = send(platform="SmarterPaySalesforce")

    assert outcome.verdict is Verdict.SUCCEEDED
    assert "another platform" in outcome.facts.warnings[0]


@pytest.mark.parametrize(("headers", "noted"), [({"Idempotency-Replay": "true"}, True), ({}, False)])
def test_a_replay_is_noted_for_the_evidence(headers: dict[str, str], noted: bool) -> None:
    outcome = judge_send(seen(200, DONE, headers=headers), a_card_instruction(kind=Kind.CANCEL))

    assert outcome.verdict is Verdict.SUCCEEDED
    assert any("repeated its first answer" in warning for warning in outcome.facts.warnings) is noted


def test_retry_after_is_kept() -> None:
    outcome = judge_send(seen(429, b"", headers={"Retry-After": "7"}), a_card_instruction())

    assert (outcome.verdict, outcome.retry_after_seconds) == (Verdict.UNKNOWN, 7)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(
    status=st.integers(100, 599),
    changes=st.dictionaries(
        st.sampled_from(["card_id", "payment_id", "payment_type", "status", "status_code", "platform", "amount"]), JSON
    ),
)
def test_only_the_four_facts_ever_make_a_success(status: int, changes: dict[str, Any]) -> None:
    outcome = send(**{name: value for name, value in changes.items() if name != "status"})
    whole = said(status, payload_bytes("smarterpay_cancel_done", **changes))

    for judged in (outcome, whole):
        if judged.verdict is Verdict.SUCCEEDED:
            assert judged.facts.reference not in ("", ORIGINAL, CAPTURED)
            assert changes.get("card_id", CARD).lower() == CARD.lower()
            assert changes.get("payment_type", "DeferredCancel").lower() == "deferredcancel"
    if whole.verdict is Verdict.SUCCEEDED:
        assert 200 <= status < 300
        assert changes.get("status", "successful").strip().lower() == "successful"
    if status >= 500:
        assert whole.verdict is Verdict.UNKNOWN
