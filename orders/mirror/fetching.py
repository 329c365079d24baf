"""Asking a gateway for transactions: network only, so that several can be asked at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.conf import settings

from orders import crypto
from orders.database import database_now
from orders.gateways.addresses import AddressRefused, DidNotResolve, resolve
from orders.gateways.base import Capability, Door, Fetched, Listed
from orders.gateways.registry import gateway_named
from orders.models import GatewayAccount, Transaction
from orders.modifications.situation import capability_of

_BATCH = 200
_CLOSED = (crypto.CredentialUnreadable, AddressRefused, DidNotResolve)


@dataclass(frozen=True, kw_only=True)
class Place:
    """An account's gateway, read from the database beforehand. The credential stays sealed until it is used."""

    account_id: int
    gateway: str
    base_url: str
    merchant_key: str
    authentication_key_sealed: str
    data_url: str
    capability: Capability


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything needed to ask for one transaction. The answer is as old as `asked_at`."""

    place: Place
    transaction_id: int
    version: int
    reference: str
    currency: str
    named: bool
    asked_at: datetime

    @property
    def pointless(self) -> str:
        """Why the gateway cannot be asked at all, as a sentence; empty when it can."""
        if not self.named:
            return "The gateway has not given this payment an id yet, so there is nothing to ask for. Nothing changed."
        if not self.place.capability.reads:
            title = gateway_named(self.place.gateway).title
            return f"{title} shows no payment when it is asked; its webhooks tell what happens. Nothing changed."
        return ""


def place_of(account: GatewayAccount) -> Place:
    """Where this account's gateway is asked."""
    return Place(
        account_id=account.pk,
        gateway=account.gateway,
        base_url=account.base_url,
        merchant_key=account.merchant_key,
        authentication_key_sealed=account.authentication_key_sealed,
        data_url=account.data_url,
        capability=capability_of(account),
    )


def question_about(transaction: Transaction) -> Question:
    """The question; the transaction comes with its account loaded."""
    return Question(
        place=place_of(transaction.account),
        transaction_id=transaction.pk,
        version=transaction.version,
        reference=transaction.reference,
        currency=transaction.currency,
        named=transaction.named,
        asked_at=database_now(),
    )


def ask_gateway(question: Question) -> Fetched:
    """One status read; without the network where it is pointless. Whatever goes wrong is a sentence in `reason`."""
    if question.pointless:
        return Fetched(snapshot=None, reason=question.pointless)
    return fetch(question.place, question.reference, currency=question.currency)


def ask_many(questions: Iterable[Question], *, at_once: int) -> Iterator[tuple[Question, Fetched]]:
    """The answers in the order of the questions, at most `at_once` under way.

    In batches, so that a slow reader of the answers does not pile them up.
    """
    waiting = iter(questions)
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="refresh") as pool:
        while batch := list(islice(waiting, _BATCH)):
            yield from zip(batch, pool.map(ask_gateway, batch), strict=True)


def fetch(place: Place, reference: str, *, currency: str) -> Fetched:
    """One transaction by the gateway's reference, known here or not."""
    try:
        return gateway_named(place.gateway).fetch(_door(place), reference, currency)
    except _CLOSED as error:
        return Fetched(snapshot=None, reason=str(error))


def find(place: Place, gateway_id: str) -> Fetched:
    """The transaction to which a capture or refund belongs, by the gateway's id of that."""
    try:
        return gateway_named(place.gateway).find(_door(place), gateway_id)
    except _CLOSED as error:
        return Fetched(snapshot=None, reason=str(error))


def fetch_list(place: Place, page: str) -> Listed:
    """One page of the gateway's own list; "" is the first."""
    try:
        return gateway_named(place.gateway).fetch_list(_door(place), page)
    except _CLOSED as error:
        return Listed(reason=str(error))


def _door(place: Place) -> Door:
    return Door(
        base_url=place.base_url,
        merchant_key=place.merchant_key,
        authentication_key=crypto.unseal(place.authentication_key_sealed),
        origin=settings.PUBLIC_URL,
        deadline_seconds=place.capability.deadline_seconds,
        address=resolve(place.base_url, allow_private=settings.ALLOW_INSECURE_GATEWAYS),
        data_url=place.data_url,
    )
