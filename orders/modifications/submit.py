"""A worker sends: arm (write down that we are about to), then call outside with no database transaction open."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from orders import crypto
from orders.database import database_now, in_one_transaction
from orders.gateways import addresses
from orders.gateways.base import Door, Fault, LeaseTooOld, Observation, Outcome, Verdict
from orders.gateways.registry import gateway_named
from orders.models import Attempt, Modification, ModificationState, Purpose
from orders.modifications.claim import Claim
from orders.modifications.crash import crash
from orders.modifications.pause import sending_paused
from orders.modifications.timing import lease_seconds, sending_margin_seconds


def worker_name() -> str:
    """This process, in attempts and heartbeats; asked anew each time, because a process may be forked."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of one claim: ready for the books."""

    claim: Claim
    outcome: Outcome
    armed: bool
    """Whether an attempt row stands; without one nothing was sent."""


ADDRESS_SECONDS = 30.0
_addresses: dict[str, tuple[float, str]] = {}


def is_at_hand(claim: Claim) -> bool:
    """Whether preparing this claim needs no network: its address was resolved a moment ago."""
    known = _addresses.get(claim.base_url)
    return known is not None and known[0] > time.monotonic()


def _address_of(base_url: str) -> str:
    known = _addresses.get(base_url)
    if known is not None and known[0] > time.monotonic():
        return known[1]
    address = addresses.resolve(base_url, allow_private=settings.ALLOW_INSECURE_GATEWAYS)
    _addresses[base_url] = (time.monotonic() + ADDRESS_SECONDS, address)
    return address


def prepare(claim: Claim) -> Door | Result:
    """Everything that can fail before anything is promised: open the credential, resolve the host name.

    Runs in a sender thread and touches no database.
    """
    try:
        secret = crypto.unseal(claim.authentication_key_sealed)
        address = _address_of(claim.base_url)
        data_address = _address_of(claim.data_url) if claim.data_url and claim.purpose is Purpose.QUERY else ""
    except crypto.CredentialUnreadable as error:
        return _stays_home(claim, str(error), pause=str(error))
    except (addresses.AddressRefused, addresses.DidNotResolve) as error:
        return _stays_home(claim, str(error), fault=Fault.RESOLVE)
    except Exception as error:  # a mistake of ours must not keep the slot for ever
        return _stays_home(claim, f"Our client failed before sending ({type(error).__name__}).")
    return Door(
        base_url=claim.base_url,
        merchant_key=claim.merchant_key,
        authentication_key=secret,
        origin=settings.PUBLIC_URL,
        deadline_seconds=claim.capability.deadline_seconds,
        address=address,
        data_url=claim.data_url if data_address else "",
        data_address=data_address,
        before_write=lambda: _check_lease(claim),
        crash_point=lambda point: crash(point, claim.modification_id),
    )


def arm(claims: Sequence[Claim]) -> set[object]:
    """Write an attempt for each claim that is still ours and has lease enough; returns the ids that may go out.

    Committed durably before the first byte leaves, so that a crash afterwards is known as “may have been sent”.
    """
    armed = in_one_transaction(lambda: _arm(claims))
    for claim in claims:
        if claim.modification_id in armed:
            crash("after_arm", claim.modification_id)
    return armed


def _arm(claims: Sequence[Claim]) -> set[object]:
    now = database_now()
    by_id = {claim.modification_id: claim for claim in claims}
    rows = (
        Modification.objects.filter(pk__in=by_id, state=ModificationState.IN_FLIGHT)
        .select_for_update(no_key=True)
        .order_by("pk")
        .values_list("pk", "epoch", "lease_until")
    )
    held = [
        by_id[pk]
        for pk, epoch, lease_until in rows
        if epoch == by_id[pk].epoch
        and lease_until is not None
        and lease_until > now + timedelta(seconds=sending_margin_seconds(by_id[pk].capability))
    ]
    ours = _without_those_stopped_meanwhile(held, now)
    Attempt.objects.bulk_create(
        [
            Attempt(
                modification_id=claim.modification_id,
                epoch=claim.epoch,
                purpose=claim.purpose,
                worker=worker_name(),
                started_at=now,
            )
            for claim in ours
        ]
    )
    sending = [claim.modification_id for claim in ours if claim.purpose is Purpose.SEND]
    Modification.objects.filter(pk__in=sending).update(
        first_sent_at=Coalesce(F("first_sent_at"), now), last_sent_at=now
    )
    return {claim.modification_id for claim in ours}


def _without_those_stopped_meanwhile(held: Sequence[Claim], now: datetime) -> list[Claim]:
    """A name may take seconds to resolve, and an account be paused or a transaction frozen in them.

    Such a send stays at home: its lease ends now, and the next turn finds the door closed.
    """
    sends = {claim.modification_id for claim in held if claim.purpose is Purpose.SEND}
    rows = Modification.objects.filter(pk__in=sends)
    if not sending_paused():
        rows = rows.filter(Q(account__paused_at__isnull=False) | ~Q(transaction__frozen_reason=""))
    stopped = set(rows.values_list("pk", flat=True))
    if stopped:
        Modification.objects.filter(pk__in=stopped).update(lease_until=now)
    return [claim for claim in held if claim.modification_id not in stopped]


def send(claim: Claim, door: Door) -> Result:
    """One call outside, in a sender thread. Never raises: whatever happens becomes an outcome."""
    assert not connection.in_atomic_block, "no database transaction may be open while the network is used"
    try:
        outcome = _call(claim, door)
    except Exception as error:  # a mistake of ours must not lose the attempt: what was sent may have been done
        outcome = Outcome(verdict=Verdict.UNKNOWN, reason=f"Our client failed ({type(error).__name__}).")
    return Result(claim=claim, outcome=outcome, armed=True)


def _call(claim: Claim, door: Door) -> Outcome:
    gateway = gateway_named(claim.gateway)
    if claim.purpose is Purpose.QUERY:
        return gateway.look_up(replace(door, before_write=None), claim.instruction)
    if hashlib.sha256(claim.request.body).hexdigest() != claim.body_sha256:
        reason = "The stored request does not match its hash. Nothing was sent; the row was tampered with."
        return Outcome(verdict=Verdict.NOT_SENT, reason=reason, pause_account=reason, review=True)
    return gateway.send(door, claim.request, claim.instruction)


def _check_lease(claim: Claim) -> None:
    """By the monotonic clock, immediately before the first byte: a worker that was paused must not send late."""
    age = time.monotonic() - claim.claimed_at
    if age > lease_seconds(claim.capability) - sending_margin_seconds(claim.capability):
        raise LeaseTooOld


def _stays_home(claim: Claim, reason: str, *, fault: Fault | None = None, pause: str = "") -> Result:
    return Result(
        claim=claim,
        outcome=Outcome(
            verdict=Verdict.NOT_SENT,
            reason=reason,
            pause_account=pause,
            observation=Observation(sent=False, fault=fault),
        ),
        armed=False,
    )
