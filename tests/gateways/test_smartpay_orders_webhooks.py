"""Gateway B's webhooks: the vendor's own test vector, every way to forge one, and what an event tells."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smartpay_orders
from orders.gateways.base import Delivery, Opened, Rejected, Told, TransactionState
from orders.gateways.smartpay_orders_webhooks import signing_key
from tests.gateways.instructions import MODIFICATION
from tests.gateways.order_answers import GONE, ORDER, PAYMENT, REFUND, a_payment, a_refund, an_order, encoded

SECRET = "gybcsjixKyBW2d4z6iNPlaYzHUMtawnodwZt3W0q"
BODY = (
    b'{"id":"evt_test_dwPfFKu5iSEKyHR2LFj9Lx","object":"event","createdAt":1653028523052,"test":true,"eventData":'
    b'{"type":"payment.created","version":"2022-02-18","data":{"id":"payment_test_35LxgmF5KM22XKG38BjpJg","object":'
    b'"payment","test":true,"createdAt":1653028523020,"updatedAt":1653028523020,"amount":200,"currency":"JPY","order":'
    b'"order_test_RiYq2rthzRHrkKVGeucSwn","reference":"order_ref_1234567","status":"processed","metadata":{}}}}'
)
STAMP = 1653028612220
SIGNED_AT = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=STAMP)
SIGNATURE = "68007ada8485ea0ceca7c5e879ae860a50412b7af95ab8e81b32a3e13f3c0832"
OTHER_SECRET = "A" * 39 + "B"


def vector(body: bytes = BODY, *, received_at: datetime = SIGNED_AT, **headers: Any) -> Delivery:
    usual = {
        "smartpay-signature": SIGNATURE,
        "smartpay-signature-timestamp": str(STAMP),
        "smartpay-subscription-id": "webhookendpoint_test_1",
        "smartpay-event-id": "evt_test_dwPfFKu5iSEKyHR2LFj9Lx",
    }
    changed = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    said = {name: value for name, value in changed.items() if value is not GONE}
    return Delivery(headers=said, body=body, received_at=received_at)


def opened(delivery: Delivery, *secrets: str) -> Opened:
    return smartpay_orders.open_delivery(delivery, secrets or [SECRET], {})


def signed(tree: dict[str, Any] | bytes) -> Delivery:
    body = tree if isinstance(tree, bytes) else encoded(tree)
    key = signing_key(SECRET)
    assert key is not None
    signature = hmac.new(key, str(STAMP).encode() + b"." + body, hashlib.sha256).hexdigest()
    return vector(body, smartpay_signature=signature)


def told(event_type: Any, data: Any, **more: Any) -> Told:
    event = {"id": "evt_test_1", "createdAt": STAMP, "eventData": {"type": event_type, "data": data}, **more}
    (only,) = opened(signed(event)).events
    return only


def refusal(delivery: Delivery, *secrets: str) -> int:
    with pytest.raises(Rejected) as refused:
        smartpay_orders.open_delivery(delivery, secrets, {})
    assert str(refused.value).endswith(".")
    return refused.value.status


def test_the_vendors_own_delivery_is_believed() -> None:
    delivery = opened(vector())

    assert (delivery.key, delivery.signed, delivery.acknowledge) == ("evt_test_dwPfFKu5iSEKyHR2LFj9Lx", True, 200)
    (event,) = delivery.events
    assert (event.key, event.type, event.known) == (delivery.key, "payment.created", True)
    assert (event.transaction_reference, event.gateway_ids) == (ORDER, (PAYMENT,))
    assert event.at == datetime(2022, 5, 20, 6, 35, 23, 52_000, tzinfo=UTC)
    assert (event.modification_id, event.outcome, event.movement) == ("", None, None)
    assert "200 JPY" in event.summary


def test_a_secret_of_forty_letters_is_a_key_of_thirty_bytes() -> None:
    key = signing_key(SECRET)

    assert key is not None
    assert len(key) == 30
    assert signing_key("A" * 40) == bytes(30)
    assert signing_key("AAAB") == b"\x00\x00\x01"
    assert signing_key("9" * 40) is not None
    assert signing_key("") is signing_key("not base-62") is signing_key("ｇ" * 40) is None


def test_the_old_secret_counts_beside_the_new_one_and_blanks_around_it_do_not() -> None:
    assert opened(vector(), OTHER_SECRET, SECRET).signed
    assert opened(vector(), f" {SECRET}\n").signed
    assert opened(vector(), "not a secret!", SECRET).signed


@pytest.mark.parametrize(
    "changes",
    [
        {"smartpay_signature": GONE},
        {"smartpay_signature": ""},
        {"smartpay_signature": SIGNATURE[:-1] + "3"},
        {"smartpay_signature": SIGNATURE[:-2]},
        {"smartpay_signature": "ｆ" * 64},
        {"smartpay_signature_timestamp": GONE},
        {"smartpay_signature_timestamp": ""},
        {"smartpay_signature_timestamp": str(STAMP + 1)},
        {"smartpay_signature_timestamp": f" {STAMP}"},
        {"smartpay_signature_timestamp": "soon"},
        {"smartpay_signature_timestamp": "\udc80"},
        {"smartpay_signature": "\udc80"},
    ],
    ids=str,
)
def test_a_forged_header_is_not_believed(changes: dict[str, Any]) -> None:
    assert refusal(vector(**changes), SECRET) == 401


@given(place=st.integers(min_value=0, max_value=len(BODY) - 1), bit=st.integers(min_value=0, max_value=7))
def test_one_flipped_bit_of_the_body_is_noticed(place: int, bit: int) -> None:
    body = bytearray(BODY)
    body[place] ^= 1 << bit

    assert refusal(vector(bytes(body)), SECRET) == 401


def test_another_accounts_secret_proves_nothing() -> None:
    assert refusal(vector(), OTHER_SECRET) == 401
    assert refusal(vector(), SECRET.swapcase()) == 401
    assert refusal(vector()) == 401
    assert refusal(vector(), "", "not a secret!") == 401


def test_the_letters_of_the_signature_may_be_capitals() -> None:
    assert opened(vector(smartpay_signature=SIGNATURE.upper())).signed


@pytest.mark.parametrize("direction", [1, -1])
def test_a_delivery_is_believed_for_five_minutes_and_not_a_moment_longer(direction: int) -> None:
    five_minutes = direction * timedelta(minutes=5)

    assert opened(vector(received_at=SIGNED_AT + five_minutes)).signed
    assert refusal(vector(received_at=SIGNED_AT + five_minutes + direction * timedelta(milliseconds=1)), SECRET) == 401
    assert refusal(vector(received_at=SIGNED_AT + direction * timedelta(days=6)), SECRET) == 401


@pytest.mark.parametrize("stamp", ["9" * 18, "9" * 19, "-1", "1653028612220.5", "१६५३"])
def test_a_signed_timestamp_that_is_no_moment_of_now_is_refused(stamp: str) -> None:
    key = signing_key(SECRET)
    assert key is not None
    signature = hmac.new(key, stamp.encode() + b"." + BODY, hashlib.sha256).hexdigest()

    assert refusal(vector(smartpay_signature=signature, smartpay_signature_timestamp=stamp), SECRET) == 401


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"{}", b'{"id":"evt_1","eventData":"payment.created"}'])
def test_a_signed_delivery_that_is_no_event_is_refused_differently(body: bytes) -> None:
    assert refusal(signed(body), SECRET) == 400


@pytest.mark.parametrize("event_type", ["order.authorized", "order.rejected", "order.canceled", "order.updated"])
def test_an_order_event_leads_to_its_order(event_type: str) -> None:
    event = told(event_type, an_order(status="requires_capture"))

    assert (event.transaction_reference, event.known, event.modification_id) == (ORDER, True, "")
    assert event.snapshot is not None
    assert event.snapshot.state is TransactionState.AUTHORIZED
    assert event.outcome is None


def test_a_refund_event_leads_to_its_payment_and_tells_whose_it_is() -> None:
    event = told("refund.created", a_refund())

    assert (event.transaction_reference, event.gateway_ids) == ("", (REFUND, PAYMENT))
    assert event.modification_id == MODIFICATION
    assert told("refund.created", a_refund(payment=a_payment())).transaction_reference == ORDER


@pytest.mark.parametrize(
    "event_type", ["payout.generated", "coupon.created", "token.used", "merchant_user.created", "", None, 5, "order"]
)
def test_an_event_we_do_not_use_is_acknowledged_and_changes_nothing(event_type: Any) -> None:
    event = told(event_type, {"id": "payout_test_1"})

    assert event.known is (event_type == "order")
    assert (event.gateway_ids, event.snapshot) == ((), None)


@pytest.mark.parametrize("event_type", ["order.authorized", "payment.created", "refund.created"])
@pytest.mark.parametrize("data", [None, {}, [], "order_test_1", {"id": None, "amount": "?", "payments": 5}])
def test_an_event_about_nothing_leads_nowhere_and_breaks_nothing(event_type: str, data: Any) -> None:
    event = told(event_type, data)

    assert (event.transaction_reference, event.gateway_ids, event.modification_id) == ("", (), "")


def test_the_same_event_has_the_same_key_however_often_it_comes() -> None:
    again = {"id": "evt_test_1", "eventData": {"type": "payout.paid", "data": {}}}
    nameless = {"eventData": {"type": "payout.paid", "data": {}}}

    assert opened(signed(again)).key == opened(signed(again)).key == "evt_test_1"
    assert opened(signed(nameless)).key == opened(signed(nameless)).key
    assert opened(signed(nameless)).key != opened(signed({**nameless, "createdAt": STAMP})).key
    assert len(opened(signed({**nameless, "id": "e" * 500})).key) <= 160


def test_the_unsigned_header_with_the_events_id_changes_nothing() -> None:
    assert opened(vector(smartpay_event_id="evt_test_forged")).key == opened(vector()).key
    assert opened(vector(smartpay_event_id=GONE)).key == opened(vector()).key
