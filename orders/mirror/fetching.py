"""Asking a gateway for one transaction: network only, no database, so that several can be asked at the same time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from django.conf import settings

from orders import crypto
from orders.gateways.addresses import AddressRefused, DidNotResolve, resolve
from orders.gateways.base import Capability, Door, Fetched
from orders.gateways.registry import gateway_named
from orders.models import Transaction
from orders.modifications.situation import capability_of

_BATCH = 200


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything needed to ask, read from the database beforehand. The credential stays sealed until it is used."""

    transaction_id: int
    version: int
    reference: str
    currency: str
    gateway: str
    base_url: str
    merchant_key: str
    authentication_key_sealed: str
    data_url: str
    capability: Capability


def question_about(transaction: Transaction) -> Question:
    """The question; the transaction comes with its account loaded."""
    account = transaction.account
    return Question(
        transaction_id=transaction.pk,
        version=transaction.version,
        reference=transaction.reference,
        currency=transaction.currency,
        gateway=account.gateway,
        base_url=account.base_url,
        merchant_key=account.merchant_key,
        authentication_key_sealed=account.authentication_key_sealed,
        data_url=account.data_url,
        capability=capability_of(account),
    )


def ask_gateway(question: Question) -> Fetched:
    """One status read. Whatever goes wrong is a sentence in `reason`."""
    try:
        door = _door(question)
    except (crypto.CredentialUnreadable, AddressRefused, DidNotResolve) as error:
        return Fetched(snapshot=None, reason=str(error))
    return gateway_named(question.gateway).fetch(door, question.reference, question.currency)


def ask_many(questions: Iterable[Question], *, at_once: int) -> Iterator[tuple[Question, Fetched]]:
    """The answers in the order of the questions, at most `at_once` under way.

    In batches, so that a slow reader of the answers does not pile them up.
    """
    waiting = iter(questions)
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="refresh") as pool:
        while batch := list(islice(waiting, _BATCH)):
            yield from zip(batch, pool.map(ask_gateway, batch), strict=True)


def _door(question: Question) -> Door:
    return Door(
        base_url=question.base_url,
        merchant_key=question.merchant_key,
        authentication_key=crypto.unseal(question.authentication_key_sealed),
        origin=settings.PUBLIC_URL,
        deadline_seconds=question.capability.deadline_seconds,
        address=resolve(question.base_url, allow_private=settings.ALLOW_INSECURE_GATEWAYS),
    )
