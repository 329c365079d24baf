"""The timers of the mechanism, read from the settings in one place."""

from __future__ import annotations

from django.conf import settings

from orders.gateways.base import Capability
from orders.modifications.verdicts import Timing


def timing() -> Timing:
    """How long to wait before trying again, and when a person must look."""
    return Timing(
        backoff_first=settings.BACKOFF_FIRST_SECONDS,
        unknown_review=settings.UNKNOWN_REVIEW_SECONDS,
        pending_review=settings.PENDING_REVIEW_SECONDS,
    )


def lease_seconds(capability: Capability) -> float:
    """How long a claim belongs to its worker: the gateway's deadline and a grace on top."""
    return float(capability.deadline_seconds) + float(settings.LEASE_GRACE_SECONDS)


def sending_margin_seconds(capability: Capability) -> float:
    """What must be left of a lease to begin a send: the whole deadline and a twelfth of the grace (5 s of 60)."""
    return float(capability.deadline_seconds) + float(settings.LEASE_GRACE_SECONDS) / 12
