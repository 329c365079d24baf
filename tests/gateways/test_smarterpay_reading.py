"""Asking gateway C: there is nothing to read a transaction from, and the list of cards is no more than a hint."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from orders.gateways import smarterpay
from orders.gateways.base import Door, Fault, Instruction, Kind, Outcome, Verdict
from orders.gateways.smarterpay_judging import judge_cards
from tests.gateways.card_instructions import CARD, a_card_instruction
from tests.gateways.instructions import seen
from tests.gateways.payload_files import payload_bytes
from tests.gateways.raw_server import answering, raw_server

CARDS = payload_bytes("smarterpay_cards")
TOKEN = "bearer/token+1"


def a_door(base_url: str = "https://pay.example", data_url: str = "", address: str = "") -> Door:
    return Door(
        base_url=base_url,
        merchant_key="client-1",
        authentication_key=TOKEN,
        origin="https://dashboard.example",
        deadline_seconds=5,
        data_url=data_url,
        data_address=address,
    )


def hinted(body: bytes, *, card: str = CARD, status: int = 200, **more: Any) -> Outcome:
    return judge_cards(seen(status, body, **more), a_card_instruction(card_reference=card))


def test_the_list_is_asked_at_its_own_address_with_the_token() -> None:
    with raw_server(answering(CARDS)) as lists:
        elsewhere = replace(a_door(data_url=lists.url, address="127.0.0.1"), address="192.0.2.1")
        outcome = smarterpay.look_up(elsewhere, a_card_instruction())

    [request] = lists.requests
    assert request.startswith(b"GET /service.svc/cards HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}".encode() in request
    assert (outcome.verdict, outcome.absent) == (Verdict.UNKNOWN, False)
    assert "DeferredMOTO successful for this card, which proves nothing" in outcome.reason
    assert outcome.observation is not None
    assert TOKEN not in outcome.observation.request_transcript
    assert "Muster" not in outcome.observation.response_transcript


def test_without_an_address_for_lists_nobody_is_asked() -> None:
    with raw_server(answering(CARDS)) as payments:
        outcome = smarterpay.look_up(a_door(base_url=payments.url), a_card_instruction())

    assert payments.connections == 0
    assert (outcome.verdict, outcome.absent, outcome.observation) == (Verdict.UNKNOWN, False, None)
    assert "names no address for lists" in outcome.reason


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (CARDS, "shows DeferredMOTO successful for this card, which proves nothing"),
        (json.dumps({"cards": [{"id": CARD.lower()}]}).encode(), "shows nothing of its transactions for this card"),
        (json.dumps({"cards": [{"ID": CARD, "status": "cancelled"}]}).encode(), "shows cancelled for this card"),
        (json.dumps({"cards": []}).encode(), "does not show this card"),
        (json.dumps({"cards": [None, 7, {}, {"ID": None}]}).encode(), "does not show this card"),
        (b"{}", "could not be read"),
        (b"[]", "could not be read"),
        (b"<html>", "could not be read"),
        (b"", "could not be read"),
    ],
)
def test_whatever_the_list_shows_the_outcome_stays_unknown(body: bytes, sentence: str) -> None:
    outcome = hinted(body)

    assert (outcome.verdict, outcome.absent, outcome.review) == (Verdict.UNKNOWN, False, False)
    assert sentence in outcome.reason
    assert outcome.reason.startswith("SmarterPay Cloud cannot be asked about a single transaction.")


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 429, 500, 503])
def test_a_list_that_is_refused_stops_nothing_for_the_money_stands_elsewhere(status: int) -> None:
    outcome = hinted(CARDS, status=status, headers={"Retry-After": "9"})

    assert (outcome.verdict, outcome.absent, outcome.review) == (Verdict.UNKNOWN, False, False)
    assert (outcome.pause_account, outcome.retry_after_seconds) == ("", 9)
    assert f"HTTP {status}" in outcome.reason


@pytest.mark.parametrize("fault", list(Fault))
def test_a_list_that_does_not_come_leaves_it_unknown(fault: Fault) -> None:
    outcome = hinted(b"", fault=fault, sent=False)

    assert outcome.verdict is Verdict.UNKNOWN
    assert "could not be read" in outcome.reason


def test_a_transaction_cannot_be_fetched_listed_or_found() -> None:
    for answer in (smarterpay.fetch(a_door(), "P01", "GBP"), smarterpay.find(a_door(), "P01")):
        assert (answer.snapshot, answer.missing, answer.pause_account) == (None, False, "")
        assert "cannot be asked about a single transaction" in answer.reason
    listed = smarterpay.fetch_list(a_door(), "")
    assert (listed.snapshots, listed.next_page) == ((), "")
    assert "no list of payments" in listed.reason


def sent_to(answer: bytes, instruction: Instruction, *, status: str = "200 OK") -> tuple[Outcome, bytes]:
    with raw_server(answering(answer, status=status)) as server:
        outcome = smarterpay.send(a_door(server.url), smarterpay.compose(instruction), instruction)
    return outcome, server.requests[0]


def test_a_request_goes_out_with_token_and_key_and_its_answer_is_judged() -> None:
    instruction = a_card_instruction(kind=Kind.CANCEL)

    outcome, request = sent_to(payload_bytes("smarterpay_cancel_done"), instruction)

    assert outcome.verdict is Verdict.SUCCEEDED
    assert request.startswith(f"POST /SmarterPayCardPaymentService/api/transaction/{CARD} HTTP/1.1\r\n".encode())
    assert f"Authorization: Bearer {TOKEN}\r\n".encode() in request
    assert f"Idempotency-Key: {instruction.modification_id}\r\n".encode() in request
    assert request.endswith(smarterpay.compose(instruction).body)


def test_the_transcripts_hold_neither_token_nor_card_holder() -> None:
    echo = json.dumps(
        {
            "status": "error",
            "token": TOKEN,
            "heard": f"Bearer {TOKEN}",
            "name_on_card": "Mia Muster",
            "expiry_date": "1229",
            "card_id": CARD,
        }
    ).encode()

    outcome, _request = sent_to(echo, a_card_instruction(description="call mia.muster@example.org"))

    assert outcome.observation is not None
    for transcript in (outcome.observation.request_transcript, outcome.observation.response_transcript):
        for canary in (TOKEN, "Mia Muster", "mia.muster", "1229"):
            assert canary not in transcript
    assert "Authorization: (removed)" in outcome.observation.request_transcript
    assert '"payment_type":"DeferredRelease"' in outcome.observation.request_transcript
    assert f'"card_id": "{CARD}"' in outcome.observation.response_transcript
