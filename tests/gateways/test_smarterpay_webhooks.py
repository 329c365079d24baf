"""What gateway C tells: both envelopes, one key for one event, and what each payment type means for us."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.gateways import smarterpay
from orders.gateways.base import Delivery, Kind, Opened, Told, TransactionState, Verdict
from orders.money import Money
from tests.gateways.card_instructions import CARD, NEW, ORIGINAL
from tests.gateways.instructions import MODIFICATION
from tests.gateways.payload_files import GONE, payload

RECEIVED_AT = datetime(2026, 3, 1, 10, 0, 6, tzinfo=UTC)
MOMENT = datetime(2026, 3, 1, 10, 0, 0, tzinfo=UTC)
LEGACY = "8f0d7c2a-0b9a-4d59-9f0e-3f6f3b1c7e03"
LEGACY_ORIGINAL = "d1c8a3f4-2f0b-44c0-8a77-7a3f2c9d1e04"


def opened(envelope: Any) -> Opened:
    """Unsigned: who sent it is another test's matter."""
    body = json.dumps(envelope).encode()
    delivery = Delivery(headers={}, body=body, received_at=RECEIVED_AT)
    return smarterpay.open_delivery(delivery, [], {"scheme": "none"})


def changed(event: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    fresh = {**event, **changes}
    return {name: value for name, value in fresh.items() if value is not GONE}


def v2_event(**changes: Any) -> dict[str, Any]:
    return changed(payload("smarterpay_webhook_v2")["events"][0], changes)


def v1_event(**changes: Any) -> dict[str, Any]:
    return changed(payload("smarterpay_webhook_v1")["events"][0], changes)


def v2(*events: dict[str, Any], **changes: Any) -> Opened:
    return opened({**payload("smarterpay_webhook_v2"), "events": list(events), **changes})


def told_v2(**changes: Any) -> Told:
    return v2(v2_event(**changes)).events[0]


def told_v1(**changes: Any) -> Told:
    return opened({"events": [v1_event(**changes)]}).events[0]


def test_a_release_in_version_2_settles_our_capture() -> None:
    told = told_v2()

    assert told.outcome is not None
    facts = told.outcome.facts
    assert (told.type, told.known, told.at) == ("payment.create", True, MOMENT)
    assert (told.modification_id, told.transaction_reference) == (MODIFICATION, ORIGINAL)
    assert told.gateway_ids == (NEW, ORIGINAL, LEGACY, LEGACY_ORIGINAL)
    assert told.card_reference == CARD
    assert told.summary == "DeferredRelease of 25.00 GBP: successful."
    assert told.outcome.verdict is Verdict.SUCCEEDED
    assert told.outcome.reason == "SmarterPay Cloud told by webhook: successful."
    assert (facts.amount, facts.reference, facts.gateway_id) == (Money(2500, "GBP"), NEW, NEW)
    assert (facts.modification_id, facts.executed_kind, facts.at) == (MODIFICATION, Kind.CAPTURE, MOMENT)
    assert facts.transaction_reference == ORIGINAL
    assert told.snapshot is None


def test_a_refund_in_version_1_settles_our_refund() -> None:
    told = told_v1()

    assert told.outcome is not None
    assert (told.key, told.type) == ("EV000003432", "cardpayment")
    assert (told.modification_id, told.transaction_reference, told.card_reference) == (MODIFICATION, "", CARD)
    assert told.gateway_ids == (NEW,)
    assert (told.outcome.verdict, told.outcome.facts.amount) == (Verdict.SUCCEEDED, Money(2500, "GBP"))
    assert told.outcome.facts.executed_kind is Kind.REFUND


def test_the_bare_object_of_the_oldest_documents_is_an_event() -> None:
    bare, wrapped = opened(v1_event()), opened({"events": [v1_event()]})

    assert bare.events == wrapped.events
    assert bare.key == wrapped.key == "EV000003432"


@pytest.mark.parametrize(
    ("payment_type", "kind", "movement"),
    [
        ("DeferredRelease", Kind.CAPTURE, "capture"),
        ("AuthoriseRelease", Kind.CAPTURE, "capture"),
        ("DeferredCancel", Kind.CANCEL, "cancel"),
        ("Void", Kind.VOID, "refund"),
        ("Refund", Kind.REFUND, "refund"),
        ("deferredrelease", Kind.CAPTURE, "capture"),
    ],
)
def test_each_payment_type_is_a_kind_and_a_movement(payment_type: str, kind: Kind, movement: str) -> None:
    told = told_v2(payment_type=payment_type)

    assert told.outcome is not None
    assert told.movement is not None
    assert told.outcome.facts.executed_kind is kind
    assert (told.movement.type, told.movement.raw_type) == (movement, payment_type)
    assert (told.movement.amount, told.movement.gateway_id) == (Money(2500, "GBP"), NEW)
    assert told.movement.facts["payment_type"] == payment_type


@pytest.mark.parametrize(
    ("word", "verdict"),
    [
        ("successful", Verdict.SUCCEEDED),
        ("Successful", Verdict.SUCCEEDED),
        ("pending", Verdict.PENDING),
        ("failed", Verdict.DECLINED),
        ("cancelled", Verdict.DECLINED),
        ("error", Verdict.UNKNOWN),
        ("refund_review", Verdict.UNKNOWN),
        ("", Verdict.UNKNOWN),
        (None, Verdict.UNKNOWN),
    ],
)
def test_each_word_has_one_meaning(word: Any, verdict: Verdict) -> None:
    told = told_v2(status=word)

    assert told.outcome is not None
    assert told.movement is not None
    assert told.outcome.verdict is told.movement.verdict is verdict
    assert told.known


@pytest.mark.parametrize("code", ["101", "102", "103"])
def test_an_error_told_later_proves_nothing_whatever_its_code(code: str) -> None:
    """It may be about a repeat, while the first request was carried out."""
    told = told_v2(status="error", status_code=code)

    assert told.outcome is not None
    assert told.outcome.verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("payment_type", ["DeferredCancel", "Void"])
def test_cancelled_beside_a_cancel_can_be_read_both_ways(payment_type: str) -> None:
    told = told_v2(payment_type=payment_type, status="cancelled")

    assert told.outcome is not None
    assert told.outcome.verdict is Verdict.UNKNOWN


def test_a_failure_carries_what_vendor_and_acquirer_say() -> None:
    inner = {"gateway_status_details": "Already released.", "gateway_status_code": "5000"}

    told = told_v2(status="failed", card_payment=inner)

    assert told.outcome is not None
    assert told.outcome.reason == "SmarterPay Cloud told by webhook: failed: Already released."
    assert (told.outcome.facts.failure_text, told.outcome.facts.failure_code) == ("Already released", "5000")


@pytest.mark.parametrize(
    ("changes", "ours", "named"),
    [
        ({}, MODIFICATION, MODIFICATION),
        ({"custom_reference": "order-7"}, MODIFICATION, MODIFICATION),
        ({"custom_reference": GONE}, MODIFICATION, MODIFICATION),
        ({"metadata": None}, MODIFICATION, ""),
        ({"metadata": "free text"}, MODIFICATION, ""),
        ({"metadata": {"modification_id": "order-7"}}, MODIFICATION, ""),
        ({"metadata": {}, "custom_reference": "order-7"}, "", ""),
        ({"metadata": GONE, "custom_reference": GONE}, "", ""),
        ({"metadata": [MODIFICATION], "custom_reference": {"id": MODIFICATION}}, "", ""),
    ],
)
def test_ours_is_found_in_metadata_first_and_a_reference_alone_may_be_the_shops(
    changes: dict[str, Any], ours: str, named: str
) -> None:
    told = told_v2(**changes)

    assert told.outcome is not None
    assert told.movement is not None
    assert told.modification_id == told.outcome.facts.modification_id == ours
    assert told.movement.modification_id == named


def test_metadata_inside_the_card_payment_is_found_too() -> None:
    inner = {**v2_event()["card_payment"], "metadata": v2_event()["metadata"]}

    assert told_v2(metadata=GONE, custom_reference=GONE, card_payment=inner).modification_id == MODIFICATION


@pytest.mark.parametrize("amount", ["25.00", 25.5, True, "pounds", -2500, 10**16, None, GONE])
def test_an_amount_that_cannot_be_read_as_minor_units_is_not_said(amount: Any) -> None:
    told = told_v2(amount=amount)

    assert told.outcome is not None
    assert told.movement is not None
    assert told.outcome.facts.amount is None
    assert told.movement.amount is None


@pytest.mark.parametrize("currency", [None, GONE, "", "POUNDS", 826])
def test_an_amount_without_a_currency_is_not_said(currency: Any) -> None:
    told = told_v2(currency_code=currency)

    assert told.outcome is not None
    assert told.outcome.facts.amount is None


def test_the_initial_amount_of_version_1_can_confirm_but_books_nothing() -> None:
    """It may be the original payment's amount: of a smaller refund that would be too much."""
    told = told_v1()

    assert told.outcome is not None
    assert told.movement is not None
    assert (told.outcome.facts.amount, told.movement.amount) == (Money(2500, "GBP"), None)
    own = told_v1(amount=1000)
    assert own.outcome is not None
    assert own.movement is not None
    assert own.outcome.facts.amount == own.movement.amount == Money(1000, "GBP")


@pytest.mark.parametrize(
    ("payment_type", "status", "state"),
    [
        ("DeferredMOTO", "successful", TransactionState.AUTHORIZED),
        ("DeferredEcommerce", "successful", TransactionState.AUTHORIZED),
        ("AuthenticateMOTO", "successful", TransactionState.AUTHORIZED),
        ("AuthenticateEcommerce", "successful", TransactionState.AUTHORIZED),
        ("MOTO", "successful", TransactionState.CAPTURED),
        ("Ecommerce", "SUCCESSFUL", TransactionState.CAPTURED),
        ("Repeat", "successful", TransactionState.CAPTURED),
        ("MOTO", "pending", TransactionState.PENDING_AUTHORIZATION),
        ("DeferredMOTO", "pending", TransactionState.PENDING_AUTHORIZATION),
        ("DeferredMOTO", "failed", TransactionState.FAILED),
        ("Ecommerce", "cancelled", TransactionState.FAILED),
        ("Ecommerce", "error", TransactionState.UNRECOGNISED),
        ("DeferredMOTO", "put_aside", TransactionState.UNRECOGNISED),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_a_new_payment_is_known_from_its_event_alone(
    version: int, payment_type: str, status: str, state: TransactionState
) -> None:
    ours = {"status": status, "custom_reference": "order-7", "metadata": None}
    told = (
        told_v1(transaction_type=payment_type, **ours)
        if version == 1
        else told_v2(payment_type=payment_type, related_payment=None, **ours)
    )

    assert told.snapshot is not None
    assert (told.outcome, told.modification_id) == (None, "")
    assert (told.transaction_reference, told.snapshot.transaction_reference) == (NEW, NEW)
    assert (told.snapshot.state, told.snapshot.raw_status) == (state, status)
    assert (told.snapshot.amount, told.snapshot.card_reference) == (Money(2500, "GBP"), CARD)
    assert (told.snapshot.order_reference, told.snapshot.created_at) == ("order-7", MOMENT)
    assert told.snapshot.payment_method == payment_type
    taken = state is TransactionState.CAPTURED
    captures = [(one.type, one.gateway_id, one.amount) for one in told.snapshot.movements]
    assert captures == ([("capture", NEW, Money(2500, "GBP"))] if taken else [])


@pytest.mark.parametrize("payment_type", ["DeferredMOTO", "AuthenticateEcommerce"])
def test_a_reservation_that_is_let_go_is_a_cancel_of_what_is_left(payment_type: str) -> None:
    told = told_v2(event_type="payment.update", payment_type=payment_type, status="cancelled")

    assert told.movement is not None
    assert (told.movement.type, told.movement.verdict) == ("cancel", Verdict.SUCCEEDED)
    assert (told.movement.amount, told.movement.modification_id) == (None, "")
    assert (told.transaction_reference, told.movement.gateway_id) == (NEW, NEW)
    assert told_v2(payment_type=payment_type, status="failed").movement is None
    assert told_v2(payment_type="MOTO", status="cancelled").movement is None


def test_a_repeat_is_a_payment_of_its_own() -> None:
    told = told_v2(payment_type="Repeat", metadata={"modification_id": MODIFICATION})

    assert told.transaction_reference == NEW
    assert told.modification_id == ""
    assert told.snapshot is not None


def test_a_payment_type_we_do_not_know_is_a_movement_without_a_type() -> None:
    told = told_v2(payment_type="Clawback")

    assert told.known
    assert told.outcome is None
    assert told.movement is not None
    assert (told.movement.type, told.movement.raw_type, told.movement.verdict) == ("", "Clawback", Verdict.SUCCEEDED)


@pytest.mark.parametrize(
    "event",
    [
        {"event_id": "E1", "event_type": "customer.create", "id": "CU01"},
        {"event_id": "E2", "event_type": "card_payment.create", "id": CARD, "status": "successful"},
        {"event_id": "E3", "event_type": "payment.create", "id": "P02", "payment_type": "Regular", "amount": 100},
        {"event_id": "E4"},
        {"id": "EV1", "resource_type": "directdebit", "transaction_type": "Refund"},
        {},
    ],
)
def test_an_event_we_do_not_use_is_acknowledged_as_unknown(event: dict[str, Any]) -> None:
    delivery = v2(event)

    assert [one.known for one in delivery.events] == [False]
    assert delivery.acknowledge == 204
    assert (delivery.events[0].outcome, delivery.events[0].movement) == (None, None)


def test_one_event_we_use_among_others_is_acknowledged_and_keeps_their_order() -> None:
    delivery = v2({"event_id": "E1", "event_type": "customer.create"}, v2_event(), "no event")  # type: ignore[arg-type]

    assert [one.known for one in delivery.events] == [False, True]
    assert delivery.acknowledge == 200


def test_a_delivery_without_events_is_acknowledged_as_unknown() -> None:
    assert (v2().events, v2().acknowledge) == ((), 204)


def test_the_delivery_and_each_event_have_keys_of_their_own() -> None:
    delivery = v2(v2_event(), v2_event(event_id="EVT-0002"))

    assert delivery.key == "7f1f8a6a-6f3b-4b0c-9f39-4f1f5a2d9b02"
    assert [one.key for one in delivery.events] == ["EVT-0001", "EVT-0002"]


def test_an_event_without_an_id_is_known_by_its_contents_in_any_order() -> None:
    nameless = v2_event(event_id=GONE)
    shuffled = dict(reversed(list(nameless.items())))
    other = {**nameless, "amount": 2600}

    assert told_key(nameless) == told_key(shuffled) != told_key(other)
    assert len(told_key(nameless)) == 64


def told_key(event: dict[str, Any]) -> str:
    return v2(event).events[0].key


@pytest.mark.parametrize("key", [None, "", "k" * 129])
def test_a_delivery_without_a_usable_key_is_known_by_its_event_or_its_bytes(key: Any) -> None:
    alone = v2(v2_event(), idempotency_key=key)
    several = v2(v2_event(), v2_event(event_id="EVT-0002"), idempotency_key=key)

    assert alone.key == "EVT-0001"
    assert len(several.key) == 64
    assert several.key == v2(v2_event(), v2_event(event_id="EVT-0002"), idempotency_key=key).key


@given(seed=st.randoms(use_true_random=False))
def test_the_order_of_properties_tells_nothing(seed: random.Random) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return [shuffled(part) for part in value] if isinstance(value, list) else value
        pairs = [(name, shuffled(part)) for name, part in value.items()]
        seed.shuffle(pairs)
        return dict(pairs)

    envelope = payload("smarterpay_webhook_v2")

    assert opened(shuffled(envelope)).events == opened(envelope).events
    assert opened(shuffled(envelope)).key == opened(envelope).key


@pytest.mark.parametrize("moment", ["created_at", "updated_at"])
def test_an_event_without_a_time_takes_the_envelopes(moment: str) -> None:
    assert told_v2(created_at=GONE).at == datetime(2026, 3, 1, 10, 0, 5, tzinfo=UTC)
    assert told_v2(**{"created_at": GONE, moment: "2026-03-01T10:00:00Z"}).at == MOMENT


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@given(changes=st.dictionaries(st.sampled_from([*v2_event(), *v1_event()]), ANYTHING, max_size=4))
def test_no_event_whatever_is_in_it_breaks_the_reading(changes: dict[str, Any]) -> None:
    for event in (v2_event(**changes), v1_event(**changes)):
        body = json.dumps({"events": [event]}).replace("NaN", "0").replace("Infinity", "0").encode()
        delivery = Delivery(headers={}, body=body, received_at=RECEIVED_AT)

        told = smarterpay.open_delivery(delivery, [], {"scheme": "none"}).events[0]

        assert 0 < len(told.key) <= 128
        assert len(told.summary) < 300
        assert told.summary.endswith(".")
