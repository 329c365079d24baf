"""Every fault of the dial: what the client sees, what the ledger says, and what a retry with the same bytes gets."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.sandbox.client import Answer, Merchant, read_to_end
from tests.sandbox_process import SandboxHandle

REFUND = "/smartpay/payment/refund"
AMOUNT, MINOR = 25, 2500


class Case:
    """A captured transaction, a refund of 25.00 ready to send, and one fault that meets it once."""

    def __init__(self, merchant: Merchant, fault: str, **rule: Any) -> None:
        self.merchant = merchant
        self.transaction = merchant.order(paymentStatus="CAPTURED")
        self.body = merchant.body_of(self.transaction, AMOUNT, modificationId="m-1")
        merchant.sandbox.control("faults", fault=fault, modificationId="m-1", **rule)

    def send(self, timeout: float = 5) -> Answer:
        return self.merchant.send("POST", REFUND, self.body, timeout=timeout)

    @property
    def refunded(self) -> int:
        return int(self.merchant.books(self.transaction)["refunded"])


@pytest.mark.parametrize("fault", ["reset_before", "lose_reply"])
def test_a_reset_is_seen_as_a_reset(merchant: Merchant, fault: str) -> None:
    case = Case(merchant, fault)

    with pytest.raises(ConnectionResetError):
        case.send()

    assert case.refunded == (MINOR if fault == "lose_reply" else 0)
    assert case.send().status == 200
    assert case.refunded == MINOR


def test_a_close_before_gives_nothing_and_moves_nothing(merchant: Merchant) -> None:
    case = Case(merchant, "close_before")

    answer = case.send()

    assert (answer.raw, case.refunded) == (b"", 0)


@pytest.mark.parametrize(
    ("fault", "status", "moved"),
    [
        ("error_500_before", 500, 0),
        ("error_500_after", 500, MINOR),
        ("error_502_html", 502, 0),
        ("conflict_409", 409, 0),
        ("unauthorized", 401, 0),
        ("forbidden", 403, 0),
        ("too_many", 429, 0),
        ("unavailable", 503, 0),
        ("redirect_302", 302, 0),
        ("redirect_307", 307, 0),
        ("html_200", 200, MINOR),
        ("empty_200", 200, MINOR),
        ("bad_json", 200, MINOR),
    ],
)
def test_an_answer_in_the_way_and_then_the_true_one(merchant: Merchant, fault: str, status: int, moved: int) -> None:
    case = Case(merchant, fault)

    first = case.send()
    moved_first = case.refunded
    second = case.send()

    assert (first.status, moved_first) == (status, moved)
    assert second.json["modification"]["status"] == "REFUNDED"
    assert case.refunded == MINOR


def test_the_bodies_in_the_way_are_what_they_say(merchant: Merchant) -> None:
    html = Case(merchant, "error_502_html").send()
    merchant.sandbox.control("faults", fault="bad_json")
    bad = merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), AMOUNT)

    assert (html.header("Content-Type") or "").startswith("text/html")
    with pytest.raises(json.JSONDecodeError):
        json.loads(bad.body)


def test_a_500_has_no_code(merchant: Merchant) -> None:
    assert "code" not in Case(merchant, "error_500_before").send().error


@pytest.mark.parametrize("fault", ["too_many", "unavailable"])
def test_retry_after_says_when(merchant: Merchant, fault: str) -> None:
    assert Case(merchant, fault, seconds=7).send().header("Retry-After") == "7"


@pytest.mark.parametrize(("fault", "status"), [("refuse", 400), ("refuse_provider", 400), ("refuse_200", 200)])
def test_a_refusal_moves_nothing_and_is_kept(merchant: Merchant, fault: str, status: int) -> None:
    case = Case(merchant, fault)

    first, second = case.send(), case.send()

    assert (first.status, second.body, case.refunded) == (status, first.body, 0)


def test_the_two_error_bodies_and_the_error_inside_a_200(merchant: Merchant) -> None:
    refused = Case(merchant, "refuse").send().json
    merchant.sandbox.control("faults", fault="refuse_provider", times=1)
    provider = merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), AMOUNT).json
    merchant.sandbox.control("faults", fault="refuse_200", times=1)
    inside = merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), AMOUNT).json["modification"]

    assert refused["errors"][0]["code"] == "invalid_state"
    assert provider["error"] == "payment_provider_processing"
    assert (inside["status"], inside["error"]["error"]) == ("FAILED", "payment_provider_processing")


@pytest.mark.parametrize(
    ("fault", "path", "value"),
    [
        ("wrong_currency", ("modification", "modificationAmount", "currencyCode"), "USD"),
        ("wrong_amount", ("modification", "modificationAmount", "amount"), 26),
        ("amount_false", ("modification", "modificationAmount", "amount"), False),
        ("missing_reference", ("modification", "modificationData", "reconciliationReferenceId"), None),
        ("missing_modification", ("modification",), None),
        ("unknown_status", ("modification", "status"), "QUANTUM_SUPERPOSED"),
    ],
)
def test_a_wrong_answer_about_a_right_refund(
    merchant: Merchant, fault: str, path: tuple[str, ...], value: object
) -> None:
    case = Case(merchant, fault)

    answered = case.send().json
    for name in path:
        answered = answered.get(name)

    assert answered == value
    assert case.refunded == MINOR
    assert merchant.status(case.transaction)["modifications"][-1]["modificationAmount"]["amount"] == AMOUNT


def test_another_amount_is_executed_and_admitted(merchant: Merchant) -> None:
    case = Case(merchant, "wrong_amount_executed")

    answered = case.send().json["modification"]["modificationAmount"]["amount"]

    assert (str(answered), case.refunded) == ("24.99", MINOR - 1)


@pytest.mark.parametrize(
    ("fault", "end", "moved"), [("pending", "REFUNDED", MINOR), ("pending_then_failed", "FAILED", 0)]
)
def test_pending_for_this_one_only(merchant: Merchant, fault: str, end: str, moved: int) -> None:
    case = Case(merchant, fault, seconds=30)

    first = case.send().json["modification"]["status"]
    merchant.sandbox.control("clock", offsetSeconds=31)

    assert first == "REFUND_PENDING"
    assert merchant.status(case.transaction)["modifications"][-1]["status"] == end
    assert case.refunded == moved


@pytest.mark.parametrize("fault", ["slow", "slow_after"])
def test_slow_takes_its_time_and_then_answers(merchant: Merchant, fault: str) -> None:
    case = Case(merchant, fault, seconds=0.5)
    started = time.monotonic()

    answer = case.send()

    assert answer.status == 200
    assert time.monotonic() - started >= 0.5


def test_slow_moves_the_money_late_and_slow_after_early(merchant: Merchant) -> None:
    moved = {}
    for fault in ("slow", "slow_after"):
        merchant.sandbox.control("reset")
        case = Case(merchant, fault, seconds=0.6)
        with merchant.opened("POST", REFUND, case.body) as sock:
            time.sleep(0.25)
            moved[fault] = case.refunded
            read_to_end(sock)

    assert moved == {"slow": 0, "slow_after": MINOR}


def test_hang_after_moves_the_money_and_says_nothing(merchant: Merchant) -> None:
    case = Case(merchant, "hang_after")

    with pytest.raises(TimeoutError):
        case.send(timeout=0.4)

    assert case.refunded == MINOR
    assert case.send().status == 200


@pytest.mark.parametrize(
    ("fault", "at_once"),
    [("drip", b"\r\n\r\n"), ("drip_body", b"\r\n\r\n"), ("drip_headers", b"HTTP/1.1 200 OK\r\n"), ("drip_status", b"")],
)
def test_a_drip_starts_where_it_says(merchant: Merchant, fault: str, at_once: bytes) -> None:
    case = Case(merchant, fault, seconds=0.2)

    with merchant.opened("POST", REFUND, case.body) as sock:
        time.sleep(0.3)
        seen = sock.recv(65_536)

    assert at_once in seen
    assert len(seen.partition(at_once)[2] if at_once else seen) <= 3
    assert case.refunded == MINOR


def test_a_truncated_answer_is_shorter_than_announced(merchant: Merchant) -> None:
    case = Case(merchant, "truncate")

    answer = case.send()

    assert 0 < len(answer.body) < int(answer.header("Content-Length") or 0)
    assert case.refunded == MINOR


def test_an_endless_answer_exceeds_two_mebibytes(merchant: Merchant) -> None:
    answer = Case(merchant, "endless").send(timeout=20)

    assert answer.header("Content-Length") is None
    assert len(answer.body) > 2 * 1024 * 1024


def test_a_followed_redirect_is_counted(merchant: Merchant) -> None:
    case = Case(merchant, "redirect_307")
    place = case.send().header("Location") or ""
    before = merchant.sandbox.control_get("redirect-hits")["count"]

    merchant.send("POST", place, case.body)

    after = merchant.sandbox.control_get("redirect-hits")
    assert (before, after["count"], after["hits"][0]["withCredentials"]) == (0, 1, True)


def test_every_kind_has_its_own_magic_amount(box: SandboxHandle) -> None:
    magic = [kind["magicCents"] for kind in box.control_get("fault-kinds")["kinds"]]

    assert len(set(magic)) == len(magic) > 30
    assert all(10 <= cents <= 99 and cents % 10 not in (0, 5, 9) for cents in magic)


def test_a_magic_amount_strikes_the_first_request_only(merchant: Merchant) -> None:
    merchant.sandbox.control("mode", magicAmounts=True)
    transaction = merchant.order(paymentStatus="CAPTURED")
    body = merchant.body_of(transaction, 25.21)

    with pytest.raises(ConnectionResetError):
        merchant.send("POST", REFUND, body)

    assert merchant.send("POST", REFUND, body).status == 200
    assert merchant.books(transaction)["refunded"] == 2521
    assert merchant.sandbox.control_get("faults")["fired"] == {"lose_reply": 1}


def test_magic_amounts_can_be_switched_off(merchant: Merchant) -> None:
    answer = merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), 25.21)

    assert answer.status == 200


def test_a_rule_meets_only_what_it_names(merchant: Merchant, other_merchant: Merchant) -> None:
    merchant.sandbox.control("faults", fault="refuse", merchantKey=other_merchant.key, amount=2500)

    met = other_merchant.modify("refund", other_merchant.order(paymentStatus="CAPTURED"), 25)
    other_amount = other_merchant.modify("refund", other_merchant.order(paymentStatus="CAPTURED"), 26)
    other_key = merchant.modify("refund", merchant.order(paymentStatus="CAPTURED"), 25)

    assert (met.status, other_amount.status, other_key.status) == (400, 200, 200)


def test_a_rule_without_a_path_leaves_status_queries_alone(merchant: Merchant) -> None:
    transaction = merchant.order(paymentStatus="CAPTURED")
    merchant.sandbox.control("faults", rules=[{"fault": "error_500_before"}])
    modified, read = merchant.modify("refund", transaction, 25).status, merchant.status(transaction)

    merchant.sandbox.control("faults", rules=[{"fault": "too_many", "path": "/payment/status", "times": 1}])
    struck = merchant.send("GET", f"/smartpay/payment/status/{transaction}").status
    healed = merchant.send("GET", f"/smartpay/payment/status/{transaction}").status

    assert (modified, read["paymentStatus"], struck, healed) == (500, "CAPTURED", 429, 200)


def test_probability_is_decided_by_seed_and_id(merchant: Merchant) -> None:
    def struck() -> list[int]:
        merchant.sandbox.control("reset")
        merchant.sandbox.control("mode", magicAmounts=False)
        merchant.sandbox.control("faults", fault="too_many", probability=0.3)
        transaction = merchant.order(paymentStatus="CAPTURED")
        return [merchant.modify("refund", transaction, 0.30, modificationId=f"m-{n}").status for n in range(60)]

    first, second = struck(), struck()

    assert first == second
    assert 5 < first.count(429) < 35


def test_rules_are_listed_and_removed(merchant: Merchant) -> None:
    merchant.sandbox.control("faults", rules=[{"fault": "refuse"}, {"fault": "slow", "seconds": 9}])

    removed = merchant.sandbox.control_delete("faults", fault="slow")["removed"]
    left = [rule["fault"] for rule in merchant.sandbox.control_get("faults")["rules"]]
    merchant.sandbox.control_delete("faults")

    assert (removed, left) == (1, ["refuse"])
    assert merchant.sandbox.control_get("faults")["rules"] == []


def test_the_request_log_names_the_fault_and_what_the_client_could_read(merchant: Merchant) -> None:
    case = Case(merchant, "lose_reply")
    with pytest.raises(ConnectionResetError):
        case.send()
    case.send()

    lines = merchant.sandbox.ledger(modificationId="m-1")["requests"]

    assert [(line["outcome"], line["fault"], line["httpStatus"]) for line in lines] == [
        ("executed", "lose_reply", None),
        ("replayed", None, 200),
    ]
