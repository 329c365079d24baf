"""What gateway A can do, what an account may say otherwise, and what it has no door for."""

from __future__ import annotations

from typing import Any

import pytest

from orders.gateways import smartpay
from orders.gateways.base import CannotSay, Deal, Door, Kind
from orders.gateways.smartpay_reading import read_answer
from orders.money import Money
from tests.gateways.instructions import an_instruction
from tests.gateways.payload_files import GONE, payload_bytes

NOWHERE = Door(
    base_url="https://nowhere.invalid", merchant_key="m", authentication_key="k", origin="o", deadline_seconds=1
)


def test_it_has_every_kind_but_the_void() -> None:
    assert smartpay.capability({}).kinds == set(Kind) - {Kind.VOID}


def test_a_new_payment_is_never_sent_again_whatever_holds_for_the_others() -> None:
    capability = smartpay.capability({})

    authorizing, refunding = capability.for_kind(Kind.AUTHORIZE), capability.for_kind(Kind.REFUND)

    assert (authorizing.replays, authorizing.finds_by_modification_id) == (False, False)
    assert (refunding.replays, refunding.finds_by_modification_id) == (True, True)
    assert capability.quarantine_seconds == 1800


def test_methods_that_take_the_money_at_once_have_nothing_to_capture() -> None:
    methods = smartpay.capability({}).methods_without_capture

    assert {"PREPMNT", "PAYINVC", "GIROPAY", "IDEAL"} <= methods
    assert not {"VISA", "CARDS", "PAYPAL", "SEPADDCORE"} & methods
    assert smartpay.capability({"methods_without_capture": ["GIROPAY"]}).methods_without_capture == {"GIROPAY"}


@pytest.mark.parametrize(
    "overrides",
    [
        {"never_resent": []},
        {"webhook_trust": "signed"},
        {"reads": False},
        {"lists": True},
        {"query_key": "partnerReference"},
        {"kinds": ["void"]},
        {"quarantine_seconds": 59},
        {"quarantine_seconds": 24 * 3600 + 1},
    ],
)
def test_no_account_can_change_what_the_gateway_is(overrides: dict[str, Any]) -> None:
    with pytest.raises(CannotSay):
        smartpay.capability(overrides)


def test_an_account_may_do_without_new_payments_and_take_several_captures() -> None:
    capability = smartpay.capability({"kinds": ["capture", "refund"], "multiple_capture": True})

    assert Kind.AUTHORIZE not in capability.kinds
    assert capability.multiple_capture


def test_there_is_no_list_and_no_search_and_a_sentence_says_so() -> None:
    listed, found = smartpay.fetch_list(NOWHERE, ""), smartpay.find(NOWHERE, "7c9e6679-7425-40de-944b-e07fc1f90ae7")

    assert (listed.snapshots, listed.next_page, listed.observation) == ((), "", None)
    assert "no list" in listed.reason
    assert (found.snapshot, found.missing, found.observation) == (None, False, None)
    assert "transactionId only" in found.reason


@pytest.mark.parametrize("type_code", ["3RIPSS", "3RIDS"])
def test_a_deal_is_read_with_its_ceiling_in_the_transactions_currency(type_code: str) -> None:
    body = payload_bytes("seed_002_schema_example", transactionOverview__deal__typeCode=type_code)

    deal = read_answer(body).deal

    assert deal == Deal(reference="rJIUUztdDPPqh4Zaw98pq", type_code=type_code, amount=Money(1999, "EUR"))


@pytest.mark.parametrize("deal", [GONE, None, {}, {"amount": 19.99}, "deal", []])
def test_without_a_reference_there_is_no_deal(deal: Any) -> None:
    assert read_answer(payload_bytes("seed_002_schema_example", transactionOverview__deal=deal)).deal is None


def test_a_deal_may_have_no_amount_and_one_that_cannot_be_read_is_none() -> None:
    for amount in (GONE, False, "much", 1.234):
        deal = read_answer(payload_bytes("seed_002_schema_example", transactionOverview__deal__amount=amount)).deal

        assert deal is not None
        assert deal.amount is None


def test_a_captures_legs_can_fail_alone_like_a_refunds() -> None:
    legs = [
        {"destinationReference": "shop-one", "status": "0000", "splitUniqueReference": "s-1"},
        {"destinationReference": "shop-two", "status": "4711", "error": "[4711] closed", "splitUniqueReference": "s-2"},
    ]
    for name in ("capture_done", "refund_done"):
        (entry,) = read_answer(payload_bytes(name, modification__modificationData__paymentSplitResults=legs)).entries

        assert [(leg.destination, leg.failed) for leg in entry.legs] == [("shop-one", False), ("shop-two", True)]
        assert entry.legs[1].error == "[4711] closed"


@pytest.mark.parametrize("kind", [Kind.VOID, Kind.AUTHORIZE])
def test_what_is_no_modification_here_cannot_be_said_as_one(kind: Kind) -> None:
    with pytest.raises(CannotSay, match="nothing was sent"):
        smartpay.compose(an_instruction(kind=kind))
