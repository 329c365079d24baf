"""Gateway A's notifications are hints: who may send them, what they point at, and when two are the same."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smartpay
from orders.gateways.base import Delivery, Opened, Rejected

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PAYMENT = {
    "id": "123e4567-e89b-12d3-a456-426614174000",
    "merchantKey": "31928de9-1344-469f-b0eb-8e5d0fef3d21",
    "createdAt": "2021-05-26T14:29:05.994Z",
    "origin": "api",
    "eventType": "updated",
    "objectId": "123e4567-e89b-12d3-a456-426614174000",
    "objectType": "payment",
    "metadata": {},
    "context": {},
    "data": {"paymentStatus": "CAPTURED", "email": "jane@example.com"},
}
NO_SECRETS: tuple[str, ...] = ()


def opened(
    secrets: tuple[str, ...] = NO_SECRETS, *, authorization: str = "", body: bytes | None = None, **changes: Any
) -> Opened:
    said = body if body is not None else json.dumps({**PAYMENT, **changes}).encode()
    headers = {"authorization": authorization} if authorization else {}
    return smartpay.open_delivery(Delivery(headers=headers, body=said, received_at=NOW), secrets, {})


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


def test_a_payments_notification_points_at_its_transaction_and_settles_nothing() -> None:
    notification = opened()
    (told,) = notification.events

    assert notification.signed is False
    assert notification.acknowledge == 200
    assert told.transaction_reference == PAYMENT["objectId"]
    assert (told.gateway_ids, told.outcome, told.movement, told.snapshot) == ((), None, None, None)
    assert told.known
    assert told.at == datetime(2021, 5, 26, 14, 29, 5, 994000, tzinfo=UTC)
    assert told.type == "payment.updated"


def test_a_prepayments_notification_points_at_its_transaction_too() -> None:
    assert opened(objectType="prepayment").events[0].transaction_reference == PAYMENT["objectId"]


def test_a_refunds_notification_points_at_its_payment_and_names_the_refund() -> None:
    """A refund made in the portal has an id that nobody here knows; the payment beside it leads to the order."""
    (told,) = opened(objectType="refund", objectId="7c9e6679-7425-40de-944b-e07fc1f90ae7").events

    assert told.transaction_reference == PAYMENT["id"]
    assert told.gateway_ids == ("7c9e6679-7425-40de-944b-e07fc1f90ae7",)


@pytest.mark.parametrize("payment_id", [None, "", "a/../b", "..", "x" * 65, {"id": 1}, True])
def test_a_refund_without_a_payment_that_could_be_one_is_found_by_its_own_id_only(payment_id: object) -> None:
    (told,) = opened(objectType="refund", objectId="7c9e6679-7425-40de-944b-e07fc1f90ae7", id=payment_id).events

    assert told.transaction_reference == ""
    assert told.gateway_ids == ("7c9e6679-7425-40de-944b-e07fc1f90ae7",)


def test_an_unknown_kind_of_object_is_known_to_be_unknown() -> None:
    (told,) = opened(objectType="subscription", objectId=None).events

    assert (told.known, told.transaction_reference, told.gateway_ids) == (False, "", ())
    assert "not used here" in told.summary


def test_summaries_hold_no_personal_data() -> None:
    assert "jane" not in opened().events[0].summary
    assert "jane" not in opened(objectType="jane@example.com").events[0].summary


def test_the_same_event_again_has_the_same_key_and_another_one_has_not() -> None:
    first = opened()

    assert opened(metadata={"retry": 1}).key == first.key == first.events[0].key
    changes: tuple[dict[str, Any], ...] = (
        {"createdAt": "2021-05-26T14:29:05.995Z"},
        {"objectId": "7c9e6679-7425-40de-944b-e07fc1f90ae7"},
        {"objectType": "refund"},
        {"eventType": "status.updated"},
    )
    for changed in changes:
        assert opened(**changed).key != first.key


def test_without_a_moment_only_the_same_bytes_are_the_same_event() -> None:
    first = opened(createdAt=None)

    assert opened(createdAt=None).key == first.key
    assert opened(createdAt=None, data={"paymentStatus": "SETTLED"}).key != first.key
    assert first.events[0].at is None


@pytest.mark.parametrize("pair", ["shop:old", "shop:new"])
def test_any_of_the_accounts_passwords_lets_it_in(pair: str) -> None:
    assert opened(("shop:new", "shop:old"), authorization=basic(pair)).signed is False


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        basic("shop:wrong"),
        basic("shop"),
        basic(""),
        basic("shop:neu"),
        "Basic",
        "Basic ***",
        "Basic nö",
        basic("shop:new").replace("Basic", "Bearer"),
        "shop:new",
    ],
)
def test_without_the_accounts_password_it_is_refused(authorization: str) -> None:
    with pytest.raises(Rejected, match="user name and password") as refusal:
        opened(("shop:new",), authorization=authorization)

    assert refusal.value.status == 401
    assert "shop" not in str(refusal.value)


def test_where_no_password_is_agreed_one_that_comes_is_not_looked_at() -> None:
    assert opened(authorization=basic("who:ever")).events


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"null", b"NaN"])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Rejected) as refusal:
        opened(body=body)

    assert refusal.value.status == 400


@pytest.mark.parametrize("object_id", [None, "", "a/../b", "..", "x" * 65, {"id": 1}, True, "a b"])
def test_an_object_id_that_could_be_no_id_is_refused(object_id: object) -> None:
    with pytest.raises(Rejected, match="names no object") as refusal:
        opened(objectId=object_id)

    assert refusal.value.status == 400


def test_the_password_is_asked_for_before_anything_is_read() -> None:
    with pytest.raises(Rejected) as refusal:
        opened(("shop:new",), body=b"{")

    assert refusal.value.status == 401


ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2)


@given(changes=st.dictionaries(st.sampled_from(list(PAYMENT)), ODD))
def test_whatever_it_holds_it_is_opened_as_a_hint_or_refused(changes: dict[str, Any]) -> None:
    try:
        notification = opened(**changes)
    except Rejected:
        return

    assert notification.signed is False
    assert all(told.outcome is None and told.movement is None for told in notification.events)
