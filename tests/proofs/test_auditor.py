"""The auditor sees what it must see: each violation planted by hand becomes a sentence, and clean books none."""

from __future__ import annotations

import ast
import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.proofs import against_itself, against_ledger, chain
from tests.proofs.auditor import Auditor

ID = str(uuid.uuid4())
BODY = b'{"modifiedAmount": 25}'
HASH = hashlib.sha256(BODY).hexdigest()


def a_row(**changes: Any) -> dict[str, Any]:
    row = {
        "id": ID,
        "kind": "refund",
        "amount": 2_500,
        "currency": "EUR",
        "state": "succeeded",
        "epoch": 1,
        "body": BODY,
        "body_sha256": HASH,
        "path": "/payment/refund",
        "first_sent_at": None,
        "finished_at": None,
        "gateway_reference": "R1",
        "executed_kind": "",
        "transaction_id": 1,
        "reference": "T1",
        "frozen_reason": "",
        "plan_id": None,
    }
    return row | changes


def an_execution(**changes: Any) -> dict[str, Any]:
    execution = {
        "modificationId": ID,
        "transactionId": "T1",
        "kind": "refund",
        "amount": 2_500,
        "currency": "EUR",
        "status": "REFUNDED",
        "origin": "api",
        "reconciliationReferenceId": "R1",
    }
    return execution | changes


def a_request(**changes: Any) -> dict[str, Any]:
    request = {"modificationId": ID, "method": "POST", "path": "/smartpay/payment/refund", "bodySha256": HASH}
    return request | changes


def test_equal_books_give_no_sentence() -> None:
    assert against_ledger.one_row_each({ID}, [a_row()]) == []
    assert against_ledger.executions([a_row()], [an_execution()]) == []
    assert against_ledger.bytes_sent([a_row()], [a_request()]) == []


@pytest.mark.parametrize(
    ("rows", "executions", "invariant"),
    [
        ([a_row()], [], "I4"),
        ([a_row()], [an_execution(amount=2_499)], "I4"),
        ([a_row()], [an_execution(currency="USD")], "I4"),
        ([a_row()], [an_execution(transactionId="T2")], "I4"),
        ([a_row()], [an_execution(kind="capture")], "I4"),
        ([a_row(state="failed")], [an_execution()], "I5"),
        ([a_row(state="withdrawn")], [an_execution()], "I5"),
        ([a_row()], [an_execution(), an_execution()], "I3"),
        ([], [an_execution()], "I2"),
    ],
)
def test_every_difference_between_the_books_is_a_sentence(
    rows: list[dict[str, Any]], executions: list[dict[str, Any]], invariant: str
) -> None:
    sentences = against_ledger.executions(rows, executions)

    assert any(invariant in sentence for sentence in sentences)


def test_a_failed_execution_is_no_success() -> None:
    assert against_ledger.executions([a_row(state="failed")], [an_execution(status="FAILED")]) == []


def test_a_lost_and_an_invented_row_are_sentences() -> None:
    other = str(uuid.uuid4())

    sentences = against_ledger.one_row_each({other}, [a_row()])

    assert len(sentences) == 2
    assert all("I1" in sentence for sentence in sentences)


@pytest.mark.parametrize("changes", [{"bodySha256": "0" * 64}, {"path": "/smartpay/payment/capture"}])
def test_other_bytes_are_a_sentence(changes: dict[str, str]) -> None:
    assert "I6" in against_ledger.bytes_sent([a_row()], [a_request(**changes)])[0]


def test_a_send_without_an_attempt_is_a_sentence() -> None:
    books = {"modifications": [a_row()], "attempts": []}

    assert "I12" in against_ledger.attempts(books, [a_request()])[0]


def test_an_epoch_that_acts_twice_is_a_sentence() -> None:
    attempt = {"modification_id": ID, "epoch": 1, "purpose": "send"}

    sentences = against_ledger.attempts({"modifications": [a_row()], "attempts": [attempt, attempt]}, [])

    assert "I11" in sentences[0]


def test_sums_that_differ_are_a_sentence_unless_the_transaction_is_frozen() -> None:
    ours = {"reference": "T1", "authorized": 100, "captured": 100, "released": 0, "refunded": 10, "frozen_reason": ""}
    theirs = {"transactionId": "T1", "authorized": 100, "captured": 100, "released": 0, "refunded": 20}

    assert "I9" in against_ledger.sums([ours], [theirs])[0]
    assert against_ledger.sums([ours | {"frozen_reason": "a mismatch"}], [theirs]) == []


def test_what_the_gateway_did_and_we_cannot_know_explains_a_difference_and_nothing_more() -> None:
    ours = {"reference": "T1", "authorized": 100, "captured": 0, "released": 0, "refunded": 0, "frozen_reason": ""}
    theirs = {"transactionId": "T1", "authorized": 100, "captured": 70, "released": 30, "refunded": 0}
    done = an_execution(kind="capture", amount=70, status="CAPTURED")

    unsettled = against_ledger.owed([a_row(state="review", kind="capture")], [done])

    assert against_ledger.sums([ours], [theirs], unsettled) == []
    assert "I9" in against_ledger.sums([ours], [theirs | {"captured": 71}], unsettled)[0]
    assert against_ledger.owed([a_row(kind="capture")], [done]) == {}


def test_a_void_reserves_like_a_refund_and_is_executed_as_a_void() -> None:
    transaction = {
        "id": 1,
        "reference": "T1",
        "capturing": 0,
        "refunding": 2_500,
        "exclusive_modification": None,
        "unknown_count": 0,
    }

    assert (
        against_itself.reservations(
            {"modifications": [a_row(kind="void", state="queued")], "transactions": [transaction]}
        )
        == []
    )
    assert against_ledger.executions([a_row(kind="void")], [an_execution(kind="void")]) == []
    assert "I4" in against_ledger.executions([a_row(kind="void")], [an_execution()])[0]


def test_a_cancellation_that_is_put_is_a_send_too() -> None:
    books = {"modifications": [a_row()], "attempts": []}

    assert "I12" in against_ledger.attempts(books, [a_request(method="PUT")])[0]
    assert against_ledger.attempts(books, [a_request(method="GET")]) == []


def test_the_legs_of_a_plan_are_its_own_and_ask_for_no_more() -> None:
    plan = {"id": ID, "amount": 5_000}
    first, second = (str(uuid.uuid5(uuid.UUID(ID), number)) for number in ("1", "2"))
    legs = [a_row(id=first, plan_id=ID), a_row(id=second, plan_id=ID)]

    assert against_itself.plans({"modifications": legs, "plans": [plan]}) == []
    assert "I3" in against_itself.plans({"modifications": [legs[0], a_row(plan_id=ID)], "plans": [plan]})[0]
    assert "I7" in against_itself.plans({"modifications": legs, "plans": [plan | {"amount": 4_999}]})[0]
    failed = [legs[0], legs[1] | {"state": "failed"}]
    assert against_itself.plans({"modifications": failed, "plans": [plan | {"amount": 2_500}]}) == []


def test_a_plan_stands_for_its_legs_among_what_was_accepted() -> None:
    leg = a_row(id=str(uuid.uuid4()), plan_id=ID)

    assert against_ledger.one_row_each({ID}, [leg], [{"id": ID, "amount": 5_000}]) == []
    assert "I1" in against_ledger.one_row_each({ID}, [], [])[0]


def test_a_reservation_that_nobody_asked_for_is_a_sentence() -> None:
    transaction = {
        "id": 1,
        "reference": "T1",
        "capturing": 0,
        "refunding": 2_500,
        "exclusive_modification": None,
        "unknown_count": 0,
    }
    queued = a_row(state="queued")

    assert against_itself.reservations({"modifications": [queued], "transactions": [transaction]}) == []
    assert "I8" in against_itself.reservations({"modifications": [a_row()], "transactions": [transaction]})[0]


def test_more_than_there_is_is_a_sentence() -> None:
    row = {"reference": "T1", "authorized": 100, "captured": 100, "capturing": 0, "released": 0}

    assert against_itself.ceilings([row | {"refunded": 60, "refunding": 40}]) == []
    assert "I7" in against_itself.ceilings([row | {"refunded": 60, "refunding": 41}])[0]


def test_an_end_that_changes_is_a_sentence() -> None:
    auditor = Auditor(database="", ledgers=[])

    assert auditor._changes(a_row(state="failed")) == []
    assert "I10" in auditor._changes(a_row(state="succeeded"))[0]


def test_an_epoch_that_falls_is_a_sentence() -> None:
    auditor = Auditor(database="", ledgers=[])

    assert auditor._changes(a_row(state="unknown", epoch=3)) == []
    assert "I11" in auditor._changes(a_row(state="unknown", epoch=2))[0]


def test_a_secret_in_a_log_is_a_sentence() -> None:
    assert against_itself.leaks(["s3cret"], ["all is well"]) == []
    assert "I22" in against_itself.leaks(["s3cret"], ["Authorization: s3cret"])[0]


def test_a_broken_chain_is_a_sentence() -> None:
    assert "broken" in chain.breaks([{"sequence": 2, "previous_hash": chain.GENESIS}])[0]


@pytest.mark.parametrize("name", ["auditor", "against_ledger", "against_itself", "chain", "records"])
def test_the_auditor_imports_nothing_of_the_product(name: str) -> None:
    tree = ast.parse((Path(__file__).parent / f"{name}.py").read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert not [module for module in imported if module.split(".")[0] in {"orders", "smartpay_dashboard", "django"}]
