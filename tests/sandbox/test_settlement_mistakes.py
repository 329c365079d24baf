"""The dial of mistakes: the same seed makes the same file, every kind happens, and the truth tells each of them."""

from __future__ import annotations

import urllib.error
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from tests.sandbox.settlement_ledger import MERCHANTS, Row, day, file_of, live, past, truths_of
from tests.sandbox_process import SandboxHandle

GATEWAYS = tuple(MERCHANTS)
DAYS = 4
ALL, SOME = "10000", "1500"
KINDS_OF_LINES = {
    "rounding": "amount",
    "fee_deducted": "amount",
    "amount_changed": "amount",
    "partial": "amount",
    "wrong_currency": "currency",
    "converted": "currency",
    "kind_swapped": "kind",
    "fee_wrong": "fee",
    "late": "late",
    "listed_twice": "duplicate",
    "listed_again": "duplicate",
    "executed_twice": "duplicate",
    "refund_in_portal": "theirs_not_ours",
    "unknown_payment": "theirs_not_ours",
    "others_line": "theirs_not_ours",
    "charged_back": "theirs_not_ours",
    "charged_back_after_refund": "chargeback_after_refund",
    "settled_though_failed": "settled_though_failed",
    "reference_left_out": "",
    "repeated_line": "",
}


@pytest.fixture
def month(box: SandboxHandle) -> SandboxHandle:
    """A month ago, a few transactions a day at each gateway, and one of a stranger."""
    for gateway in GATEWAYS:
        stranger = "sk_test_stranger" if gateway == "smartpay_orders" else "merchant-two"
        pasts = [
            one
            for days_ago in range(30, 30 - DAYS, -1)
            for one in (
                past(days_ago, 1),
                past(days_ago, 2, refunds=(2_000,), failed=True),
                past(days_ago, 3, refunds=(1_500, 1_500)),
                past(days_ago, 4, amount=20_000, refunds=(20_000,)),
                past(days_ago, 5, merchant=stranger),
            )
        ]
        live(box, gateway, *pasts)
    return box


@pytest.mark.parametrize("gateway", GATEWAYS)
@pytest.mark.parametrize("kind", KINDS_OF_LINES)
def test_every_kind_happens_and_its_line_stands_where_the_truth_says(
    month: SandboxHandle, gateway: str, kind: str
) -> None:
    truths = truths_of(month, gateway, 30, 27, anomalies=ALL, kinds=kind)
    rows = _rows(month, gateway, anomalies=ALL, kinds=kind)

    assert truths
    assert {one["type"] for one in truths} == {KINDS_OF_LINES[kind]}
    for truth in truths:
        assert _line_of(truth, rows), truth


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_an_honest_gateway_has_no_truth_to_hide(month: SandboxHandle, gateway: str) -> None:
    rows = _rows(month, gateway)

    assert truths_of(month, gateway, 30, 27) == []
    assert Counter(row["type"] for row in rows) == {"CAPTURE": 4 * DAYS, "REFUND": 4 * DAYS, "PAYOUT": DAYS}


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_line_left_out_is_nowhere(month: SandboxHandle, gateway: str) -> None:
    truths = truths_of(month, gateway, 30, 27, anomalies=SOME, kinds="line_left_out")
    rows = _rows(month, gateway, anomalies=SOME, kinds="line_left_out")

    assert truths
    assert not any(row["gatewayId"] == truth["gatewayId"] for truth in truths for row in rows)
    assert len(rows) - _payouts(rows) == 8 * DAYS - len(truths)


def test_a_file_left_out_is_not_there_and_each_of_its_movements_is_told(month: SandboxHandle) -> None:
    seed = _seed_with_a_missing_file(month)

    truths = truths_of(month, "smartpay", 30, 27, anomalies=ALL, seed=seed, kinds="file_left_out")

    missing = {one["executedOn"] for one in truths}
    assert Counter(one["type"] for one in truths) == {"ours_not_theirs": 8 * len(missing)}
    for back in range(DAYS):
        there = day(30 - back).isoformat() not in missing
        found = _file_if_any(month, "smartpay", 30 - back, anomalies=ALL, seed=seed, kinds="file_left_out")
        assert there == (found is not None)


@pytest.mark.parametrize("kind", ["wrong_reference", "wrong_reference_alone"])
def test_a_wrong_reference_is_told_from_both_sides(month: SandboxHandle, kind: str) -> None:
    truths = truths_of(month, "smartpay", 30, 27, anomalies=SOME, kinds=kind)
    rows = _rows(month, "smartpay", anomalies=SOME, kinds=kind)

    sides = Counter(one["type"] for one in truths)
    assert sides["theirs_not_ours"] == sides["ours_not_theirs"] > 0
    bare = [row for row in rows if not row["gatewayId"] and row["type"] != "PAYOUT"]
    named = {one["reference"] for one in truths if one["type"] == "theirs_not_ours"}
    assert {row["reconciliationReferenceId"] for row in bare} == named
    assert {bool(row["transactionId"]) for row in bare} == {kind == "wrong_reference"}


def test_equal_refunds_without_a_name_are_two_lines_for_two_movements(month: SandboxHandle) -> None:
    truths = truths_of(month, "smartpay", 30, 27, anomalies=ALL, kinds="twins")
    rows = _rows(month, "smartpay", anomalies=ALL, kinds="twins")

    assert Counter(one["type"] for one in truths) == {"ambiguous": 2 * DAYS, "ours_not_theirs": 2 * DAYS}
    assert len([row for row in rows if not row["gatewayId"] and row["type"] == "REFUND"]) == 2 * DAYS
    assert len(rows) - _payouts(rows) == 8 * DAYS


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_the_same_seed_makes_the_same_files_and_another_seed_others(month: SandboxHandle, gateway: str) -> None:
    first, again, other = (_rows(month, gateway, anomalies=SOME, seed=seed) for seed in ("1", "1", "2"))

    assert first == again
    assert first != other


def test_one_transaction_meets_one_mistake(month: SandboxHandle) -> None:
    truths = truths_of(month, "smartpay", 30, 27, anomalies=ALL)

    mistakes = {(one["executedOn"], one["modificationId"].rpartition("-")[0], one["kind"]) for one in truths}
    assert len({(when, transaction) for when, transaction, _ in mistakes}) == len(mistakes)


@pytest.mark.parametrize("kind", ["late", "listed_again", "repeated_line"])
def test_a_line_that_moves_stands_in_one_other_file(month: SandboxHandle, kind: str) -> None:
    truths = truths_of(month, "smartpay", 30, 27, anomalies=SOME, kinds=kind)
    rows = _rows(month, "smartpay", anomalies=SOME, kinds=kind)
    times = 1 if kind == "late" else 2

    assert truths
    assert all(one["lineDate"] > one["executedOn"] for one in truths)
    assert all(sum(row["gatewayId"] == one["gatewayId"] for row in rows) == times for one in truths)


def test_the_dial_holds_for_requests_that_say_nothing(month: SandboxHandle) -> None:
    asked = _rows(month, "smartpay", anomalies="5000", seed="7")

    month.control("dials", settlementAnomalies=5_000, seed=7)

    assert _rows(month, "smartpay") == asked


def test_payouts_are_what_the_lines_leave(month: SandboxHandle) -> None:
    for gateway in GATEWAYS:
        rows = file_of(month, gateway, 30)
        nets = sum(Decimal(row["netAmount"]) for row in rows if row["type"] != "PAYOUT")

        assert (rows[-1]["type"], Decimal(rows[-1]["grossAmount"])) == ("PAYOUT", -nets)


def _rows(box: SandboxHandle, gateway: str, **query: str) -> list[Row]:
    """All files from the first movement to the day behind the latest line; the file's day stands in `file`."""
    rows = list[Row]()
    for days_ago in range(30, 10, -1):
        found = _file_if_any(box, gateway, days_ago, **query) or []
        rows += [{**row, "file": day(days_ago).isoformat()} for row in found]
    return rows


def _line_of(truth: dict[str, Any], rows: list[Row]) -> list[Row]:
    said = {
        "file": truth["lineDate"],
        "type": truth["lineType"],
        "reconciliationReferenceId": truth["reference"],
        "transactionId": truth["transactionId"],
        "gatewayId": truth["gatewayId"],
        "currencyCode": truth["currency"],
    }
    return [row for row in rows if said.items() <= row.items()]


def _payouts(rows: list[Row]) -> int:
    return sum(row["type"] == "PAYOUT" for row in rows)


def _seed_with_a_missing_file(box: SandboxHandle) -> str:
    """A tenth of the days is left out at the most, so one of these seeds leaves one out."""
    for seed in map(str, range(1, 40)):
        if truths_of(box, "smartpay", 30, 27, anomalies=ALL, seed=seed, kinds="file_left_out"):
            return seed
    raise AssertionError("No seed leaves a file out.")


def _file_if_any(box: SandboxHandle, gateway: str, days_ago: int, **query: str) -> list[Row] | None:
    try:
        return file_of(box, gateway, days_ago, **query)
    except urllib.error.HTTPError as missing:
        if missing.code == 404:
            return None
        raise
