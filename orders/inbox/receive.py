"""A webhook arrives: prove its sender, keep it once, answer at once. What it means is found out afterwards.

A sender that dribbles its body is the matter of the proxy and the web server before us; here all of it has arrived.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from django.db import IntegrityError
from django.db import transaction as database_transaction
from django.db.models import F, QuerySet

from orders.database import database_now
from orders.gateways.base import Delivery, Opened, Rejected
from orders.gateways.registry import gateway_named
from orders.models import GatewayAccount, InboxDelivery, InboxRejection
from orders.modifications import bell
from orders.modifications.situation import capability_of

BODY_MAXIMUM = 64 * 1024
FLOOD_A_MINUTE = 1200
"""New deliveries that one account may bring in a minute; beyond it they are answered with 429 and come again later.
What is not proved does not count: a forger cannot crowd the gateway out."""
REJECTIONS_A_MINUTE = 60
"""Rejected deliveries of an account that are noted in a minute; more are rejected all the same."""

_KEY_MAXIMUM = 160
_HEADERS_MAXIMUM = 60
_HEADER_MAXIMUM = 1000
_SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie"})
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the gateway is answered: the HTTP status, and a sentence unless all is well."""

    status: int
    sentence: str = ""
    retry_after_seconds: int = 0


def receive(account: GatewayAccount, *, headers: Mapping[str, str], body: bytes) -> Answer:
    """Take in one delivery to this account's address; `headers` as they came. Raises crypto.CredentialUnreadable.

    A repeat is only counted. An account that has no secret although its gateway signs takes every delivery as a hint.
    """
    now = database_now()
    delivery = Delivery(headers={name.lower(): value for name, value in headers.items()}, body=body, received_at=now)
    try:
        opened = _open(account, delivery)
    except Rejected as refusal:
        _note(account, str(refusal), body, now)
        return Answer(status=refusal.status, sentence=str(refusal))
    if not _is_repeat(account, opened, now):
        if _has_come_often(InboxDelivery.objects.filter(account=account), FLOOD_A_MINUTE, "received_at", now):
            return Answer(
                status=HTTPStatus.TOO_MANY_REQUESTS,
                sentence="Too many deliveries in a minute; this one was not kept. Send it again later.",
                retry_after_seconds=60,
            )
        _keep(account, delivery, opened)
    return Answer(status=opened.acknowledge)


def _open(account: GatewayAccount, delivery: Delivery) -> Opened:
    gateway = gateway_named(account.gateway)
    secrets = account.webhook_secrets(delivery.received_at)
    if not secrets and capability_of(account).webhook_trust == "signed":
        return gateway.read_delivery(delivery)
    return gateway.open_delivery(delivery, secrets, account.webhook_options)


def _is_repeat(account: GatewayAccount, opened: Opened, now: datetime) -> bool:
    known = InboxDelivery.objects.filter(account=account, key=key_of(opened))
    return known.update(repeats=F("repeats") + 1, last_received_at=now) > 0


def _keep(account: GatewayAccount, delivery: Delivery, opened: Opened) -> None:
    """Committed before the gateway is answered. Of two that arrive at once the slower one is a repeat."""
    proves = capability_of(account).webhook_trust == "signed"
    try:
        with database_transaction.atomic():
            kept = InboxDelivery.objects.create(
                merchant_id=account.merchant_id,
                account=account,
                key=key_of(opened),
                signed=opened.signed and proves,
                headers=shown_headers(delivery.headers),
                body=delivery.body,
                received_at=delivery.received_at,
                last_received_at=delivery.received_at,
                due_at=delivery.received_at,
            )
            database_transaction.on_commit(lambda: bell.ring_inbox(kept.pk))
    except IntegrityError:
        _is_repeat(account, opened, delivery.received_at)


def key_of(opened: Opened) -> str:
    """The delivery's key as it is stored: one that is too long or unprintable becomes its hash."""
    plain = len(opened.key) <= _KEY_MAXIMUM and opened.key.isprintable() and opened.key != ""
    return opened.key if plain else hashlib.sha256(opened.key.encode("utf-8", "replace")).hexdigest()


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What may be kept of the headers: no credentials, nothing endless."""
    kept = [(name, value) for name, value in headers.items() if name not in _SECRET_HEADERS]
    return {name[:100]: _printable(value)[:_HEADER_MAXIMUM] for name, value in kept[:_HEADERS_MAXIMUM]}


def _printable(value: str) -> str:
    return "".join(character for character in value if character.isprintable())


def _note(account: GatewayAccount, reason: str, body: bytes, now: datetime) -> None:
    """When, for which account, why, and the hash; nothing else of what nobody has proved."""
    if _has_come_often(InboxRejection.objects.filter(account=account), REJECTIONS_A_MINUTE, "at", now):
        return
    InboxRejection.objects.create(
        account=account, at=now, reason=_printable(reason)[:300], body_sha256=hashlib.sha256(body).hexdigest()
    )


def _has_come_often(
    rows: QuerySet[InboxDelivery] | QuerySet[InboxRejection], limit: int, moment: str, now: datetime
) -> bool:
    """Whether the row `limit` places back is younger than a minute: one look into the index, without counting."""
    since: datetime | None = rows.order_by("-pk").values_list(moment, flat=True)[limit - 1 : limit].first()
    return since is not None and since > now - _MINUTE
