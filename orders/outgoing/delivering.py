"""Sending what is due: claimed under a lease, posted with no database transaction open, and every try written down."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from orders import audit, crypto
from orders.database import database_now, in_one_transaction
from orders.gateways import http
from orders.gateways.addresses import AddressRefused, DidNotResolve, resolve
from orders.gateways.base import Door, Fault, FrozenRequest
from orders.models import Announcement, ShopDelivery, ShopDeliveryState, ShopDeliveryTry, ShopEndpoint, Source
from orders.outgoing.addresses import split
from orders.outgoing.signing import signature_headers

AT_ONCE = 8
CLAIMED_AT_ONCE = 64
OF_ONE_ENDPOINT = 8
"""So much of a round belongs to one endpoint at most: a shop that lets everybody wait delays its own letters."""
DEADLINE_SECONDS = 10
LEASE_SECONDS = 240
"""Longer than a round in which every shop and every name server takes its time: what waits in it is sent once."""
RETRY_AFTER_SECONDS = (5, 300, 1800, 7200, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""After each failed try; then it is given up, a little over three days after the first."""
GONE = 410
"""A shop that answers so wants to hear nothing more."""
_FAULTS = {
    Fault.RESOLVE: "The host name did not resolve.",
    Fault.REFUSED: "Nobody listens at this address.",
    Fault.TLS: "The TLS handshake failed.",
    Fault.TIMEOUT: "No answer in time.",
    Fault.RESET: "The connection was cut.",
}


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One delivery ready to go; the secret stays sealed until it is used."""

    delivery_id: int
    url: str
    secret_sealed: str
    message_id: str
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of one try."""

    letter: Letter
    status: int | None
    problem: str
    duration_ms: int

    @property
    def heard(self) -> bool:
        """Any 2xx acknowledges."""
        return self.status is not None and 200 <= self.status < 300


def deliver() -> int:
    """Send what is due; returns how many were tried. Several workers share the work by the lease."""
    letters = in_one_transaction(_claim)
    assert not connection.in_atomic_block, "no database transaction may be open while the network is used"
    if not letters:
        return 0
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="shop") as pool:
        answers = list(pool.map(_post, letters))
    in_one_transaction(lambda: _write(answers))
    return len(answers)


def body_of(announcement: Announcement) -> bytes:
    """What the shop gets: `type`, `timestamp` and `data`; the same bytes at every try.

    An order keeps its reference for ever, so it is read here and not where money moves.
    """
    named = {"order_reference": announcement.order.reference} if announcement.order else {}
    content = {
        "type": announcement.type,
        "timestamp": announcement.at.isoformat(),
        "data": {**announcement.content, **named},
    }
    return json.dumps(content, separators=(",", ":"), sort_keys=True).encode()


def _claim() -> list[Letter]:
    now = database_now()
    due = ShopDelivery.objects.filter(state=ShopDeliveryState.WAITING, due_at__lte=now, endpoint__active=True)
    free = due.exclude(lease_until__gt=now)
    rows: list[ShopDelivery] = []
    for endpoint_id in _endpoints_in_line(free):
        oldest = (
            free.filter(endpoint=endpoint_id)
            .select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("announcement__order", "endpoint")
            .order_by("due_at", "id")
        )
        rows += oldest[: min(OF_ONE_ENDPOINT, CLAIMED_AT_ONCE - len(rows))]
    ShopDelivery.objects.filter(pk__in=[row.pk for row in rows]).update(
        lease_until=now + timedelta(seconds=LEASE_SECONDS)
    )
    return [
        Letter(
            delivery_id=row.pk,
            url=row.endpoint.url,
            secret_sealed=row.endpoint.secret_sealed,
            message_id=f"msg_{row.announcement_id.hex}",
            body=body_of(row.announcement),
        )
        for row in rows
    ]


def _endpoints_in_line(due: QuerySet[ShopDelivery]) -> list[UUID]:
    """Drawn by lot, so that however much waits for some shops, the others have their turn."""
    found = due.order_by().values_list("endpoint_id", flat=True).distinct()
    return random.sample(list(found), k=len(found))[:CLAIMED_AT_ONCE]


def _post(letter: Letter) -> Answer:
    started = time.monotonic()
    status, problem = _exchange(letter)
    return Answer(letter=letter, status=status, problem=problem, duration_ms=int((time.monotonic() - started) * 1000))


def _exchange(letter: Letter) -> tuple[int | None, str]:
    origin, path = split(letter.url)
    try:
        address = resolve(origin, allow_private=settings.ALLOW_INSECURE_GATEWAYS)
        secret = crypto.unseal(letter.secret_sealed)
    except (AddressRefused, DidNotResolve, crypto.CredentialUnreadable) as refusal:
        return None, str(refusal)
    door = Door(
        base_url=origin,
        merchant_key="",
        authentication_key="",
        origin=settings.PUBLIC_URL,
        deadline_seconds=DEADLINE_SECONDS,
        address=address,
    )
    signed = signature_headers(
        secret=secret, message_id=letter.message_id, timestamp=int(time.time()), body=letter.body
    )
    request = FrozenRequest(
        method="POST",
        path=path,
        headers={"Content-Type": "application/json", "User-Agent": "smartpay-dashboard", **signed},
        body=letter.body,
    )
    seen = http.exchange(door, request, authorization="", scrub=_as_it_is)
    if seen.fault is not None:
        return None, _FAULTS.get(seen.fault, "The answer could not be read.")
    return seen.status, "" if seen.status and seen.status < 300 else f"The shop answered HTTP {seen.status}."


def _as_it_is(text: str, _door: Door) -> str:
    """The transcript is thrown away: a delivery's log holds the status and the problem."""
    return text


def _write(answers: Sequence[Answer]) -> None:
    now = database_now()
    rows = {
        row.pk: row
        for row in ShopDelivery.objects.filter(pk__in=[answer.letter.delivery_id for answer in answers])
        .select_for_update(no_key=True, of=("self",))
        .select_related("endpoint__merchant")
        .order_by("pk")
    }
    ShopDeliveryTry.objects.bulk_create(
        [
            ShopDeliveryTry(
                delivery_id=answer.letter.delivery_id,
                at=now,
                http_status=answer.status,
                problem=answer.problem[:300],
                duration_ms=answer.duration_ms,
            )
            for answer in answers
        ]
    )
    for answer in answers:
        _settle(rows[answer.letter.delivery_id], answer, now)


def _settle(row: ShopDelivery, answer: Answer, now: datetime) -> None:
    row.tries_made += 1
    row.lease_until = None
    if answer.heard:
        row.state, row.due_at, row.delivered_at = ShopDeliveryState.DELIVERED.value, None, now
    elif row.tries_made > len(RETRY_AFTER_SECONDS) or answer.status == GONE:
        row.state, row.due_at = ShopDeliveryState.GIVEN_UP.value, None
    else:
        row.due_at = now + timedelta(seconds=RETRY_AFTER_SECONDS[row.tries_made - 1])
    row.save(update_fields=["tries_made", "lease_until", "state", "due_at", "delivered_at"])
    if answer.status == GONE and row.endpoint.active:
        _stop(row.endpoint)


def _stop(endpoint: ShopEndpoint) -> None:
    sentence = "The shop answered 410 Gone, so nothing more is sent there."
    ShopEndpoint.objects.filter(pk=endpoint.pk).update(active=False, stopped_reason=sentence)
    audit.record(
        verb="shop_endpoint.stopped",
        sentence=f"{endpoint.url}: {sentence}",
        source=Source.WORKER,
        merchant=endpoint.merchant,
    )
