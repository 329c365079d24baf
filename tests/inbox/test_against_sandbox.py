"""The real thing: sandbox gateways post to a listening dashboard, and what happens behind it appears by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from orders.inbox.process import process_due
from orders.mirror.collecting import collect_account
from orders.mirror.rounds import refresh_due
from orders.models import ExternalMovement, GatewayAccount, InboxDelivery, Order, Source, Transaction
from tests.factories import an_account
from tests.inbox.letters import SECRET_B
from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.shop_b import Shop
from tests.sandbox_process import SandboxHandle, sandbox

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

WITHIN_SECONDS = 20.0
KEY_B = "sk_test_shop1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox")) as handle:
        yield handle


@pytest.fixture
def gateway(running: SandboxHandle, settings: Settings) -> SandboxHandle:
    settings.ALLOW_INSECURE_GATEWAYS = True
    running.control("reset")
    return running


def told_at(gateway: SandboxHandle, account: GatewayAccount, live_server: LiveServer) -> None:
    """The account's address and secret, entered at the gateway's portal."""
    account.seal_webhook_secret(SECRET_B, overlap_until=None)
    account.save()
    url = f"{live_server.url}/webhooks/{account.webhook_token}/"
    gateway.control("webhook", gateway=account.gateway, merchantKey=account.merchant_key, url=url, secret=SECRET_B)


def until(holds: Callable[[], Any]) -> None:
    """Work like a worker until it holds."""
    ends = time.monotonic() + WITHIN_SECONDS
    while not holds():
        process_due()
        assert time.monotonic() < ends, list(InboxDelivery.objects.values_list("state", "sentence"))
        time.sleep(0.05)


def an_account_of_b(gateway: SandboxHandle) -> GatewayAccount:
    return an_account(
        gateway="smartpay_orders",
        base_url=f"{gateway.url}/smartpay-orders/v1",
        merchant_key=KEY_B,
        authentication_key=KEY_B,
    )


def test_what_the_portal_of_c_does_appears_by_itself(gateway: SandboxHandle, live_server: LiveServer) -> None:
    merchant = CardMerchant(sandbox=gateway)
    account = an_account(gateway="smarterpay", base_url=f"{gateway.url}/smarterpay", merchant_key=merchant.key)
    told_at(gateway, account, live_server)

    merchant.register(custom_reference="SHOP-1")
    until(lambda: Transaction.objects.filter(authorized=10_000).exists())
    reference = Transaction.objects.get().reference
    gateway.control("smarterpay/portal", paymentId=reference, action="release")
    until(lambda: Transaction.objects.filter(captured=10_000).exists())
    merchant.later(2 * 86_400)
    gateway.control("smarterpay/portal", paymentId=reference, action="refund", amount=2_500)
    until(lambda: Transaction.objects.filter(refunded=2_500).exists())

    assert Order.objects.get().reference == "SHOP-1"
    assert set(ExternalMovement.objects.values_list("kind", "booked", "source")) == {
        ("capture", True, Source.WEBHOOK),
        ("refund", True, Source.WEBHOOK),
    }
    assert not Transaction.objects.get().frozen
    assert not InboxDelivery.objects.filter(signed=False).exists()


def test_what_happens_at_b_is_told_and_read(gateway: SandboxHandle, live_server: LiveServer) -> None:
    account = an_account_of_b(gateway)
    told_at(gateway, account, live_server)
    shop = Shop(sandbox=gateway, key=KEY_B)
    reference = shop.order(reference="SHOP-2")

    def now() -> tuple[object, ...]:
        columns = ("order__reference", "state", "captured", "released", "refunded", "capture_open")
        return Transaction.objects.filter(reference=reference).values_list(*columns).first() or ()

    shop.capture(reference, 6_000, cancelRemainder="manual")
    until(lambda: now() == ("SHOP-2", "authorized", 6_000, 0, 0, True))
    gateway.control("smartpay-orders/portal", transactionId=reference, action="refund", amount=1_000)
    until(lambda: now() == ("SHOP-2", "authorized", 6_000, 0, 1_000, True))
    gateway.control("smartpay-orders/portal", transactionId=reference, action="capture", amount=500)
    until(lambda: now() == ("SHOP-2", "captured", 6_500, 3_500, 1_000, False))

    assert set(ExternalMovement.objects.values_list("source", "booked")) == {(Source.WEBHOOK, True)}


def test_what_b_lists_is_collected_once_and_then_followed(gateway: SandboxHandle) -> None:
    account = an_account_of_b(gateway)
    shop = Shop(sandbox=gateway, key=KEY_B)
    made = {shop.order(reference=f"SHOP-{number}") for number in range(3)}

    first = collect_account(account, source=Source.WORKER)
    account.refresh_from_db()
    second = collect_account(account, source=Source.WORKER)

    assert (first.problem, first.refused) == ("", ())
    assert made <= set(Transaction.objects.values_list("reference", flat=True))
    assert (second.new, second.changed, first.new == Order.objects.count()) == (0, 0, True)
    assert set(Transaction.objects.filter(reference__in=made).values_list("state", "authorized")) == {
        ("authorized", 10_000)
    }

    one = sorted(made)[0]
    gateway.control("smartpay-orders/portal", transactionId=one, action="capture", amount=1_000)
    Transaction.objects.filter(reference=one).update(refresh_due_at=account.created_at)
    refresh_due()
    assert Transaction.objects.get(reference=one).captured == 1_000
