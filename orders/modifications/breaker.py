"""Protect an account that is in trouble: a breaker for faults, a machine's pause for what a person must fix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, F, Q, Value, When

from orders import audit
from orders.gateways.base import Observation
from orders.models import GatewayAccount, Source

if TYPE_CHECKING:
    from orders.modifications.submit import Result

BREAKER_LIMIT = 5
"""Consecutive failures after which an account is tried one request at a time."""
_OPEN_SECONDS = 30
_WINDOW_SECONDS = 60
REASON_MAXIMUM = 300


def count(results: Sequence[Result], now: datetime) -> None:
    """Count a group of answers against their accounts, in the caller's database transaction.

    Five failures in a row within a minute open the breaker for 30 s; then one request tries. A whole answer closes it.
    """
    healthy: set[int] = set()
    failures: dict[int, int] = defaultdict(int)
    for result in results:
        if _troubled(result.outcome.observation):
            failures[result.claim.account_id] += 1
        else:
            healthy.add(result.claim.account_id)
    if healthy:
        GatewayAccount.objects.filter(pk__in=healthy, breaker_failures__gt=0).update(
            breaker_failures=0, breaker_opened_at=None, breaker_until=None
        )
    for account_id, failed in sorted(failures.items()):
        if account_id not in healthy:
            _fail(account_id, failed, now)
    for result in results:
        _wait_as_told(result, now)


def pause_by_machine(account_id: int, reason: str, now: datetime) -> None:
    """Stop sending through this account until two people resume it (401, 403, redirect, unreadable credential)."""
    if not stop(account_id, reason, now):
        return
    account = GatewayAccount.objects.get(pk=account_id)
    audit.record(
        verb="account.paused",
        sentence=f"Sending through {account.name} stopped by itself: {reason}",
        source=Source.WORKER,
        account=account,
    )


def stop(account_id: int, reason: str, now: datetime) -> bool:
    """Put the pause in place, in the caller's database transaction; False when it stands for this reason already.

    A second reason is added to the first: whoever wants to resume must have seen both.
    """
    account = GatewayAccount.objects.select_for_update(no_key=True).get(pk=account_id)
    if reason[:REASON_MAXIMUM] in account.paused_reason:
        return False
    both = f"{account.paused_reason} Also: {reason}" if account.paused else reason
    if both[:REASON_MAXIMUM] == account.paused_reason:
        return False
    account.paused_reason = both[:REASON_MAXIMUM]
    account.paused_at = account.paused_at or now
    account.save(update_fields=["paused_reason", "paused_at"])
    return True


def _troubled(observation: Observation | None) -> bool:
    if observation is None:
        return True
    return observation.status is None or observation.status >= 500


def _fail(account_id: int, failed: int, now: datetime) -> None:
    stale = Q(breaker_opened_at__isnull=True) | Q(breaker_opened_at__lt=now - timedelta(seconds=_WINDOW_SECONDS))
    half_open = Q(breaker_failures__gte=BREAKER_LIMIT)
    account = GatewayAccount.objects.filter(pk=account_id)
    # The window begins anew when its first failure is over a minute old and the breaker never opened.
    account.filter(stale).exclude(half_open).update(breaker_failures=0, breaker_opened_at=now)
    account.update(
        breaker_failures=F("breaker_failures") + failed,
        breaker_until=Case(
            When(
                breaker_failures__gte=BREAKER_LIMIT - failed,
                then=Value(now + timedelta(seconds=_OPEN_SECONDS)),
            ),
            default=F("breaker_until"),
        ),
    )


def _wait_as_told(result: Result, now: datetime) -> None:
    """Retry-After speaks for the whole account: nothing else is sent to it before."""
    seconds = result.outcome.retry_after_seconds
    if seconds is not None:
        until = now + timedelta(seconds=seconds)
        GatewayAccount.objects.filter(pk=result.claim.account_id).filter(
            Q(breaker_until__isnull=True) | Q(breaker_until__lt=until)
        ).update(breaker_until=until)
