"""What happened reaches the shop: signed, once, again after a failure, and never twice after it was heard."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from orders.announce import about_modification, announce
from orders.gateways.base import Kind
from orders.models import (
    Announcement,
    Event,
    Merchant,
    Modification,
    ShopDelivery,
    ShopDeliveryState,
    ShopEndpoint,
    Source,
)
from orders.modifications.request import request_modification
from orders.modifications.withdraw import withdraw
from orders.outgoing import tasks
from orders.outgoing.delivering import CLAIMED_AT_ONCE, OF_ONE_ENDPOINT, RETRY_AFTER_SECONDS, deliver
from orders.outgoing.endpoints import add_endpoint, renew_secret, send_again, send_test, start_endpoint, stop_endpoint
from orders.outgoing.expiring import warn
from orders.outgoing.signing import signature
from orders.outgoing.spreading import spread
from tests.factories import a_merchant, a_person, a_transaction, an_account
from tests.outgoing.shop import Shop, a_shop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _shops_of_this_machine(settings: Any) -> None:
    settings.ALLOW_INSECURE_GATEWAYS = True


def a_listening_endpoint(shop: Shop, merchant: Merchant, *types: str) -> tuple[ShopEndpoint, str]:
    integrator = a_person(merchants=[merchant], groups=["integrator"])
    return add_endpoint(
        merchant_id=merchant.pk, url=shop.url, types=types, description="", by=integrator, source=Source.PAGE
    )


def a_withdrawn_refund(merchant: Merchant) -> Modification:
    transaction = a_transaction(account=an_account(merchant=merchant))
    agent = a_person(merchants=[merchant])
    asked = request_modification(
        modification_id=uuid4(),
        transaction_id=transaction.pk,
        kind=Kind.CAPTURE,
        amount=1000,
        reason="",
        description="",
        by=agent,
        source=Source.PAGE,
        expected_version=None,
    )
    return withdraw(modification_id=asked.pk, by=agent, source=Source.PAGE)


def carry() -> None:
    spread()
    deliver()


def due_again() -> None:
    ShopDelivery.objects.filter(state=ShopDeliveryState.WAITING).update(due_at=timezone.now(), lease_until=None)


def test_an_end_is_told_signed_and_once() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        _, secret = a_listening_endpoint(shop, merchant)
        row = a_withdrawn_refund(merchant)
        carry()
        carry()
    [(headers, body)] = shop.letters
    told = json.loads(body)
    assert told["type"] == "modification.withdrawn"
    assert told["data"]["order_reference"] == row.transaction.order.reference
    assert (told["data"]["id"], told["data"]["amount"]) == (str(row.pk), 1000)
    expected = signature(
        secret=secret, message_id=headers["webhook-id"], timestamp=int(headers["webhook-timestamp"]), body=body
    )
    assert headers["webhook-signature"] == expected
    assert "authorization" not in headers
    assert ShopDelivery.objects.get().state == ShopDeliveryState.DELIVERED


def test_nothing_is_written_for_a_merchant_that_listens_nowhere() -> None:
    a_withdrawn_refund(a_merchant())
    assert not Announcement.objects.exists()


def test_the_same_happening_is_announced_once() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant)
        row = a_withdrawn_refund(merchant)
        announce([about_modification(row, "withdrawn", at=timezone.now())])
    assert Announcement.objects.count() == 1


def test_another_merchants_shop_hears_nothing() -> None:
    ours, theirs = a_merchant(), a_merchant()
    with a_shop() as shop:
        a_listening_endpoint(shop, theirs)
        a_withdrawn_refund(ours)
        carry()
    assert shop.letters == []


def test_an_endpoint_hears_only_the_types_it_asked_for() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant, "transaction.charged_back")
        a_withdrawn_refund(merchant)
        carry()
    assert shop.letters == []


@pytest.mark.parametrize("answer", [302, 400, 404, 500, 503])
def test_what_is_not_acknowledged_comes_again_with_the_same_id_and_body(answer: int) -> None:
    merchant = a_merchant()
    with a_shop(answer, 204) as shop:
        a_listening_endpoint(shop, merchant)
        a_withdrawn_refund(merchant)
        carry()
        waiting = ShopDelivery.objects.get()
        assert waiting.state == ShopDeliveryState.WAITING
        assert waiting.due_at is not None
        assert waiting.due_at > timezone.now()
        carry()
        assert len(shop.letters) == 1
        due_again()
        carry()
    first, second = shop.letters
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    delivery = ShopDelivery.objects.get()
    assert delivery.state == ShopDeliveryState.DELIVERED
    assert [one.http_status for one in delivery.tries.all()] == [answer, 204]


def test_a_shop_that_is_away_is_given_up_in_the_end_and_can_be_sent_to_again() -> None:
    merchant = a_merchant()
    integrator = a_person(merchants=[merchant], groups=["integrator"])
    with a_shop() as shop:
        url = shop.url
    endpoint, _ = add_endpoint(
        merchant_id=merchant.pk, url=url, types=[], description="", by=integrator, source=Source.PAGE
    )
    a_withdrawn_refund(merchant)
    spread()
    for _ in range(len(RETRY_AFTER_SECONDS) + 1):
        due_again()
        deliver()
    delivery = ShopDelivery.objects.get()
    assert delivery.state == ShopDeliveryState.GIVEN_UP
    assert delivery.tries.last() is not None
    assert delivery.tries.last().problem == "Nobody listens at this address."  # type: ignore[union-attr]
    send_again(delivery_id=delivery.pk, by=integrator, source=Source.PAGE)
    assert deliver() == 1
    assert endpoint.active


def test_a_worker_that_died_while_sending_is_followed_by_another() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant)
        a_withdrawn_refund(merchant)
        spread()
        ShopDelivery.objects.update(lease_until=timezone.now() + timedelta(seconds=30))
        assert deliver() == 0
        ShopDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert deliver() == 1
    assert len(shop.letters) == 1


def test_a_shop_for_which_much_waits_leaves_the_others_their_turn() -> None:
    merchant, other = a_merchant(), a_merchant()
    with a_shop(500) as crowded, a_shop() as quiet:
        a_listening_endpoint(crowded, merchant)
        a_listening_endpoint(quiet, other)
        crowd = [
            Announcement(merchant=merchant, type="test", key=str(number), at=timezone.now())
            for number in range(CLAIMED_AT_ONCE)
        ]
        Announcement.objects.bulk_create(crowd)
        spread()
        a_withdrawn_refund(other)
        carry()
    assert len(crowded.letters) == OF_ONE_ENDPOINT
    assert len(quiet.letters) == 1


def test_one_hand_waits_for_shops_and_a_ring_that_finds_none_loses_nothing() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant)
        a_withdrawn_refund(merchant)
        with tasks.HANDS:
            tasks.carry()
        assert not shop.letters
        tasks.carry()
    assert len(shop.letters) == 1


def test_410_stops_the_endpoint_and_says_so() -> None:
    merchant = a_merchant()
    with a_shop(410) as shop:
        endpoint, _ = a_listening_endpoint(shop, merchant)
        a_withdrawn_refund(merchant)
        carry()
        a_withdrawn_refund(merchant)
        carry()
    endpoint.refresh_from_db()
    assert not endpoint.active
    assert "410 Gone" in endpoint.stopped_reason
    assert len(shop.letters) == 1


def test_a_stopped_endpoint_hears_nothing_and_a_started_one_hears_what_waited() -> None:
    merchant = a_merchant()
    with a_shop(500, 200) as shop:
        endpoint, _ = a_listening_endpoint(shop, merchant)
        integrator = a_person(merchants=[merchant], groups=["integrator"])
        a_withdrawn_refund(merchant)
        carry()
        stop_endpoint(endpoint_id=endpoint.pk, reason="", by=integrator, source=Source.PAGE)
        due_again()
        carry()
        assert len(shop.letters) == 1
        start_endpoint(endpoint_id=endpoint.pk, by=integrator, source=Source.PAGE)
        carry()
    assert len(shop.letters) == 2


def test_a_new_secret_signs_and_the_old_one_does_not() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        endpoint, old = a_listening_endpoint(shop, merchant)
        integrator = a_person(merchants=[merchant], groups=["integrator"])
        new = renew_secret(endpoint_id=endpoint.pk, by=integrator, source=Source.PAGE)
        send_test(endpoint_id=endpoint.pk, by=integrator, source=Source.PAGE)
        carry()
    [(headers, body)] = shop.letters
    at = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(
        secret=new, message_id=headers["webhook-id"], timestamp=at, body=body
    )
    assert headers["webhook-signature"] != signature(
        secret=old, message_id=headers["webhook-id"], timestamp=at, body=body
    )


def test_a_test_goes_to_the_endpoint_it_names_and_to_no_other() -> None:
    merchant = a_merchant()
    with a_shop() as one, a_shop() as other:
        endpoint, _ = a_listening_endpoint(one, merchant)
        a_listening_endpoint(other, merchant)
        integrator = a_person(merchants=[merchant], groups=["integrator"])
        send_test(endpoint_id=endpoint.pk, by=integrator, source=Source.PAGE)
        carry()
    assert (len(one.letters), len(other.letters)) == (1, 0)


def test_an_authorization_that_ends_soon_is_announced_at_each_distance_once() -> None:
    merchant = a_merchant()
    transaction = a_transaction(account=an_account(merchant=merchant), expires_at=timezone.now() + timedelta(hours=40))
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant)
        assert (warn(), warn()) == (1, 0)
        transaction.expires_at = timezone.now() + timedelta(hours=3)
        transaction.expiry_announced_at = timezone.now() - timedelta(hours=36)
        transaction.save()
        assert (warn(), warn()) == (1, 0)
        carry()
    told = [json.loads(body)["data"] for _, body in shop.letters]
    assert sorted(one["hours_left"] for one in told) == [2, 39]


def test_an_authorization_with_time_left_is_not_announced() -> None:
    merchant = a_merchant()
    a_transaction(account=an_account(merchant=merchant), expires_at=timezone.now() + timedelta(hours=60))
    with a_shop() as shop:
        a_listening_endpoint(shop, merchant)
        assert warn() == 0


def test_every_change_of_an_endpoint_is_in_the_audit_log_without_the_secret() -> None:
    merchant = a_merchant()
    with a_shop() as shop:
        _, secret = a_listening_endpoint(shop, merchant)
    event = Event.objects.get(verb="shop_endpoint.added")
    assert secret not in event.sentence + str(event.details)
