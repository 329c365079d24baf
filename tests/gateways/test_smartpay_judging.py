"""What each observation means for the money, and every way in which an answer can be half right."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways.base import Fault, Kind, Outcome, TransactionState, Verdict
from orders.gateways.smartpay_judging import judge_look_up, judge_send
from orders.money import Money
from tests.gateways.instructions import MODIFICATION, TRANSACTION, an_instruction, seen
from tests.gateways.payload_files import GONE, payload, payload_bytes

ERROR = payload_bytes("error_validation")
DATA = "modification__modificationData__"
AMOUNT = "modification__modificationAmount__"


def send(
    name: str = "refund_done",
    *,
    kind: Kind = Kind.REFUND,
    amount: Money | None = None,
    changes: dict[str, Any] | None = None,
    **more: Any,
) -> Outcome:
    instruction = an_instruction(kind=kind, amount=amount or Money(2500, "EUR"))
    return judge_send(seen(200, payload_bytes(name, **(changes or {}), **more)), instruction)


@pytest.mark.parametrize("fault", list(Fault))
def test_what_never_left_was_not_sent(fault: Fault) -> None:
    outcome = judge_send(seen(None, sent=False, fault=fault), an_instruction())

    assert outcome.verdict is Verdict.NOT_SENT
    assert "nothing was sent" in outcome.reason
    assert judge_look_up(seen(None, sent=False, fault=fault), an_instruction()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("fault", [Fault.TIMEOUT, Fault.RESET, Fault.TRUNCATED, Fault.TOO_LARGE, Fault.MALFORMED])
@pytest.mark.parametrize("status", [None, 200, 400, 401, 307])
def test_a_broken_answer_is_unknown_whatever_of_it_was_read(fault: Fault, status: int | None) -> None:
    body = payload_bytes("refund_done")

    outcome = judge_send(seen(status, body, fault=fault), an_instruction())

    assert outcome.verdict is Verdict.UNKNOWN
    assert (outcome.pause_account, outcome.review) == ("", False)


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (400, ERROR, Verdict.DECLINED),
        (404, ERROR, Verdict.DECLINED),
        (422, payload_bytes("error_processing"), Verdict.DECLINED),
        (400, payload_bytes("error_500_without_code"), Verdict.DECLINED),
        (400, b"<html>Bad Request</html>", Verdict.UNKNOWN),
        (404, b"", Verdict.UNKNOWN),
        (404, b'{"detail": "no route"}', Verdict.UNKNOWN),
        (400, b'{"errors": []}', Verdict.UNKNOWN),
        (405, ERROR, Verdict.UNKNOWN),
        (408, ERROR, Verdict.UNKNOWN),
        (409, ERROR, Verdict.UNKNOWN),
        (410, ERROR, Verdict.UNKNOWN),
        (425, ERROR, Verdict.UNKNOWN),
        (429, ERROR, Verdict.UNKNOWN),
        (500, payload_bytes("error_500_without_code"), Verdict.UNKNOWN),
        (500, ERROR, Verdict.UNKNOWN),
        (502, b"<html>", Verdict.UNKNOWN),
        (503, b"", Verdict.UNKNOWN),
        (504, b"", Verdict.UNKNOWN),
        (101, b"", Verdict.UNKNOWN),
        (103, b"", Verdict.UNKNOWN),
        (599, ERROR, Verdict.UNKNOWN),
        (401, ERROR, Verdict.NOT_SENT),
        (403, b"<html>", Verdict.NOT_SENT),
        (200, b"", Verdict.UNKNOWN),
        (204, b"", Verdict.UNKNOWN),
        (200, b"<html>We will be right back</html>", Verdict.UNKNOWN),
        (200, b'{"paymentStatus": "CAPT', Verdict.UNKNOWN),
        (200, b"[]", Verdict.UNKNOWN),
        (200, b"{}", Verdict.UNKNOWN),
        (200, ERROR, Verdict.UNKNOWN),
        (200, payload_bytes("cancel_version_1"), Verdict.UNKNOWN),
        (201, payload_bytes("refund_done"), Verdict.SUCCEEDED),
    ],
)
def test_each_status_and_body_has_one_meaning(status: int, body: bytes, verdict: Verdict) -> None:
    outcome = judge_send(seen(status, body), an_instruction())

    assert outcome.verdict is verdict
    assert outcome.reason.endswith(".")
    if status not in (200, 201):
        assert judge_look_up(seen(status, body), an_instruction()).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 300, 304])
def test_a_redirect_stops_the_account_and_calls_a_person(status: int) -> None:
    for outcome in (
        judge_send(seen(status), an_instruction()),
        judge_look_up(seen(status), an_instruction()),
    ):
        assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)
        assert "base URL" in outcome.pause_account


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_pause_the_account_and_fail_nothing(status: int) -> None:
    assert "keys" in judge_send(seen(status, ERROR), an_instruction()).pause_account
    assert "keys" in judge_look_up(seen(status, ERROR), an_instruction()).pause_account
    assert judge_send(seen(500, ERROR), an_instruction()).pause_account == ""


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2),
        ("0", 0),
        ("86400", 3600),
        ("9" * 30, 3600),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)
def test_retry_after_is_read_in_both_forms_and_capped(value: str, seconds: int | None) -> None:
    outcome = judge_send(seen(429, ERROR, headers={"retry-after": value}), an_instruction())

    assert (outcome.verdict, outcome.retry_after_seconds) == (Verdict.UNKNOWN, seconds)


def test_a_refund_succeeds_with_its_facts() -> None:
    outcome = send()

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts.modification_id == MODIFICATION
    assert outcome.facts.amount == Money(2500, "EUR")
    assert outcome.facts.reference == "RTEvocd9ZkGirboB8haVlw"
    assert outcome.facts.gateway_id == "3fa85f64-5717-4562-b3fc-2c963f66afa6"
    assert outcome.facts.transaction_state is TransactionState.CAPTURED
    assert outcome.facts.transaction_reference == TRANSACTION
    assert outcome.facts.executed_kind is None


def test_a_capture_without_its_own_reference_shares_the_payments_and_a_refund_does_not() -> None:
    capture = send("capture_done", kind=Kind.CAPTURE)
    refund = send(changes={DATA + "reconciliationReferenceId": GONE})

    assert (capture.verdict, capture.facts.reference) == (Verdict.SUCCEEDED, "QixTLEO28YngDAUuaUEOi")
    assert (refund.verdict, refund.facts.reference) == (Verdict.UNKNOWN, "")
    assert "no reference" in refund.reason


def test_a_cancel_succeeds_by_type_and_status_and_its_amount_must_not_contradict() -> None:
    amount = Money(1099, "EUR")
    stated = {"amount": 10.99, "currencyCode": "EUR"}

    assert send("cancel_done", kind=Kind.CANCEL, amount=amount).verdict is Verdict.SUCCEEDED
    assert (
        send("cancel_done", kind=Kind.CANCEL, amount=amount, modification__modificationAmount=stated).verdict
        is Verdict.SUCCEEDED
    )
    wrong = send("cancel_done", kind=Kind.CANCEL, amount=Money(1000, "EUR"), modification__modificationAmount=stated)
    assert (wrong.verdict, wrong.facts.amount) == (Verdict.MISMATCH, amount)


def test_cancel_or_refund_tells_what_was_done() -> None:
    cancelled = send("cancel_done", kind=Kind.CANCEL_OR_REFUND, amount=Money(1099, "EUR"))
    refunded = send("refund_done", kind=Kind.CANCEL_OR_REFUND)
    captured = send("capture_done", kind=Kind.CANCEL_OR_REFUND)

    assert (cancelled.verdict, cancelled.facts.executed_kind) == (Verdict.SUCCEEDED, Kind.CANCEL)
    assert (refunded.verdict, refunded.facts.executed_kind) == (Verdict.SUCCEEDED, Kind.REFUND)
    assert refunded.facts.amount == Money(2500, "EUR")
    assert captured.verdict is Verdict.MISMATCH


def test_a_refund_made_by_cancel_or_refund_needs_a_reference_of_its_own() -> None:
    outcome = send("refund_done", kind=Kind.CANCEL_OR_REFUND, changes={DATA + "reconciliationReferenceId": GONE})

    assert outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("kind", [Kind.CANCEL, Kind.CANCEL_OR_REFUND])
@pytest.mark.parametrize("word", [GONE, "REVOCATION"])
def test_a_cancel_without_a_known_type_has_not_succeeded(kind: Kind, word: Any) -> None:
    outcome = send("cancel_done", kind=kind, amount=Money(1099, "EUR"), changes={DATA + "type": word})

    assert outcome.verdict in (Verdict.UNKNOWN, Verdict.PENDING)


@pytest.mark.parametrize(
    ("changes", "theirs"),
    [
        ({AMOUNT + "amount": 24.99}, Money(2499, "EUR")),
        ({AMOUNT + "amount": 35.99}, Money(3599, "EUR")),
        ({AMOUNT + "currencyCode": "USD"}, Money(2500, "USD")),
        ({AMOUNT + "amount": 24.99, "modification__status": "REFUND_PENDING"}, Money(2499, "EUR")),
        ({DATA + "type": "CAPTURE"}, Money(2500, "EUR")),
    ],
    ids=["one less", "everything", "other currency", "pending", "other type"],
)
def test_another_amount_currency_or_type_calls_a_person_with_the_gateways_figure(
    changes: dict[str, Any], theirs: Money
) -> None:
    outcome = send(changes=changes)

    assert (outcome.verdict, outcome.review, outcome.facts.amount) == (Verdict.MISMATCH, True, theirs)


def test_an_answer_about_another_transaction_is_a_mismatch() -> None:
    outcome = send(transactionOverview__transactionId="another")

    assert (outcome.verdict, outcome.review) == (Verdict.MISMATCH, True)


@pytest.mark.parametrize(
    "changes",
    [
        {AMOUNT + "amount": False},
        {AMOUNT + "amount": GONE},
        {AMOUNT + "currencyCode": GONE},
        {"modification__modificationAmount": GONE},
        {"modification__status": GONE},
        {"modification": GONE},
        {DATA + "modificationId": GONE},
        {DATA + "modificationId": "another"},
        {DATA + "modificationId": GONE, "modificationId": MODIFICATION},
    ],
    ids=["bool", "amount", "currency", "both", "status", "entry", "id", "other id", "id on top"],
)
def test_a_success_with_a_fact_missing_is_unknown(changes: dict[str, Any]) -> None:
    outcome = send(changes=changes)

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, False)
    assert "read the status" in outcome.reason


@pytest.mark.parametrize("status", ["REFUND_PENDING", "CAPTURE_PENDING", "REFUND_REVIEW", "string", "CAPTURED"])
def test_pending_and_unheard_of_statuses_are_pending(status: str) -> None:
    outcome = send(modification__status=status)

    assert (outcome.verdict, outcome.facts.raw_status) == (Verdict.PENDING, status)


@pytest.mark.parametrize(
    "changes",
    [
        {"modification__status": "FAILED"},
        {"modification__status": "failed", AMOUNT + "amount": 0},
        {"modification__status": "FAILED", "modification__error": {"error": "payment_provider_card_stolen"}},
        {"modification__status": "string", "modification__error": "05 Do not honour"},
        {"modification__status": GONE, "modification__error": {"errorDetails": {"gatewayDescription": "no"}}},
    ],
)
def test_http_200_with_a_failure_inside_is_declined(changes: dict[str, Any]) -> None:
    outcome = send(changes=changes)

    assert outcome.verdict is Verdict.DECLINED
    assert outcome.reason.startswith("SmartPay declined it and moved no money")


def test_done_and_error_at_once_is_a_contradiction_and_never_declined() -> None:
    outcome = send(modification__error={"error": "gateway_processing"})

    assert (outcome.verdict, outcome.review) == (Verdict.UNKNOWN, True)


def test_pending_and_error_at_once_is_still_pending_and_never_declined() -> None:
    outcome = send(modification__status="REFUND_PENDING", modification__error={"error": "gateway_processing"})

    assert (outcome.verdict, outcome.facts.failure_code) == (Verdict.PENDING, "gateway_processing")


def test_a_decline_names_code_and_text_of_both_bodies() -> None:
    listed = judge_send(seen(400, ERROR), an_instruction()).facts
    processing = judge_send(seen(400, payload_bytes("error_processing")), an_instruction()).facts

    assert listed.failure_code == "value_out_of_bounds"
    assert listed.failure_text == "Value out of bounds. Value must be between 1 and 100 (someField)"
    assert processing.failure_code == "payment_provider_processing"
    assert processing.failure_text.endswith("request. Provider declined. 05 Do not honour")


def test_a_message_that_is_an_object_is_read_too() -> None:
    body = payload_bytes("error_processing", message={"message": "Said inside."}, errorDetails=GONE)

    assert judge_send(seen(400, body), an_instruction()).facts.failure_text == "Said inside"


def test_unrecognised_payment_status_does_not_spoil_the_modification() -> None:
    outcome = send(paymentStatus="QUANTUM_SUPERPOSED")

    assert outcome.verdict is Verdict.SUCCEEDED
    assert outcome.facts.transaction_state is TransactionState.UNRECOGNISED
    assert outcome.facts.transaction_raw_status == "QUANTUM_SUPERPOSED"


def test_a_look_up_finds_ours_in_the_list() -> None:
    ours = payload("refund_done")["modification"]
    body = payload_bytes("status_with_history", modifications=[payload("capture_done")["modification"], ours])

    other_id = {**ours, "modificationData": {**ours["modificationData"], "modificationId": "another"}}
    without = payload_bytes("status_with_history", modifications=[other_id])

    # The capture in the list carries our id as well in the first body, with another content: that is a contradiction.
    assert judge_look_up(seen(200, body), an_instruction()).verdict is Verdict.MISMATCH
    found = judge_look_up(seen(200, payload_bytes("status_with_history", modifications=[ours])), an_instruction())
    assert (found.verdict, found.absent) == (Verdict.SUCCEEDED, False)
    missing = judge_look_up(seen(200, without), an_instruction())
    assert (missing.verdict, missing.absent) == (Verdict.UNKNOWN, True)


def test_the_later_of_two_equal_lines_counts() -> None:
    ours = payload("refund_done")["modification"]
    earlier = {**ours, "status": "REFUND_PENDING", "lastStatusDate": "2023-12-07T11:39:00Z"}
    body = payload_bytes("status_with_history", modifications=[ours, earlier])

    assert judge_look_up(seen(200, body), an_instruction()).verdict is Verdict.SUCCEEDED


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, ERROR), (500, b""), (200, b"<html>"), (200, b"{}"), (200, ERROR), (401, ERROR), (429, ERROR)],
)
def test_a_look_up_that_failed_is_never_an_absence(status: int, body: bytes) -> None:
    outcome = judge_look_up(seen(status, body), an_instruction())

    assert (outcome.verdict, outcome.absent) == (Verdict.UNKNOWN, False)


def test_an_absence_is_not_claimed_from_another_transactions_answer() -> None:
    body = payload_bytes("status_with_history", transactionOverview__transactionId="another")

    assert judge_look_up(seen(200, body), an_instruction()).absent is False


@pytest.mark.parametrize(
    ("modifications", "absent"),
    [
        ([], True),
        ([{"status": "SETTLED", "modificationData": {"type": "SETTLEMENT"}}], True),
        ([{"status": "REFUNDED", "modificationData": {"type": "REFUND", "modificationId": "another"}}], True),
        ([{"status": "REFUNDED", "modificationData": {"type": "REFUND", "requestId": MODIFICATION}}], False),
        ([{"status": "REFUNDED", "modificationData": {"type": "REPAYMENT"}}], False),
        ([{"status": "REFUNDED"}], False),
        (None, False),
        (GONE, False),
    ],
)
def test_a_renamed_field_never_looks_like_a_refund_that_did_not_happen(modifications: Any, absent: bool) -> None:
    body = payload_bytes("status_with_history", modifications=modifications)

    outcome = judge_look_up(seen(200, body), an_instruction())

    assert (outcome.verdict, outcome.absent) == (Verdict.UNKNOWN, absent)


VALUES: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5000)
    | st.sampled_from(
        [
            "",
            "25",
            "25.00",
            "25.01",
            "EUR",
            "USD",
            "REFUND",
            "CAPTURE",
            "REFUNDED",
            "CAPTURED",
            "REFUND_PENDING",
            MODIFICATION,
            "x",
        ]
    )
    | st.lists(st.none(), max_size=1)
    | st.just({})
)
PLACES = st.sampled_from(
    [
        *("paymentStatus", "reconciliationReferenceId", "transactionOverview", "modification", "modificationId"),
        *("modification__status", "modification__modificationAmount", "modification__modificationData"),
        *(AMOUNT + "amount", AMOUNT + "currencyCode", DATA + "type", DATA + "modificationId", DATA + "refundId"),
        *(DATA + "reconciliationReferenceId", "transactionOverview__transactionId", "transactionOverview__amount"),
    ]
)


@given(place=PLACES, value=VALUES, kind=st.sampled_from([Kind.CAPTURE, Kind.REFUND]))
def test_success_is_never_claimed_without_its_facts_nor_refusal_without_a_word(
    place: str, value: Any, kind: Kind
) -> None:
    outcome = send("refund_done" if kind is Kind.REFUND else "capture_done", kind=kind, changes={place: value})

    assert outcome.verdict is not Verdict.DECLINED
    assert outcome.verdict is not Verdict.NOT_SENT
    if outcome.verdict is Verdict.SUCCEEDED:
        assert outcome.facts.modification_id == MODIFICATION
        assert outcome.facts.amount == Money(2500, "EUR")
        assert outcome.facts.reference
    assert outcome.review is (outcome.verdict is Verdict.MISMATCH)
