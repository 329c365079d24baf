"""Our books as they would stand after that month, built from the gateways' ledgers."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.proofs.reconcile_month import ACCOUNTS, Account

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from orders.models import Capture, ExternalMovement, GatewayAccount, Modification, Transaction

LIFETIME = timedelta(days=5)
KINDS = {"CAPTURE": "capture", "REFUND": "refund", "CHARGEBACK": "chargeback"}
PART_NAMES = {"CAPTURE": "captureId", "REFUND": "refundId"}
Entry = dict[str, Any]


@dataclass(kw_only=True)
class Books:
    """What was written, by the ids that the ledgers use."""

    accounts: dict[str, GatewayAccount] = field(default_factory=dict)
    """By merchant key."""
    unknown: set[UUID] = field(default_factory=set)
    """Modifications whose outcome we do not know yet, although the gateway carried them out."""


def written(ledger: Entry, truths: Iterable[Entry], *, base_url: str, seed: int) -> Books:
    """Merchant, accounts and everything in `ledger`. What the truth says nothing about may be unknown to us."""
    from tests.factories import a_merchant, a_person

    merchant = a_merchant("A month")
    agent = a_person("agent-of-the-month", merchants=[merchant])
    talked_about = {one["transactionId"] for one in truths} | _transactions_of(ledger, truths)
    books = Books(accounts={one.key: _account(one, merchant, base_url) for one in ACCOUNTS})
    for account in ACCOUNTS:
        transactions = [one for one in ledger["transactions"] if one["merchantKey"] == account.key]
        executions = [one for one in ledger["executions"] if one["merchantKey"] == account.key]
        page = _Page(books.accounts[account.key], agent, transactions, executions)
        books.unknown |= page.forget(random.Random(f"{seed} {account.key}"), talked_about)
        page.write()
    return books


def _transactions_of(ledger: Entry, truths: Iterable[Entry]) -> set[str]:
    named = {one["modificationId"] for one in truths}
    return {one["transactionId"] for one in ledger["executions"] if one["modificationId"] in named}


def _account(one: Account, merchant: Any, base_url: str) -> GatewayAccount:
    from orders.models import SettlementTerms
    from tests.factories import an_account

    account = an_account(
        merchant=merchant,
        name=one.key,
        gateway=one.gateway,
        base_url=f"{base_url}/{one.gateway}",
        merchant_key=one.key,
        authentication_key=one.secret,
        collects=False,
    )
    # The sandbox settles on every day of the week, and takes a percent and a half.
    SettlementTerms.objects.create(
        account=account, business_days="1234567", delay_days=1, patience_days=2, fee_basis_points=150
    )
    return account


class _Page:
    """One account's rows, made in memory and written in bulk."""

    def __init__(
        self, account: GatewayAccount, agent: User, transactions: list[Entry], executions: list[Entry]
    ) -> None:
        self._account, self._agent = account, agent
        self._entries = {one["transactionId"]: one for one in transactions}
        self._executions = executions
        self._forgotten: set[str] = set()
        self._unknown_amounts: dict[str, int] = {}

    def forget(self, chance: random.Random, talked_about: set[str]) -> set[UUID]:
        """About one refund in fifty has no known outcome; never two of a transaction. Returns their ids."""
        once = defaultdict[str, int](int)
        for one in self._executions:
            once[one["transactionId"]] += one["type"] == "REFUND"
        for one in self._executions:
            fits = one["type"] == "REFUND" and one["status"] == "REFUNDED" and once[one["transactionId"]] == 1
            ours = fits and one["origin"] == "api" and one["transactionId"] not in talked_about
            if ours and chance.random() < 0.02:
                self._forgotten.add(one["modificationId"])
                self._unknown_amounts[one["transactionId"]] = one["amount"]
        return {UUID(one) for one in self._forgotten}

    def write(self) -> None:
        from orders.models import Capture, ExternalMovement, Modification, Order, Transaction

        orders = Order.objects.bulk_create([self._order(one) for one in self._entries.values()])
        pairs = zip(self._entries.values(), orders, strict=True)
        made = Transaction.objects.bulk_create([self._transaction(one, order) for one, order in pairs])
        transactions = {one.reference: one for one in made}
        self._words(transactions)
        captures = [one for one in self._executions if one["type"] == "CAPTURE"]
        refunds = [one for one in self._executions if one["type"] == "REFUND"]
        Modification.objects.bulk_create(
            self._modification(one, transactions[one["transactionId"]], None) for one in captures if _is_ours(one)
        )
        drawn_on = self._captures(Capture, captures, refunds, transactions)
        Modification.objects.bulk_create(
            self._modification(one, transactions[one["transactionId"]], drawn_on[one["transactionId"]])
            for one in refunds
            if _is_ours(one)
        )
        ExternalMovement.objects.bulk_create(
            self._movement(one, transactions[one["transactionId"]])
            for one in self._executions
            if one["type"] in KINDS and not _is_ours(one)
        )

    def _words(self, transactions: dict[str, Transaction]) -> None:
        """By what each order can be found: the ids that a refresh and the modifications themselves bring."""
        from orders.models import Reference, ReferenceKind
        from orders.references import plain_words

        words = defaultdict[str, list[tuple[Any, str]]](list)
        for one in self._entries.values():
            row = transactions[one["transactionId"]]
            words[row.reference] += [
                (ReferenceKind.TRANSACTION, row.reference),
                (ReferenceKind.PARTNER, row.partner_reference),
                (ReferenceKind.RECONCILIATION, row.reconciliation_reference),
            ]
        for one in self._executions:
            if one["type"] in KINDS and one["modificationId"] not in self._forgotten and not _failed(one):
                words[one["transactionId"]] += [
                    (ReferenceKind.RECONCILIATION, one["reconciliationReferenceId"]),
                    (ReferenceKind.GATEWAY, _gateway_id(one)),
                ]
            if _is_ours(one):
                words[one["transactionId"]].append((ReferenceKind.MODIFICATION, one["modificationId"]))
        Reference.objects.bulk_create(
            Reference(merchant_id=self._account.merchant_id, order=transactions[key].order, kind=kind, value=value)
            for key, found in words.items()
            for kind, value in sorted(plain_words(found))
        )

    def _order(self, one: Entry) -> Any:
        from orders.models import Order

        return Order(
            merchant_id=self._account.merchant_id,
            account=self._account,
            reference=one["transactionId"],
            currency=one["currencyCode"],
            amount=one["authorized"],
            placed_at=_moment(one["createdAt"]),
        )

    def _transaction(self, one: Entry, order: Any) -> Transaction:
        from orders.models import Transaction

        rest = one["authorized"] - one["captured"] - one["released"]
        refunding = self._unknown_amounts.get(one["transactionId"], 0)
        return Transaction(
            merchant_id=self._account.merchant_id,
            account=self._account,
            order=order,
            reference=one["transactionId"],
            partner_reference=one.get("partnerReference") or one.get("externalOrderReference") or "",
            card_reference=one.get("cardId") or "",
            currency=one["currencyCode"],
            reconciliation_reference=one.get("reconciliationReferenceId") or "",
            state="authorized" if rest else "chargeback" if one["chargedBack"] else "captured",
            raw_status=one["paymentStatus"],
            status_at=_moment(one["lastStatusAt"]),
            refreshed_at=_moment(one["lastStatusAt"]),
            expires_at=_moment(one["createdAt"]) + LIFETIME if rest else None,
            authorized=one["authorized"],
            captured=one["captured"],
            released=one["released"],
            refunded=one["refunded"] - refunding,
            refunding=refunding,
            charged_back=one["chargedBack"],
            capture_open=rest > 0,
            unknown_count=1 if refunding else 0,
        )

    def _captures(
        self, model: Any, captures: list[Entry], refunds: list[Entry], transactions: dict[str, Transaction]
    ) -> dict[str, Capture]:
        """The first capture of each transaction, on which its refunds draw."""
        given = defaultdict[str, list[int]](lambda: [0, 0])
        for one in refunds:
            if one["status"] == "REFUNDED":
                given[one["transactionId"]][one["modificationId"] in self._forgotten] += one["amount"]
        rows, first = [], dict[str, Any]()
        for one in captures:
            opening = one["transactionId"] not in first
            refunded, refunding = given[one["transactionId"]] if opening else (0, 0)
            row = model(
                transaction=transactions[one["transactionId"]],
                modification_id=one["modificationId"] if _is_ours(one) else None,
                gateway_id=_gateway_id(one),
                gateway_reference=one["reconciliationReferenceId"],
                amount=one["amount"],
                refunded=refunded,
                refunding=refunding,
                captured_at=_moment(one["endedAt"]),
            )
            rows.append(row)
            first.setdefault(one["transactionId"], row)
        model.objects.bulk_create(rows)
        return first

    def _modification(self, one: Entry, transaction: Transaction, capture: Capture | None) -> Modification:
        from orders.models import Modification

        at = _moment(one["endedAt"])
        state = "unknown" if one["modificationId"] in self._forgotten else "failed" if _failed(one) else "succeeded"
        known = state == "succeeded"
        return Modification(
            id=UUID(one["modificationId"]),
            merchant_id=self._account.merchant_id,
            account=self._account,
            transaction=transaction,
            capture=capture,
            kind=KINDS[one["type"]],
            amount=one["amount"],
            currency=one["currency"],
            requested_by=self._agent,
            requested_at=at - timedelta(minutes=1),
            source="page",
            method="POST",
            base_url=self._account.base_url,
            path="/",
            body=b"{}",
            body_sha256=hashlib.sha256(b"{}").hexdigest(),
            state=state,
            first_sent_at=at,
            last_sent_at=at,
            attempts_made=1,
            due_at=at if state == "unknown" else None,
            doubt_since=at if state == "unknown" else None,
            finished_at=None if state == "unknown" else at,
            gateway_reference=one["reconciliationReferenceId"] if known else "",
            gateway_id=_gateway_id(one) if known else "",
            gateway_status=one["status"] if known else "",
            gateway_at=at if known else None,
            legs=_legs(one),
        )

    def _movement(self, one: Entry, transaction: Transaction) -> ExternalMovement:
        from orders.models import ExternalMovement

        at = _moment(one["endedAt"])
        return ExternalMovement(
            account=self._account,
            transaction=transaction,
            kind=KINDS[one["type"]],
            amount=one["amount"],
            currency=one["currency"],
            key=f"{one['type']}:{one['modificationId']}",
            gateway_reference=one["reconciliationReferenceId"],
            gateway_id=_gateway_id(one),
            gateway_status=one["status"],
            source="gateway",
            moved_at=at,
            seen_at=at,
            booked=True,
        )


def _is_ours(one: Entry) -> bool:
    """The portal acts without our asking."""
    return bool(one["origin"] == "api")


def _failed(one: Entry) -> bool:
    return bool(one["status"] == "FAILED")


def _gateway_id(one: Entry) -> str:
    """The new payment at gateway C is reference and id at once."""
    if one["gateway"] == "smarterpay":
        return str(one["reconciliationReferenceId"])
    return str(one.get(PART_NAMES.get(one["type"], ""), ""))


def _legs(one: Entry) -> list[Entry]:
    return [
        {
            "destination": f"leg-{number}",
            "status": "SUCCESS" if good else "ERROR",
            "reference": "",
            "error": "" if good else f"The destination account is closed ({Decimal(amount)}).",
            "failed": not good,
        }
        for number, (good, amount) in enumerate(one.get("legs", ()))
    ]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
