"""One account at a real sandbox of any of the three gateways, with payments that stand in both books."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from orders.gateways.base import Kind
from orders.mirror.fetching import ask_gateway, question_about
from orders.mirror.refresh import Reader, take_answer
from orders.models import GatewayAccount, Modification, Source, Transaction
from orders.modifications import clock
from tests import factories
from tests.gateways.raw_server import RawServer, answering, raw_server
from tests.inbox.letters import Letter, post, work_off
from tests.modifications import steps
from tests.modifications.other_accounts import in_yen, on_card
from tests.proofs.given import PATHS, WEBHOOK_SECRET, Given, Part, secret_of, tell
from tests.sandbox_process import SandboxHandle

GATEWAYS = ("smartpay", "smartpay_orders", "smarterpay")
ASKED = ("smartpay", "smartpay_orders")
"""Those that can be asked what became of it; of gateway C only webhooks tell."""
CELLS = (
    *(("smartpay", kind) for kind in (Kind.CAPTURE, Kind.CANCEL, Kind.CANCEL_OR_REFUND, Kind.REFUND)),
    *(("smartpay_orders", kind) for kind in (Kind.CAPTURE, Kind.CANCEL, Kind.REFUND)),
    *(("smarterpay", kind) for kind in (Kind.CAPTURE, Kind.CANCEL, Kind.VOID, Kind.REFUND)),
)
"""Every kind of every gateway."""
PATIENCE_SECONDS = 15
TURNS = 8
WHOLE = 10_000
CLEARED_HOURS = 48
SIGNATURES = ("smartpay-signature", "smartpay-signature-timestamp", "x-smarterpay-signature")


@dataclass(kw_only=True)
class Place:
    """An account, the sandbox behind it, and the letter box that the sandbox's webhooks lie in until they are read."""

    gateway: str
    sandbox: SandboxHandle
    account: GatewayAccount
    box: RawServer

    @property
    def can_be_asked(self) -> bool:
        return self.gateway in ASKED

    def payment(self, *captured: int, hours_ago: float = CLEARED_HOURS) -> Transaction:
        """WHOLE minor units, captured in these parts so long ago, in our books and in the sandbox's."""
        row = a_payment(self.account, *captured, hours_ago=hours_ago)
        self._tell(row, [(part.gateway_id, part.amount) for part in row.captures.order_by("pk")], hours_ago)
        return row

    def known(self, *captured: int) -> Transaction:
        """The same, and our books have it from the gateway itself where it can be asked."""
        if not self.can_be_asked:
            return self.payment(*captured)
        row = a_payment(self.account)
        self._tell(row, [(f"payment_test_{uuid.uuid4().hex[:20]}", amount) for amount in captured], CLEARED_HOURS)
        assert self.read(row) == ""
        return row

    def _tell(self, row: Transaction, captured: Sequence[tuple[str, int]], hours_ago: float) -> None:
        age = timedelta(hours=hours_ago)
        one = Given(
            gateway=self.gateway,
            key=self.account.merchant_key,
            reference=row.reference,
            card_reference=row.card_reference,
            parts=tuple(Part(id=name, amount=amount, age=age) for name, amount in captured),
        )
        tell(self.sandbox, [one])

    def spoil(self, row: Modification, fault: str, *, times: int = 1, **more: Any) -> None:
        """The next requests of this modification meet the fault."""
        self.sandbox.control("faults", rules=[{"fault": fault, "modificationId": str(row.pk), "times": times, **more}])

    def portal(self, transaction: Transaction, action: str, **more: Any) -> None:
        """Somebody does this at the gateway's own pages."""
        doors = {"smartpay": "portal", "smartpay_orders": "smartpay-orders/portal", "smarterpay": "smarterpay/portal"}
        name = "paymentId" if self.gateway == "smarterpay" else "transactionId"
        self.sandbox.control(doors[self.gateway], **{name: transaction.reference, "action": action, **more})

    def executions(self, row: Modification) -> list[tuple[str, int]]:
        """What the gateway really did for it: kind and minor units."""
        lines = self.sandbox.ledger(modificationId=str(row.pk))["executions"]
        return [(line["kind"], line["amount"]) for line in lines if line["status"] != "FAILED"]

    def requests(self, row: Modification) -> list[str]:
        """The hash of the body of each request that arrived and asked for it."""
        lines = self.sandbox.ledger(modificationId=str(row.pk))["requests"]
        return [line["bodySha256"] for line in lines if line["method"] != "GET"]

    def hear(self, *, about: str, count: int = 1, **how: Any) -> None:
        """Wait until so many webhooks say this word, and let the inbox work off everything that came."""
        self.wait_for(about=about, count=count)
        self.deliver(**how)

    def wait_for(self, *, about: str, count: int = 1) -> None:
        """Wait until so many webhooks that say this word lie in the letter box."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while sum(about.encode() in raw for raw in list(self.box.requests)) < count:
            assert time.monotonic() < ends_at, f"no webhook told of {about}"
            time.sleep(0.02)

    def letters(self) -> list[Letter]:
        """What lies in the letter box, taken out."""
        raws, self.box.requests[:] = list(self.box.requests), []
        return [letter_in(raw) for raw in raws]

    def deliver(self, *, copies: int = 1, backwards: bool = False) -> None:
        """Everything in the letter box reaches the inbox, so many times."""
        letters = self.letters() * copies
        for letter in reversed(letters) if backwards else letters:
            assert post(self.account, letter).status_code in (200, 204)
        work_off(rounds=2)

    def read(self, transaction: Transaction) -> str:
        """Refresh it; the problem, if any."""
        loaded = Transaction.objects.select_related("account").get(pk=transaction.pk)
        question = question_about(loaded)
        take_answer(question, ask_gateway(question), Reader(by=None, source=Source.COMMAND))
        transaction.refresh_from_db()
        return transaction.frozen_reason or transaction.refresh_problem

    def follow(self, row: Modification) -> Modification:
        """Let time pass for it until its end is known, as far as this gateway can make it known."""
        if not self.can_be_asked:
            self.hear(about=str(row.pk))
            return Modification.objects.get(pk=row.pk)
        for _ in range(TURNS):
            row = next_turn(row)
            if row.finished:
                return row
        raise AssertionError(f"It did not end: {row.state}, {row.reason_text}")


@contextmanager
def a_place(gateway: str, sandbox: SandboxHandle, **fields: Any) -> Iterator[Place]:
    """A fresh account at this gateway. `fields` override the account's."""
    key = f"key-{uuid.uuid4().hex[:20]}"
    secret = secret_of(gateway, key)
    sandbox.control("merchants", merchantKey=key, authenticationKey=secret)
    usual: dict[str, Any] = {
        "base_url": sandbox.url + PATHS[gateway],
        "data_url": sandbox.url + PATHS[gateway] if gateway == "smarterpay" else "",
        "profile": {"deadline_seconds": 1},
    }
    account = factories.an_account(gateway=gateway, merchant_key=key, authentication_key=secret, **{**usual, **fields})
    with raw_server(answering(b"")) as box:
        secret = "" if gateway == "smartpay" else WEBHOOK_SECRET
        account.seal_webhook_secret(secret, overlap_until=None)
        account.save()
        where = {"gateway": gateway, "merchantKey": key}
        sandbox.control("webhook", **where, url=box.url, secret=secret)
        yield Place(gateway=gateway, sandbox=sandbox, account=account, box=box)
        sandbox.control("webhook", **where, url=None)


def a_payment(account: GatewayAccount, *captured: int, hours_ago: float = CLEARED_HOURS) -> Transaction:
    """WHOLE minor units in the gateway's currency, captured in these parts so long ago; in our books only."""
    if account.gateway == "smartpay_orders":
        return in_yen(*captured, account=account)
    if account.gateway == "smarterpay":
        return on_card(captured=sum(captured), hours_ago=hours_ago, account=account)
    if captured:
        return factories.a_captured_transaction(account=account, captured=sum(captured))
    return factories.a_transaction(account=account)


def for_kind(make: Any, kind: Kind) -> Transaction:
    """A payment to which this kind can be done; `make` is `Place.payment`, or `a_payment` with an account."""
    if kind is Kind.VOID:
        return make(WHOLE, hours_ago=1)  # type: ignore[no-any-return]
    return make(WHOLE) if kind is Kind.REFUND else make()  # type: ignore[no-any-return]


def amount_for(kind: Kind) -> int:
    """A part where a part is possible, so that a second one would fit as well."""
    return 1_000 if kind in (Kind.CAPTURE, Kind.REFUND) else WHOLE


def letter_in(raw: bytes) -> Letter:
    """The webhook that this HTTP request carries."""
    head, _, body = raw.partition(b"\r\n\r\n")
    fields = [line.split(": ", 1) for line in head.decode().split("\r\n")[1:]]
    return Letter(body=body, headers={name: value for name, value in fields if name.lower() in SIGNATURES})


def worked(row: Modification) -> Modification:
    """A worker takes whatever is due and writes the answers down."""
    clock.run_until_idle()
    return Modification.objects.get(pk=row.pk)


def next_turn(row: Modification) -> Modification:
    """Its waiting time is over, and a worker takes it."""
    if not Modification.objects.get(pk=row.pk).finished:
        steps.due_now(row)
    return worked(row)
