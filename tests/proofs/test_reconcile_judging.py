"""The judge of the reconciliation proof is strict: each way to be wrong is told, and nothing when all is right."""

from __future__ import annotations

from typing import Any

import pytest

from orders.models import Discrepancy, DiscrepancyState, DiscrepancyType, ExternalMovement, Modification, SettlementLine
from tests.factories import a_captured_transaction, an_account
from tests.proofs.reconcile import failures_of
from tests.proofs.reconcile_books import Books
from tests.proofs.reconcile_judging import Kind, Verdict, judged
from tests.reconciliation_factories import (
    BOOKED,
    a_discrepancy,
    a_file,
    a_line,
    a_match,
    a_modification_of,
    a_movement,
)

pytestmark = pytest.mark.django_db
KEY = "month-one"


class _Scene:
    """An account with one capture of ours, one line of it, and their ledger."""

    def __init__(self) -> None:
        self.account = an_account(merchant_key=KEY)
        self.books = Books(accounts={KEY: self.account})
        self.file = a_file(self.account)
        self.capture = self.ours("id-1")
        self.line = self.listed("id-1")

    def ours(self, gateway_id: str, **more: Any) -> Modification:
        transaction = a_captured_transaction(account=self.account)
        return a_modification_of(transaction, gateway_id=gateway_id, **more)

    def listed(self, gateway_id: str, **more: Any) -> SettlementLine:
        return a_line(self.file, gateway_id=gateway_id, **more)

    def truth(self, *, kind: str, type: str, cause: str, line: SettlementLine | None = None) -> dict[str, Any]:
        truth: dict[str, Any] = {"kind": kind, "type": type, "cause": cause, "merchantKey": KEY, "lineDate": None}
        truth |= {"modificationId": str(self.capture.pk), "transactionId": self.capture.transaction.reference}
        truth |= {"amount": 10_000, "currency": "EUR", "reference": "", "gatewayId": "", "lineType": None}
        if line is not None:
            truth |= {"reference": line.reference, "gatewayId": line.gateway_id, "amount": line.gross}
            truth |= {"lineDate": BOOKED.isoformat(), "lineType": "CAPTURE", "transactionId": ""}
        return truth

    def judged(self, *truths: dict[str, Any]) -> Verdict:
        ours = [(row.pk, row.gateway_id, "CAPTURE") for row in Modification.objects.all()]
        theirs = [(one.key.partition(":")[2], one.gateway_reference, "CHARGEBACK") for one in _movements()]
        ledger = [_entry(str(item), name, type_) for item, name, type_ in (*ours, *theirs)]
        return judged(self.books, {"executions": ledger, "transactions": []}, list(truths))


@pytest.fixture
def scene() -> _Scene:
    return _Scene()


def test_a_line_that_met_its_own_movement_is_nothing_to_tell(scene: _Scene) -> None:
    a_match(scene.line, modification=scene.capture)

    verdict = scene.judged()

    assert (verdict.matches, verdict.false_matches, verdict.missed, verdict.unasked) == (1, [], [], [])


def test_a_line_that_met_another_movement_is_a_false_match(scene: _Scene) -> None:
    a_match(scene.line, modification=scene.ours("id-2"))

    [said] = scene.judged().false_matches

    assert f"{scene.file.name}:{scene.line.number} (capture 10000 EUR)" in said


def test_a_line_of_nothing_in_the_ledger_may_meet_nothing(scene: _Scene) -> None:
    a_match(scene.listed("id-of-nothing"), modification=scene.capture)

    assert len(scene.judged().false_matches) == 1


def test_a_movement_that_met_two_lines_is_told(scene: _Scene) -> None:
    for line in (scene.line, scene.listed("id-1")):
        a_match(line, modification=scene.capture)

    assert scene.judged().false_matches == [f"{scene.capture.pk} met 2 lines"]


def test_a_match_of_a_line_that_does_not_count_is_none(scene: _Scene) -> None:
    line = scene.listed("id-1", overlap=True)
    a_match(line, modification=scene.ours("id-2"))

    assert scene.judged().matches == 0


def test_a_chargeback_is_known_by_its_reference(scene: _Scene) -> None:
    movement = a_movement(
        scene.capture.transaction, kind="chargeback", key="CHARGEBACK:x", gateway_reference="back-1", amount=10_000
    )
    line = scene.listed("", type="chargeback", gross=-10_000, reference="back-1")
    a_match(line, movement=movement)

    assert scene.judged().false_matches == []


def test_a_mistake_that_was_found_and_explained_counts_once(scene: _Scene) -> None:
    a_discrepancy(line=scene.line, type=DiscrepancyType.AMOUNT, cause="rounding")
    truth = scene.truth(kind="rounding", type="amount", cause="rounding", line=scene.line)

    verdict = scene.judged(truth)

    assert (verdict.there, verdict.found, verdict.explained) == (1, 1, 1)
    assert (verdict.missed, verdict.unasked) == ([], [])


def test_a_wrong_cause_is_counted_and_named(scene: _Scene) -> None:
    a_discrepancy(line=scene.line, type=DiscrepancyType.AMOUNT, cause="partial")

    verdict = scene.judged(scene.truth(kind="rounding", type="amount", cause="rounding", line=scene.line))

    assert (verdict.found, verdict.explained) == (1, 0)
    assert dict(verdict.kinds["rounding"].causes) == {"partial": 1}


@pytest.mark.parametrize("type_", [DiscrepancyType.AMOUNT, DiscrepancyType.KIND])
def test_a_mistake_under_another_type_is_not_found_and_the_row_is_one_too_many(
    scene: _Scene, type_: DiscrepancyType
) -> None:
    a_discrepancy(line=scene.line, type=type_)

    verdict = scene.judged(scene.truth(kind="listed_twice", type="duplicate", cause="x", line=scene.line))

    assert (verdict.found, len(verdict.missed), len(verdict.unasked)) == (0, 1, 1)


def test_one_row_does_not_answer_for_two_mistakes(scene: _Scene) -> None:
    a_discrepancy(line=scene.line, type=DiscrepancyType.DUPLICATE, cause="duplicate_line")
    truth = scene.truth(kind="listed_twice", type="duplicate", cause="duplicate_line", line=scene.line)

    verdict = scene.judged(truth, truth)

    assert (verdict.there, verdict.found, len(verdict.missed)) == (2, 1, 1)


def test_what_has_vanished_is_neither_found_nor_too_many(scene: _Scene) -> None:
    a_discrepancy(
        scene.account,
        type=DiscrepancyType.OURS_NOT_THEIRS,
        modification=scene.capture,
        state=DiscrepancyState.VANISHED,
    )

    verdict = scene.judged(scene.truth(kind="line_left_out", type="ours_not_theirs", cause="line_missing"))

    assert (verdict.found, verdict.unasked) == (0, [])


def test_a_missing_line_is_found_by_the_movement_it_should_have_met(scene: _Scene) -> None:
    a_discrepancy(scene.account, type=DiscrepancyType.OURS_NOT_THEIRS, modification=scene.capture, cause="line_missing")

    verdict = scene.judged(scene.truth(kind="line_left_out", type="ours_not_theirs", cause="line_missing"))

    assert (verdict.found, verdict.explained) == (1, 1)


def test_a_rest_is_found_by_its_transaction(scene: _Scene) -> None:
    a_discrepancy(scene.account, type=DiscrepancyType.REMAINDER, transaction=scene.capture.transaction)

    verdict = scene.judged(scene.truth(kind="never_released", type="remainder", cause="rest_not_released"))

    assert (verdict.found, verdict.explained) == (1, 0)


@pytest.mark.parametrize("met", [True, False])
def test_a_mistake_that_should_not_be_noticed_is_right_when_the_line_meets(scene: _Scene, met: bool) -> None:
    line = scene.listed("", reference="of-nothing")
    if met:
        a_match(line, modification=scene.capture)
    truth = scene.truth(kind="reference_left_out", type="", cause="", line=line)

    verdict = scene.judged(truth)

    assert (verdict.found, len(verdict.missed)) == (int(met), int(not met))
    assert verdict.false_matches == []


def test_a_doubt_that_a_line_should_have_ended_is_counted(scene: _Scene) -> None:
    scene.books.unknown = {scene.capture.pk}
    assert scene.judged().doubts_left == 0

    left = scene.ours("", state="unknown")
    scene.books.unknown = {left.pk}

    assert scene.judged().doubts_left == 1


def test_nobody_asks_for_what_the_ledger_did_right(scene: _Scene) -> None:
    row = a_discrepancy(line=scene.line)

    [said] = scene.judged().unasked

    assert said.startswith(f"theirs_not_ours () of {scene.account}")
    assert Discrepancy.objects.get() == row


@pytest.mark.parametrize("explained", [7, 8])
def test_a_kind_that_is_rarely_explained_does_not_drown_among_many_others(explained: int) -> None:
    many = Kind(type="ours_not_theirs", there=990, found=990, explained=990)
    few = Kind(type="fee", there=10, found=10, explained=explained)

    failures = failures_of(Verdict(kinds={"file_left_out": many, "fee_wrong": few}))

    said = "7 of 10 causes of fee_wrong are right, fewer than 80 %."
    assert failures == ([] if explained == 8 else [said])


def test_too_few_right_causes_fail_over_all_kinds() -> None:
    kinds = {f"kind-{number}": Kind(type="fee", there=9, found=9, explained=8) for number in range(11)}

    assert failures_of(Verdict(kinds=kinds)) == ["88 of 99 causes are right, fewer than 95 %."]


def _movements() -> list[ExternalMovement]:
    return list(ExternalMovement.objects.all())


def _entry(item: str, name: str, type: str) -> dict[str, Any]:
    entry = {"merchantKey": KEY, "modificationId": item, "type": type, "gateway": "smartpay"}
    if type == "CHARGEBACK":
        return {**entry, "reconciliationReferenceId": name}
    return {**entry, "reconciliationReferenceId": "", "captureId": name}
