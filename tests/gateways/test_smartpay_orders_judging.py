"""What each answer of gateway B means for the money, and every way in which it can be half right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Fault, Kind, Outcome, TransactionState, Verdict
from orders.gateways.smartpay_orders_judging import judge_look_up, judge_send, judge_unread
from orders.gateways.smartpay_orders_reading import order_in
from orders.money import Money
from tests.gateways.instructions import MODIFICATION, seen
from tests.gateways.order_answers import (
    EXPIRES,
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
)

KINDS = [Kind.CAPTURE, Kind.CANCEL, Kind.REFUND]
CAPTURE_200 = an_order_instruction(kind=Kind.CAPTURE, capture_reference="")
REFUND_200 = an_order_instruction()
CANCEL_1000 = an_order_instruction(kind=Kind.CANCEL, amount=Money(1000, "JPY"))
CANCEL_800 = an_order_instruction(kind=Kind.CANCEL, amount=Money(800, "JPY"))
OTHERS = {"id": "payment_test_other", "reference": "shop-7", "amount": 300}


def captured(**changes: Any) -> Outcome:
    return judge_send(seen(200, encoded(a_payment(**changes))), CAPTURE_200)


def refunded(**changes: Any) -> Outcome:
    return judge_send(seen(200, encoded(a_refund(**changes))), REFUND_200)


def cancelled(instruction: Any = CANCEL_1000, **changes: Any) -> Outcome:
    return judge_send(seen(200, encoded(an_order(**changes))), instruction)


def looked_up(instruction: Any, **changes: Any) -> Outcome:
    return judge_look_up(seen(200), order_in(an_order(**changes), []), instruction)


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("kind", KINDS)
def test_what_never_left_was_not_sent_and_what_left_without_an_answer_is_unknown(fault: Fault, kind: Kind) -> None:
    instruction = an_order_instruction(kind=kind)

    kept = judge_send(seen(None, sent=False, fault=fault), instruction)
    left = judge_send(seen(200, encoded(a_payment()), fault=fault), instruction)

    assert (kept.verdict, left.verdict) == (Verdict.NOT_SENT, Verdict.UNKNOWN)
    assert "nothing was sent" in kept.reason
    assert (left.pause_account, left.review) == ("", False)
    assert judge_unread(seen(None, sent=False, fault=fault), "It did not answer.").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (401, NO_KEY, Verdict.NOT_SENT),
        (401, b"", Verdict.NOT_SENT),
        (403, b"<html>Forbidden</html>", Verdict.NOT_SENT),
        (403, an_error(403, "amount.insufficient"), Verdict.DECLINED),
        (403, an_error(403, "merchant.suspended"), Verdict.UNKNOWN),
        (404, an_error(404, "order.not-found"), Verdict.DECLINED),
        (404, an_error(404, "payment.not-found"), Verdict.DECLINED),
        (404, b"<html>Not Found</html>", Verdict.UNKNOWN),
        (404, b'{"message": "no route"}', Verdict.UNKNOWN),
        (409, an_error(409, "order.cannot-capture"), Verdict.DECLINED),
        (409, an_error(409, "order.cannot-cancel"), Verdict.DECLINED),
        (409, an_error(409, "payment.excessive-amount"), Verdict.DECLINED),
        (409, an_error(409, "idempotency.key-reused"), Verdict.UNKNOWN),
        (409, an_error(409, "request.in-progress"), Verdict.UNKNOWN),
        (409, b"", Verdict.UNKNOWN),
        (400, an_error(400, "request.invalid"), Verdict.DECLINED),
        (400, an_error(400, "request.malformed"), Verdict.DECLINED),
        (400, an_error(400, "unexpected_error"), Verdict.UNKNOWN),
        (400, an_error(400, "idempotency.key-reused"), Verdict.UNKNOWN),
        (400, b"<html>", Verdict.UNKNOWN),
        (422, an_error(422, "amount.invalid"), Verdict.DECLINED),
        (405, an_error(405, "request.invalid"), Verdict.UNKNOWN),
        (408, an_error(408, "request.invalid"), Verdict.UNKNOWN),
        (425, b"", Verdict.UNKNOWN),
        (429, an_error(429, "order.cannot-capture"), Verdict.UNKNOWN),
        (500, an_error(500, "order.cannot-capture"), Verdict.UNKNOWN),
        (502, b"<html>", Verdict.UNKNOWN),
        (503, b"", Verdict.UNKNOWN),
        (101, b"", Verdict.UNKNOWN),
        (200, b"", Verdict.UNKNOWN),
        (204, b"", Verdict.UNKNOWN),
        (200, b"<html>We will be right back</html>", Verdict.UNKNOWN),
        (200, b'{"id": "payment_te', Verdict.UNKNOWN),
        (200, b"[]", Verdict.UNKNOWN),
        (200, b"{}", Verdict.UNKNOWN),
        (200, an_error(409, "order.cannot-capture"), Verdict.UNKNOWN),
        (200, b'{"id": "x", "object": "coupon"}', Verdict.UNKNOWN),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_each_status_and_body_has_one_meaning(kind: Kind, status: int, body: bytes, verdict: Verdict) -> None:
    outcome = judge_send(seen(status, body), an_order_instruction(kind=kind))

    assert outcome.verdict is verdict
    assert outcome.reason.endswith(".")
    assert bool(outcome.pause_account) is (verdict is Verdict.NOT_SENT)


def test_a_refusal_tells_its_code_and_its_words() -> None:
    outcome = judge_send(seen(409, an_error(409, "payment.excessive-amount", "Too much.")), CAPTURE_200)

    assert (outcome.facts.failure_code, outcome.facts.failure_text) == ("payment.excessive-amount", "Too much")
    assert "moved no money: Too much." in outcome.reason


@pytest.mark.parametrize("details", [["a", {"message": "b"}], "a", None, [1, None], {"message": "a"}])
def test_details_may_be_texts_or_objects(details: Any) -> None:
    body = encoded({"statusCode": 400, "errorCode": "request.invalid", "message": "Bad", "details": details})

    assert judge_send(seen(400, body), CAPTURE_200).facts.failure_text.startswith("Bad")


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_a_redirect_stops_the_account_and_calls_a_person(status: int) -> None:
    for outcome in (judge_send(seen(status), REFUND_200), judge_unread(seen(status), "It was a redirect.")):
        assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)
        assert "base URL" in outcome.pause_account


def test_refused_keys_pause_the_account_on_a_read_as_well() -> None:
    assert "keys" in judge_unread(seen(401, NO_KEY), "It answered HTTP 401.").pause_account
    assert judge_unread(seen(403, an_error(403, "amount.insufficient")), "Odd.").pause_account == ""
    assert judge_unread(None, "Too many pieces.").observation is None


def test_retry_after_is_kept() -> None:
    outcome = judge_send(seen(429, b"", headers={"Retry-After": "7"}), REFUND_200)

    assert (outcome.verdict, outcome.retry_after_seconds) == (Verdict.UNKNOWN, 7)


def test_a_capture_succeeds_with_its_facts() -> None:
    outcome = captured()

    assert outcome.verdict is Verdict.SUCCEEDED
    assert (outcome.facts.gateway_id, outcome.facts.reference) == (PAYMENT, MODIFICATION)
    assert (outcome.facts.modification_id, outcome.facts.amount) == (MODIFICATION, Money(200, "JPY"))
    assert outcome.facts.at is not None
    assert outcome.facts.transaction_state is None


def test_a_refund_succeeds_with_its_facts() -> None:
    outcome = refunded()

    assert outcome.verdict is Verdict.SUCCEEDED
    assert (outcome.facts.gateway_id, outcome.facts.reference) == (REFUND, MODIFICATION)
    assert outcome.facts.amount == Money(200, "JPY")


@pytest.mark.parametrize("judge", [captured, refunded])
@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({"reference": GONE}, Verdict.SUCCEEDED),
        ({"reference": None}, Verdict.SUCCEEDED),
        ({"reference": MODIFICATION.upper()}, Verdict.SUCCEEDED),
        ({"currency": "jpy"}, Verdict.SUCCEEDED),
        ({"object": GONE, "createdAt": "yesterday", "metadata": 5, "news": {"a": [1]}}, Verdict.SUCCEEDED),
        ({"amount": "200"}, Verdict.SUCCEEDED),
        ({"status": "refunded_"}, Verdict.PENDING),
        ({"status": "on_hold"}, Verdict.PENDING),
        ({"status": GONE}, Verdict.UNKNOWN),
        ({"status": ["processed"]}, Verdict.UNKNOWN),
        ({"amount": GONE}, Verdict.UNKNOWN),
        ({"amount": False}, Verdict.UNKNOWN),
        ({"amount": "2e2"}, Verdict.UNKNOWN),
        ({"amount": "２００"}, Verdict.UNKNOWN),
        ({"currency": GONE}, Verdict.UNKNOWN),
        ({"id": GONE}, Verdict.UNKNOWN),
        ({"id": "x" * 129}, Verdict.UNKNOWN),
        ({"amount": 199}, Verdict.MISMATCH),
        ({"amount": 1000}, Verdict.MISMATCH),
        ({"currency": "USD"}, Verdict.MISMATCH),
        ({"reference": "something-else"}, Verdict.MISMATCH),
    ],
    ids=str,
)
def test_what_must_be_there_and_what_must_not_differ(judge: Any, changes: dict[str, Any], verdict: Verdict) -> None:
    outcome = judge(**changes)

    assert outcome.verdict is verdict
    assert outcome.review is (verdict is Verdict.MISMATCH)
    if verdict is Verdict.SUCCEEDED:
        assert outcome.facts.reference == MODIFICATION


def test_an_amount_written_with_a_fraction_of_nothing_is_whole() -> None:
    body = encoded(a_payment()).replace(b'"amount": 200', b'"amount": 200.00')

    assert judge_send(seen(200, body), CAPTURE_200).verdict is Verdict.SUCCEEDED
    assert judge_send(seen(200, body.replace(b"200.00", b"200.50")), CAPTURE_200).verdict is Verdict.UNKNOWN


def test_another_owner_is_a_mismatch_and_a_missing_one_is_not() -> None:
    assert captured(order="order_test_other").verdict is Verdict.MISMATCH
    assert captured(order=GONE).verdict is Verdict.SUCCEEDED
    assert captured(order={"id": ORDER}).verdict is Verdict.SUCCEEDED
    assert refunded(payment="payment_test_other").verdict is Verdict.MISMATCH
    assert refunded(payment={"id": PAYMENT}).verdict is Verdict.SUCCEEDED


def test_a_mismatch_keeps_the_gateways_figure() -> None:
    assert captured(amount=1000).facts.amount == Money(1000, "JPY")


def test_a_payment_with_its_order_tells_the_orders_state_too() -> None:
    facts = captured(order=an_order(status="succeeded", payments=[PAYMENT])).facts

    assert facts.transaction_state is TransactionState.CAPTURED
    assert facts.transaction_status_at is not None


def test_a_refund_that_failed_moved_nothing() -> None:
    outcome = refunded(status="failed")

    assert outcome.verdict is Verdict.DECLINED
    assert "no money moved" in outcome.reason


def test_a_payment_that_was_refunded_meanwhile_was_captured_all_the_same() -> None:
    assert captured(status="refunded").verdict is Verdict.SUCCEEDED


def test_a_cancel_is_done_when_the_order_is_canceled() -> None:
    outcome = cancelled(status="canceled")

    assert outcome.verdict is Verdict.SUCCEEDED
    assert (outcome.facts.reference, outcome.facts.gateway_id, outcome.facts.amount) == (
        ORDER,
        ORDER,
        Money(1000, "JPY"),
    )
    assert outcome.facts.transaction_state is TransactionState.CANCELLED


def test_a_cancel_after_a_partial_capture_is_done_when_the_order_says_succeeded() -> None:
    outcome = cancelled(CANCEL_800, status="succeeded", payments=[a_payment()])

    assert outcome.verdict is Verdict.SUCCEEDED
    assert (outcome.facts.reference, outcome.facts.amount) == (ORDER, Money(800, "JPY"))
    assert outcome.facts.transaction_state is TransactionState.CAPTURED
    assert cancelled(CANCEL_800, status="succeeded", payments=[PAYMENT]).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize(
    ("instruction", "changes", "verdict"),
    [
        (CANCEL_1000, {"status": "requires_capture"}, Verdict.UNKNOWN),
        (CANCEL_1000, {"status": "requires_authorization"}, Verdict.UNKNOWN),
        (CANCEL_1000, {"status": "rejected"}, Verdict.UNKNOWN),
        (CANCEL_1000, {"status": GONE}, Verdict.UNKNOWN),
        (CANCEL_1000, {"status": "cancelling"}, Verdict.PENDING),
        (CANCEL_1000, {"status": "CANCELED"}, Verdict.SUCCEEDED),
        (CANCEL_1000, {"status": "canceled", "payments": GONE}, Verdict.SUCCEEDED),
        (CANCEL_1000, {"status": "canceled", "amount": GONE}, Verdict.SUCCEEDED),
        # Nothing was captured as far as we know, yet this status says that something was.
        (CANCEL_1000, {"status": "succeeded", "payments": [PAYMENT]}, Verdict.UNKNOWN),
        (CANCEL_1000, {"status": "succeeded", "payments": [a_payment()]}, Verdict.MISMATCH),
        (CANCEL_800, {"status": "canceled"}, Verdict.MISMATCH),
        (CANCEL_800, {"status": "canceled", "currency": "USD"}, Verdict.MISMATCH),
        (CANCEL_800, {"status": "succeeded", "payments": [a_payment(amount=1000)]}, Verdict.DECLINED),
        (CANCEL_1000, {"status": "canceled", "id": "order_test_other"}, Verdict.MISMATCH),
    ],
)
def test_what_the_orders_status_says_of_a_cancel(instruction: Any, changes: dict[str, Any], verdict: Verdict) -> None:
    outcome = cancelled(instruction, **changes)

    assert outcome.verdict is verdict
    assert not outcome.absent
    if verdict in (Verdict.DECLINED, Verdict.UNKNOWN):
        assert (outcome.facts.reference, outcome.facts.amount) == ("", None)


def test_a_look_up_finds_our_capture_among_others() -> None:
    outcome = looked_up(CAPTURE_200, payments=[a_payment(**OTHERS), a_payment()])

    assert (outcome.verdict, outcome.facts.gateway_id) == (Verdict.SUCCEEDED, PAYMENT)
    assert outcome.facts.transaction_state is TransactionState.AUTHORIZED


def test_a_look_up_finds_our_refund_under_its_payment() -> None:
    outcome = looked_up(REFUND_200, status="succeeded", payments=[a_payment(refunds=[a_refund()])])

    assert (outcome.verdict, outcome.facts.gateway_id) == (Verdict.SUCCEEDED, REFUND)
    assert looked_up(REFUND_200, payments=[a_payment(refunds=[a_refund(status="failed")])]).verdict is Verdict.DECLINED


@pytest.mark.parametrize(
    ("instruction", "payments"),
    [
        (CAPTURE_200, [a_payment(amount=300)]),
        (CAPTURE_200, [a_payment(), a_payment(id="payment_test_twin")]),
        (REFUND_200, [a_payment(refunds=[a_refund(amount=300)])]),
        (REFUND_200, [a_payment(refunds=[a_refund(payment="payment_test_other")])]),
        (REFUND_200, [a_payment(refunds=[a_refund(), a_refund(id="refund_test_twin")])]),
    ],
)
def test_a_look_up_that_contradicts_us_calls_a_person(instruction: Any, payments: list[Any]) -> None:
    outcome = looked_up(instruction, payments=payments)

    assert (outcome.verdict, outcome.review) == (Verdict.MISMATCH, True)


@pytest.mark.parametrize(
    ("instruction", "changes", "absent"),
    [
        (CAPTURE_200, {}, True),
        (CAPTURE_200, {"payments": [a_payment(**OTHERS)]}, True),
        (CAPTURE_200, {"payments": [a_payment(**{**OTHERS, "reference": GONE})]}, True),
        # Another's capture of the same amount without a reference may be ours with a field left out.
        (CAPTURE_200, {"payments": [a_payment(reference=GONE)]}, False),
        (CAPTURE_200, {"payments": [a_payment(reference=None, amount=GONE)]}, False),
        (CAPTURE_200, {"payments": [PAYMENT]}, False),
        (CAPTURE_200, {"payments": GONE}, False),
        (CAPTURE_200, {"payments": [5]}, False),
        (CAPTURE_200, {"status": GONE}, False),
        (REFUND_200, {"payments": [a_payment()]}, True),
        (REFUND_200, {"payments": {"object": "collection", "data": [a_payment(refunds={"data": []})]}}, True),
        (REFUND_200, {"payments": [a_payment(refunds=[a_refund(reference="shop-8", amount=50)])]}, True),
        (REFUND_200, {"payments": [a_payment(refunds=[a_refund(reference="")])]}, False),
        (REFUND_200, {"payments": [a_payment(refunds=[REFUND])]}, False),
        (REFUND_200, {"payments": [a_payment(refunds=GONE)]}, False),
        (REFUND_200, {"payments": [a_payment(**OTHERS)]}, False),
        (REFUND_200, {"payments": []}, False),
        (CANCEL_1000, {}, True),
        (CANCEL_1000, {"status": "requires_authorization"}, True),
        (CANCEL_1000, {"status": GONE}, False),
        (CANCEL_1000, {"status": "cancelling"}, False),
    ],
)
def test_absence_is_said_only_when_its_place_is_shown_in_full(
    instruction: Any, changes: dict[str, Any], absent: bool
) -> None:
    outcome = looked_up(instruction, **changes)

    assert outcome.verdict in (Verdict.UNKNOWN, Verdict.PENDING)
    assert outcome.absent is absent


def test_a_look_up_of_a_cancel_reads_the_status() -> None:
    assert looked_up(CANCEL_1000, status="canceled").verdict is Verdict.SUCCEEDED
    assert looked_up(CANCEL_800, status="succeeded", payments=[a_payment()]).verdict is Verdict.SUCCEEDED
    assert looked_up(CANCEL_1000, status="canceled", id="order_test_other").verdict is Verdict.MISMATCH


def test_an_order_that_was_captured_in_full_or_ran_out_was_not_cancelled() -> None:
    captured_whole = looked_up(CANCEL_1000, status="succeeded", payments=[a_payment(amount=1000)])
    ran_out = looked_up(CANCEL_1000, status="canceled", updatedAt=EXPIRES)

    unclear = looked_up(CANCEL_800, status="succeeded", updatedAt=EXPIRES, payments=[a_payment()])
    in_time = looked_up(CANCEL_800, status="succeeded", updatedAt=EXPIRES - 1, payments=[a_payment()])

    assert (captured_whole.verdict, ran_out.verdict) == (Verdict.DECLINED, Verdict.DECLINED)
    assert (unclear.verdict, unclear.absent, in_time.verdict) == (Verdict.UNKNOWN, False, Verdict.SUCCEEDED)
    assert "Refund it" in captured_whole.reason
    assert "run out" in ran_out.reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["id", "object", "order", "payment", "amount", "currency", "status", "reference", "refunds", "payments"]
DATES = ["createdAt", "updatedAt", "expiresAt", "lineItems", "customerInfo"]


@given(tree=st.dictionaries(st.sampled_from([*FIELDS, *DATES]), JSON), kind=st.sampled_from(KINDS))
def test_no_answer_however_odd_makes_the_judge_stumble_or_believe_it(tree: dict[str, Any], kind: Kind) -> None:
    outcome = judge_send(seen(200, encoded(tree)), an_order_instruction(kind=kind))

    assert outcome.verdict in (Verdict.UNKNOWN, Verdict.PENDING, Verdict.MISMATCH)
