"""What a proof starts from: merchants, accounts, people and payments, equal in the sandbox and in our books.

Runs in a child, because it uses the database.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.proofs.behaviours import Setup
from tests.proofs.given import AUTHORIZED, CUSTOMER, PATHS, SECRET, WEBHOOK_SECRET, Given, secret_of, tell
from tests.proofs.installation import PROFILE
from tests.sandbox_process import SandboxHandle

if TYPE_CHECKING:
    from orders.models import GatewayAccount, Merchant, Transaction

NEVER_SAID = (SECRET, SECRET.replace("-", ""), WEBHOOK_SECRET, "Basic ", "Bearer ", CUSTOMER)
"""What must stand in no log, message, attempt or event."""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """One payment as a proof needs it: `transaction_id` is our row, `person_id` somebody who may move it."""

    reference: str
    transaction_id: int
    person_id: int
    merchant_key: str


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A payment to make.

    `door` is where its account finds the gateway, if not at the sandbox itself; with `key` several share an account.
    `parts` are what was captured of it, each a capture of its own; `cleared` says that they can no longer be voided.
    """

    setup: Setup
    sandbox: SandboxHandle
    key: str
    parts: tuple[int, ...] = ()
    cleared: bool = True
    door: str = ""
    concurrency: int = 32

    @property
    def base_url(self) -> str:
        return (self.door or self.sandbox.url) + PATHS[self.setup.gateway]


def make_payments(wishes: Sequence[Wish], *, into: Path, web_url: str = "") -> None:
    """Make each wish come true in both books and write the Payments, in their order, to a JSON file.

    Webhooks of the accounts that are told are led to `web_url`.
    """
    given = [Given.of(wish.setup.gateway, wish.key, wish.parts, cleared=wish.cleared) for wish in wishes]
    _fill_sandboxes(wishes, given)
    payments = _fill_books(wishes, given, web_url)
    _read_what_can_be_read(wishes, payments)
    into.write_text(json.dumps([asdict(payment) for payment in payments]))


def read_payments(path: Path) -> list[Payment]:
    return [Payment(**one) for one in json.loads(path.read_text())]


def _fill_sandboxes(wishes: Sequence[Wish], given: Sequence[Given]) -> None:
    accounts = {(wish.sandbox.url, wish.key): wish for wish in wishes}
    for wish in accounts.values():
        secret = secret_of(wish.setup.gateway, wish.key)
        wish.sandbox.control("merchants", merchantKey=wish.key, authenticationKey=secret)
    for sandbox in {wish.sandbox.url: wish.sandbox for wish in wishes}.values():
        tell(sandbox, [one for wish, one in zip(wishes, given, strict=True) if wish.sandbox is sandbox])


def _fill_books(wishes: Sequence[Wish], given: Sequence[Given], web_url: str) -> list[Payment]:
    from django.db import transaction as database_transaction

    from tests import factories

    with database_transaction.atomic():
        merchant = factories.a_merchant()
        person = factories.a_person(merchants=[merchant], groups=("supervisor", "agent"))
        accounts: dict[tuple[str, str], GatewayAccount] = {}
        payments = []
        for wish, one in zip(wishes, given, strict=True):
            place = (wish.base_url, wish.key)
            if place not in accounts:
                accounts[place] = _account(wish, merchant, web_url)
            row = _transaction(accounts[place], one)
            payments.append(
                Payment(reference=one.reference, transaction_id=row.pk, person_id=person.pk, merchant_key=wish.key)
            )
        return payments


def _account(wish: Wish, merchant: Merchant, web_url: str) -> GatewayAccount:
    from tests import factories

    gateway = wish.setup.gateway
    account = factories.an_account(
        merchant=merchant,
        gateway=gateway,
        base_url=wish.base_url,
        data_url=wish.sandbox.url + PATHS[gateway] if gateway == "smarterpay" else "",
        merchant_key=wish.key,
        authentication_key=secret_of(gateway, wish.key),
        profile=_profile(wish.setup),
        concurrency=wish.concurrency,
    )
    if wish.setup.told:
        account.seal_webhook_secret("" if gateway == "smartpay" else WEBHOOK_SECRET, overlap_until=None)
        account.save()
        where = f"{web_url}/webhooks/{account.webhook_token}/"
        wish.sandbox.control("webhook", gateway=gateway, merchantKey=wish.key, url=where, secret=WEBHOOK_SECRET)
    return account


def _profile(setup: Setup) -> dict[str, object]:
    return {**PROFILE, **setup.profile}


def _transaction(account: GatewayAccount, one: Given) -> Transaction:
    """The same payment in our books. What can be read is only named here, and read afterwards."""
    from django.utils import timezone

    from orders.gateways.base import TransactionState
    from orders.models import Capture, Transaction
    from tests import factories

    order = factories.an_order(account=account, currency=one.currency, amount=AUTHORIZED, customer_email=CUSTOMER)
    if one.readable:
        unknown: dict[str, Any] = {"state": TransactionState.PENDING_AUTHORIZATION, "authorized": 0, "expires_at": None}
        return factories.a_transaction(order=order, reference=one.reference, **unknown)
    captured = sum(part.amount for part in one.parts)
    row = factories.a_transaction(
        order=order,
        reference=one.reference,
        card_reference=one.card_reference,
        authorized=AUTHORIZED,
        state=TransactionState.CAPTURED if captured else TransactionState.AUTHORIZED,
        capture_open=not captured,
    )
    for part in one.parts:
        moment = timezone.now() - part.age
        Capture.objects.create(transaction=row, amount=part.amount, gateway_id=part.id, captured_at=moment)
    Transaction.objects.filter(pk=row.pk).update(captured=captured)
    return row


def read_again(transaction_ids: Sequence[int]) -> None:
    """What moved without us, where the gateway can be asked."""
    from orders.mirror.refresh import refresh_many
    from orders.models import Source, Transaction

    rows = Transaction.objects.select_related("account").filter(pk__in=transaction_ids)
    list(refresh_many(rows, by=None, source=Source.COMMAND))


def _read_what_can_be_read(wishes: Sequence[Wish], payments: Sequence[Payment]) -> None:
    """As the dashboard does at first sight; past doors that are still closed."""
    from orders.mirror.refresh import refresh_many
    from orders.models import Source, Transaction

    rows = Transaction.objects.select_related("account").in_bulk([payment.transaction_id for payment in payments])
    for wish, payment in zip(wishes, payments, strict=True):
        rows[payment.transaction_id].account.base_url = wish.sandbox.url + PATHS[wish.setup.gateway]
    for result in refresh_many(rows.values(), by=None, source=Source.COMMAND):
        assert not result.problem, result.problem


def fresh_key(name: str) -> str:
    """A merchant key of at most 36 characters."""
    return f"key-{name or uuid.uuid4()}"[:34]
