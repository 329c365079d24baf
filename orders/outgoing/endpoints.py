"""People manage the addresses of their shops: add, stop, start, a new secret, a test, and sending again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.db import IntegrityError
from django.db import transaction as database_transaction

from orders import audit, crypto
from orders.announce import TYPES
from orders.database import database_now
from orders.models import (
    Announcement,
    Merchant,
    ShopDelivery,
    ShopDeliveryState,
    ShopEndpoint,
    Source,
)
from orders.modifications.refusals import NotAllowed, UnknownThing
from orders.outgoing.addresses import ShopUrlRefused, check_shop_url
from orders.outgoing.signing import new_secret
from orders.permissions import permissions_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

DESCRIPTION_MAXIMUM = 100
ENDPOINTS_MAXIMUM = 20
TEST = "endpoint.test"


def add_endpoint(
    *, merchant_id: int, url: str, types: Sequence[str], description: str, by: User, source: Source
) -> tuple[ShopEndpoint, str]:
    """A new endpoint and its signing secret, which is shown this once. Raises Refused."""
    merchant = Merchant.objects.of(by).filter(pk=merchant_id).first()
    if merchant is None:
        raise UnknownThing("There is no such merchant; nothing was saved.", code="unknown_merchant")
    _check_permission(by, merchant.pk)
    unknown = sorted(set(types) - set(TYPES))
    if unknown:
        raise NotAllowed(f"There is no announcement called “{unknown[0]}”; nothing was saved.", code="types")
    try:
        checked = check_shop_url(url)
    except ShopUrlRefused as refusal:
        raise NotAllowed(str(refusal), code="url") from refusal
    if ShopEndpoint.objects.filter(merchant=merchant).count() >= ENDPOINTS_MAXIMUM:
        raise NotAllowed(f"A merchant has at most {ENDPOINTS_MAXIMUM} endpoints; nothing was saved.", code="too_many")
    secret = new_secret()
    try:
        with database_transaction.atomic():
            made = ShopEndpoint.objects.create(
                merchant=merchant,
                url=checked,
                types=sorted(set(types)),
                description=description[:DESCRIPTION_MAXIMUM],
                secret_sealed=crypto.seal(secret),
            )
            _record(made, "added", f"{by.get_username()} told the dashboard to announce to {checked}.", by, source)
    except IntegrityError as twice:
        raise NotAllowed("This endpoint is on the list already; nothing was saved.", code="known_url") from twice
    return made, secret


def stop_endpoint(*, endpoint_id: UUID, reason: str, by: User, source: Source) -> ShopEndpoint:
    """Send nothing more there; what happens meanwhile is not kept for it. Stopping twice is stopping once."""
    with database_transaction.atomic():
        endpoint = _mine(endpoint_id, by)
        if endpoint.active:
            endpoint.active, endpoint.stopped_reason = False, reason[:300] or f"Stopped by {by.get_username()}."
            endpoint.save(update_fields=["active", "stopped_reason"])
            _record(
                endpoint, "stopped", f"{by.get_username()} stopped the announcements to {endpoint.url}.", by, source
            )
        return endpoint


def start_endpoint(*, endpoint_id: UUID, by: User, source: Source) -> ShopEndpoint:
    """Send there again; deliveries that still waited are tried at once."""
    with database_transaction.atomic():
        endpoint = _mine(endpoint_id, by)
        if not endpoint.active:
            endpoint.active, endpoint.stopped_reason = True, ""
            endpoint.save(update_fields=["active", "stopped_reason"])
            waiting = ShopDelivery.objects.filter(endpoint=endpoint, state=ShopDeliveryState.WAITING)
            waiting.update(due_at=database_now())
            _record(
                endpoint, "started", f"{by.get_username()} resumed the announcements to {endpoint.url}.", by, source
            )
        return endpoint


def renew_secret(*, endpoint_id: UUID, by: User, source: Source) -> str:
    """A new signing secret, shown this once; the old one signs nothing more."""
    with database_transaction.atomic():
        endpoint = _mine(endpoint_id, by)
        secret = new_secret()
        endpoint.secret_sealed = crypto.seal(secret)
        endpoint.save(update_fields=["secret_sealed"])
        _record(endpoint, "secret_renewed", f"{by.get_username()} renewed the secret of {endpoint.url}.", by, source)
    return secret


def send_test(*, endpoint_id: UUID, by: User, source: Source) -> Announcement:
    """An announcement for this endpoint alone, to see that it answers."""
    with database_transaction.atomic():
        endpoint = _mine(endpoint_id, by)
        if not endpoint.active:
            raise NotAllowed("This endpoint is stopped, so nothing was sent; start it first.", code="stopped")
        now = database_now()
        made = Announcement.objects.create(
            merchant_id=endpoint.merchant_id,
            type=TEST,
            key=f"{TEST}:{uuid4()}",
            content={"endpoint": str(endpoint.pk), "sentence": "Sent by hand to see that this endpoint answers."},
            at=now,
        )
        _record(endpoint, "tested", f"{by.get_username()} sent a test to {endpoint.url}.", by, source)
    return made


def send_again(*, delivery_id: int, by: User, source: Source) -> ShopDelivery:
    """Send a delivery once more, whatever came of it; the shop sees the same id and leaves a repeat alone."""
    with database_transaction.atomic():
        found = ShopDelivery.objects.filter(pk=delivery_id, endpoint__in=ShopEndpoint.objects.of(by))
        row = found.select_for_update(no_key=True, of=("self",)).select_related("endpoint").first()
        if row is None:
            raise UnknownThing("There is no such delivery.", code="unknown_delivery")
        _check_permission(by, row.endpoint.merchant_id)
        if not row.endpoint.active:
            raise NotAllowed("This endpoint is stopped, so nothing was sent; start it first.", code="stopped")
        row.state, row.due_at, row.tries_made = ShopDeliveryState.WAITING.value, database_now(), 0
        row.save(update_fields=["state", "due_at", "tries_made"])
        _record(row.endpoint, "sent_again", f"{by.get_username()} sent a delivery to the shop again.", by, source)
        return row


def _mine(endpoint_id: UUID, by: User) -> ShopEndpoint:
    found = ShopEndpoint.objects.of(by).filter(pk=endpoint_id)
    endpoint = found.select_for_update(no_key=True, of=("self",)).select_related("merchant").first()
    if endpoint is None:
        raise UnknownThing("There is no such endpoint.", code="unknown_endpoint")
    _check_permission(by, endpoint.merchant_id)
    return endpoint


def _check_permission(by: User, merchant_id: int) -> None:
    if "configure" not in permissions_of(by, merchant_id):
        raise NotAllowed(
            "You may not change what this merchant’s shops are told. Nothing was changed; people with the “configure” "
            "permission can.",
            code="permission",
        )


def _record(endpoint: ShopEndpoint, verb: str, sentence: str, by: User, source: Source) -> None:
    audit.record(
        verb=f"shop_endpoint.{verb}",
        sentence=sentence,
        source=source,
        by=by,
        merchant=endpoint.merchant,
        details={"endpoint": str(endpoint.pk)},
    )
