"""The answers of gateway A in all the spellings its documents contradict each other in (gateways.md A.3, A.10)."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest

from tests.sandbox.client import Merchant

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SPACE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}\+00:00")


def test_a_post_answers_one_modification_and_a_get_a_list(merchant: Merchant) -> None:
    transaction = merchant.order(partnerReference="A-1", description="4 pcs windscreen wipers")

    posted = merchant.modify("capture", transaction, 49.99, modificationId="m-1").json
    read = merchant.status(transaction)

    assert posted["modification"]["modificationData"]["modificationId"] == "m-1"
    assert [one["modificationData"]["modificationId"] for one in read["modifications"]] == ["m-1"]
    assert [line["status"] for line in read["statusHistory"]] == ["CREATED", "AUTHORIZATION_COMPLETED", "CAPTURED"]
    assert (read["partnerReference"], read["description"]) == ("A-1", "4 pcs windscreen wipers")


def test_the_overview_shows_the_original_amount(merchant: Merchant) -> None:
    transaction = merchant.order()

    answer = merchant.modify("capture", transaction, 30).json

    assert answer["transactionOverview"]["amount"] == 100
    assert answer["modification"]["modificationAmount"]["amount"] == 30


@pytest.mark.parametrize(("sent", "written"), [(25, b":25,"), (49.99, b":49.99,"), ("80.20", b":80.2,")])
def test_amounts_are_json_numbers_without_needless_zeros(merchant: Merchant, sent: object, written: bytes) -> None:
    answer = merchant.modify("capture", merchant.order(), sent)

    assert b'"amount"' + written in answer.body


@pytest.mark.parametrize(("dial", "shape"), [("iso", ISO), ("space", SPACE)])
def test_both_date_formats(merchant: Merchant, dial: str, shape: re.Pattern[str]) -> None:
    merchant.sandbox.control("mode", dateFormat=dial)

    answer = merchant.modify("capture", merchant.order(), 25).json

    assert shape.fullmatch(answer["creationDate"])
    assert shape.fullmatch(answer["modification"]["statusHistory"][0]["statusDate"])


@pytest.mark.parametrize("spelling", ["CANCELLATION", "CANCELATION"])
def test_both_spellings(merchant: Merchant, spelling: str) -> None:
    merchant.sandbox.control("mode", spelling=spelling)
    transaction = merchant.order()

    answer = merchant.modify("cancel", transaction).json

    assert answer["modification"]["modificationData"]["type"] == spelling
    assert merchant.status(transaction)["modifications"][0]["modificationData"]["type"] == spelling


def test_variety_covers_both_sides_and_never_touches_the_facts(merchant: Merchant) -> None:
    merchant.sandbox.control("mode", optionalFields=True, dateFormat="random", spelling="random")
    answers = [merchant.modify("cancel", merchant.order(partnerReference=f"A-{n}")).json for n in range(40)]

    entries = [answer["modification"] for answer in answers]
    assert {entry["modificationData"]["type"] for entry in entries} == {"CANCELLATION", "CANCELATION"}
    assert {bool(ISO.fullmatch(answer["creationDate"])) for answer in answers} == {True, False}
    for name in ("partnerReference", "processingRegion", "modificationId"):
        assert {name in answer for answer in answers} == {True, False}
    assert all(entry["modificationAmount"]["amount"] == Decimal(100) for entry in entries)
    assert all(entry["modificationData"]["reconciliationReferenceId"] for entry in entries)


def test_the_same_seed_and_ids_are_written_the_same_way(merchant: Merchant) -> None:
    def fields_answered() -> list[str]:
        merchant.sandbox.control("reset")
        transaction = merchant.order(transactionId="t-1", partnerReference="A-1")
        return list(merchant.modify("capture", transaction, 25, modificationId="m-1").json)

    assert fields_answered() == fields_answered()


def test_unknown_fields_are_reported_and_known_ones_are_not(merchant: Merchant) -> None:
    transaction = merchant.order()

    odd = merchant.modify("capture", transaction, 25, colour="red")
    plain = merchant.modify("refund", transaction, 25)

    assert odd.json["ignoredProperties"] == ["colour"]
    assert "ignoredProperties" not in plain.json


def test_custom_references_come_back_with_the_status(merchant: Merchant) -> None:
    transaction = merchant.order()
    references = {"custom1": "ORD-1", "custom3": "till 4"}

    merchant.modify("capture", transaction, 25, customReferences=references)

    assert merchant.status(transaction)["modifications"][0]["modificationData"]["customReferences"] == references


def test_optional_fields_of_the_overview_are_answered_as_the_order_wishes(merchant: Merchant) -> None:
    deal = {"amount": 19.99, "dealReference": "rJIUUztdDPPqh4Zaw98pq", "typeCode": "3RIPSS"}
    wish = {"deal": deal, "customerAccountId": "john-doe-27", "targetMerchantAccountReference": 123456789}
    transaction = merchant.order(overview=wish, transactionReference="119344737107896")

    read = merchant.send("GET", f"/smartpay/payment/status/{transaction}")

    assert b'"amount":19.99,"dealReference"' in read.body
    assert read.json["transactionOverview"]["targetMerchantAccountReference"] == 123456789
    assert read.json["transactionReference"] == "119344737107896"
