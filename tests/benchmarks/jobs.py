"""`make bench-jobs`: how fast the whole money mechanism drains a queue, beside a bare loop of the same calls.

Both sides run in one go against the same sandbox process, in turns: first a bare `requests` loop (new connections, no
books), then the mechanism (claim, arm, send, resolve on PostgreSQL). The ratio is the figure; absolute rates are the
machine's.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from tests.proofs.installation import Installation
from tests.sandbox_process import SandboxHandle, sandbox

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from orders.models import GatewayAccount, Transaction

ROUNDS = 3
ACCOUNTS = 8
AMOUNT_MINOR = 1_000
SECRET = "secret"


def main(count: int) -> int:
    """Drain `count` captures at an instant gateway with 64 slots, and at one that takes 200 ms with 200."""
    installation = Installation(vendor="postgresql", settings={"LOG_LEVEL": "ERROR", "ALLOW_INSECURE_GATEWAYS": "1"})
    installation.start()
    try:
        import django

        django.setup()
        with sandbox(Path(tempfile.mkdtemp(prefix="bench-sandbox-"))) as gateway:
            gateway.control("mode", magicAmounts=False)
            _instant(gateway, count)
            _slow(gateway, count)
    finally:
        installation.stop()
    return 0


def _instant(gateway: SandboxHandle, count: int) -> None:
    ratios = []
    for _ in range(ROUNDS):
        bare = _bare_rate(gateway, count, at_once=64)
        ours, p99 = _our_rate(gateway, count, slots=64)
        ratios.append(ours / bare)
        print(f"instant gateway: bare loop {bare:6.0f}/s, mechanism {ours:6.0f}/s, ratio {ours / bare:.2f}; {p99}")
    print(f"instant gateway, median ratio: {statistics.median(ratios):.2f} (target 0.25)")


def _slow(gateway: SandboxHandle, count: int) -> None:
    gateway.control("mode", latencySeconds=0.2)
    ideal = 200 / 0.2
    ratios = []
    for _ in range(ROUNDS):
        ours, p99 = _our_rate(gateway, count, slots=200)
        ratios.append(ours / ideal)
        print(f"200 ms gateway: the 200 slots' ideal {ideal:.0f}/s, mechanism {ours:6.0f}/s, {ours / ideal:.2f}; {p99}")
    print(f"200 ms gateway, median of the ideal: {statistics.median(ratios):.2f} (target 0.60)")


def _bare_rate(gateway: SandboxHandle, count: int, *, at_once: int) -> float:
    """The same POSTs with nothing around them."""
    key = _merchant(gateway)
    references = _at_gateway(gateway, [key] * count)

    def post(reference: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            body = {
                "transactionId": reference,
                "merchantKey": key,
                "modificationId": str(uuid.uuid4()),
                "modifiedAmount": {"amount": AMOUNT_MINOR / 100, "currencyCode": "EUR"},
            }
            headers = {"Accept-Language": "en-US", "Origin": "http://bench", "User-Agent": "bench"}
            answer = session.post(
                f"{gateway.gateway_url}/payment/capture", json=body, auth=(key, SECRET), headers=headers, timeout=30
            )
            answer.raise_for_status()

    with ThreadPoolExecutor(at_once) as pool, _timed() as clock:
        list(pool.map(post, references))
    return count / clock[0]


def _our_rate(gateway: SandboxHandle, count: int, *, slots: int) -> tuple[float, str]:
    """Ask for the captures through the verb, then drain them with one clock."""
    from orders.modifications.clock import Clock

    accounts, person = _shop(gateway)
    transactions = _transactions(gateway, accounts, count)
    clicks = _ask_for_all(transactions, person)
    with _timed() as clock:
        Clock(slots=slots).run_until_idle()
    _check(transactions)
    return count / clock[0], clicks


def _shop(gateway: SandboxHandle) -> tuple[list[GatewayAccount], User]:
    from tests import factories

    merchant = factories.a_merchant(f"bench {uuid.uuid4().hex[:8]}")
    accounts = [
        factories.an_account(
            merchant=merchant,
            name=f"bench {uuid.uuid4().hex[:8]}",
            base_url=gateway.gateway_url,
            merchant_key=_merchant(gateway),
            authentication_key=SECRET,
            concurrency=200,
        )
        for _ in range(ACCOUNTS)
    ]
    return accounts, factories.a_person(f"bench-{uuid.uuid4().hex[:8]}", merchants=[merchant])


def _transactions(gateway: SandboxHandle, accounts: list[GatewayAccount], count: int) -> list[Transaction]:
    from tests import factories

    owners = [accounts[number % len(accounts)] for number in range(count)]
    references = _at_gateway(gateway, [account.merchant_key for account in owners])
    return [
        factories.a_transaction(
            order=factories.an_order(account=account, amount=AMOUNT_MINOR, reference=f"bench-{reference}"),
            reference=reference,
            authorized=AMOUNT_MINOR,
        )
        for account, reference in zip(owners, references, strict=True)
    ]


def _ask_for_all(transactions: list[Transaction], person: User) -> str:
    """The verb behind a click, one after the other; returns its p50 and p99 in words."""
    from orders.gateways.base import Kind
    from orders.models import Source
    from orders.modifications.request import request_modification

    milliseconds = []
    for transaction in transactions:
        with _timed() as clock:
            request_modification(
                modification_id=uuid.uuid4(),
                transaction_id=transaction.pk,
                kind=Kind.CAPTURE,
                amount=AMOUNT_MINOR,
                reason="shipped",
                description="",
                by=person,
                source=Source.COMMAND,
                expected_version=None,
            )
        milliseconds.append(clock[0] * 1000)
    cuts = statistics.quantiles(milliseconds, n=100)
    return f"a click's verb p50 {cuts[49]:.1f} ms, p99 {cuts[98]:.1f} ms"


def _check(transactions: list[Transaction]) -> None:
    """A rate of something that did not happen is no rate."""
    from orders.models import Modification

    rows = Modification.objects.filter(transaction__in=[row.pk for row in transactions])
    states = rows.values_list("state", flat=True)
    assert list(states) == ["succeeded"] * len(transactions), "not every capture succeeded"


def _merchant(gateway: SandboxHandle) -> str:
    key = f"bench-{uuid.uuid4().hex[:12]}"
    gateway.control("merchants", merchantKey=key, authenticationKey=SECRET)
    return key


def _at_gateway(gateway: SandboxHandle, keys: list[str]) -> list[str]:
    references = [str(uuid.uuid4()) for _ in keys]
    orders: list[dict[str, Any]] = [
        {
            "merchantKey": key,
            "transactionId": reference,
            "amount": AMOUNT_MINOR,
            "currencyCode": "EUR",
            "paymentStatus": "AUTHORIZATION_COMPLETED",
        }
        for key, reference in zip(keys, references, strict=True)
    ]
    gateway.control("orders", orders=orders)
    return references


@contextmanager
def _timed() -> Iterator[list[float]]:
    """The seconds the block took, in the list's first place once it has ended."""
    taken = [0.0]
    began = time.perf_counter()
    yield taken
    taken[0] = time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000))
