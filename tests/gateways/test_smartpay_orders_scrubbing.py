"""What gateway B's transcripts never show."""

from __future__ import annotations

from orders.gateways.smartpay_orders_scrubbing import PERSONAL_FIELDS, SECRET_FIELDS, scrub
from tests.gateways.order_answers import ORDER, encoded
from tests.gateways.test_http import a_door

DOOR = a_door("http://127.0.0.1:1")


def test_keys_do_not_stand_in_a_transcript() -> None:
    text = scrub("Authorization: Basic top-secret\n\ntop-secret merchant-key-1", DOOR)

    assert "top-secret" not in text
    assert "merchant-key-1" not in text
    assert "ey-1" in text


def test_persons_do_not_stand_in_a_transcript_and_money_does() -> None:
    shopper = dict.fromkeys(sorted(PERSONAL_FIELDS), "Hanako")
    secrets = dict.fromkeys(sorted(SECRET_FIELDS), "gybcsjix")
    body = encoded({"id": ORDER, "amount": 1000, "customerInfo": shopper, **secrets, "note": "to h@example.jp"})

    text = scrub(body.decode(), DOOR)

    assert "Hanako" not in text
    assert "gybcsjix" not in text
    assert "h@example.jp" not in text
    assert ORDER in text
    assert '"amount": 1000' in text


def test_an_empty_field_stays_empty_and_the_second_scrub_changes_nothing() -> None:
    once = scrub('{"firstName": "", "lastName": "山田"}', DOOR)

    assert '"firstName": ""' in once
    assert "山田" not in once
    assert scrub(once, DOOR) == once
