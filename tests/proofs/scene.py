"""What a proof starts from: merchants, accounts, people and payments, equal in the sandbox and in our books.

Runs in a child, because it uses the database.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.proofs.installation import PROFILE
from tests.sandbox_process import SandboxHandle

AUTHORIZED = 10_000
SECRET = "the-secret-of-this-proof"
CUSTOMER = "shopper.of.this.proof@example.org"
NEVER_SAID = (SECRET, "Basic ", CUSTOMER)
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
    """A payment to make. `base_url` is where its account finds the gateway; with `key` several share an account."""

    captured: bool
    base_url: str
    sandbox: SandboxHandle
    key: str
    concurrency: int = 32


def make_payments(wishes: Sequence[Wish], *, into: Path) -> None:
    """Make each wish come true in both books and write the Payments, in their order, to a JSON file."""
    references = [str(uuid.uuid4()) for _ in wishes]
    _fill_sandboxes(wishes, references)
    into.write_text(json.dumps([asdict(payment) for payment in _fill_books(wishes, references)]))


def read_payments(path: Path) -> list[Payment]:
    return [Payment(**one) for one in json.loads(path.read_text())]


def _fill_sandboxes(wishes: Sequence[Wish], references: Sequence[str]) -> None:
    for sandbox, key in {(wish.sandbox.url, wish.key): (wish.sandbox, wish.key) for wish in wishes}.values():
        sandbox.control("merchants", merchantKey=key, authenticationKey=SECRET)
    for sandbox in {wish.sandbox.url: wish.sandbox for wish in wishes}.values():
        orders = [
            {
                "merchantKey": wish.key,
                "transactionId": reference,
                "amount": AUTHORIZED,
                "currencyCode": "EUR",
                "paymentStatus": "CAPTURED" if wish.captured else "AUTHORIZATION_COMPLETED",
                "email": CUSTOMER,
            }
            for wish, reference in zip(wishes, references, strict=True)
            if wish.sandbox is sandbox
        ]
        sandbox.control("orders", orders=orders)


def _fill_books(wishes: Sequence[Wish], references: Sequence[str]) -> list[Payment]:
    from django.db import transaction as database_transaction

    from orders.models import GatewayAccount
    from tests import factories

    with database_transaction.atomic():
        merchant = factories.a_merchant()
        person = factories.a_person(merchants=[merchant], groups=("supervisor", "agent"))
        accounts: dict[tuple[str, str], GatewayAccount] = {}
        payments = []
        for wish, reference in zip(wishes, references, strict=True):
            place = (wish.base_url, wish.key)
            if place not in accounts:
                accounts[place] = factories.an_account(
                    merchant=merchant,
                    base_url=wish.base_url,
                    merchant_key=wish.key,
                    authentication_key=SECRET,
                    profile=PROFILE,
                    concurrency=wish.concurrency,
                )
            make = factories.a_captured_transaction if wish.captured else factories.a_transaction
            order = factories.an_order(account=accounts[place], customer_email=CUSTOMER)
            row = make(order=order, reference=reference)
            payments.append(
                Payment(reference=reference, transaction_id=row.pk, person_id=person.pk, merchant_key=wish.key)
            )
        return payments
