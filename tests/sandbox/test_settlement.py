"""Settlement files of the three gateways: what they list, how they are written, and what is refused."""

from __future__ import annotations

import gzip
import json
import urllib.error
from datetime import UTC, datetime

import pytest

from tests.sandbox.client import Merchant
from tests.sandbox.settlement_ledger import MERCHANTS, Row, day, file_of, live, past, truths_of
from tests.sandbox_process import SandboxHandle

GATEWAYS = tuple(MERCHANTS)


def test_the_file_of_a_day_lists_each_movement_once_and_what_is_paid_out(merchant: Merchant) -> None:
    transaction = merchant.order(partnerReference="A-1")
    captured = merchant.modify("capture", transaction, 60).json["modification"]["modificationData"]
    refund = merchant.modify("refund", transaction, 10).json["modification"]["modificationData"]
    merchant.sandbox.control("chargeback", transactionId=transaction, amount=500)

    rows = file_of(merchant.sandbox, "smartpay", 0)

    assert [(row["type"], row["grossAmount"], row["fee"], row["netAmount"]) for row in rows] == [
        ("CAPTURE", "60.00", "0.90", "59.10"),
        ("REFUND", "-10.00", "0.00", "-10.00"),
        ("CHARGEBACK", "-5.00", "0.00", "-5.00"),
        ("FEE", "0.00", "15.00", "-15.00"),
        ("PAYOUT", "-29.10", "0.00", "-29.10"),
    ]
    assert rows[1]["reconciliationReferenceId"] == refund["reconciliationReferenceId"]
    assert (rows[0]["gatewayId"], rows[1]["gatewayId"]) == (captured["captureId"], refund["refundId"])
    assert len({row["payoutReference"] for row in rows}) == 1
    assert file_of(merchant.sandbox, "smartpay", 0, merchantKey="merchant-two") == []
    assert file_of(merchant.sandbox, "smartpay", 400) == []


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_every_gateway_settles_its_captures_and_refunds_and_not_what_failed(box: SandboxHandle, gateway: str) -> None:
    live(box, gateway, past(3, refunds=(2_500,), failed=True))
    ledger = [one for one in box.ledger(gateway=gateway)["executions"] if one["status"] in ("CAPTURED", "REFUNDED")]

    rows = file_of(box, gateway, 3)

    assert [row["type"] for row in rows] == ["CAPTURE", "REFUND", "PAYOUT"]
    named = [(row["reconciliationReferenceId"], row["transactionId"]) for row in rows[:2]]
    assert named == [(one["reconciliationReferenceId"], one["transactionId"]) for one in ledger]
    assert all(row["gatewayId"] and row["bookingDate"] == day(3).isoformat() for row in rows[:2])
    assert file_of(box, gateway, 2) == []


def test_b_and_c_bring_home_the_reference_that_was_sent(box: SandboxHandle) -> None:
    live(box, "smartpay_orders", past(1))
    live(box, "smarterpay", past(1))

    assert file_of(box, "smartpay_orders", 1)[0]["customReference"] == "mine-1-0-0"
    assert file_of(box, "smarterpay", 1)[0]["customReference"] == "mine-1-0-0"


def test_a_card_payment_that_is_taken_at_once_is_settled(box: SandboxHandle) -> None:
    box.control("smarterpay/payments", merchantKey="merchant-one", amount=4_999, paymentType="MOTO", state="authorized")

    row, payout = file_of(box, "smarterpay", 0)

    assert (row["type"], row["grossAmount"], payout["type"]) == ("CAPTURE", "49.99", "PAYOUT")


def test_nothing_is_paid_out_where_nothing_is_left(box: SandboxHandle) -> None:
    live(box, "smartpay", past(2, refunds=(10_000,)))

    assert [row["type"] for row in file_of(box, "smartpay", 2)] == ["CAPTURE", "REFUND"]


def test_the_legs_of_a_split_payment_are_lines_of_their_own(box: SandboxHandle) -> None:
    _split(box, leg_fails=False)

    rows = file_of(box, "smartpay", 1)

    assert [row["grossAmount"] for row in rows[:-1]] == ["60.00", "30.00", "10.00"]
    assert len({(row["reconciliationReferenceId"], row["gatewayId"]) for row in rows[:-1]}) == 1
    assert truths_of(box, "smartpay", 1, 1) == []


def test_a_leg_that_failed_is_not_listed_and_the_truth_says_so(box: SandboxHandle) -> None:
    _split(box, leg_fails=True)

    [truth] = truths_of(box, "smartpay", 1, 1)

    assert [row["grossAmount"] for row in file_of(box, "smartpay", 1)[:-1]] == ["60.00", "10.00"]
    assert (truth["type"], truth["modificationId"], truth["amount"]) == ("split_leg_failed", "split-1", 10_000)
    assert box.ledger(modificationId="split-1")["executions"][0]["legs"] == [[True, "60"], [False, "30"]]


def test_what_was_split_and_lost_a_leg_is_missed_too_on_a_day_without_a_file(box: SandboxHandle) -> None:
    _split(box, leg_fails=True)
    seeds = map(str, range(1, 200))
    of_seeds = (truths_of(box, "smartpay", 1, 1, anomalies="10000", seed=seed, kinds="file_left_out") for seed in seeds)

    types = next(found for truths in of_seeds if len(found := [one["type"] for one in truths]) > 1)

    assert types == ["split_leg_failed", "ours_not_theirs"]


def test_the_other_styles_say_the_same(box: SandboxHandle) -> None:
    live(box, "smartpay", past(1, refunds=(1_000,), amount=123_456))
    plain = _content(box, "csv")

    assert gzip.decompress(_content(box, "gzip")) == plain
    assert _content(box, "trailer").startswith(plain)
    assert _content(box, "trailer").splitlines()[-1] == b"TRAILER,3,,,18.52,18.52,0.00,EUR,,,,"
    [_, payout] = _content(box, "payout").decode().splitlines()
    assert payout.split(",")[1:] == [day(1).isoformat(), "EUR", "2", "1224.56", "18.52", "1206.04"]


def test_a_spreadsheet_of_the_continent_has_semicolons_and_decimal_commas(box: SandboxHandle) -> None:
    live(box, "smartpay", past(1, amount=123_456))

    content = _content(box, "semicolon")

    assert content.startswith(b"\xef\xbb\xbfreconciliationReferenceId;transactionId;")
    assert content.count(b"\r\n") == 3
    assert f";CAPTURE;1234,56;18,52;1216,04;EUR;{day(1):%d.%m.%Y};PO-".encode() in content


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"date": "31.01.2026"}, "date is a day"),
        ({}, "date is a day"),
        ({"date": "2026-01-31", "style": "xml"}, "style is one of"),
        ({"date": "2026-01-31", "gateway": "paypal"}, "gateway is one of"),
        ({"date": "2026-01-31", "anomalies": "many"}, "whole numbers"),
        ({"date": "2026-01-31", "anomalies": "10001"}, "from 0 to 10000"),
        ({"date": "2026-01-31", "kinds": "earthquake"}, "There is no kind earthquake"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(box: SandboxHandle, query: Row, word: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        box.settlement(**query)

    assert refused.value.code == 400
    assert word in json.loads(refused.value.read())["error"]


def test_an_authorization_can_be_held_so_that_it_is_never_released(box: SandboxHandle, merchant: Merchant) -> None:
    held, released = (
        merchant.order(createdSecondsAgo=600, expiresInSeconds=1, history=[], amount=7_000) for _ in range(2)
    )
    answer = box.control("never-release", gateway="smartpay", transactionIds=[held, "nobody"])
    box.control("clock", offsetSeconds=3_600)

    assert answer == {"held": 1}
    assert merchant.books(held)["released"] == 0
    assert merchant.books(released)["released"] == 7_000
    today = datetime.now(UTC).date().isoformat()
    truths = box.settlement_truth(**{"from": day(1).isoformat(), "to": today})
    assert [(one["type"], one["transactionId"], one["amount"]) for one in truths] == [("remainder", held, 7_000)]


def _split(box: SandboxHandle, *, leg_fails: bool) -> None:
    parts = [{"destinationReference": name, "amount": amount} for name, amount in (("one", 6_000), ("two", 3_000))]
    step = {"kind": "capture", "amount": 10_000, "modificationId": "split-1", "secondsAgo": 86_400}
    wish = {"currencyCode": "EUR", "split": parts, "history": [{**step, "legFails": leg_fails}]}
    box.control("orders", merchantKey="merchant-one", amount=10_000, createdSecondsAgo=90_000, **wish)


def _content(box: SandboxHandle, style: str) -> bytes:
    return box.settlement(date=day(1).isoformat(), merchantKey="merchant-one", style=style)
