"""Transcripts before and after: no key, no person, and still readable."""

from __future__ import annotations

import base64
import json

import pytest

from orders.gateways import smartpay
from orders.gateways.base import Door, Observation
from orders.gateways.smartpay_payment_fields import ADDRESS, BUSINESS_CONSUMER, CONSUMER
from orders.gateways.smartpay_payment_writing import payment_request
from orders.gateways.smartpay_scrubbing import PERSONAL_FIELDS, scrub
from orders.gateways.transcripts import TRANSCRIPT_BYTES, write_transcript
from tests.gateways.instructions import MODIFICATION, an_instruction
from tests.gateways.new_payments import a_payment
from tests.gateways.raw_server import answering, raw_server

MERCHANT_KEY = "31928de9-1344-469f-b0eb-8e5d0fef3d21"
SECRET = 'vb"erry/secret+key'
PAIR = base64.b64encode(f"{MERCHANT_KEY}:{SECRET}".encode()).decode()
PERSONAL = {
    "email": "mia.muster@example.org",
    "firstName": "Mia",
    "lastName": 'Muster \\ "M"',
    "mobilePhone": "+49 170 1234567",
    "taxNumber": 9876543210,
    "addressLine1": "Hauptstraße 1",
    "postCode": "10115",
    "dateOfBirth": "1990-01-02",
    "customerAccountId": "mia-27",
}


def a_door(url: str = "https://gateway.example") -> Door:
    return Door(
        base_url=url,
        merchant_key=MERCHANT_KEY,
        authentication_key=SECRET,
        origin="https://dashboard.example",
        deadline_seconds=5,
    )


def conversation() -> Observation:
    """A gateway that echoes everything it should not."""
    echo = json.dumps(
        {
            "paymentStatus": "CAPTURED",
            "merchantKey": MERCHANT_KEY,
            "echo": {"authenticationKey": SECRET, "header": f"Basic {PAIR}"},
            "consumer": PERSONAL,
            "description": "for mia.muster@example.org",
        }
    ).encode()
    headers = b"Set-Cookie: session=abcdef\r\nX-Echo: " + PAIR.encode() + b"\r\n"
    instruction = an_instruction(merchant_key=MERCHANT_KEY, description="call mia.muster@example.org")
    with raw_server(answering(echo, headers=headers)) as server:
        outcome = smartpay.send(a_door(server.url), smartpay.compose(instruction), instruction)
    assert outcome.observation is not None
    return outcome.observation


def test_a_transcript_holds_no_key_and_no_person() -> None:
    seen = conversation()

    for transcript in (seen.request_transcript, seen.response_transcript):
        for canary in (MERCHANT_KEY, SECRET, json.dumps(SECRET)[1:-1], PAIR, "mia.muster", "abcdef"):
            assert canary not in transcript
    for value in PERSONAL.values():
        assert str(value) not in seen.response_transcript
        assert json.dumps(value).strip('"') not in seen.response_transcript


def test_a_transcript_stays_readable() -> None:
    seen = conversation()

    assert seen.request_transcript.startswith("POST http://127.0.0.1:")
    assert "Authorization: (removed)" in seen.request_transcript
    assert '"merchantKey":"…3d21"' in seen.request_transcript
    assert '"amount":25.00' in seen.request_transcript
    assert seen.response_transcript.startswith("HTTP 200 OK")
    assert '"paymentStatus": "CAPTURED"' in seen.response_transcript
    assert '"taxNumber": (personal)' in seen.response_transcript


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"merchantKey": "another-merchant-9876"}', '{"merchantKey": "…9876"}'),
        ('{"merchantKey": "short"}', '{"merchantKey": "…"}'),
        ('{"email": "cut.in@the.mid', '{"email": "(personal)'),
        ('{"firstName": ""}', '{"firstName": ""}'),
        ("write to a@b.example or a%40b.example", "write to (e-mail) or (e-mail)"),
        ("x\nAuthorization: Bearer abc\ny", "x\nAuthorization: (removed)\ny"),
        ('{"refundId": "3fa85f64"}', '{"refundId": "3fa85f64"}'),
        ("https://h/?key=" + MERCHANT_KEY, "https://h/?key=…3d21"),
    ],
)
def test_before_and_after(before: str, after: str) -> None:
    assert scrub(before, a_door()) == after
    assert scrub(after, a_door()) == after


def test_a_long_transcript_is_scrubbed_before_it_is_cut() -> None:
    body = b"x" * (TRANSCRIPT_BYTES - 60) + SECRET.encode() + b"y" * 1000

    text = write_transcript("HTTP 200 OK", {}, body, door=a_door(), scrub=scrub)

    assert len(text.encode()) <= TRANSCRIPT_BYTES
    assert text.endswith("bytes.")
    assert SECRET[:8] not in text


def test_a_transcript_can_be_stored_in_any_database() -> None:
    text = write_transcript("HTTP 200 OK", {}, b"a\x00b\xff\xed\xa0\x80", door=a_door(), scrub=scrub)

    assert "\x00" not in text
    assert text.encode().decode() == text


def test_a_door_does_not_print_its_keys() -> None:
    assert SECRET not in repr(a_door())
    assert MERCHANT_KEY not in repr(a_door())


def test_a_new_payments_transcript_names_neither_the_buyer_nor_the_address() -> None:
    said = {"culture", "countryCode"}

    for fields in (CONSUMER, BUSINESS_CONSUMER, ADDRESS):
        assert {field.wire for field in fields} - said <= PERSONAL_FIELDS
    body = payment_request(
        a_payment(customer_account_id="jane-27"), merchant_key=MERCHANT_KEY, modification_id=MODIFICATION
    ).body.decode()
    clean = scrub(body, a_door())
    for word in ("Jane", "Doe", "jane@example.com", "jane-27", "Unter den Linden", "10117", "Berlin", MERCHANT_KEY):
        assert word in body
        assert word not in clean
    assert "SMP-1001" in clean
