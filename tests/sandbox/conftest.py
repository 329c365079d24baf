"""One sandbox process for all these tests, emptied before each; the plainest style unless a test turns a dial."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.card_merchant import CardMerchant
from tests.sandbox.client import Merchant
from tests.sandbox.mailbox import Mailbox, mailbox
from tests.sandbox.shop_b import SECRET, Shop
from tests.sandbox_process import SandboxHandle, sandbox

MERCHANTS = {"merchant-one": "secret-one", "merchant-two": "secret-two"}


@pytest.fixture(scope="session")
def running_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxHandle]:
    with sandbox(tmp_path_factory.mktemp("sandbox"), merchants=MERCHANTS) as handle:
        yield handle


@pytest.fixture
def box(running_sandbox: SandboxHandle) -> SandboxHandle:
    running_sandbox.control("reset")
    running_sandbox.control("mode", optionalFields=False, spelling="CANCELLATION", dateFormat="iso", magicAmounts=False)
    return running_sandbox


@pytest.fixture
def merchant(box: SandboxHandle) -> Merchant:
    return Merchant(sandbox=box)


@pytest.fixture
def other_merchant(box: SandboxHandle) -> Merchant:
    return Merchant(sandbox=box, key="merchant-two", secret="secret-two")


@pytest.fixture
def shop(box: SandboxHandle) -> Shop:
    """A merchant of gateway B that nobody introduced."""
    return Shop(sandbox=box)


@pytest.fixture
def hook(shop: Shop, letters: Mailbox) -> Mailbox:
    """The webhook endpoint of `shop`, subscribed to everything; attempts follow one another quickly."""
    shop.sandbox.control("dials", webhookRetrySeconds=0.02)
    shop.sandbox.control("webhook", gateway="smartpay_orders", merchantKey=shop.key, url=letters.url, secret=SECRET)
    return letters


@pytest.fixture
def card_merchant(box: SandboxHandle) -> CardMerchant:
    return CardMerchant(sandbox=box)


@pytest.fixture
def letters(box: SandboxHandle) -> Iterator[Mailbox]:
    """A receiver of webhooks; a merchant must still be told of it."""
    with mailbox() as receiver:
        yield receiver


@pytest.fixture
def told(card_merchant: CardMerchant, letters: Mailbox) -> Mailbox:
    """The receiver that gateway C tells everything about `card_merchant`; resends come quickly."""
    card_merchant.sandbox.control("mode", webhookRetrySeconds=0.01)
    card_merchant.told_at(letters.url)
    return letters
